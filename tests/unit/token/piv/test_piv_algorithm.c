#include "token/piv/piv_algorithm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void add_point(struct buf *list, uint8_t form, size_t bytes)
{
    AUTO(bytes_freep) struct bytes *point = bytes_new_size(1 + 2 * bytes);
    point->at[0] = form;
    point->at[1] = 0xAA;
    point->at[1 + bytes] = 0xBB;
    piv_tlv_add(list, 0x86, span_bytes(point));
}

static bool read_point(uint8_t number, uint8_t form, size_t bytes, struct token_public_key *out)
{
    AUTO(buf_done) struct buf list = BUF_INIT(512);
    add_point(&list, form, bytes);
    return piv_algorithm_public_key(number, buf_span(&list), out);
}

static void reads_points(void **state)
{
    struct token_public_key key;
    assert_true(read_point(0x11, 4, 32, &key));
    assert_int_equal(key.algorithm, TOKEN_P256);
    assert_int_equal(key.x[0], 0xAA);
    assert_int_equal(key.y[0], 0xBB);
    assert_true(read_point(0x14, 4, 48, &key));
    assert_int_equal(key.algorithm, TOKEN_P384);
    assert_true(read_point(0, 4, 48, &key));
    assert_int_equal(key.algorithm, TOKEN_P384);
    assert_true(read_point(0, 4, 32, &key));
    assert_int_equal(key.algorithm, TOKEN_P256);
    assert_true(read_point(0x54, 4, 32, &key)); /* a number of the token's own */
    assert_int_equal(key.algorithm, TOKEN_SM2);
}

static void refuses_points_that_are_none(void **state)
{
    struct token_public_key key;
    assert_false(read_point(0x11, 2, 32, &key));
    assert_false(read_point(0x11, 4, 31, &key));
    assert_false(read_point(0x11, 4, 33, &key));
    assert_false(read_point(0x11, 4, 48, &key));
    assert_false(read_point(0x14, 4, 32, &key));
    assert_false(read_point(0x07, 4, 32, &key));
    assert_false(piv_algorithm_public_key(0x11, SPAN_NONE, &key));
}

static bool read_rsa(size_t zeros, size_t modulus_bytes, uint8_t first, struct span exponent,
                     struct token_public_key *out)
{
    AUTO(buf_done) struct buf list = BUF_INIT(1024);
    AUTO(bytes_freep) struct bytes *modulus = bytes_new_size(zeros + modulus_bytes);
    modulus->at[zeros] = first;
    piv_tlv_add(&list, 0x81, span_bytes(modulus));
    piv_tlv_add(&list, 0x82, exponent);
    return piv_algorithm_public_key(0x07, buf_span(&list), out);
}

static void reads_moduli_of_2048_bits(void **state)
{
    static const uint8_t usual[] = {1, 0, 1};
    static const uint8_t long_one[] = {0, 1, 0, 0, 1};
    static const uint8_t too_long[] = {1, 0, 0, 0, 1};
    struct token_public_key key;
    assert_true(read_rsa(0, 256, 0x80, SPAN_ARRAY(usual), &key));
    assert_int_equal(key.algorithm, TOKEN_RSA2048);
    assert_int_equal(key.exponent, 65537);
    assert_true(read_rsa(1, 256, 0xFF, SPAN_ARRAY(long_one), &key));
    assert_int_equal(key.exponent, 0x01000001);
    assert_false(read_rsa(0, 256, 0x7F, SPAN_ARRAY(usual), &key));
    assert_false(read_rsa(0, 255, 0x80, SPAN_ARRAY(usual), &key));
    assert_false(read_rsa(0, 257, 0x80, SPAN_ARRAY(usual), &key));
    assert_false(read_rsa(0, 256, 0x80, SPAN_ARRAY(too_long), &key));
    assert_false(read_rsa(0, 256, 0x80, SPAN_NONE, &key));
}

static void tells_keys_from_each_other(void **state)
{
    struct token_public_key a = {.algorithm = TOKEN_P256}, b = a;
    struct token_public_key none = {0};
    assert_true(piv_algorithm_same_key(&a, &b));
    b.y[31] = 1;
    assert_false(piv_algorithm_same_key(&a, &b));
    b = a;
    b.algorithm = TOKEN_SM2;
    assert_false(piv_algorithm_same_key(&a, &b));
    assert_false(piv_algorithm_same_key(&none, &none));
    a = b = (struct token_public_key){.algorithm = TOKEN_RSA2048, .exponent = 3};
    assert_true(piv_algorithm_same_key(&a, &b));
    b.exponent = 65537;
    assert_false(piv_algorithm_same_key(&a, &b));
}

static void knows_the_numbers(void **state)
{
    assert_int_equal(piv_algorithm_number(TOKEN_RSA2048), 0x07);
    assert_int_equal(piv_algorithm_number(TOKEN_P256), 0x11);
    assert_int_equal(piv_algorithm_number(TOKEN_P384), 0x14);
    assert_int_equal(piv_algorithm_number(TOKEN_SM2), 0);
    assert_string_equal(piv_algorithm_admin_name(0x03), "3des");
    assert_string_equal(piv_algorithm_admin_name(0x0C), "aes256");
    assert_null(piv_algorithm_admin_name(0x07));
    assert_int_equal(piv_algorithm_admin_block_bytes(0x03), 8);
    assert_int_equal(piv_algorithm_admin_block_bytes(0x0A), 16);
    assert_int_equal(piv_algorithm_admin_block_bytes(0x11), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_points),
        cmocka_unit_test(refuses_points_that_are_none),
        cmocka_unit_test(reads_moduli_of_2048_bits),
        cmocka_unit_test(tells_keys_from_each_other),
        cmocka_unit_test(knows_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
