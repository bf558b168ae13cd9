#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
/* needs those above */
#include <cmocka.h>

#include "base/memory.h"

static void spans_compare_by_content(void **state)
{
    (void)state;
    char other[] = "abc";
    assert_true(span_equal(span_text("abc"), span_text(other)));
    assert_false(span_equal(span_text("abc"), span_text("abd")));
    assert_false(span_equal(span_text("abc"), span_text("ab")));
    assert_true(span_equal(SPAN_NONE, span_text("")));
    assert_true(span_equal(SPAN_NONE, span_bytes(NULL)));
}

static void a_part_is_all_there_or_empty(void **state)
{
    (void)state;
    static const struct {
        size_t offset, len, expected;
    } cases[] = {
        {0, 4, 4}, {0, 5, 0},        {1, 3, 3},        {1, 4, 0},
        {4, 0, 0}, {4, 1, 0},        {5, 0, 0},        {3, 1, 1},
        {0, 0, 0}, {1, SIZE_MAX, 0}, {SIZE_MAX, 1, 0}, {SIZE_MAX, SIZE_MAX, 0},
    };
    struct span span = span_text("abcd");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct span part = span_part(span, cases[i].offset, cases[i].len);
        assert_int_equal(part.len, cases[i].expected);
        if (part.len > 0)
            assert_ptr_equal(part.at, span.at + cases[i].offset);
    }
}

static void bytes_are_copies_with_a_zero_behind(void **state)
{
    (void)state;
    char original[] = "abc";
    AUTO(bytes_freep) struct bytes *bytes = bytes_new(span_text(original));
    AUTO(bytes_freep) struct bytes *none = bytes_new(SPAN_NONE);
    AUTO(bytes_freep) struct bytes *zeros = bytes_new_size(3);
    original[0] = 'x';
    assert_int_equal(bytes->len, 3);
    assert_string_equal((const char *)bytes->at, "abc");
    assert_int_equal(none->len, 0);
    assert_int_equal(none->at[0], 0);
    assert_memory_equal(zeros->at, "\0\0\0", 4);
}

static void freeing_is_idempotent(void **state)
{
    (void)state;
    struct bytes *bytes = bytes_new_size(1);
    bytes_freep(&bytes);
    assert_null(bytes);
    bytes_freep(&bytes);
    bytes_free(NULL);
}

static void wiping_frees_too(void **state)
{
    (void)state;
    struct bytes *bytes = bytes_new(span_text("secret"));
    bytes_wipe_freep(&bytes);
    assert_null(bytes);
    bytes_wipe_freep(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_compare_by_content),
        cmocka_unit_test(a_part_is_all_there_or_empty),
        cmocka_unit_test(bytes_are_copies_with_a_zero_behind),
        cmocka_unit_test(freeing_is_idempotent),
        cmocka_unit_test(wiping_frees_too),
    };
    return cmocka_run_group_tests_name("base/span", tests, NULL, NULL);
}
