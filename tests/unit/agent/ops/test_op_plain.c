#include "agent/ops/op_plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"

#define M OP_PLAIN_MARK

static const struct {
    const char *text, *plain;
} cases[] = {
    {"", ""},
    {"阳光测试有限公司", "阳光测试有限公司"},
    {"O'Neil & Söhne <b>%s</b>", "O'Neil & Söhne <b>%s</b>"},
    {"𠮷野家", "𠮷野家"},
    {"a\nb", "a" M "b"},
    {"a\r\n平台：b", "a" M M "平台：b"},
    {"a\tb\x1b[31m\x7f", "a" M "b" M "[31m" M},
    {"\xc2\x80\xc2\x85\xc2\x9f", M M M},
    {"\u00a0\u00ae", "\u00a0\u00ae"},
    {"a\u00adb", "a" M "b"},
    {"\u202eevil\u202c", M "evil" M},
    {"\u2066\u2069\u200e\u200f\u061c", M M M M M},
    {"a\u200bb\u200cc\u200dd\ufeff", "a" M "b" M "c" M "d" M},
    {"\u2028\u2029\u2027\u202f", M M "\u2027\u202f"},
    {"\u2060\u3164\uffa0\u115f\u2800", M M M M M},
    {"\ufe0f\U000e0041\U000e0100\U000e1000", M M M "\U000e1000"},
    {"a\xff\xfe"
     "b",
     "a" M M "b"},
    {"\xe4\xb8", M M},
    {"\xc0\x80\xed\xa0\x80", M M M M M},
};

static void each_text(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *plain = op_plain(cases[i].text);
        assert_string_equal(plain, cases[i].plain);
    }
}

static void a_long_text_stays_whole(void **state)
{
    char text[4001] = {0};
    memset(text, '\n', sizeof text - 1);
    AUTO(memory_freep) char *plain = op_plain(text);
    assert_int_equal(strlen(plain), (sizeof text - 1) * strlen(M));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text),
        cmocka_unit_test(a_long_text_stays_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
