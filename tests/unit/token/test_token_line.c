#include "token/token_line.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/token/scripted_key.h"

#define PIN_INFO "80 14 00 01 00 00 02 10 00 00 03"
#define PIN_STATE "0A 0A 00 9000"

static enum err_code read_pin_state(struct scripted_key *key)
{
    struct token_pin_state pin;
    return token_read_pin_state(key->token, TOKEN_USER, &pin, &key->err);
}

static void expect_reopen(struct scripted_key *key)
{
    AUTO(memory_freep)
    char *info = scripted_key_dev_info(SCRIPTED_KEY_PLAIN, "LABEL", "SN0001", false);
    scripted_key_expect(key, SCRIPTED_KEY_OPEN_DEV_INFO, info);
    scripted_key_expect(key, "80 26 00 00 00 00 03 41 50 50 00 0A",
                        "00 00 00 10 04 08 00 20 10 00 9000");
}

static void each_call_has_a_transaction_of_its_own(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    unsigned before = scripted_channel_begins(key.script);
    assert_int_equal(before, 1);
    assert_false(scripted_channel_is_held(key.script));
    scripted_key_login(&key); /* another program's challenge can't come in between */
    assert_int_equal(scripted_channel_begins(key.script), before + 1);
    assert_false(scripted_channel_is_held(key.script));
    scripted_key_close(&key, true);
}

static void calls_share_one_that_is_held(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    assert_int_equal(token_begin(key.token, &key.err), ERR_NONE);
    unsigned before = scripted_channel_begins(key.script);
    for (int i = 0; i < 3; i++) {
        scripted_key_expect(&key, PIN_INFO, PIN_STATE);
        assert_int_equal(read_pin_state(&key), ERR_NONE);
        assert_true(scripted_channel_is_held(key.script));
    }
    assert_int_equal(scripted_channel_begins(key.script), before);
    token_end(key.token);
    assert_false(scripted_channel_is_held(key.script));
    scripted_key_close(&key, false);
}

static void closing_ends_one_that_is_held(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    assert_int_equal(token_begin(key.token, &key.err), ERR_NONE);
    scripted_key_close(&key, false);
}

static void a_reset_without_login_costs_nothing(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_channel_fail_begin(key.script, ERR_TOKEN_RESET);
    expect_reopen(&key);
    scripted_key_expect(&key, PIN_INFO, PIN_STATE);
    assert_int_equal(read_pin_state(&key), ERR_NONE);
    scripted_key_expect(&key, PIN_INFO, PIN_STATE);
    assert_int_equal(read_pin_state(&key), ERR_NONE);
    scripted_key_close(&key, false);
}

static void a_reset_after_login_fails_once(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_login(&key);
    scripted_channel_fail_begin(key.script, ERR_TOKEN_RESET);
    assert_int_equal(read_pin_state(&key), ERR_TOKEN_RESET);
    assert_int_equal(token_delete_pair(key.token, "C", &key.err), ERR_TOKEN_LOGIN_LOST);
    expect_reopen(&key);
    scripted_key_expect(&key, PIN_INFO, PIN_STATE);
    assert_int_equal(read_pin_state(&key), ERR_NONE);
    scripted_key_close(&key, true); /* a log-in was tried: it is ended to be sure */
}

static void a_reset_takes_the_challenge_away(void **state)
{
    static const uint8_t blob[20];
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_challenge challenge;
    scripted_key_expect(&key, "80 50 00 00 00 00 08", "01 02 03 04 05 06 07 08 9000");
    assert_int_equal(token_challenge(key.token, TOKEN_PURPOSE_UNBLOCK, &challenge, &key.err),
                     ERR_NONE);
    scripted_channel_fail_begin(key.script, ERR_TOKEN_RESET);
    assert_int_equal(token_unblock(key.token, SPAN_ARRAY(blob), &key.err), ERR_TOKEN_RESET);
    assert_int_equal(token_unblock(key.token, SPAN_ARRAY(blob), &key.err), ERR_INTERNAL);
    scripted_key_close_stale(&key, false);
}

static void two_resets_in_a_row_fail(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_channel_fail_begin(key.script, ERR_TOKEN_RESET);
    scripted_channel_fail_begin(key.script, ERR_TOKEN_RESET);
    assert_int_equal(read_pin_state(&key), ERR_TOKEN_RESET);
    scripted_key_close_stale(&key, false);
}

static void nothing_is_sent_twice(void **state)
{
    static const enum err_code broken[] = {ERR_TOKEN_RESET, ERR_TOKEN_TRANSPORT};
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
        scripted_channel_expect_failure(key.script, PIN_INFO, broken[i]);
        assert_int_equal(read_pin_state(&key), broken[i]);
        expect_reopen(&key); /* the key's state is read before anything else */
        scripted_key_expect(&key, PIN_INFO, PIN_STATE);
        assert_int_equal(read_pin_state(&key), ERR_NONE);
        scripted_key_close(&key, false);
    }
}

static void a_lost_line_stays_lost(void **state)
{
    static const enum err_code lost[] = {ERR_TOKEN_REMOVED, ERR_TOKEN_HUNG, ERR_PCSC_NO_SERVICE,
                                         ERR_READER_BUSY};
    for (size_t i = 0; i < ARRAY_SIZE(lost); i++) {
        struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
        scripted_key_login(&key);
        scripted_channel_expect_failure(key.script, PIN_INFO, lost[i]);
        assert_int_equal(read_pin_state(&key), lost[i]);
        assert_int_equal(read_pin_state(&key), lost[i]);
        assert_int_equal(token_begin(key.token, &key.err), lost[i]);
        token_logout(key.token);
        token_closep(&key.token);
    }
}

static void a_failed_begin_kills_too(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_channel_fail_begin(key.script, ERR_TOKEN_REMOVED);
    assert_int_equal(read_pin_state(&key), ERR_TOKEN_REMOVED);
    assert_int_equal(read_pin_state(&key), ERR_TOKEN_REMOVED);
    token_closep(&key.token);
}

static void an_answer_without_status_word_breaks_the_line(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_expect(&key, PIN_INFO, "90");
    assert_int_equal(read_pin_state(&key), ERR_TOKEN_TRANSPORT);
    scripted_key_close_stale(&key, false);
}

static void nothing_is_sent_after_the_deadline(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_login(&key);
    token_set_deadline(key.token, deadline_in_ms(-1));
    assert_int_equal(read_pin_state(&key), ERR_TOKEN_HUNG);
    token_set_deadline(key.token, deadline_in_ms(60000));
    scripted_key_expect(&key, PIN_INFO, PIN_STATE);
    assert_int_equal(read_pin_state(&key), ERR_NONE);
    token_set_deadline(key.token, deadline_in_ms(-1));
    scripted_key_close(&key, true); /* the log-in is ended all the same */
}

static void an_answer_that_makes_no_sense_is_looked_into(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_expect(&key, PIN_INFO, "0A 9000");
    assert_int_equal(read_pin_state(&key), ERR_TOKEN_ANSWER);
    expect_reopen(&key);
    scripted_key_expect(&key, PIN_INFO, PIN_STATE);
    assert_int_equal(read_pin_state(&key), ERR_NONE);
    scripted_key_close(&key, false);
}

static void opening_survives_a_reset_before_it(void **state)
{
    struct scripted_channel *script = scripted_channel_new();
    struct token *token = NULL;
    struct err err = ERR_INIT;
    scripted_channel_fail_begin(script, ERR_TOKEN_RESET);
    scripted_key_expect_open(script, SCRIPTED_KEY_PLAIN);
    assert_int_equal(
        token_open(scripted_channel_channel(script), "reader", NULL, DEADLINE_NEVER, &token, &err),
        ERR_NONE);
    scripted_channel_expect(script, SCRIPTED_KEY_CLOSE_APPLICATION, "9000");
    token_closep(&token);
}

static void opening_frees_the_channel_when_it_fails(void **state)
{
    struct scripted_channel *script = scripted_channel_new();
    struct token *token = NULL;
    struct err err = ERR_INIT;
    scripted_channel_fail_begin(script, ERR_TOKEN_REMOVED);
    assert_int_equal(
        token_open(scripted_channel_channel(script), "reader", NULL, DEADLINE_NEVER, &token, &err),
        ERR_TOKEN_REMOVED);
    assert_null(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_has_a_transaction_of_its_own),
        cmocka_unit_test(calls_share_one_that_is_held),
        cmocka_unit_test(closing_ends_one_that_is_held),
        cmocka_unit_test(a_reset_without_login_costs_nothing),
        cmocka_unit_test(a_reset_after_login_fails_once),
        cmocka_unit_test(a_reset_takes_the_challenge_away),
        cmocka_unit_test(two_resets_in_a_row_fail),
        cmocka_unit_test(nothing_is_sent_twice),
        cmocka_unit_test(a_lost_line_stays_lost),
        cmocka_unit_test(a_failed_begin_kills_too),
        cmocka_unit_test(an_answer_without_status_word_breaks_the_line),
        cmocka_unit_test(nothing_is_sent_after_the_deadline),
        cmocka_unit_test(an_answer_that_makes_no_sense_is_looked_into),
        cmocka_unit_test(opening_survives_a_reset_before_it),
        cmocka_unit_test(opening_frees_the_channel_when_it_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
