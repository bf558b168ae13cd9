#include "certs/der.h"

#include <setjmp.h>
#include <stdarg.h>
/* needs the two above */
#include <cmocka.h>

#include "fixture.h"

static void check_is_strict(void **state)
{
    (void)state;
    static const struct {
        const char *der;
        enum err_code code;
    } cases[] = {
        {"", ERR_DER},
        {"30", ERR_DER},
        {"3000", ERR_NONE},
        {"300000", ERR_DER_TRAILING},
        {"3001", ERR_DER},
        {"0500", ERR_NONE},
        {"050100", ERR_DER}, /* NULL with content */
        {"0101FF", ERR_NONE},
        {"010100", ERR_NONE},
        {"010101", ERR_DER}, /* neither FF nor 00 */
        {"0102FFFF", ERR_DER},
        {"0100", ERR_DER},
        {"0200", ERR_DER}, /* INTEGER without content */
        {"020100", ERR_NONE},
        {"02020080", ERR_NONE},
        {"0202007F", ERR_DER}, /* padded */
        {"0202FF7F", ERR_NONE},
        {"0202FF80", ERR_DER}, /* padded */
        {"0A020001", ERR_DER},
        {"0300", ERR_DER}, /* BIT STRING without its first byte */
        {"030100", ERR_NONE},
        {"030101", ERR_DER},
        {"030207FF", ERR_DER}, /* unused bits are set */
        {"03020780", ERR_NONE},
        {"03020800", ERR_DER},
        {"0600", ERR_DER},
        {"06022A03", ERR_NONE},
        {"06022A83", ERR_DER}, /* OID cut inside a number */
        {"06032A8003", ERR_DER}, /* OID with a padded number */
        {"1E0161", ERR_DER}, /* BMPString of odd length */
        {"1E020061", ERR_NONE},
        {"1000", ERR_DER}, /* primitive SEQUENCE */
        {"1100", ERR_DER},
        {"2400", ERR_DER}, /* constructed OCTET STRING */
        {"2C00", ERR_DER},
        {"0000", ERR_DER}, /* end-of-contents */
        {"3080020101", ERR_DER}, /* indefinite length */
        {"30800000", ERR_DER},
        {"308100", ERR_DER}, /* length not in its shortest form */
        {"30820000", ERR_DER},
        {"308400000000", ERR_DER},
        {"30FF00", ERR_DER},
        {"3084", ERR_DER},
        {"1F8100", ERR_DER}, /* tag of several bytes */
        {"BF8100", ERR_DER},
        {"80030500FF", ERR_NONE}, /* primitive context tag: not looked into */
        {"A0030500FF", ERR_DER},
        {"3003020101", ERR_NONE},
        {"300402010105", ERR_DER},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *der = fixture_hex(cases[i].der);
        struct err err = ERR_INIT;
        enum err_code code = der_check(span_bytes(der), &err);
        if (code != cases[i].code)
            fail_msg("%s: %s", cases[i].der, err_code_text(code));
    }
}

static void check_long_item(size_t length, const char *header, enum err_code expected)
{
    AUTO(buf_done) struct buf buf = BUF_INIT(SIZE_MAX);
    AUTO(bytes_freep) struct bytes *start = fixture_hex(header);
    struct err err = ERR_INIT;
    buf_add(&buf, span_bytes(start));
    buf_add_zeros(&buf, length);
    assert_int_equal(der_check(buf_span(&buf), &err), expected);
}

static void lengths_have_their_shortest_form(void **state)
{
    (void)state;
    check_long_item(0x7F, "047F", ERR_NONE);
    check_long_item(0x7F, "04817F", ERR_DER);
    check_long_item(0x80, "048180", ERR_NONE);
    check_long_item(0x80, "04820080", ERR_DER);
    check_long_item(0xFF, "0481FF", ERR_NONE);
    check_long_item(0x100, "04820100", ERR_NONE);
    check_long_item(0xFFFF, "0482FFFF", ERR_NONE);
    check_long_item(0xFFFF, "048300FFFF", ERR_DER);
    check_long_item(0x10000, "0483010000", ERR_NONE);
    check_long_item(0x10000, "048400010000", ERR_DER);
    check_long_item(0x10000 - 1, "0483010000", ERR_DER);
    check_long_item(0x10000 + 1, "0483010000", ERR_DER_TRAILING);
}

static enum err_code check_depth(size_t depth)
{
    uint8_t der[2 * (DER_DEPTH_MAX + 2)];
    struct err err = ERR_INIT;
    for (size_t i = 0; i < depth; i++) {
        der[2 * i] = DER_SEQUENCE;
        der[2 * i + 1] = (uint8_t)(2 * (depth - 1 - i));
    }
    return der_check(span_of(der, 2 * depth), &err);
}

static void depth_is_limited(void **state)
{
    (void)state;
    assert_int_equal(check_depth(DER_DEPTH_MAX - 1), ERR_NONE);
    assert_int_equal(check_depth(DER_DEPTH_MAX), ERR_NONE);
    assert_int_equal(check_depth(DER_DEPTH_MAX + 1), ERR_DER);
}

static void taking_moves_on_only_when_it_fits(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = fixture_hex("0201050500");
    struct span from = span_bytes(der);
    struct span value;
    assert_false(der_take(&from, DER_NULL, &value));
    assert_int_equal(from.len, 5);
    assert_true(der_take(&from, DER_INTEGER, &value));
    assert_int_equal(value.len, 1);
    assert_true(der_take_whole(&from, DER_NULL, &value));
    assert_int_equal(value.len, 2);
    assert_int_equal(from.len, 0);
    assert_false(der_take(&from, DER_NULL, &value));
}

static void unsigned_numbers_are_padded_to_their_width(void **state)
{
    (void)state;
    static const struct {
        const char *der;
        bool good;
        const char *value;
    } cases[] = {
        {"020100", true, "000000"},       {"0203010203", true, "010203"},
        {"020400FF0203", true, "FF0203"}, {"020401020304", false, NULL},
        {"020500FF020304", false, NULL},  {"020180", false, NULL},
        {"02020001", false, NULL},        {"0200", false, NULL},
        {"0401FF", false, NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *der = fixture_hex(cases[i].der);
        struct span from = span_bytes(der);
        uint8_t out[3] = {9, 9, 9};
        assert_true(der_take_unsigned(&from, out, sizeof out) == cases[i].good);
        assert_int_equal(from.len, cases[i].good ? 0 : der->len);
        if (cases[i].good) {
            AUTO(bytes_freep) struct bytes *value = fixture_hex(cases[i].value);
            assert_memory_equal(out, value->at, 3);
        }
    }
}

static void bit_strings_have_whole_bytes(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *good = fixture_hex("030300AABB");
    AUTO(bytes_freep) struct bytes *bad = fixture_hex("030304AAB0");
    AUTO(bytes_freep) struct bytes *empty = fixture_hex("0300");
    struct span bits;
    struct span from = span_bytes(good);
    assert_true(der_take_bits(&from, &bits));
    assert_int_equal(bits.len, 2);
    from = span_bytes(bad);
    assert_false(der_take_bits(&from, &bits));
    from = span_bytes(empty);
    assert_false(der_take_bits(&from, &bits));
}

static void check_written(size_t length, const char *header)
{
    AUTO(buf_done) struct buf buf = BUF_INIT(SIZE_MAX);
    AUTO(bytes_freep) struct bytes *content = bytes_new_size(length);
    AUTO(bytes_freep) struct bytes *expected = fixture_hex(header);
    der_add(&buf, DER_OCTET_STRING, span_bytes(content));
    assert_int_equal(buf.len, expected->len + length);
    assert_memory_equal(buf.at, expected->at, expected->len);
}

static void writes_the_shortest_length(void **state)
{
    (void)state;
    check_written(0, "0400");
    check_written(0x7F, "047F");
    check_written(0x80, "048180");
    check_written(0xFF, "0481FF");
    check_written(0x100, "04820100");
    check_written(0xFFFF, "0482FFFF");
    AUTO(buf_done) struct buf buf = BUF_INIT(SIZE_MAX);
    AUTO(bytes_freep) struct bytes *content = bytes_new_size(0x10000);
    der_add(&buf, DER_OCTET_STRING, span_bytes(content));
    assert_true(buf.bad);
}

static void writes_numbers_that_read_back(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *der;
    } cases[] = {
        {"", "020100"},     {"00", "020100"},   {"0000", "020100"},       {"7F", "02017F"},
        {"80", "02020080"}, {"0001", "020101"}, {"00FF01", "020300FF01"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(buf_done) struct buf buf = BUF_INIT(64);
        AUTO(bytes_freep) struct bytes *bytes = fixture_hex(cases[i].bytes);
        AUTO(bytes_freep) struct bytes *der = fixture_hex(cases[i].der);
        der_add_unsigned(&buf, span_bytes(bytes));
        assert_true(span_equal(buf_span(&buf), span_bytes(der)));
    }
    AUTO(buf_done) struct buf buf = BUF_INIT(64);
    AUTO(bytes_freep) struct bytes *bits = fixture_hex("030300AABB");
    der_add_bits(&buf, span_part(span_bytes(bits), 3, 2));
    assert_true(span_equal(buf_span(&buf), span_bytes(bits)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_is_strict),
        cmocka_unit_test(lengths_have_their_shortest_form),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(taking_moves_on_only_when_it_fits),
        cmocka_unit_test(unsigned_numbers_are_padded_to_their_width),
        cmocka_unit_test(bit_strings_have_whole_bytes),
        cmocka_unit_test(writes_the_shortest_length),
        cmocka_unit_test(writes_numbers_that_read_back),
    };
    return cmocka_run_group_tests_name("certs/der", tests, NULL, NULL);
}
