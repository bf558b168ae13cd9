#include "agent/ctl/ctl_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/memory.h"

static void prints(const char *text, const char *expected)
{
    char *got = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&got, &size);
    ctl_text_print(out, text);
    fclose(out);
    assert_string_equal(got, expected);
    free(got);
}

static void control_characters_are_not_obeyed(void **state)
{
    prints("单位 a", "单位 a");
    prints("\033[2Jx\r\n\t\x7f", "?[2Jx????");
    prints("a\xc2\x9b"
           "2J",
           "a?2J");
    prints("\xc2\xa0", "\xc2\xa0");
    prints("\xc2", "\xc2");
    prints("", "");
    prints(NULL, "");
}

static void lines_have_a_label(void **state)
{
    const struct text label = {"名称", "Name"};
    char *got = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&got, &size);
    ctl_text_line(out, 2, label, LANG_ZH, "a\nb");
    ctl_text_line(out, 0, label, LANG_EN, "c");
    ctl_text_line(out, 0, label, LANG_EN, "");
    ctl_text_line(out, 0, label, LANG_EN, NULL);
    fclose(out);
    assert_string_equal(got, "  名称：a?b\nName: c\n");
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_are_not_obeyed),
        cmocka_unit_test(lines_have_a_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
