#include "token/token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "tests/unit/token/scripted_key.h"

static const uint8_t digest[32] = {1};

/* None of these is sent: the script expects nothing. */
static void changes_nothing_without_login(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_public_key public;
    struct token_envelope envelope = {.cipher_id = 0x401};
    struct bytes *signature = NULL;
    struct span bytes = SPAN_ARRAY(digest);
    assert_int_equal(token_sign(key.token, "C", bytes, &signature, &key.err), ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(token_create_pair(key.token, "C", TOKEN_SM2, &public, &key.err),
                     ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(token_import_encryption_key(key.token, "C", &envelope, &key.err),
                     ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(token_write_cert(key.token, "C", TOKEN_SIGN, bytes, &key.err),
                     ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(token_delete_pair(key.token, "C", &key.err), ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(token_write_file(key.token, "F", bytes, &key.err), ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(token_delete_file(key.token, "F", &key.err), ERR_TOKEN_LOGIN_LOST);
    scripted_key_close(&key, false);
}

static void login_ends_with_logout(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_login(&key);
    scripted_key_expect(&key, "80 1C 00 00 00 00 02 10 00", "9000");
    token_logout(key.token);
    assert_int_equal(token_delete_pair(key.token, "C", &key.err), ERR_TOKEN_LOGIN_LOST);
    token_logout(key.token); /* nothing to end any more */
    scripted_key_close(&key, false);
}

static void tries_again_to_log_out_when_it_closes(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_login(&key);
    scripted_key_expect(&key, "80 1C 00 00 00 00 02 10 00", "6F00");
    token_logout(key.token);
    assert_int_equal(token_delete_pair(key.token, "C", &key.err), ERR_TOKEN_LOGIN_LOST);
    scripted_key_close(&key, true);
}

static void check_unsent_pin(const char *pin, bool sent)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(secret_freep) struct secret *secret = scripted_key_secret(pin);
    if (sent)
        scripted_key_expect(&key, "80 50 00 00 00 00 08", "6F00");
    assert_int_equal(token_login(key.token, secret, &key.err),
                     sent ? ERR_TOKEN_STATUS : ERR_PIN_WRONG);
    assert_int_equal(key.err.tries_left, -1);
    scripted_key_close(&key, sent);
}

static void sends_only_pins_that_can_be_right(void **state)
{
    check_unsent_pin("", false);
    check_unsent_pin("12345", false);
    check_unsent_pin("123456", true);
    check_unsent_pin("1234567812345678", true);
    check_unsent_pin("12345678123456789", false);
}

static void never_sends_a_pin_with_a_zero_byte(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(secret_freep) struct secret *secret = scripted_key_secret("1234567");
    secret_room(secret)[3] = 0;
    assert_int_equal(token_login(key.token, secret, &key.err), ERR_PIN_WRONG);
    scripted_key_close(&key, false);
}

static void checks_both_pins_of_a_change(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(secret_freep) struct secret *good = scripted_key_secret("123456");
    AUTO(secret_freep) struct secret *shorter = scripted_key_secret("12345");
    AUTO(secret_freep) struct secret *longer = scripted_key_secret("12345678123456789");
    assert_int_equal(token_change_pin(key.token, shorter, good, &key.err), ERR_PIN_WRONG);
    assert_int_equal(token_change_pin(key.token, good, shorter, &key.err), ERR_PIN_RULES);
    assert_int_equal(token_change_pin(key.token, good, longer, &key.err), ERR_PIN_RULES);
    scripted_key_close(&key, false);
}

static void checks_names(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct bytes *out = NULL;
    char name[TOKEN_NAME_BYTES_MAX + 2] = {0};
    memset(name, 'n', TOKEN_NAME_BYTES_MAX + 1);
    assert_int_equal(token_read_cert(key.token, name, TOKEN_SIGN, &out, &key.err), ERR_FIELD_VALUE);
    assert_int_equal(token_read_cert(key.token, "", TOKEN_SIGN, &out, &key.err), ERR_FIELD_VALUE);
    assert_int_equal(token_read_cert(key.token, "a\nb", TOKEN_SIGN, &out, &key.err),
                     ERR_FIELD_VALUE);
    assert_int_equal(token_read_file(key.token, "", &out, &key.err), ERR_FIELD_VALUE);
    assert_int_equal(token_delete_file(key.token, "\x7F", &key.err), ERR_FIELD_VALUE);
    name[TOKEN_NAME_BYTES_MAX] = '\0';
    AUTO(memory_freep) char *hex = hex_encode(span_text(name));
    AUTO(memory_freep) char *command = memory_printf("80 42 00 00 00 00 42 10 00 %s 00 02", hex);
    scripted_key_expect(&key, command, "6A91");
    assert_int_equal(token_read_cert(key.token, name, TOKEN_SIGN, &out, &key.err),
                     ERR_TOKEN_NO_CONTAINER);
    scripted_key_close(&key, false);
}

static void checks_sizes(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(bytes_freep) struct bytes *bytes = bytes_new_size(TOKEN_FILE_BYTES_MAX + 1);
    struct bytes *signature = NULL;
    scripted_key_login(&key);
    assert_int_equal(token_write_cert(key.token, "C", TOKEN_SIGN, SPAN_NONE, &key.err),
                     ERR_FIELD_VALUE);
    assert_int_equal(token_write_cert(key.token, "C", TOKEN_SIGN,
                                      span_of(bytes->at, TOKEN_CERT_BYTES_MAX + 1), &key.err),
                     ERR_TOKEN_NO_SPACE);
    assert_int_equal(token_write_file(key.token, "F", SPAN_NONE, &key.err), ERR_FIELD_VALUE);
    assert_int_equal(token_write_file(key.token, "F", span_bytes(bytes), &key.err),
                     ERR_TOKEN_NO_SPACE);
    assert_int_equal(token_sign(key.token, "C", SPAN_NONE, &signature, &key.err), ERR_FIELD_VALUE);
    assert_int_equal(token_sign(key.token, "C", span_of(bytes->at, 246), &signature, &key.err),
                     ERR_FIELD_VALUE);
    assert_int_equal(token_create_pair(key.token, "C", TOKEN_ALGORITHM_NONE,
                                       &(struct token_public_key){0}, &key.err),
                     ERR_FIELD_VALUE);
    scripted_key_expect(&key, "80 42 00 00 00 00 03 10 00 43 00 02", "6A91");
    assert_int_equal(token_write_cert(key.token, "C", TOKEN_SIGN,
                                      span_of(bytes->at, TOKEN_CERT_BYTES_MAX), &key.err),
                     ERR_TOKEN_NO_CONTAINER);
    scripted_key_close(&key, true);
}

static void expect_challenge(struct scripted_key *key)
{
    struct token_challenge challenge;
    scripted_key_expect(key, "80 50 00 00 00 00 08", "01 02 03 04 05 06 07 08 9000");
    assert_int_equal(token_challenge(key->token, TOKEN_PURPOSE_UNBLOCK, &challenge, &key->err),
                     ERR_NONE);
}

static void uses_a_challenge_only_directly_after_it(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_pin_state pin;
    struct span blob = span_of(digest, 20);
    assert_int_equal(token_unblock(key.token, blob, &key.err), ERR_INTERNAL);
    assert_int_equal(token_admin_login(key.token, span_of(digest, 16), &key.err), ERR_INTERNAL);
    expect_challenge(&key);
    scripted_key_expect(&key, "80 14 00 01 00 00 02 10 00 00 03", "0A 0A 00 9000");
    assert_int_equal(token_read_pin_state(key.token, TOKEN_USER, &pin, &key.err), ERR_NONE);
    assert_int_equal(token_unblock(key.token, blob, &key.err), ERR_INTERNAL);
    expect_challenge(&key);
    scripted_key_expect(&key, "84 1A 00 00 00 00 16 10 00 0100000000000000000000000000000000000000",
                        "63C2");
    assert_int_equal(token_unblock(key.token, blob, &key.err), ERR_PIN_WRONG);
    assert_int_equal(token_unblock(key.token, blob, &key.err), ERR_INTERNAL); /* it is used up */
    scripted_key_close(&key, false);
}

static void unblocks_some_keys_only_after_the_administrators_login(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_SYNO);
    struct span blob = span_of(digest, 20);
    expect_challenge(&key);
    assert_int_equal(token_unblock(key.token, blob, &key.err), ERR_TOKEN_LOGIN_LOST);
    scripted_key_expect(&key, "80 18 00 00 00 00 12 10 00 01000000000000000000000000000000",
                        "9000");
    assert_int_equal(token_admin_login(key.token, span_of(digest, 16), &key.err), ERR_NONE);
    expect_challenge(&key);
    scripted_key_expect(&key, "84 1A 00 00 00 00 16 10 00 0100000000000000000000000000000000000000",
                        "9000");
    assert_int_equal(token_unblock(key.token, blob, &key.err), ERR_NONE);
    scripted_key_close(&key, true);
}

static void the_administrators_login_is_not_the_users(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_SYNO);
    expect_challenge(&key);
    scripted_key_expect(&key, "80 18 00 00 00 00 12 10 00 01000000000000000000000000000000",
                        "9000");
    assert_int_equal(token_admin_login(key.token, span_of(digest, 16), &key.err), ERR_NONE);
    assert_int_equal(token_delete_pair(key.token, "C", &key.err), ERR_TOKEN_LOGIN_LOST);
    scripted_key_close(&key, true);
}

static void counts_and_times_commands(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    assert_int_equal(token_usage(key.token).commands, 3);
    assert_true(token_usage(key.token).time_us >= 0);
    scripted_key_close(&key, false);
}

static void frees_nothing_at_all(void **state)
{
    token_close(NULL);
    token_pairs_free(NULL);
    struct token *token = NULL;
    struct token_files *files = NULL;
    token_closep(&token);
    token_files_freep(&files);
}

static void tells_how_long_coordinates_are(void **state)
{
    assert_int_equal(token_point_bytes(TOKEN_SM2), 32);
    assert_int_equal(token_point_bytes(TOKEN_P256), 32);
    assert_int_equal(token_point_bytes(TOKEN_P384), TOKEN_POINT_BYTES_MAX);
    assert_int_equal(token_point_bytes(TOKEN_RSA2048), 0);
    assert_int_equal(token_point_bytes(TOKEN_ALGORITHM_NONE), 0);
}

static void has_nothing_to_do_where_the_newest_certificate_is_the_one_in_use(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    assert_int_equal(token_make_current(key.token, "C", &key.err), ERR_NONE);
    assert_string_equal(token_peek_facts(key.token)->admin_algorithm, "");
    assert_int_equal(token_peek_facts(key.token)->admin_tries_stop, 3);
    scripted_key_close(&key, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_how_long_coordinates_are),
        cmocka_unit_test(has_nothing_to_do_where_the_newest_certificate_is_the_one_in_use),
        cmocka_unit_test(changes_nothing_without_login),
        cmocka_unit_test(login_ends_with_logout),
        cmocka_unit_test(tries_again_to_log_out_when_it_closes),
        cmocka_unit_test(sends_only_pins_that_can_be_right),
        cmocka_unit_test(never_sends_a_pin_with_a_zero_byte),
        cmocka_unit_test(checks_both_pins_of_a_change),
        cmocka_unit_test(checks_names),
        cmocka_unit_test(checks_sizes),
        cmocka_unit_test(uses_a_challenge_only_directly_after_it),
        cmocka_unit_test(unblocks_some_keys_only_after_the_administrators_login),
        cmocka_unit_test(the_administrators_login_is_not_the_users),
        cmocka_unit_test(counts_and_times_commands),
        cmocka_unit_test(frees_nothing_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
