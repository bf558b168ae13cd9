#include "token/gmt0017/gmt0017_access.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/token/scripted_key.h"

#define CHALLENGE "80 50 00 00 00 00 08"
#define CHALLENGED "01 02 03 04 05 06 07 08 9000"

static void check_pin_state(const char *answer, enum err_code expected)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_pin_state pin = {0};
    scripted_key_expect(&key, "80 14 00 01 00 00 02 10 00 00 03", answer);
    bool restart = expected == ERR_TOKEN_ANSWER; /* the driver gets back in step before leaving */
    assert_int_equal(token_read_pin_state(key.token, TOKEN_USER, &pin, &key.err), expected);
    if (expected == ERR_NONE) {
        assert_int_equal(pin.tries_max, 10);
        assert_int_equal(pin.tries_left, 9);
        assert_true(pin.is_default);
    }
    if (restart)
        token_closep(&key.token);
    else
        scripted_key_close(&key, false);
}

static void reads_the_pin_state(void **state)
{
    check_pin_state("0A 09 01 9000", ERR_NONE);
    check_pin_state("0A 0B 01 9000", ERR_TOKEN_ANSWER); /* more left than there are */
    check_pin_state("00 00 00 9000", ERR_TOKEN_ANSWER); /* no tries at all */
    check_pin_state("0A 09 02 9000", ERR_TOKEN_ANSWER); /* neither yes nor no */
    check_pin_state("0A 09 9000", ERR_TOKEN_ANSWER); /* too short */
    check_pin_state("0A 09 01 00 9000", ERR_TOKEN_ANSWER); /* too long */
    check_pin_state("6A88", ERR_TOKEN_NO_APPLICATION);
}

static void reads_the_administrators_pin_state(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_pin_state pin = {0};
    scripted_key_expect(&key, "80 14 00 00 00 00 02 10 00 00 03", "03 00 00 9000");
    assert_int_equal(token_read_pin_state(key.token, TOKEN_ADMINISTRATOR, &pin, &key.err),
                     ERR_NONE);
    assert_int_equal(pin.tries_left, 0);
    assert_false(pin.is_default);
    scripted_key_close(&key, false);
}

static void logs_in_with_two_commands(void **state)
{
    static const char *const manufacturers[] = {SCRIPTED_KEY_PLAIN, SCRIPTED_KEY_LONGMAI,
                                                SCRIPTED_KEY_SYNO};
    for (size_t i = 0; i < ARRAY_SIZE(manufacturers); i++) {
        struct scripted_key key = scripted_key_new(manufacturers[i]);
        unsigned before = token_usage(key.token).commands;
        scripted_key_login(&key);
        assert_int_equal(token_usage(key.token).commands, before + 2);
        scripted_key_close(&key, true);
    }
}

static void check_missed(const char *answer, enum err_code expected, int tries_left)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(secret_freep) struct secret *pin = scripted_key_secret("12345678");
    scripted_key_expect(&key, CHALLENGE, CHALLENGED);
    scripted_key_expect(&key, "80 18 00 01 00 00 12 10 00 5B21F57370D6ADE8B84EF018F616013E",
                        answer);
    assert_int_equal(token_login(key.token, pin, &key.err), expected);
    assert_int_equal(key.err.tries_left, tries_left);
    scripted_key_close(&key, true); /* whatever was left of it ends */
}

static void says_what_a_wrong_pin_left(void **state)
{
    check_missed("63C9", ERR_PIN_WRONG, 9);
    check_missed("63C0", ERR_PIN_LOCKED, 0);
    check_missed("6983", ERR_PIN_LOCKED, 0);
}

static void sends_no_pin_after_a_bad_challenge(void **state)
{
    static const char *const answers[] = {"01 02 03 04 05 06 07 9000", "9000", "6A86"};
    static const enum err_code expected[] = {ERR_TOKEN_ANSWER, ERR_TOKEN_ANSWER, ERR_TOKEN_STATUS};
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
        AUTO(secret_freep) struct secret *pin = scripted_key_secret("123456");
        scripted_key_expect(&key, CHALLENGE, answers[i]);
        assert_int_equal(token_login(key.token, pin, &key.err), expected[i]);
        assert_int_equal(scripted_channel_left(key.script), 0);
        if (expected[i] == ERR_TOKEN_ANSWER)
            scripted_key_close_stale(&key, true);
        else
            scripted_key_close(&key, true);
    }
}

/* Known answer: 123456 becomes 654321x, variant A with m1. */
static void changes_the_pin(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(secret_freep) struct secret *old_pin = scripted_key_secret("123456");
    AUTO(secret_freep) struct secret *new_pin = scripted_key_secret("654321x");
    scripted_key_expect(&key, CHALLENGE, CHALLENGED);
    scripted_key_expect(
        &key, "84 16 00 01 00 00 16 10 00 A2372C7B7BB49AEF59A85000F3269DE3 89CD8838", "9000");
    assert_int_equal(token_change_pin(key.token, old_pin, new_pin, &key.err), ERR_NONE);
    scripted_key_expect(&key, CHALLENGE, CHALLENGED);
    scripted_key_expect(
        &key, "84 16 00 01 00 00 16 10 00 A2372C7B7BB49AEF59A85000F3269DE3 89CD8838", "63C2");
    assert_int_equal(token_change_pin(key.token, old_pin, new_pin, &key.err), ERR_PIN_WRONG);
    assert_int_equal(key.err.tries_left, 2);
    scripted_key_close(&key, true);
}

/* Keys that check the code first never get to the PIN: no try is spent, and none is known. */
static void takes_a_wrong_code_for_a_wrong_old_pin(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(secret_freep) struct secret *old_pin = scripted_key_secret("123456");
    AUTO(secret_freep) struct secret *new_pin = scripted_key_secret("654321x");
    scripted_key_expect(&key, CHALLENGE, CHALLENGED);
    scripted_key_expect(
        &key, "84 16 00 01 00 00 16 10 00 A2372C7B7BB49AEF59A85000F3269DE3 89CD8838", "6988");
    assert_int_equal(token_change_pin(key.token, old_pin, new_pin, &key.err), ERR_PIN_WRONG);
    assert_int_equal(key.err.tries_left, -1);
    scripted_key_close(&key, true);
}

/* Known answer: variant A with m1. */
static void unblocks_with_the_platforms_blob(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_challenge challenge = {0};
    AUTO(bytes_freep)
    struct bytes *blob = scripted_channel_bytes("CA123D75BC67BF44A52332EC1C6B0EA5 87D03662");
    scripted_key_expect(&key, CHALLENGE, CHALLENGED);
    assert_int_equal(token_challenge(key.token, TOKEN_PURPOSE_UNBLOCK, &challenge, &key.err),
                     ERR_NONE);
    assert_int_equal(challenge.len, 8);
    assert_int_equal(challenge.bytes[7], 8);
    scripted_key_expect(&key, "84 1A 00 00 00 00 16 10 00 CA123D75BC67BF44A52332EC1C6B0EA587D03662",
                        "9000");
    assert_int_equal(token_unblock(key.token, span_bytes(blob), &key.err), ERR_NONE);
    scripted_key_close(&key, false);
}

static void check_blob_length(const char *manufacturer, size_t length, bool good)
{
    struct scripted_key key = scripted_key_new(manufacturer);
    struct token_challenge challenge;
    AUTO(bytes_freep) struct bytes *blob = bytes_new_size(length);
    AUTO(memory_freep) char *zeros = memory_printf("%0*d", (int)(2 * length), 0);
    scripted_key_expect(&key, CHALLENGE, CHALLENGED);
    assert_int_equal(token_challenge(key.token, TOKEN_PURPOSE_UNBLOCK, &challenge, &key.err),
                     ERR_NONE);
    if (good) {
        AUTO(memory_freep)
        char *command =
            memory_printf("84 1A 00 00 00 00 %02X 10 00 %s", (unsigned)length + 2, zeros);
        scripted_key_expect(&key, command, "6988");
    }
    assert_int_equal(token_unblock(key.token, span_bytes(blob), &key.err),
                     good ? ERR_TOKEN_MAC : ERR_FIELD_VALUE);
    scripted_key_close(&key, false);
}

static void sends_only_blobs_of_a_possible_length(void **state)
{
    check_blob_length(SCRIPTED_KEY_PLAIN, 19, false);
    check_blob_length(SCRIPTED_KEY_PLAIN, 20, true);
    check_blob_length(SCRIPTED_KEY_PLAIN, 21, false);
    check_blob_length(SCRIPTED_KEY_PLAIN, 36, false);
    check_blob_length(SCRIPTED_KEY_LONGMAI, 20, true);
    check_blob_length(SCRIPTED_KEY_LONGMAI, 36, true);
    check_blob_length(SCRIPTED_KEY_LONGMAI, 35, false);
    check_blob_length(SCRIPTED_KEY_LONGMAI, 37, false);
}

static void logs_the_administrator_in(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_SYNO);
    struct token_challenge challenge;
    AUTO(bytes_freep)
    struct bytes *cryptogram = scripted_channel_bytes("5B21F57370D6ADE8B84EF018F616013E");
    scripted_key_expect(&key, CHALLENGE, CHALLENGED);
    assert_int_equal(token_challenge(key.token, TOKEN_PURPOSE_UNBLOCK, &challenge, &key.err),
                     ERR_NONE);
    assert_int_equal(token_admin_login(key.token, span_of(cryptogram->at, 15), &key.err),
                     ERR_FIELD_VALUE);
    scripted_key_expect(&key, "80 18 00 00 00 00 12 10 00 5B21F57370D6ADE8B84EF018F616013E",
                        "63C4");
    assert_int_equal(token_admin_login(key.token, span_bytes(cryptogram), &key.err), ERR_PIN_WRONG);
    assert_int_equal(key.err.tries_left, 4);
    scripted_key_close(&key, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_pin_state),
        cmocka_unit_test(reads_the_administrators_pin_state),
        cmocka_unit_test(logs_in_with_two_commands),
        cmocka_unit_test(says_what_a_wrong_pin_left),
        cmocka_unit_test(sends_no_pin_after_a_bad_challenge),
        cmocka_unit_test(changes_the_pin),
        cmocka_unit_test(takes_a_wrong_code_for_a_wrong_old_pin),
        cmocka_unit_test(unblocks_with_the_platforms_blob),
        cmocka_unit_test(sends_only_blobs_of_a_possible_length),
        cmocka_unit_test(logs_the_administrator_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
