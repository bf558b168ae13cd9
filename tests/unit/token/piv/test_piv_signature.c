#include "token/piv/piv_signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/scripted_channel.h"

static void check_input(enum token_algorithm algorithm, size_t bytes, enum err_code expected)
{
    struct err err = ERR_INIT;
    AUTO(buf_done) struct buf out = BUF_INIT(PIV_SIGNATURE_BYTES_MAX);
    AUTO(bytes_freep) struct bytes *input = bytes_new_size(bytes);
    assert_int_equal(piv_signature_input(algorithm, span_bytes(input), &out, &err), expected);
    if (expected == ERR_NONE)
        assert_int_equal(out.len, algorithm == TOKEN_RSA2048 ? 256 : bytes);
}

static void takes_digests_of_the_right_length(void **state)
{
    check_input(TOKEN_P256, 32, ERR_NONE);
    check_input(TOKEN_P256, 31, ERR_FIELD_VALUE);
    check_input(TOKEN_P256, 33, ERR_FIELD_VALUE);
    check_input(TOKEN_P384, 48, ERR_NONE);
    check_input(TOKEN_P384, 32, ERR_FIELD_VALUE);
    check_input(TOKEN_SM2, 32, ERR_NONE);
    check_input(TOKEN_RSA2048, 245, ERR_NONE);
    check_input(TOKEN_RSA2048, 246, ERR_FIELD_VALUE);
    check_input(TOKEN_ALGORITHM_NONE, 32, ERR_FIELD_VALUE);
}

static void pads_for_rsa(void **state)
{
    static const uint8_t info[] = {0x30, 0x31, 0x32};
    struct err err = ERR_INIT;
    AUTO(buf_done) struct buf out = BUF_INIT(PIV_SIGNATURE_BYTES_MAX);
    assert_int_equal(piv_signature_input(TOKEN_RSA2048, SPAN_ARRAY(info), &out, &err), ERR_NONE);
    assert_int_equal(out.at[0], 0);
    assert_int_equal(out.at[1], 1);
    for (size_t i = 2; i < 252; i++)
        assert_int_equal(out.at[i], 0xFF);
    assert_int_equal(out.at[252], 0);
    assert_memory_equal(out.at + 253, info, 3);
}

static bool convert(const char *hex, enum token_algorithm algorithm, struct bytes **out)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *answer = scripted_channel_bytes(hex);
    return piv_signature_output(algorithm, span_bytes(answer), out, &err) == ERR_NONE;
}

static void numbers_get_their_zeros_back(void **state)
{
    AUTO(bytes_freep) struct bytes *out = NULL;
    AUTO(bytes_freep) struct bytes *wide = NULL;
    assert_true(convert("30 07 02 02 00FF 02 01 05", TOKEN_P256, &out));
    assert_int_equal(out->len, 64);
    assert_int_equal(out->at[30], 0);
    assert_int_equal(out->at[31], 0xFF);
    assert_int_equal(out->at[63], 5);
    assert_true(convert("30 07 02 02 00FF 02 01 05", TOKEN_P384, &wide));
    assert_int_equal(wide->len, 96);
    assert_int_equal(wide->at[47], 0xFF);
}

static void refuses_what_is_no_signature(void **state)
{
    static const char *const broken[] = {
        "",
        "30 00",
        "30 03 02 01 05",
        "30 06 02 01 00 02 01 05",
        "30 06 04 01 01 02 01 05",
        "30 09 02 01 05 02 01 05 02 01 05",
        "30 06 02 01 05 02 01 05 00",
        "30 26 02 21 010000000000000000000000000000000000000000000000000000000000000000 02 01 05"};
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        AUTO(bytes_freep) struct bytes *out = NULL;
        assert_false(convert(broken[i], TOKEN_P256, &out));
        assert_null(out);
    }
}

static void rsa_signatures_are_as_long_as_the_modulus(void **state)
{
    for (size_t bytes = 255; bytes <= 257; bytes++) {
        struct err err = ERR_INIT;
        AUTO(bytes_freep) struct bytes *answer = bytes_new_size(bytes);
        AUTO(bytes_freep) struct bytes *out = NULL;
        assert_int_equal(piv_signature_output(TOKEN_RSA2048, span_bytes(answer), &out, &err),
                         bytes == 256 ? ERR_NONE : ERR_TOKEN_ANSWER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_digests_of_the_right_length),
        cmocka_unit_test(pads_for_rsa),
        cmocka_unit_test(numbers_get_their_zeros_back),
        cmocka_unit_test(refuses_what_is_no_signature),
        cmocka_unit_test(rsa_signatures_are_as_long_as_the_modulus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
