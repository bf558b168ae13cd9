#include "token/gmt0017/gmt0017_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/token/scripted_key.h"

#define LIST "80 46 00 00 00 00 02 10 00 00 00"
#define INFO_C1 "80 4A 00 00 00 00 04 10 00 43 31 00 0B"
#define OPEN_C1 "80 42 00 00 00 00 04 10 00 43 31 00 02"
#define CREATE_C1 "80 40 00 00 00 00 04 10 00 43 31 00 02"
#define DELETE_C1 "80 48 00 00 00 00 04 10 00 43 31"
#define GENERATE_ECC "80 70 00 00 00 00 08 10 00 30 01 00 00 01 00 00 40"
#define GENERATE_RSA "80 54 01 00 00 00 06 10 00 30 01 08 00 01 04"
#define EXPORT_SIGN "80 88 01 00 00 00 04 10 00 30 01 00 00"
#define HEX32 "0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20"
#define HEX32_B "2102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F40"

static const uint8_t digest[32] = {1, 2, 3};

/* 256 bytes: the highest bit and the lowest are set. */
static char *modulus(void)
{
    AUTO(memory_freep) char *middle = scripted_key_bytes(0, 254);
    return memory_printf("80 %s 01", middle);
}

/* ---- signing ---- */

static void signs_in_one_command_once_the_container_is_known(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_login(&key);
    scripted_key_expect(&key, INFO_C1, "02 00000100 00000000 00 00 9000");
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    for (int i = 0; i < 2; i++) {
        AUTO(bytes_freep) struct bytes *signature = NULL;
        unsigned before = token_usage(key.token).commands;
        scripted_key_expect(&key,
                            "80 74 02 00 00 00 24 10 00 30 01 "
                            "0102030000000000000000000000000000000000000000000000000000000000"
                            "00 00",
                            "00000100" HEX32 HEX32_B "9000");
        assert_int_equal(token_sign(key.token, "C1", SPAN_ARRAY(digest), &signature, &key.err),
                         ERR_NONE);
        assert_int_equal(signature->len, 64);
        assert_int_equal(signature->at[0], 0x01);
        assert_int_equal(signature->at[32], 0x21);
        assert_int_equal(token_usage(key.token).commands - before, i == 0 ? 3 : 1);
    }
    scripted_key_close(&key, true);
}

static void check_signature(const char *answer, enum err_code expected)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(bytes_freep) struct bytes *signature = NULL;
    AUTO(memory_freep) char *zeros = memory_printf("%058d", 0);
    AUTO(memory_freep)
    char *command = memory_printf("80 74 02 00 00 00 24 10 00 30 01 010203 %s 00 00", zeros);
    scripted_key_login(&key);
    scripted_key_expect(&key, INFO_C1, "02 00000100 00000000 00 00 9000");
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, command, answer);
    assert_int_equal(token_sign(key.token, "C1", SPAN_ARRAY(digest), &signature, &key.err),
                     expected);
    assert_null(signature);
    if (expected == ERR_TOKEN_ANSWER)
        scripted_key_close_stale(&key, true);
    else
        scripted_key_close(&key, true);
}

static void judges_a_signature(void **state)
{
    check_signature("00010000" HEX32 HEX32 "9000", ERR_TOKEN_ANSWER);
    check_signature(HEX32 HEX32 "9000", ERR_TOKEN_ANSWER);
    check_signature("00000100" HEX32 HEX32 "00 9000", ERR_TOKEN_ANSWER);
    check_signature("00000100" HEX32
                    "0000000000000000000000000000000000000000000000000000000000000000 9000",
                    ERR_TOKEN_ANSWER);
    check_signature("00000100"
                    "0000000000000000000000000000000000000000000000000000000000000000" HEX32 "9000",
                    ERR_TOKEN_ANSWER);
    check_signature("6A9C", ERR_TOKEN_CRYPTO);
    check_signature("6A95", ERR_TOKEN_NO_KEY);
}

static void notices_that_the_login_is_gone(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(bytes_freep) struct bytes *signature = NULL;
    AUTO(memory_freep) char *zeros = memory_printf("%058d", 0);
    AUTO(memory_freep)
    char *command = memory_printf("80 74 02 00 00 00 24 10 00 30 01 010203 %s 00 00", zeros);
    scripted_key_login(&key);
    scripted_key_expect(&key, INFO_C1, "02 00000100 00000000 00 00 9000");
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, command, "6982");
    assert_int_equal(token_sign(key.token, "C1", SPAN_ARRAY(digest), &signature, &key.err),
                     ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(token_sign(key.token, "C1", SPAN_ARRAY(digest), &signature, &key.err),
                     ERR_TOKEN_LOGIN_LOST); /* unsent */
    scripted_key_close(&key, true);
}

static void takes_only_a_digest_for_sm2(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct bytes *signature = NULL;
    scripted_key_login(&key);
    scripted_key_expect(&key, INFO_C1, "02 00000100 00000000 00 00 9000");
    assert_int_equal(token_sign(key.token, "C1", span_of(digest, 31), &signature, &key.err),
                     ERR_FIELD_VALUE);
    scripted_key_close(&key, true);
}

static void signs_with_rsa(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(bytes_freep) struct bytes *signature = NULL;
    AUTO(bytes_freep) struct bytes *again = NULL;
    AUTO(memory_freep) char *bytes = modulus();
    AUTO(memory_freep) char *answer = memory_printf("%s 9000", bytes);
    AUTO(memory_freep) char *too_long = memory_printf("00 %s 9000", bytes);
    scripted_key_login(&key);
    scripted_key_expect(&key, INFO_C1, "01 00000800 00000000 00 00 9000");
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, "80 58 02 00 00 00 07 10 00 30 01 010203 00 00", answer);
    assert_int_equal(token_sign(key.token, "C1", span_of(digest, 3), &signature, &key.err),
                     ERR_NONE);
    assert_int_equal(signature->len, 256);
    scripted_key_expect(&key, "80 58 02 00 00 00 07 10 00 30 01 010203 00 00", too_long);
    assert_int_equal(token_sign(key.token, "C1", span_of(digest, 3), &again, &key.err),
                     ERR_TOKEN_ANSWER);
    scripted_key_close_stale(&key, true);
}

static void signs_with_no_other_key(void **state)
{
    static const char *const infos[] = {
        "00 00000000 00000000 00 00 9000",
        "01 00000400 00000000 00 00 9000",
        "02 00000000 00000100 00 00 9000",
    };
    for (size_t i = 0; i < ARRAY_SIZE(infos); i++) {
        struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
        struct bytes *signature = NULL;
        scripted_key_login(&key);
        scripted_key_expect(&key, INFO_C1, infos[i]);
        assert_int_equal(token_sign(key.token, "C1", SPAN_ARRAY(digest), &signature, &key.err),
                         ERR_TOKEN_NO_KEY);
        scripted_key_close(&key, true);
    }
}

/* ---- public keys ---- */

static void check_public(const char *answer, enum err_code expected, struct token_public_key *out)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, EXPORT_SIGN, answer);
    assert_int_equal(token_read_public_key(key.token, "C1", TOKEN_SIGN, out, &key.err), expected);
    if (expected == ERR_TOKEN_ANSWER)
        token_closep(&key.token);
    else
        scripted_key_close(&key, false);
}

static void reads_public_keys(void **state)
{
    struct token_public_key public = {0};
    AUTO(memory_freep) char *n = modulus();
    AUTO(memory_freep) char *rsa = memory_printf("0800 00010001 %s 9000", n);
    AUTO(memory_freep) char *swapped = memory_printf("0800 01000100 %s 9000", n);
    check_public("00000100" HEX32 HEX32_B "9000", ERR_NONE, &public);
    assert_int_equal(public.algorithm, TOKEN_SM2);
    assert_int_equal(public.x[0], 0x01);
    assert_int_equal(public.y[0], 0x21);
    check_public(rsa, ERR_NONE, &public);
    assert_int_equal(public.algorithm, TOKEN_RSA2048);
    assert_int_equal(public.exponent, 65537);
    assert_int_equal(public.modulus[0], 0x80);
    check_public(swapped, ERR_NONE, &public);
    assert_int_equal(public.exponent, 65537);
}

static void refuses_what_is_no_public_key(void **state)
{
    struct token_public_key public = {0};
    AUTO(memory_freep) char *n = modulus();
    AUTO(memory_freep) char *zeros = memory_printf("%0128d", 0);
    AUTO(memory_freep) char *zero_point = memory_printf("00000100 %s 9000", zeros);
    AUTO(memory_freep) char *even = memory_printf("0800 00010000 %s 9000", n);
    AUTO(memory_freep) char *one = memory_printf("0800 00000001 %s 9000", n);
    AUTO(memory_freep) char *bits = memory_printf("0400 00010001 %s 9000", n);
    AUTO(memory_freep) char *small = memory_printf("0800 00010001 00 %s 9000", n + 3);
    check_public("00000200" HEX32 HEX32_B "9000", ERR_TOKEN_ANSWER, &public);
    check_public(HEX32 HEX32_B "9000", ERR_TOKEN_ANSWER, &public);
    check_public("9000", ERR_TOKEN_ANSWER, &public);
    check_public(zero_point, ERR_TOKEN_ANSWER, &public);
    check_public(even, ERR_TOKEN_ANSWER, &public);
    check_public(one, ERR_TOKEN_ANSWER, &public);
    check_public(bits, ERR_TOKEN_ANSWER, &public);
    check_public(small, ERR_TOKEN_ANSWER, &public);
    check_public("6A95", ERR_TOKEN_NO_KEY, &public);
    check_public("6A88", ERR_TOKEN_NO_KEY, &public);
    assert_int_equal(public.algorithm, TOKEN_ALGORITHM_NONE);
}

/* ---- new pairs ---- */

static void makes_a_pair_in_a_new_container(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_public_key public = {0};
    scripted_key_login(&key);
    unsigned before = token_usage(key.token).commands;
    scripted_key_expect(&key, LIST, "43 30 00 00 9000");
    scripted_key_expect(&key, CREATE_C1, "30 01 9000");
    scripted_key_expect(&key, GENERATE_ECC, HEX32 HEX32_B "9000");
    assert_int_equal(token_create_pair(key.token, "C1", TOKEN_SM2, &public, &key.err), ERR_NONE);
    assert_int_equal(token_usage(key.token).commands, before + 3);
    assert_int_equal(public.algorithm, TOKEN_SM2);
    assert_int_equal(public.y[31], 0x40);
    scripted_key_close(&key, true);
}

/* Nothing has to be asked of a container that was made just now. */
static void signs_with_the_new_pair_at_once(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_public_key public = {0};
    AUTO(bytes_freep) struct bytes *signature = NULL;
    AUTO(memory_freep) char *zeros = memory_printf("%058d", 0);
    AUTO(memory_freep)
    char *command = memory_printf("80 74 02 00 00 00 24 10 00 30 01 010203 %s 00 00", zeros);
    scripted_key_login(&key);
    scripted_key_expect(&key, LIST, "9000");
    scripted_key_expect(&key, CREATE_C1, "30 01 9000");
    scripted_key_expect(&key, GENERATE_ECC, HEX32 HEX32_B "9000");
    assert_int_equal(token_create_pair(key.token, "C1", TOKEN_SM2, &public, &key.err), ERR_NONE);
    scripted_key_expect(&key, command, "00000100" HEX32 HEX32_B "9000");
    assert_int_equal(token_sign(key.token, "C1", SPAN_ARRAY(digest), &signature, &key.err),
                     ERR_NONE);
    scripted_key_close(&key, true);
}

static void makes_an_rsa_pair(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_public_key public = {0};
    AUTO(memory_freep) char *n = modulus();
    AUTO(memory_freep) char *answer = memory_printf("%s 00010001 9000", n);
    scripted_key_login(&key);
    scripted_key_expect(&key, LIST, "9000");
    scripted_key_expect(&key, CREATE_C1, "30 01 9000");
    scripted_key_expect(&key, GENERATE_RSA, answer);
    assert_int_equal(token_create_pair(key.token, "C1", TOKEN_RSA2048, &public, &key.err),
                     ERR_NONE);
    assert_int_equal(public.exponent, 65537);
    scripted_key_close(&key, true);
}

static void sends_lengths_the_little_endian_way(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_SYNO);
    struct token_public_key public = {0};
    scripted_key_login(&key);
    scripted_key_expect(&key, LIST, "9000");
    scripted_key_expect(&key, CREATE_C1, "30 01 9000");
    scripted_key_expect(&key, "80 70 00 00 00 00 08 10 00 30 01 00 01 00 00 00 40",
                        HEX32 HEX32_B "9000");
    assert_int_equal(token_create_pair(key.token, "C1", TOKEN_SM2, &public, &key.err), ERR_NONE);
    scripted_key_close(&key, true);
}

static void never_touches_a_container_that_exists(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_public_key public = {0};
    scripted_key_login(&key);
    scripted_key_expect(&key, LIST, "43 31 00 00 9000");
    assert_int_equal(token_create_pair(key.token, "C1", TOKEN_SM2, &public, &key.err),
                     ERR_TOKEN_EXISTS);
    scripted_key_expect(&key, LIST, "00 00 9000"); /* it comes into being in between */
    scripted_key_expect(&key, CREATE_C1, "6E02");
    assert_int_equal(token_create_pair(key.token, "C1", TOKEN_SM2, &public, &key.err),
                     ERR_TOKEN_EXISTS);
    scripted_key_close(&key, true);
}

static void makes_no_more_containers_than_the_key_holds(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_public_key public = {0};
    scripted_key_login(&key);
    scripted_key_expect(&key, LIST, "41 00 42 00 43 00 44 00 00 9000"); /* it takes four */
    assert_int_equal(token_create_pair(key.token, "C1", TOKEN_SM2, &public, &key.err),
                     ERR_TOKEN_NO_SPACE);
    scripted_key_expect(&key, LIST, "41 00 42 00 43 00 00 9000");
    scripted_key_expect(&key, CREATE_C1, "6A84");
    assert_int_equal(token_create_pair(key.token, "C1", TOKEN_SM2, &public, &key.err),
                     ERR_TOKEN_NO_SPACE);
    scripted_key_close(&key, true);
}

static void check_failed_generation(const char *answer, const char *removed, enum err_code expected)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_public_key public = {0};
    scripted_key_login(&key);
    scripted_key_expect(&key, LIST, "9000");
    scripted_key_expect(&key, CREATE_C1, "30 01 9000");
    scripted_key_expect(&key, GENERATE_ECC, answer);
    scripted_key_expect(&key, DELETE_C1, removed);
    assert_int_equal(token_create_pair(key.token, "C1", TOKEN_SM2, &public, &key.err), expected);
    assert_int_equal(public.algorithm, TOKEN_ALGORITHM_NONE);
    if (expected == ERR_TOKEN_ANSWER)
        scripted_key_close_stale(&key, true);
    else
        scripted_key_close(&key, true);
}

static void removes_the_container_when_no_pair_comes(void **state)
{
    check_failed_generation("6915", "9000", ERR_TOKEN_KEYGEN);
    check_failed_generation("6915", "6A91", ERR_TOKEN_KEYGEN);
    check_failed_generation("6A84", "9000", ERR_TOKEN_NO_SPACE);
    check_failed_generation(HEX32 "9000", "9000", ERR_TOKEN_ANSWER);
}

static void removes_nothing_on_a_broken_line(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_public_key public = {0};
    scripted_key_login(&key);
    scripted_key_expect(&key, LIST, "9000");
    scripted_key_expect(&key, CREATE_C1, "30 01 9000");
    scripted_channel_expect_failure(key.script, GENERATE_ECC, ERR_TOKEN_REMOVED);
    assert_int_equal(token_create_pair(key.token, "C1", TOKEN_SM2, &public, &key.err),
                     ERR_TOKEN_REMOVED);
    token_closep(&key.token);
}

/* ---- the enveloped key ---- */

#define X(digits) digits digits digits digits digits digits digits digits
#define C1_X X("C1C1C1C1")
#define C1_Y X("C2C2C2C2")
#define C3 X("C3C3C3C3")
#define C2 "C4C4C4C4C4C4C4C4C4C4C4C4C4C4C4C4"
#define PUBLIC_X X("D1D1D1D1")
#define PUBLIC_Y X("D2D2D2D2")
#define PRIVATE X("E1E1E1E1")
#define NOTHING X("00000000")

static struct token_envelope envelope(void)
{
    struct token_envelope envelope = {.cipher_id = 0x401};
    memset(envelope.c1_x, 0xC1, 32);
    memset(envelope.c1_y, 0xC2, 32);
    memset(envelope.c3, 0xC3, 32);
    memset(envelope.c2, 0xC4, 16);
    memset(envelope.public_x, 0xD1, 32);
    memset(envelope.public_y, 0xD2, 32);
    memset(envelope.encrypted_private, 0xE1, 32);
    return envelope;
}

static void check_import(const char *manufacturer, const char *info, const char *command)
{
    struct scripted_key key = scripted_key_new(manufacturer);
    struct token_envelope wrapped = envelope();
    scripted_key_login(&key);
    scripted_key_expect(&key, INFO_C1, info);
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, command, "9000");
    assert_int_equal(token_import_encryption_key(key.token, "C1", &wrapped, &key.err), ERR_NONE);
    scripted_key_close(&key, true);
}

static void imports_in_the_order_of_the_standard(void **state)
{
    check_import(SCRIPTED_KEY_PLAIN, "02 00000100 00000000 00 00 9000",
                 "80 72 00 00 00 01 0C 10 00 30 01 00000001 00000401 00000100" C1_X C1_Y C3
                 "00000010" C2 "00000100" PUBLIC_X PUBLIC_Y "00000040" NOTHING PRIVATE);
}

static void imports_the_little_endian_way(void **state)
{
    check_import(SCRIPTED_KEY_SYNO, "02 00010000 00000000 00 00 9000",
                 "80 72 00 00 00 01 0C 10 00 30 01 01000000 01040000 00010000" C1_X C1_Y C3
                 "10000000" C2 "00010000" PUBLIC_X PUBLIC_Y "40000000" NOTHING PRIVATE);
}

static void check_not_imported(const char *info, enum err_code expected)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_envelope wrapped = envelope();
    scripted_key_login(&key);
    scripted_key_expect(&key, INFO_C1, info);
    assert_int_equal(token_import_encryption_key(key.token, "C1", &wrapped, &key.err), expected);
    scripted_key_close(&key, true);
}

static void imports_only_where_there_is_none(void **state)
{
    check_not_imported("02 00000100 00000100 01 01 9000", ERR_TOKEN_EXISTS);
    check_not_imported("02 00000100 00000100 00 00 9000", ERR_TOKEN_EXISTS);
    check_not_imported("02 00000000 00000000 00 00 9000", ERR_TOKEN_NO_KEY);
    check_not_imported("01 00000800 00000000 00 00 9000", ERR_TOKEN_NO_KEY);
    check_not_imported("6A91", ERR_TOKEN_NO_CONTAINER);
}

static void imports_no_other_cipher(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_envelope wrapped = envelope();
    wrapped.cipher_id = 0x101;
    scripted_key_login(&key);
    assert_int_equal(token_import_encryption_key(key.token, "C1", &wrapped, &key.err),
                     ERR_ENVELOPE);
    scripted_key_close(&key, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_in_one_command_once_the_container_is_known),
        cmocka_unit_test(judges_a_signature),
        cmocka_unit_test(notices_that_the_login_is_gone),
        cmocka_unit_test(takes_only_a_digest_for_sm2),
        cmocka_unit_test(signs_with_rsa),
        cmocka_unit_test(signs_with_no_other_key),
        cmocka_unit_test(reads_public_keys),
        cmocka_unit_test(refuses_what_is_no_public_key),
        cmocka_unit_test(makes_a_pair_in_a_new_container),
        cmocka_unit_test(signs_with_the_new_pair_at_once),
        cmocka_unit_test(makes_an_rsa_pair),
        cmocka_unit_test(sends_lengths_the_little_endian_way),
        cmocka_unit_test(never_touches_a_container_that_exists),
        cmocka_unit_test(makes_no_more_containers_than_the_key_holds),
        cmocka_unit_test(removes_the_container_when_no_pair_comes),
        cmocka_unit_test(removes_nothing_on_a_broken_line),
        cmocka_unit_test(imports_in_the_order_of_the_standard),
        cmocka_unit_test(imports_the_little_endian_way),
        cmocka_unit_test(imports_only_where_there_is_none),
        cmocka_unit_test(imports_no_other_cipher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
