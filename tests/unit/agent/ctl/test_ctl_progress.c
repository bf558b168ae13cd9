#include "agent/ctl/ctl_progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

/* What is printed for these operations, one after the other; the caller frees. */
static char *shown(bool terminal, const char *const *operations, size_t count)
{
    char *got = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&got, &size);
    struct ctl_progress progress = CTL_PROGRESS_INIT(out, LANG_ZH, terminal);
    for (size_t i = 0; i < count; i++) {
        struct err err = ERR_INIT;
        AUTO(json_freep) struct json *json = NULL;
        assert_int_equal(json_parse(span_text(operations[i]), 4096, &json, &err), ERR_NONE);
        ctl_progress_show(&progress, json);
    }
    ctl_progress_done(&progress);
    fclose(out);
    return got;
}

static const char *const operations[] = {
    "{\"state\":\"running\",\"step\":{\"index\":1,\"count\":12,\"title\":\"查找CA锁\"}}",
    "{\"state\":\"running\",\"step\":{\"index\":1,\"count\":12,\"title\":\"查找CA锁\"}}",
    "{\"state\":\"waiting-user\",\"step\":{\"index\":10,\"count\":12,\"title\":\"确\\u001b认\"}}",
    "{\"state\":\"running\"}",
    "{\"state\":\"running\",\"step\":null}",
    "{\"state\":\"running\",\"step\":{\"index\":-1,\"count\":12,\"title\":\"x\"}}",
};

static void a_line_per_step_in_a_file(void **state)
{
    AUTO(memory_freep) char *got = shown(false, operations, ARRAY_SIZE(operations));
    assert_string_equal(got, "[ 1/12] 查找CA锁\n[10/12] 确?认（请在弹出的对话框中操作）\n");
}

static void one_line_on_a_terminal(void **state)
{
    AUTO(memory_freep) char *got = shown(true, operations, ARRAY_SIZE(operations));
    assert_string_equal(got, "\r\033[K[ 1/12] 查找CA锁"
                             "\r\033[K[10/12] 确?认（请在弹出的对话框中操作）\n");
}

static void nothing_leaves_no_line(void **state)
{
    AUTO(memory_freep) char *got = shown(true, operations + 3, 3);
    assert_string_equal(got, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_per_step_in_a_file),
        cmocka_unit_test(one_line_on_a_terminal),
        cmocka_unit_test(nothing_leaves_no_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
