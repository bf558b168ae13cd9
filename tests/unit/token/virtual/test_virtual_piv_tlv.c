#include "token/virtual/virtual_piv_tlv.h"

#include "bench.h"

static void reads_fields_in_order(void **state)
{
    (void)state;
    AUTO(bytes_freep)
    struct bytes *fields = bench_bytes("8001AA7F49005FC1058102010253820001FF");
    static const struct {
        uint32_t tag;
        size_t len;
    } expected[] = {{0x80, 1}, {0x7F49, 0}, {0x5FC105, 2}, {0x53, 1}};
    struct span rest = span_bytes(fields);
    struct span value;
    uint32_t tag = 0;
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_true(virtual_piv_tlv_next(&rest, &tag, &value));
        assert_int_equal(tag, expected[i].tag);
        assert_int_equal(value.len, expected[i].len);
    }
    assert_false(virtual_piv_tlv_next(&rest, &tag, &value));
    assert_true(virtual_piv_tlv_find(span_bytes(fields), 0x53, &value));
    assert_int_equal(value.at[0], 0xFF);
    assert_false(virtual_piv_tlv_find(span_bytes(fields), 0x54, &value));
}

static void tells_how_much_of_a_field_is_there(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool good;
        size_t here;
        size_t length;
    } cases[] = {
        {"53820100AABB", true, 2, 256}, {"5302AABB", true, 2, 2},    {"5300", true, 0, 0},
        {"53820100", true, 0, 256},     {"5302AABBCC", false, 0, 0}, {"5382", false, 0, 0},
        {"7002AA", false, 0, 0},        {"", false, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *bytes = bench_bytes(cases[i].bytes);
        struct span value;
        size_t length = 0;
        assert_int_equal(virtual_piv_tlv_beginning(span_bytes(bytes), 0x53, &value, &length),
                         cases[i].good);
        if (!cases[i].good)
            continue;
        assert_int_equal(value.len, cases[i].here);
        assert_int_equal(length, cases[i].length);
    }
}

static void refuses_what_is_cut_off_or_endless(void **state)
{
    (void)state;
    static const char *const cases[] = {"",       "80",       "8002AA", "8080AA",     "5F",
                                        "5FC1",   "5FC18101", "8081",   "80820001",   "808201",
                                        "808300", "8084",     "7F",     "5F818181AA", "80FF"};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *bytes = bench_bytes(cases[i]);
        struct span rest = span_bytes(bytes);
        struct span value;
        uint32_t tag = 0;
        assert_false(virtual_piv_tlv_next(&rest, &tag, &value));
        assert_int_equal(rest.len, bytes->len);
    }
}

static void knows_a_field_that_is_alone(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *bytes = bench_bytes("7C02810000");
    struct span value;
    assert_true(virtual_piv_tlv_only(span_of(bytes->at, 4), 0x7C, &value));
    assert_int_equal(value.len, 2);
    assert_false(virtual_piv_tlv_only(span_of(bytes->at, 4), 0x7D, &value));
    assert_false(virtual_piv_tlv_only(span_bytes(bytes), 0x7C, &value));
    assert_false(virtual_piv_tlv_only(SPAN_NONE, 0x7C, &value));
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 127, 128, 255, 256, 3000};
    static const uint32_t tags[] = {0x53, 0x7F49, 0x5FC105};
    static const uint8_t content[3000] = {1, 2, 3};
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
        for (size_t k = 0; k < ARRAY_SIZE(tags); k++) {
            AUTO(buf_done) struct buf out = BUF_INIT(4000);
            struct span value;
            virtual_piv_tlv_put(&out, tags[k], span_of(content, lengths[i]));
            assert_true(virtual_piv_tlv_only(buf_span(&out), tags[k], &value));
            assert_true(span_equal(value, span_of(content, lengths[i])));
        }
    AUTO(buf_done) struct buf out = BUF_INIT(8);
    virtual_piv_tlv_put_u8(&out, 0x80, 0x11);
    static const uint8_t expected[] = {0x80, 1, 0x11};
    assert_true(span_equal(buf_span(&out), SPAN_ARRAY(expected)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_fields_in_order),
        cmocka_unit_test(tells_how_much_of_a_field_is_there),
        cmocka_unit_test(refuses_what_is_cut_off_or_endless),
        cmocka_unit_test(knows_a_field_that_is_alone),
        cmocka_unit_test(writes_what_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
