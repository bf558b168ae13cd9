#include "token/gmt0017/gmt0017_container.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "tests/unit/token/scripted_key.h"

#define LIST "80 46 00 00 00 00 02 10 00 00 00"
#define INFO_C1 "80 4A 00 00 00 00 04 10 00 43 31 00 0B"
#define OPEN_C1 "80 42 00 00 00 00 04 10 00 43 31 00 02"
#define SIGN_CERT "80 4E 01 00 00 00 04 10 00 30 01 00 00"
#define ENCRYPT_CERT "80 4E 00 00 00 00 04 10 00 30 01 00 00"

static void reads_everything(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    unsigned before = token_usage(key.token).commands;
    scripted_key_expect(&key, LIST, "43 31 00 43 32 00 00 9000");
    scripted_key_expect(&key, INFO_C1, "02 00000100 00000100 01 01 9000");
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, SIGN_CERT, "00 00 00 02 AA BB 9000");
    scripted_key_expect(&key, ENCRYPT_CERT, "00 00 00 01 CC 9000");
    scripted_key_expect(&key, "80 4A 00 00 00 00 04 10 00 43 32 00 0B",
                        "01 00000800 00000000 00 00 9000");
    assert_int_equal(token_read_pairs(key.token, &pairs, &key.err), ERR_NONE);
    assert_int_equal(token_usage(key.token).commands, before + 6);
    assert_int_equal(pairs->count, 2);
    assert_string_equal(pairs->pairs[0].name, "C1");
    assert_int_equal(pairs->pairs[0].algorithm, TOKEN_SM2);
    assert_true(pairs->pairs[0].has_sign_key && pairs->pairs[0].has_encrypt_key);
    assert_int_equal(pairs->pairs[0].sign_cert->len, 2);
    assert_int_equal(pairs->pairs[0].encrypt_cert->at[0], 0xCC);
    assert_int_equal(pairs->pairs[1].algorithm, TOKEN_RSA2048);
    assert_true(pairs->pairs[1].has_sign_key);
    assert_false(pairs->pairs[1].has_encrypt_key);
    assert_null(pairs->pairs[1].sign_cert);
    scripted_key_close(&key, false);
}

static void reads_the_little_endian_way(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_SYNO);
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    scripted_key_expect(&key, LIST, "43 31 9000");
    scripted_key_expect(&key, INFO_C1, "02 00010000 00000000 01 00 9000");
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, SIGN_CERT, "02 00 00 00 AA BB 9000");
    assert_int_equal(token_read_pairs(key.token, &pairs, &key.err), ERR_NONE);
    assert_int_equal(pairs->pairs[0].sign_cert->len, 2);
    assert_false(pairs->pairs[0].has_encrypt_key);
    scripted_key_close(&key, false);
}

static void check_empty(const char *answer)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    scripted_key_expect(&key, LIST, answer);
    assert_int_equal(token_read_pairs(key.token, &pairs, &key.err), ERR_NONE);
    assert_int_equal(pairs->count, 0);
    scripted_key_close(&key, false);
}

static void knows_the_forms_of_an_empty_list(void **state)
{
    check_empty("9000");
    check_empty("00 9000");
    check_empty("00 00 9000");
}

static void check_info(const char *answer, enum err_code expected, enum token_algorithm algorithm)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    scripted_key_expect(&key, LIST, "43 31 00 00 9000");
    scripted_key_expect(&key, INFO_C1, answer);
    assert_int_equal(token_read_pairs(key.token, &pairs, &key.err), expected);
    if (expected != ERR_NONE) {
        assert_null(pairs);
        token_closep(&key.token);
        return;
    }
    assert_int_equal(pairs->pairs[0].algorithm, algorithm);
    scripted_key_close(&key, false);
}

static void judges_what_a_container_is_said_to_hold(void **state)
{
    check_info("00 00000000 00000000 00 00 9000", ERR_NONE, TOKEN_ALGORITHM_NONE);
    check_info("02 00000000 00000000 00 00 9000", ERR_NONE, TOKEN_ALGORITHM_NONE);
    check_info("02 00000100 00000000 00 00 9000", ERR_NONE, TOKEN_SM2);
    check_info("02 00000000 00000100 00 00 9000", ERR_NONE, TOKEN_SM2);
    check_info("01 00000800 00000800 00 00 9000", ERR_NONE, TOKEN_RSA2048);
    check_info("01 00000400 00000000 00 00 9000", ERR_NONE, TOKEN_ALGORITHM_NONE);
    check_info("01 00000800 00000400 00 00 9000", ERR_NONE, TOKEN_ALGORITHM_NONE);
    check_info("03 00000100 00000000 00 00 9000", ERR_TOKEN_ANSWER, 0);
    check_info("00 00000100 00000000 00 00 9000", ERR_TOKEN_ANSWER, 0);
    check_info("02 00000800 00000000 00 00 9000", ERR_TOKEN_ANSWER, 0);
    check_info("01 00000100 00000000 00 00 9000", ERR_TOKEN_ANSWER, 0);
    check_info("02 00010000 00000000 00 00 9000", ERR_TOKEN_ANSWER, 0); /* the other byte order */
    check_info("02 00000100 00000000 02 00 9000", ERR_TOKEN_ANSWER, 0);
    check_info("02 00000100 00000000 00 FF 9000", ERR_TOKEN_ANSWER, 0);
    check_info("02 00000100 00000000 00 9000", ERR_TOKEN_ANSWER, 0);
    check_info("02 00000100 00000000 00 00 00 9000", ERR_TOKEN_ANSWER, 0);
}

static void check_cert(const char *answer, enum err_code expected)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(bytes_freep) struct bytes *cert = NULL;
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, SIGN_CERT, answer);
    assert_int_equal(token_read_cert(key.token, "C1", TOKEN_SIGN, &cert, &key.err), expected);
    if (expected == ERR_TOKEN_ANSWER)
        token_closep(&key.token);
    else
        scripted_key_close(&key, false);
}

static void checks_the_length_of_a_certificate(void **state)
{
    check_cert("00 00 00 03 AA BB CC 9000", ERR_NONE);
    check_cert("00 00 00 02 AA BB CC 9000", ERR_TOKEN_ANSWER);
    check_cert("00 00 00 04 AA BB CC 9000", ERR_TOKEN_ANSWER);
    check_cert("03 00 00 00 AA BB CC 9000", ERR_TOKEN_ANSWER);
    check_cert("FF FF FF FF AA BB CC 9000", ERR_TOKEN_ANSWER);
    check_cert("00 00 00 9000", ERR_TOKEN_ANSWER);
    check_cert("00 00 00 00 9000", ERR_TOKEN_NO_CERTIFICATE);
    check_cert("9000", ERR_TOKEN_NO_CERTIFICATE);
    check_cert("6A96", ERR_TOKEN_NO_CERTIFICATE);
    check_cert("6A88", ERR_TOKEN_NO_CERTIFICATE);
}

static void takes_a_missing_certificate_for_none(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    scripted_key_expect(&key, LIST, "43 31 00 00 9000");
    scripted_key_expect(&key, INFO_C1, "02 00000100 00000000 01 00 9000");
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, SIGN_CERT, "6A96");
    assert_int_equal(token_read_pairs(key.token, &pairs, &key.err), ERR_NONE);
    assert_null(pairs->pairs[0].sign_cert);
    scripted_key_close(&key, false);
}

static void check_missing(const char *answer)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct bytes *cert = NULL;
    scripted_key_expect(&key, OPEN_C1, answer);
    assert_int_equal(token_read_cert(key.token, "C1", TOKEN_SIGN, &cert, &key.err),
                     ERR_TOKEN_NO_CONTAINER);
    scripted_key_close(&key, false);
}

static void knows_the_words_for_an_unknown_container(void **state)
{
    check_missing("6A91");
    check_missing("6A94");
    check_missing("6A88");
    check_missing("6A8B");
    check_missing("6A82");
}

static void opens_a_container_once(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    for (int i = 0; i < 3; i++) {
        AUTO(bytes_freep) struct bytes *cert = NULL;
        scripted_key_expect(&key, SIGN_CERT, "00 00 00 01 AA 9000");
        assert_int_equal(token_read_cert(key.token, "C1", TOKEN_SIGN, &cert, &key.err), ERR_NONE);
    }
    scripted_key_close(&key, false);
}

static void opens_it_again_when_its_number_is_gone(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(bytes_freep) struct bytes *again = NULL;
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, SIGN_CERT, "00 00 00 01 AA 9000");
    assert_int_equal(token_read_cert(key.token, "C1", TOKEN_SIGN, &cert, &key.err), ERR_NONE);
    scripted_key_expect(&key, SIGN_CERT, "6A94");
    scripted_key_expect(&key, OPEN_C1, "30 02 9000");
    scripted_key_expect(&key, "80 4E 01 00 00 00 04 10 00 30 02 00 00", "00 00 00 01 AA 9000");
    assert_int_equal(token_read_cert(key.token, "C1", TOKEN_SIGN, &again, &key.err), ERR_NONE);
    scripted_key_close(&key, false);
}

static void asks_for_the_number_again_only_once(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct bytes *cert = NULL;
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, SIGN_CERT, "6A94"); /* a number that it gave just now */
    assert_int_equal(token_read_cert(key.token, "C1", TOKEN_SIGN, &cert, &key.err),
                     ERR_TOKEN_NO_CONTAINER);
    scripted_key_expect(&key, SIGN_CERT, "6A94");
    scripted_key_expect(&key, OPEN_C1, "30 02 9000");
    scripted_key_expect(&key, "80 4E 01 00 00 00 04 10 00 30 02 00 00", "6A94");
    assert_int_equal(token_read_cert(key.token, "C1", TOKEN_SIGN, &cert, &key.err),
                     ERR_TOKEN_NO_CONTAINER);
    scripted_key_close(&key, false);
}

static void writes_certificates(void **state)
{
    static const uint8_t der[] = {0x30, 0x01, 0x00};
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_login(&key);
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, "80 4C 00 00 00 00 0C 10 00 30 01 00 00000003 300100", "9000");
    assert_int_equal(token_write_cert(key.token, "C1", TOKEN_ENCRYPT, SPAN_ARRAY(der), &key.err),
                     ERR_NONE);
    scripted_key_expect(&key, "80 4C 00 00 00 00 0C 10 00 30 01 01 00000003 300100", "6A95");
    assert_int_equal(token_write_cert(key.token, "C1", TOKEN_SIGN, SPAN_ARRAY(der), &key.err),
                     ERR_TOKEN_NO_KEY);
    scripted_key_close(&key, true);
}

static void writes_the_little_endian_way(void **state)
{
    static const uint8_t der[] = {0x30, 0x01, 0x00};
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_SYNO);
    scripted_key_login(&key);
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, "80 4C 00 00 00 00 0C 10 00 30 01 01 03000000 300100", "9000");
    assert_int_equal(token_write_cert(key.token, "C1", TOKEN_SIGN, SPAN_ARRAY(der), &key.err),
                     ERR_NONE);
    scripted_key_close(&key, true);
}

static void deletes_a_container_and_forgets_it(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(bytes_freep) struct bytes *cert = NULL;
    scripted_key_login(&key);
    scripted_key_expect(&key, OPEN_C1, "30 01 9000");
    scripted_key_expect(&key, SIGN_CERT, "00 00 00 01 AA 9000");
    assert_int_equal(token_read_cert(key.token, "C1", TOKEN_SIGN, &cert, &key.err), ERR_NONE);
    scripted_key_expect(&key, "80 48 00 00 00 00 04 10 00 43 31", "9000");
    assert_int_equal(token_delete_pair(key.token, "C1", &key.err), ERR_NONE);
    struct bytes *none = NULL;
    scripted_key_expect(&key, OPEN_C1, "6A91");
    assert_int_equal(token_read_cert(key.token, "C1", TOKEN_SIGN, &none, &key.err),
                     ERR_TOKEN_NO_CONTAINER);
    scripted_key_close(&key, true);
}

static void check_count(unsigned count, enum err_code expected)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    AUTO(buf_done) struct buf list = BUF_INIT(8192);
    for (unsigned i = 0; i < count; i++)
        buf_printf(&list, "%02X%02X00", 'A' + i / 26, 'A' + i % 26);
    buf_add_text(&list, "00 9000");
    buf_add_u8(&list, 0);
    scripted_key_expect(&key, LIST, (const char *)buf_span(&list).at);
    for (unsigned i = 0; i < count && expected == ERR_NONE; i++) {
        char command[64];
        snprintf(command, sizeof command, "80 4A 00 00 00 00 04 10 00 %02X%02X 00 0B", 'A' + i / 26,
                 'A' + i % 26);
        scripted_key_expect(&key, command, "00 00000000 00000000 00 00 9000");
    }
    assert_int_equal(token_read_pairs(key.token, &pairs, &key.err), expected);
    if (expected == ERR_NONE)
        scripted_key_close(&key, false);
    else
        token_closep(&key.token);
}

static void limits_the_number_of_containers(void **state)
{
    check_count(TOKEN_PAIRS_MAX - 1, ERR_NONE);
    check_count(TOKEN_PAIRS_MAX, ERR_NONE);
    check_count(TOKEN_PAIRS_MAX + 1, ERR_TOKEN_ANSWER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_everything),
        cmocka_unit_test(reads_the_little_endian_way),
        cmocka_unit_test(knows_the_forms_of_an_empty_list),
        cmocka_unit_test(judges_what_a_container_is_said_to_hold),
        cmocka_unit_test(checks_the_length_of_a_certificate),
        cmocka_unit_test(takes_a_missing_certificate_for_none),
        cmocka_unit_test(knows_the_words_for_an_unknown_container),
        cmocka_unit_test(opens_a_container_once),
        cmocka_unit_test(opens_it_again_when_its_number_is_gone),
        cmocka_unit_test(asks_for_the_number_again_only_once),
        cmocka_unit_test(writes_certificates),
        cmocka_unit_test(writes_the_little_endian_way),
        cmocka_unit_test(deletes_a_container_and_forgets_it),
        cmocka_unit_test(limits_the_number_of_containers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
