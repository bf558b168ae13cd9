#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
/* needs those above */
#include <cmocka.h>

static void what_is_added_is_there(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf buf = BUF_INIT(64);
    static const uint8_t expected[] = {'a', 'b', 1, 2, 3, 4, 5, 6, 7, 0, 0, 'x', '7'};
    buf_add_text(&buf, "ab");
    buf_add_u8(&buf, 1);
    buf_add_u16_be(&buf, 0x0203);
    buf_add_u32_be(&buf, 0x04050607);
    buf_add_zeros(&buf, 2);
    buf_printf(&buf, "x%d", 7);
    assert_true(span_equal(buf_span(&buf), SPAN_ARRAY(expected)));
    AUTO(bytes_freep) struct bytes *bytes = buf_bytes(&buf);
    assert_true(span_equal(span_bytes(bytes), SPAN_ARRAY(expected)));
}

static void nothing_is_added_by_nothing(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf buf = BUF_INIT(0);
    buf_add(&buf, SPAN_NONE);
    buf_add_zeros(&buf, 0);
    buf_add_text(&buf, "");
    buf_printf(&buf, "%s", "");
    assert_false(buf.bad);
    assert_int_equal(buf_span(&buf).len, 0);
    AUTO(bytes_freep) struct bytes *bytes = buf_bytes(&buf);
    assert_non_null(bytes);
}

static void the_limit_holds(void **state)
{
    (void)state;
    for (size_t length = 9; length <= 11; length++) {
        AUTO(buf_done) struct buf buf = BUF_INIT(10);
        buf_add_zeros(&buf, length);
        assert_true(buf.bad == (length > 10));
        assert_int_equal(buf_span(&buf).len, length > 10 ? 0 : length);
    }
}

static void what_is_too_much_stays_so(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf buf = BUF_INIT(4);
    buf_add_text(&buf, "abc");
    buf_add_text(&buf, "de");
    buf_add_text(&buf, "f");
    assert_true(buf.bad);
    assert_int_equal(buf_span(&buf).len, 0);
    assert_null(buf_bytes(&buf));
    buf_clear(&buf);
    buf_add_text(&buf, "abcd");
    assert_true(span_equal(buf_span(&buf), span_text("abcd")));
}

static void each_kind_can_overflow(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf u8 = BUF_INIT(0);
    AUTO(buf_done) struct buf u16 = BUF_INIT(1);
    AUTO(buf_done) struct buf u32 = BUF_INIT(3);
    AUTO(buf_done) struct buf text = BUF_INIT(3);
    buf_add_u8(&u8, 1);
    buf_add_u16_be(&u16, 1);
    buf_add_u32_be(&u32, 1);
    buf_printf(&text, "%s", "four");
    assert_true(u8.bad && u16.bad && u32.bad && text.bad);
}

static void it_grows_over_many_adds(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf buf = BUF_INIT(100000);
    for (size_t i = 0; i < 100000; i++)
        buf_add_u8(&buf, (uint8_t)(i % 251));
    struct span span = buf_span(&buf);
    assert_int_equal(span.len, 100000);
    for (size_t i = 0; i < span.len; i++)
        assert_int_equal(span.at[i], i % 251);
}

static void dropping_moves_the_rest(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf buf = BUF_INIT(16);
    buf_add_text(&buf, "abcdef");
    buf_drop(&buf, 0);
    buf_drop(&buf, 2);
    assert_true(span_equal(buf_span(&buf), span_text("cdef")));
    buf_drop(&buf, 4);
    assert_int_equal(buf_span(&buf).len, 0);
    buf_add_text(&buf, "gh");
    buf_drop(&buf, 3);
    assert_int_equal(buf_span(&buf).len, 0);
}

static void done_leaves_it_usable(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT(2);
    buf_add_text(&buf, "abc");
    buf_done(&buf);
    buf_add_text(&buf, "ab");
    assert_true(span_equal(buf_span(&buf), span_text("ab")));
    buf_done(&buf);
    buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_is_there),  cmocka_unit_test(nothing_is_added_by_nothing),
        cmocka_unit_test(the_limit_holds),         cmocka_unit_test(what_is_too_much_stays_so),
        cmocka_unit_test(each_kind_can_overflow),  cmocka_unit_test(it_grows_over_many_adds),
        cmocka_unit_test(dropping_moves_the_rest), cmocka_unit_test(done_leaves_it_usable),
    };
    return cmocka_run_group_tests_name("base/buf", tests, NULL, NULL);
}
