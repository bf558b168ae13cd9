#include "token/virtual/virtual_apdu.h"

#include "bench.h"

static bool parse(const char *hex, struct virtual_command *out)
{
    static uint8_t apdu[64]; /* commands borrow from it */
    AUTO(bytes_freep) struct bytes *bytes = bench_bytes(hex);
    assert_true(bytes->len <= sizeof apdu);
    memcpy(apdu, bytes->at, bytes->len);
    return virtual_apdu_parse(span_of(apdu, bytes->len), out);
}

static void reads_the_four_cases(void **state)
{
    (void)state;
    struct virtual_command command;
    assert_true(parse("80040102", &command));
    assert_true(command.cla == 0x80 && command.ins == 4 && command.p1 == 1 && command.p2 == 2);
    assert_false(command.has_le);
    assert_int_equal(command.data.len, 0);
    assert_true(parse("80040000000120", &command));
    assert_true(command.has_le && command.le == 0x120 && command.data.len == 0);
    assert_true(parse("80040000000000", &command));
    assert_true(command.has_le && command.le == 0);
    assert_true(parse("80440000000002AABB", &command));
    assert_false(command.has_le);
    assert_true(command.data.len == 2 && command.data.at[1] == 0xBB);
    assert_true(parse("80440000000002AABB000A", &command));
    assert_true(command.has_le && command.le == 10 && command.data.len == 2);
}

static void refuses_everything_else(void **state)
{
    (void)state;
    struct virtual_command command;
    static const char *const bad[] = {
        "",
        "800400",
        "8004000000", /* 2S */
        "8004000002AABB", /* short Lc */
        "800400000001", /* half a length */
        "80040000000000AA", /* Lc of nothing, data behind */
        "800400000000000000", /* Lc 0 with Le */
        "80440000000003AABB", /* data missing */
        "80440000000002AABBCC", /* half an Le */
        "80440000000002AABB000A00",
        "80440000010002AABB", /* Lc does not begin with 00 */
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(parse(bad[i], &command));
}

static void reads_fields_in_both_byte_orders(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    for (int little = 0; little <= 1; little++) {
        struct virtual_reader reader = {SPAN_ARRAY(bytes), little == 1, false};
        assert_int_equal(virtual_apdu_u8(&reader), 1);
        assert_int_equal(virtual_apdu_u16(&reader), little ? 0x0302 : 0x0203);
        assert_int_equal(virtual_apdu_u32(&reader), little ? 0x07060504 : 0x04050607);
        assert_false(virtual_apdu_ended(&reader));
        assert_int_equal(virtual_apdu_rest(&reader).len, 2);
        assert_true(virtual_apdu_ended(&reader));
    }
}

static void turns_bad_past_the_end(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 2, 3};
    struct virtual_reader reader = {SPAN_ARRAY(bytes), false, false};
    assert_int_equal(virtual_apdu_u32(&reader), 0);
    assert_true(reader.bad);
    assert_int_equal(virtual_apdu_u8(&reader), 0);
    assert_int_equal(virtual_apdu_part(&reader, 0).len, 0);
    assert_false(virtual_apdu_ended(&reader));
    reader = (struct virtual_reader){SPAN_ARRAY(bytes), false, false};
    assert_int_equal(virtual_apdu_part(&reader, SIZE_MAX).len, 0);
    assert_true(reader.bad);
}

static void writes_fields_in_both_byte_orders(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf out = BUF_INIT(64);
    virtual_apdu_put_u16(&out, false, 0x1000);
    virtual_apdu_put_u16(&out, true, 0x1000);
    virtual_apdu_put_u32(&out, false, 0x01020304);
    virtual_apdu_put_u32(&out, true, 0x01020304);
    virtual_apdu_put_text(&out, span_text("ab"), 4);
    AUTO(memory_freep) char *hex = hex_encode(buf_span(&out));
    assert_string_equal(hex, "10000010010203040403020161620000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_four_cases),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(reads_fields_in_both_byte_orders),
        cmocka_unit_test(turns_bad_past_the_end),
        cmocka_unit_test(writes_fields_in_both_byte_orders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
