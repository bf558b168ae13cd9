#include "token/piv/piv_tlv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/scripted_channel.h"

static void check_next(const char *hex, bool good, uint32_t tag, size_t value_bytes,
                       size_t left_bytes)
{
    AUTO(bytes_freep) struct bytes *bytes = scripted_channel_bytes(hex);
    struct span rest = span_bytes(bytes);
    struct piv_tlv object = {0};
    assert_int_equal(piv_tlv_next(&rest, &object), good);
    if (!good) {
        assert_int_equal(rest.len, bytes->len);
        return;
    }
    assert_int_equal(object.tag, tag);
    assert_int_equal(object.value.len, value_bytes);
    assert_int_equal(rest.len, left_bytes);
}

static void reads_objects_of_every_form(void **state)
{
    check_next("53 00", true, 0x53, 0, 0);
    check_next("53 01 FF 70", true, 0x53, 1, 1);
    check_next("7F49 02 0102", true, 0x7F49, 2, 0);
    check_next("5FFF10 01 00", true, 0x5FFF10, 1, 0);
    check_next("53 81 01 AA", true, 0x53, 1, 0);
    check_next("53 82 0001 AA", true, 0x53, 1, 0);
    check_next("53 83 000001 AA", true, 0x53, 1, 0);
}

static void refuses_what_does_not_fit_its_frame(void **state)
{
    static const char *const broken[] = {
        "",
        "53",
        "53 01",
        "53 02 FF",
        "7F",
        "7F49",
        "5FFFFF 00",
        "5F818181 00",
        "53 80 00",
        "53 81",
        "53 82 00",
        "53 81 02 AA",
        "53 84 00000001 AA",
        "53 82 FFFF AA",
        "53 FF AA",
    };
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++)
        check_next(broken[i], false, 0, 0, 0);
}

static void finds_one_among_many(void **state)
{
    AUTO(bytes_freep) struct bytes *list = scripted_channel_bytes("01 01 11 02 00 03 02 3333");
    struct span value;
    assert_true(piv_tlv_find(span_bytes(list), 3, &value));
    assert_int_equal(value.len, 2);
    assert_true(piv_tlv_find(span_bytes(list), 2, &value));
    assert_int_equal(value.len, 0);
    assert_non_null(value.at);
    assert_true(piv_tlv_find(span_bytes(list), 4, &value));
    assert_null(value.at);
    assert_true(piv_tlv_find(SPAN_NONE, 4, &value));
    assert_null(value.at);
}

static void zeros_between_objects_mean_nothing(void **state)
{
    AUTO(bytes_freep) struct bytes *list = scripted_channel_bytes("00 01 01 11 0000 02 00 00");
    AUTO(bytes_freep) struct bytes *none = scripted_channel_bytes("0000");
    struct span value;
    assert_true(piv_tlv_find(span_bytes(list), 1, &value));
    assert_int_equal(value.len, 1);
    assert_true(piv_tlv_find(span_bytes(list), 2, &value));
    assert_int_equal(value.len, 0);
    assert_true(piv_tlv_find(span_bytes(none), 2, &value));
    assert_null(value.at);
}

static void refuses_lists_that_are_broken_or_have_it_twice(void **state)
{
    AUTO(bytes_freep) struct bytes *twice = scripted_channel_bytes("01 01 11 01 01 22");
    AUTO(bytes_freep) struct bytes *tail = scripted_channel_bytes("01 01 11 02");
    struct span value;
    assert_false(piv_tlv_find(span_bytes(twice), 1, &value));
    assert_true(piv_tlv_find(span_bytes(twice), 2, &value));
    assert_false(piv_tlv_find(span_bytes(tail), 1, &value));
}

static void takes_one_object_alone(void **state)
{
    AUTO(bytes_freep) struct bytes *one = scripted_channel_bytes("53 02 0102");
    AUTO(bytes_freep) struct bytes *more = scripted_channel_bytes("53 02 0102 00");
    struct span value;
    assert_true(piv_tlv_only(span_bytes(one), 0x53, &value));
    assert_int_equal(value.len, 2);
    assert_false(piv_tlv_only(span_bytes(one), 0x54, &value));
    assert_false(piv_tlv_only(span_bytes(more), 0x53, &value));
}

static void tells_what_there_is_of_an_object_that_is_cut_off(void **state)
{
    AUTO(bytes_freep) struct bytes *half = scripted_channel_bytes("53 82 0003 0102");
    AUTO(bytes_freep) struct bytes *whole = scripted_channel_bytes("53 02 0102");
    AUTO(bytes_freep) struct bytes *head = scripted_channel_bytes("53 82 00");
    struct span value;
    assert_true(piv_tlv_cut_off(span_bytes(half), 0x53, &value));
    assert_int_equal(value.len, 2);
    assert_false(piv_tlv_cut_off(span_bytes(half), 0x54, &value));
    assert_false(piv_tlv_cut_off(span_bytes(whole), 0x53, &value));
    assert_false(piv_tlv_cut_off(span_bytes(head), 0x53, &value));
    assert_false(piv_tlv_cut_off(SPAN_NONE, 0x53, &value));
}

static void check_written(uint32_t tag, size_t bytes, const char *head)
{
    AUTO(bytes_freep) struct bytes *value = bytes_new_size(bytes);
    AUTO(bytes_freep) struct bytes *expected = scripted_channel_bytes(head);
    AUTO(buf_done) struct buf buf = BUF_INIT(70000);
    piv_tlv_add(&buf, tag, span_bytes(value));
    assert_int_equal(buf.len, expected->len + bytes);
    assert_memory_equal(buf.at, expected->at, expected->len);
}

static void writes_lengths_as_short_as_can_be(void **state)
{
    check_written(0x53, 0, "53 00");
    check_written(0x53, 127, "53 7F");
    check_written(0x53, 128, "53 81 80");
    check_written(0x53, 255, "53 81 FF");
    check_written(0x7F49, 256, "7F49 82 0100");
    check_written(0x5FC10A, 65535, "5FC10A 82 FFFF");
}

static void writes_nothing_that_is_too_long(void **state)
{
    AUTO(bytes_freep) struct bytes *value = bytes_new_size(65536);
    AUTO(buf_done) struct buf buf = BUF_INIT(70000);
    piv_tlv_add(&buf, 0x53, span_bytes(value));
    assert_true(buf.bad);
}

static void zero_bytes_behind_one_object_are_counted(void **state)
{
    AUTO(bytes_freep) struct bytes *padded = scripted_channel_bytes("53 01 AA 0000");
    AUTO(bytes_freep) struct bytes *other = scripted_channel_bytes("53 01 AA 0001");
    AUTO(bytes_freep) struct bytes *zeros = bytes_new_size(2 + PIV_TLV_PADDING_MAX + 1);
    struct span value;
    assert_true(piv_tlv_only_padded(span_bytes(padded), 0x53, &value));
    assert_int_equal(value.len, 1);
    assert_false(piv_tlv_only_padded(span_bytes(padded), 0x54, &value));
    assert_false(piv_tlv_only_padded(span_bytes(other), 0x53, &value));
    zeros->at[0] = 0x53;
    assert_false(piv_tlv_only_padded(span_bytes(zeros), 0x53, &value));
    assert_true(piv_tlv_only_padded(span_part(span_bytes(zeros), 0, zeros->len - 1), 0x53, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_objects_of_every_form),
        cmocka_unit_test(refuses_what_does_not_fit_its_frame),
        cmocka_unit_test(finds_one_among_many),
        cmocka_unit_test(zeros_between_objects_mean_nothing),
        cmocka_unit_test(refuses_lists_that_are_broken_or_have_it_twice),
        cmocka_unit_test(takes_one_object_alone),
        cmocka_unit_test(tells_what_there_is_of_an_object_that_is_cut_off),
        cmocka_unit_test(writes_lengths_as_short_as_can_be),
        cmocka_unit_test(writes_nothing_that_is_too_long),
        cmocka_unit_test(zero_bytes_behind_one_object_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
