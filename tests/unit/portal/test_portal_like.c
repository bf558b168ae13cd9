#include "portal/portal_like.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

static void a_pattern_means_the_text_itself(void **state)
{
    static const struct {
        const char *search, *pattern;
    } cases[] = {
        {"abc", "%abc%"},     {"50%", "%50\\%%"}, {"a_b", "%a\\_b%"},
        {"a\\b", "%a\\\\b%"}, {"张三", "%张三%"}, {" ", "% %"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *pattern = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(portal_like_pattern(cases[i].search, &pattern, &err), ERR_NONE);
        assert_string_equal(pattern, cases[i].pattern);
    }
}

static void nothing_is_searched_for(void **state)
{
    AUTO(memory_freep) char *pattern = memory_text("x");
    struct err err = ERR_INIT;
    free(TAKE(pattern));
    assert_int_equal(portal_like_pattern(NULL, &pattern, &err), ERR_NONE);
    assert_null(pattern);
    assert_int_equal(portal_like_pattern("", &pattern, &err), ERR_NONE);
    assert_null(pattern);
}

static void limits_hold(void **state)
{
    AUTO(memory_freep) char *pattern = NULL;
    AUTO(memory_freep) char *longest = memory_new(PORTAL_LIKE_BYTES_MAX + 2);
    struct err err = ERR_INIT;
    memset(longest, '%', PORTAL_LIKE_BYTES_MAX);
    assert_int_equal(portal_like_pattern(longest, &pattern, &err), ERR_NONE);
    assert_int_equal(strlen(pattern), 2 * PORTAL_LIKE_BYTES_MAX + 2);
    longest[PORTAL_LIKE_BYTES_MAX] = 'x';
    free(TAKE(pattern));
    assert_int_equal(portal_like_pattern(longest, &pattern, &err), ERR_FIELD_VALUE);
    assert_int_equal(portal_like_pattern("\xff", &pattern, &err), ERR_FIELD_VALUE);
    assert_int_equal(portal_like_pattern("a\xe5\xbc", &pattern, &err), ERR_FIELD_VALUE);
    assert_null(pattern);
}

static void a_list_begins_at_its_newest(void **state)
{
    assert_true(portal_like_from(&(struct portal_page){.from = 0}) == INT64_MAX);
    assert_true(portal_like_from(&(struct portal_page){.from = 7}) == 7);
    assert_true(portal_like_from(&(struct portal_page){.from = 7, .backwards = true}) == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pattern_means_the_text_itself),
        cmocka_unit_test(nothing_is_searched_for),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(a_list_begins_at_its_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
