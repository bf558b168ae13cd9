#include "agent/child.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>

static void its_output_comes_back(void **state)
{
    static const char *const arguments[] = {"-c", "echo one; echo other >&2; echo \"$LC_ALL\"",
                                            NULL};
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    setenv("LC_ALL", "zh_CN.UTF-8", 1);
    assert_int_equal(child_run("/bin/sh", arguments, &text, &err), ERR_NONE);
    assert_string_equal(text, "one\nC\n");
}

static void a_failure_says_why(void **state)
{
    static const char *const arguments[] = {"-c", "echo because >&2; exit 3", NULL};
    static const char *const none[] = {NULL};
    struct err err = ERR_INIT;
    char *text = NULL;
    assert_int_equal(child_run("/bin/sh", arguments, &text, &err), ERR_FILE);
    assert_non_null(strstr(err.detail, "because"));
    err = ERR_INIT;
    assert_int_equal(child_run("/nowhere/program", none, &text, &err), ERR_FILE_MISSING);
    assert_null(text);
}

static void it_has_no_input(void **state)
{
    static const char *const none[] = {NULL};
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    assert_int_equal(child_run("/bin/cat", none, &text, &err), ERR_NONE);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_output_comes_back),
        cmocka_unit_test(a_failure_says_why),
        cmocka_unit_test(it_has_no_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
