#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* needs those above */
#include <cmocka.h>

#include "base/memory.h"

static void the_header_names_the_language(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum lang expected;
    } cases[] = {
        {NULL, LANG_ZH},
        {"", LANG_ZH},
        {"zh-CN", LANG_ZH},
        {"en", LANG_EN},
        {"EN-us", LANG_EN},
        {"fr", LANG_ZH},
        {"*", LANG_ZH},
        {"zh-CN,zh;q=0.9,en;q=0.8", LANG_ZH},
        {"en-US,en;q=0.9,zh-CN;q=0.8", LANG_EN},
        {"en;q=0.4,zh;q=0.5", LANG_ZH},
        {"en;q=0.5,zh;q=0.4", LANG_EN},
        {"en; q=0.4, zh; q=0.5", LANG_ZH},
        {"en ;\tQ=0.5 , zh ; q=0.4", LANG_EN},
        {"en,zh", LANG_EN},
        {"zh,en", LANG_ZH},
        {"en;q=0.5,zh;q=0.5", LANG_EN},
        {"en;q=0", LANG_ZH},
        {"en;q=0.001", LANG_EN},
        {"zh;q=0.001,en;q=0.002", LANG_EN},
        {"zh;q=1.000,en", LANG_ZH},
        {"en;q=nan,zh;q=0.1", LANG_ZH},
        {"en;q=9,zh;q=1", LANG_EN},
        {"en;q=-1,zh;q=0.1", LANG_ZH},
        {"enm,zh", LANG_ZH},
        {"zhx,en", LANG_EN},
        {"fr,en", LANG_EN},
        {",,, ,en,,", LANG_EN},
        {";q=1,en", LANG_EN},
        {"en;q=", LANG_ZH},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (text_lang_from_accept_language(cases[i].header) != cases[i].expected)
            fail_msg("\"%s\"", cases[i].header);
}

static void a_quotation_may_be_cut(void **state)
{
    (void)state;
    static const char value[] = "http://li:geheim@proxy:1";
    assert_true(text_quotes("bad proxy 'http://li:geheim@proxy:1'", value));
    assert_true(text_quotes("bad proxy 'http://l", value));
    assert_false(text_quotes("bad proxy http://", value));
    assert_true(text_quotes("no p:1 here", "p:1"));
    assert_false(text_quotes("no p here", "p:1"));
    assert_false(text_quotes("anything", ""));
}

static void a_header_too_long_is_not_read(void **state)
{
    (void)state;
    char header[515];
    memset(header, ' ', sizeof header);
    header[0] = 'e';
    header[1] = 'n';
    for (size_t length = 511; length <= 513; length++) {
        header[length] = '\0';
        assert_int_equal(text_lang_from_accept_language(header), length > 512 ? LANG_ZH : LANG_EN);
        header[length] = ' ';
    }
}

static enum lang with_environment(const char *lc_all, const char *lc_messages, const char *lang)
{
    setenv("LC_ALL", lc_all, 1);
    setenv("LC_MESSAGES", lc_messages, 1);
    setenv("LANG", lang, 1);
    return text_lang_from_environment();
}

static void the_environment_names_the_language(void **state)
{
    (void)state;
    static const struct {
        const char *lc_all, *lc_messages, *lang;
        enum lang expected;
    } cases[] = {
        {"", "", "", LANG_ZH},
        {"", "", "zh_CN.UTF-8", LANG_ZH},
        {"", "", "en_US.UTF-8", LANG_EN},
        {"", "", "de_DE", LANG_EN},
        {"", "", "C", LANG_ZH},
        {"", "", "C.UTF-8", LANG_ZH},
        {"", "", "POSIX", LANG_ZH},
        {"", "", "zh", LANG_ZH},
        {"", "", "CY", LANG_EN},
        {"", "zh_TW", "en_US", LANG_ZH},
        {"en_GB", "zh_CN", "zh_CN", LANG_EN},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(with_environment(cases[i].lc_all, cases[i].lc_messages, cases[i].lang),
                         cases[i].expected);
    unsetenv("LC_ALL");
    unsetenv("LC_MESSAGES");
    unsetenv("LANG");
    assert_int_equal(text_lang_from_environment(), LANG_ZH);
}

static void a_text_has_both_languages(void **state)
{
    (void)state;
    const struct text text = {"锁", "key"};
    assert_string_equal(text_in(text, LANG_ZH), "锁");
    assert_string_equal(text_in(text, LANG_EN), "key");
}

/* The boundaries of RFC 3629 4. */
static void utf8_is_told_from_rubbish(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t length;
    } cases[] = {
        {"a", 1},
        {"\x7F", 1},
        {"\x80", 0},
        {"\xC1\xBF", 0},
        {"\xC2\x80", 2},
        {"\xC2\x7F", 0},
        {"\xC2\xC0", 0},
        {"\xDF\xBF", 2},
        {"\xDF", 0},
        {"\xE0\x9F\xBF", 0},
        {"\xE0\xA0\x80", 3},
        {"\xED\x9F\xBF", 3},
        {"\xED\xA0\x80", 0}, /* a surrogate */
        {"\xEF\xBF\xBF", 3},
        {"\xE9\x98", 0},
        {"\xE9\x98\x41", 0},
        {"\xF0\x8F\xBF\xBF", 0},
        {"\xF0\x90\x80\x80", 4},
        {"\xF4\x8F\xBF\xBF", 4},
        {"\xF4\x90\x80\x80", 0},
        {"\xF5\x80\x80\x80", 0},
        {"\xF0\x90\x80", 0},
        {"\xFF", 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(text_utf8_length(cases[i].text, strlen(cases[i].text)), cases[i].length);
    assert_int_equal(text_utf8_length("a", 0), 0);
    assert_int_equal(text_utf8_length("\0", 1), 1);
}

static void whole_texts_are_utf8_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t bytes;
        bool good;
    } cases[] = {
        {"", 0, true},
        {"a\0b", 3, true},
        {"平台 \xF0\x9F\x94\x91", 11, true},
        {"a\xD1\xF4", 3, false}, /* GBK */
        {"平\xE5\xB9", 5, false}, /* cut off */
        {"\xC0\xAF", 2, false}, /* overlong: a slash in two, three and four bytes */
        {"\xE0\x80\xAF", 3, false},
        {"\xF0\x80\x80\xAF", 4, false},
        {"\xED\xA0\xBD\xED\xB4\x91", 6, false}, /* a pair of surrogates */
        {"\xF4\x90\x80\x80", 4, false}, /* behind U+10FFFF */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(text_is_utf8(cases[i].text, cases[i].bytes), cases[i].good);
}

static void broken_text_is_repaired(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},          {"abc", "abc"},          {"阳光", "阳光"},      {"\xFF", "?"},
        {"阳\xE9", "阳?"}, {"\xE9\x98\xE9", "???"}, {"a\x80z阳", "a?z阳"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *text = memory_text(cases[i][0]);
        text_repair_utf8(text);
        assert_string_equal(text, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_names_the_language),
        cmocka_unit_test(a_quotation_may_be_cut),
        cmocka_unit_test(a_header_too_long_is_not_read),
        cmocka_unit_test(the_environment_names_the_language),
        cmocka_unit_test(a_text_has_both_languages),
        cmocka_unit_test(utf8_is_told_from_rubbish),
        cmocka_unit_test(whole_texts_are_utf8_or_not),
        cmocka_unit_test(broken_text_is_repaired),
    };
    return cmocka_run_group_tests_name("base/text", tests, NULL, NULL);
}
