#include "token/piv/piv_access.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/scripted_piv.h"
#include "token/piv/piv_object.h"

#define ASK_3DES "00 87 03 9B 04 7C 02 81 00 00"
#define CHALLENGE_8 "7C 0A 81 08 11 22 33 44 55 66 77 88 9000"

static const uint8_t block[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

/* ---- tries ---- */

static void check_tries(const char *metadata, const char *empty_verify, int max, int left,
                        bool is_default)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct token_pin_state pin;
    scripted_piv_expect(&card, SCRIPTED_PIV_METADATA, metadata);
    if (empty_verify != NULL)
        scripted_piv_expect(&card, SCRIPTED_PIV_EMPTY_VERIFY, empty_verify);
    assert_int_equal(token_read_pin_state(card.token, TOKEN_USER, &pin, &card.err), ERR_NONE);
    assert_int_equal(pin.tries_max, max);
    assert_int_equal(pin.tries_left, left);
    assert_int_equal(pin.is_default, is_default);
    scripted_piv_close(&card, false);
}

static void tells_the_tries_without_spending_one(void **state)
{
    check_tries("01 01 FF 05 01 01 06 02 03 02 9000", NULL, 3, 2, true);
    check_tries("01 01 FF 05 01 00 06 02 05 00 9000", NULL, 5, 0, false);
    check_tries("6D00", "63C3", -1, 3, false);
    check_tries("6A81", "63C0", -1, 0, false);
    check_tries("6E00", "6983", -1, 0, false);
    check_tries("01 01 FF 9000", "63CF", -1, 15, false); /* metadata that leave them out */
}

static void a_card_may_keep_its_tries_to_itself(void **state)
{
    static const char *const refusals[] = {"6300", "6700", "6982", "6984", "6985", "6A80", "6A86"};
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct token_pin_state pin;
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
        check_tries("6D00", refusals[i], -1, -1, false);
    card.piv->metadata = PIV_NO;
    scripted_piv_expect(&card, SCRIPTED_PIV_EMPTY_VERIFY, "6D00");
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER); /* it is ours */
    assert_int_equal(token_read_pin_state(card.token, TOKEN_USER, &pin, &card.err),
                     ERR_TOKEN_NOT_SUPPORTED);
    scripted_piv_close(&card, false);
}

static void another_application_is_not_asked_for_the_tries(void **state)
{
    static const char *const unknown[] = {"6D00", "6A88"};
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
        struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
        struct token_pin_state pin;
        scripted_piv_expect(&card, SCRIPTED_PIV_METADATA, "6D00");
        scripted_piv_expect(&card, SCRIPTED_PIV_EMPTY_VERIFY, unknown[i]);
        scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, "6D00");
        scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
        scripted_piv_expect(&card, SCRIPTED_PIV_METADATA, "01 01 FF 05 01 01 06 02 03 02 9000");
        assert_int_equal(token_read_pin_state(card.token, TOKEN_USER, &pin, &card.err), ERR_NONE);
        assert_int_equal(pin.tries_left, 2);
        scripted_piv_close(&card, false);
    }
}

static void ends_somebody_elses_log_in_to_see_the_tries(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct token_pin_state pin;
    card.piv->metadata = PIV_NO;
    scripted_piv_expect(&card, SCRIPTED_PIV_EMPTY_VERIFY, "9000");
    scripted_piv_expect(&card, SCRIPTED_PIV_LOGOUT, "9000");
    scripted_piv_expect(&card, SCRIPTED_PIV_EMPTY_VERIFY, "63C2");
    assert_int_equal(token_read_pin_state(card.token, TOKEN_USER, &pin, &card.err), ERR_NONE);
    assert_int_equal(pin.tries_left, 2);
    scripted_piv_expect(&card, SCRIPTED_PIV_EMPTY_VERIFY, "9000");
    scripted_piv_expect(&card, SCRIPTED_PIV_LOGOUT, "6A86"); /* a card that knows no such thing */
    assert_int_equal(token_read_pin_state(card.token, TOKEN_USER, &pin, &card.err), ERR_NONE);
    assert_int_equal(pin.tries_left, -1);
    scripted_piv_login(&card);
    scripted_piv_expect(&card, SCRIPTED_PIV_EMPTY_VERIFY, "9000"); /* ours stays */
    assert_int_equal(token_read_pin_state(card.token, TOKEN_USER, &pin, &card.err), ERR_NONE);
    scripted_piv_close(&card, true);
}

static void knows_the_puks_tries_from_metadata_only(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct token_pin_state puk;
    scripted_piv_expect(&card, "00 F7 00 81 00", "01 01 FF 05 01 01 06 02 03 01 9000");
    assert_int_equal(token_read_pin_state(card.token, TOKEN_ADMINISTRATOR, &puk, &card.err),
                     ERR_NONE);
    assert_int_equal(puk.tries_left, 1);
    card.piv->metadata = PIV_NO;
    assert_int_equal(token_read_pin_state(card.token, TOKEN_ADMINISTRATOR, &puk, &card.err),
                     ERR_NONE);
    assert_int_equal(puk.tries_left, -1);
    assert_int_equal(puk.tries_max, -1);
    scripted_piv_close(&card, false);
}

/* ---- the user ---- */

static void pads_the_pin(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(secret_freep) struct secret *short_pin = scripted_piv_secret("12345");
    AUTO(secret_freep) struct secret *long_pin = scripted_piv_secret("123456789");
    AUTO(secret_freep) struct secret *pin = scripted_piv_secret("12345678");
    assert_int_equal(token_login(card.token, short_pin, &card.err), ERR_PIN_WRONG);
    assert_int_equal(token_login(card.token, long_pin, &card.err), ERR_PIN_WRONG);
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_expect(&card, "00 20 00 80 08 31 32 33 34 35 36 37 38", "9000");
    assert_int_equal(token_login(card.token, pin, &card.err), ERR_NONE);
    scripted_piv_close(&card, true);
}

static void a_refused_pin_is_not_kept(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(secret_freep) struct secret *pin = scripted_piv_secret("123456");
    scripted_piv_login(&card);
    assert_non_null(card.piv->pin);
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_expect(&card, SCRIPTED_PIV_VERIFY, "63C2");
    assert_int_equal(token_login(card.token, pin, &card.err), ERR_PIN_WRONG);
    assert_int_equal(card.err.tries_left, 2);
    assert_null(card.piv->pin);
    assert_int_equal(piv_access_verify_again(card.piv, &card.err), ERR_TOKEN_LOGIN_LOST);
    scripted_piv_close(&card, true);
}

static void check_miss(const char *status, const char *empty_verify, enum err_code expected,
                       int tries_left)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(secret_freep) struct secret *pin = scripted_piv_secret("123456");
    card.piv->metadata = PIV_NO;
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_expect(&card, SCRIPTED_PIV_VERIFY, status);
    scripted_piv_expect(&card, SCRIPTED_PIV_EMPTY_VERIFY, empty_verify);
    assert_int_equal(token_login(card.token, pin, &card.err), expected);
    assert_int_equal(card.err.tries_left, tries_left);
    assert_null(card.piv->pin);
    scripted_piv_close(&card, true);
}

static void cards_have_many_words_for_a_wrong_pin(void **state)
{
    check_miss("6300", "63C2", ERR_PIN_WRONG, 2);
    check_miss("6982", "63C1", ERR_PIN_WRONG, 1);
    check_miss("6A80", "63C5", ERR_PIN_WRONG, 5);
    check_miss("6982", "6983", ERR_PIN_LOCKED, 0);
    check_miss("6300", "6300", ERR_PIN_WRONG, -1); /* it doesn't tell */
    check_miss("6300", "6F00", ERR_PIN_WRONG, -1);
}

/* It knows no GET SERIAL: the standard's command says enough. */
static void a_card_without_extensions_is_asked_for_no_metadata(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct token_pin_state pin;
    card.piv->no_extensions = true;
    scripted_piv_expect(&card, SCRIPTED_PIV_EMPTY_VERIFY, "63C2");
    assert_int_equal(token_read_pin_state(card.token, TOKEN_USER, &pin, &card.err), ERR_NONE);
    assert_int_equal(pin.tries_left, 2);
    assert_int_equal(pin.tries_max, -1);
    scripted_piv_expect(&card, SCRIPTED_PIV_EMPTY_VERIFY, "6300"); /* it does not */
    scripted_piv_expect(&card, SCRIPTED_PIV_METADATA, "01 01 FF 05 01 01 06 02 03 01 9000");
    assert_int_equal(token_read_pin_state(card.token, TOKEN_USER, &pin, &card.err), ERR_NONE);
    assert_int_equal(pin.tries_left, 1);
    assert_true(pin.is_default);
    scripted_piv_close(&card, false);
}

/* Without the mark of the standard's counter. */
static void a_counter_may_stand_in_another_word(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(secret_freep) struct secret *pin = scripted_piv_secret("123456");
    struct token_pin_state found;
    card.piv->metadata = PIV_NO;
    scripted_piv_expect(&card, SCRIPTED_PIV_EMPTY_VERIFY, "6303");
    assert_int_equal(token_read_pin_state(card.token, TOKEN_USER, &found, &card.err), ERR_NONE);
    assert_int_equal(found.tries_left, 3);
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_expect(&card, SCRIPTED_PIV_VERIFY, "6302");
    assert_int_equal(token_login(card.token, pin, &card.err), ERR_PIN_WRONG);
    assert_int_equal(card.err.tries_left, 2);
    scripted_piv_close(&card, true);
}

static void an_accepted_pin_is_given_again_until_it_is_refused(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_login(&card);
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    scripted_piv_expect(&card, SCRIPTED_PIV_VERIFY, "9000");
    assert_int_equal(piv_access_verify_again(card.piv, &card.err), ERR_NONE);
    assert_true(card.piv->pin_fresh);
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    scripted_piv_expect(&card, SCRIPTED_PIV_VERIFY, "63C2"); /* somebody has changed it */
    assert_int_equal(piv_access_verify_again(card.piv, &card.err), ERR_PIN_WRONG);
    assert_int_equal(piv_access_verify_again(card.piv, &card.err), ERR_TOKEN_LOGIN_LOST);
    scripted_piv_close(&card, true);
}

static void check_change(const char *status, enum err_code expected)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(secret_freep) struct secret *old_pin = scripted_piv_secret("123456");
    AUTO(secret_freep) struct secret *new_pin = scripted_piv_secret("7654321");
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_expect(&card, "00 24 00 80 10 31 32 33 34 35 36 FF FF 37 36 35 34 33 32 31 FF",
                        status);
    assert_int_equal(token_change_pin(card.token, old_pin, new_pin, &card.err), expected);
    scripted_piv_close(&card, true);
}

static void check_change_miss(const char *status)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(secret_freep) struct secret *pin = scripted_piv_secret("123456");
    card.piv->metadata = PIV_NO;
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_expect(&card, "00 24 00 80 10 31 32 33 34 35 36 FF FF 31 32 33 34 35 36 FF FF",
                        status);
    scripted_piv_expect(&card, SCRIPTED_PIV_EMPTY_VERIFY, "63C2");
    assert_int_equal(token_change_pin(card.token, pin, pin, &card.err), ERR_PIN_WRONG);
    assert_int_equal(card.err.tries_left, 2);
    scripted_piv_close(&card, true);
}

static void changes_the_pin(void **state)
{
    check_change("9000", ERR_NONE);
    check_change("63C1", ERR_PIN_WRONG);
    check_change("63C0", ERR_PIN_LOCKED);
    check_change("6983", ERR_PIN_LOCKED);
    check_change("6302", ERR_PIN_WRONG);
    check_change("6A80", ERR_PIN_RULES);
    check_change("6985", ERR_PIN_RULES);
    check_change("6F00", ERR_TOKEN_STATUS);
    check_change_miss("6300");
    check_change_miss("6982");
}

static void no_pin_goes_to_another_application(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(secret_freep) struct secret *pin = scripted_piv_secret("123456");
    scripted_piv_login(&card);
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, "6D00");
    assert_int_equal(piv_access_verify_again(card.piv, &card.err), ERR_TOKEN_LOGIN_LOST);
    assert_null(card.piv->pin);
    card.piv->admin_in = true;
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, "00 00 00 01 9000");
    assert_int_equal(token_login(card.token, pin, &card.err), ERR_TOKEN_LOGIN_LOST);
    card.piv->admin_in = false;
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, "6A82");
    scripted_piv_expect(&card, "00 A4 04 00 0B A0 00 00 03 08 00 00 10 00 01 00 00", "6A82");
    assert_int_not_equal(token_login(card.token, pin, &card.err), ERR_NONE);
    scripted_piv_close(&card, true);
}

/* ---- the management key ---- */

static void takes_the_challenge_that_metadata_name(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct token_challenge challenge;
    scripted_piv_expect(&card, "00 F7 00 9B 00", "01 01 0A 02 02 00 01 05 01 01 9000");
    scripted_piv_expect(&card, "00 87 0A 9B 04 7C 02 81 00 00",
                        "7C 12 81 10 00112233445566778899AABBCCDDEEFF 9000");
    assert_int_equal(token_challenge(card.token, TOKEN_PURPOSE_LOGIN, &challenge, &card.err),
                     ERR_NONE);
    assert_int_equal(challenge.len, 16);
    assert_int_equal(challenge.bytes[15], 0xFF);
    assert_string_equal(token_peek_facts(card.token)->admin_algorithm, "aes192");
    scripted_piv_expect(&card, "00 87 0A 9B 14 7C 12 82 10 01020304050607080900000000000000",
                        "9000");
    assert_int_equal(token_admin_login(card.token, SPAN_ARRAY(block), &card.err), ERR_NONE);
    scripted_piv_close(&card, true);
}

static void asks_for_each_cipher_where_nothing_names_it(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct token_challenge challenge;
    scripted_piv_expect(&card, "00 F7 00 9B 00", "6D00");
    scripted_piv_expect(&card, ASK_3DES, "6A86");
    scripted_piv_expect(&card, "00 87 08 9B 04 7C 02 81 00 00",
                        "7C 12 81 10 00112233445566778899AABBCCDDEEFF 9000");
    assert_int_equal(token_challenge(card.token, TOKEN_PURPOSE_LOGIN, &challenge, &card.err),
                     ERR_NONE);
    assert_string_equal(token_peek_facts(card.token)->admin_algorithm, "aes128");
    scripted_piv_expect(&card, "00 87 08 9B 04 7C 02 81 00 00", "6A80"); /* known by now */
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    assert_int_equal(token_challenge(card.token, TOKEN_PURPOSE_LOGIN, &challenge, &card.err),
                     ERR_TOKEN_ANSWER);
    scripted_piv_close(&card, false);
}

static void refuses_challenges_of_another_length(void **state)
{
    static const char *const broken[] = {"7C 12 81 10 00112233445566778899AABBCCDDEEFF 9000",
                                         "7C 02 81 00 9000", "7C 0A 80 08 1122334455667788 9000",
                                         "81 08 1122334455667788 9000", "9000"};
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
        struct token_challenge challenge;
        scripted_piv_expect(&card, "00 F7 00 9B 00", "01 01 03 9000");
        scripted_piv_expect(&card, ASK_3DES, broken[i]);
        scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
        assert_int_equal(token_challenge(card.token, TOKEN_PURPOSE_LOGIN, &challenge, &card.err),
                         ERR_TOKEN_ANSWER);
        scripted_piv_close(&card, false);
    }
}

/* It has the cipher, and gives no challenge for it. */
static void a_management_key_may_be_for_mutual_authentication_only(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct token_challenge challenge;
    card.piv->metadata = PIV_NO;
    scripted_piv_expect(&card, ASK_3DES, "6A86");
    scripted_piv_expect(&card, "00 87 08 9B 04 7C 02 81 00 00", "6982");
    scripted_piv_expect(&card, "00 87 0A 9B 04 7C 02 81 00 00", "6A86");
    scripted_piv_expect(&card, "00 87 0C 9B 04 7C 02 81 00 00", "6A86");
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    assert_int_equal(token_challenge(card.token, TOKEN_PURPOSE_LOGIN, &challenge, &card.err),
                     ERR_TOKEN_NOT_SUPPORTED);
    assert_int_equal(card.err.foreign, 0x6982);
    scripted_piv_close(&card, false);
}

/* Another program selected another application: its words are not our application's. */
static void an_application_that_was_left_is_selected_again(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct token_challenge challenge;
    scripted_piv_expect(&card, "00 F7 00 9B 00", "6D00");
    scripted_piv_expect(&card, ASK_3DES, "6D00");
    scripted_piv_expect(&card, "00 87 08 9B 04 7C 02 81 00 00", "6D00");
    scripted_piv_expect(&card, "00 87 0A 9B 04 7C 02 81 00 00", "6D00");
    scripted_piv_expect(&card, "00 87 0C 9B 04 7C 02 81 00 00", "6D00");
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, "6D00");
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_expect(&card, "00 F7 00 9B 00", "01 01 03 9000");
    scripted_piv_expect(&card, ASK_3DES, CHALLENGE_8);
    assert_int_equal(token_challenge(card.token, TOKEN_PURPOSE_LOGIN, &challenge, &card.err),
                     ERR_NONE);
    assert_int_equal(card.piv->metadata, PIV_YES);
    scripted_piv_close(&card, false);
}

/* It said that the log-in is gone: whoever ended it may have left another application behind. */
static void a_lost_log_in_selects_before_the_next(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct token_challenge challenge;
    scripted_piv_admin_login(&card);
    scripted_piv_expect(&card, "00 DB 3F FF 07 5C 03 5FC10C 53 00", "6982");
    assert_int_equal(piv_object_write(card.piv, PIV_OBJECT_HISTORY, SPAN_NONE, &card.err),
                     ERR_TOKEN_LOGIN_LOST);
    assert_false(card.piv->admin_in);
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_expect(&card, ASK_3DES, CHALLENGE_8);
    assert_int_equal(token_challenge(card.token, TOKEN_PURPOSE_LOGIN, &challenge, &card.err),
                     ERR_NONE);
    scripted_piv_close(&card, true);
}

static void check_wrong_cryptogram(const char *status, enum err_code expected, int tries_left)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct token_challenge challenge;
    card.piv->metadata = PIV_NO;
    scripted_piv_expect(&card, ASK_3DES, CHALLENGE_8);
    assert_int_equal(token_challenge(card.token, TOKEN_PURPOSE_LOGIN, &challenge, &card.err),
                     ERR_NONE);
    assert_int_equal(token_admin_login(card.token, span_of(block, 16), &card.err), ERR_FIELD_VALUE);
    scripted_piv_expect(&card, "00 87 03 9B 0C 7C 0A 82 08 0102030405060708", status);
    assert_int_equal(token_admin_login(card.token, span_of(block, 8), &card.err), expected);
    assert_int_equal(card.err.tries_left, tries_left);
    scripted_piv_close(&card, true);
}

static void cards_have_many_words_for_a_wrong_cryptogram(void **state)
{
    check_wrong_cryptogram("6300", ERR_PIN_WRONG, -1);
    check_wrong_cryptogram("6982", ERR_PIN_WRONG, -1);
    check_wrong_cryptogram("6A80", ERR_PIN_WRONG, -1);
    check_wrong_cryptogram("6985", ERR_PIN_WRONG, -1);
    check_wrong_cryptogram("63C4", ERR_PIN_WRONG, 4);
    check_wrong_cryptogram("6983", ERR_PIN_LOCKED, 0);
}

/* ---- unblocking ---- */

#define CHANGE_PUK "00 24 00 81 10 31323334353637383837363534333231"
#define RESET_PIN "00 2C 00 80 10 3837363534333231313233343536FFFF"

static enum err_code unblock(struct scripted_piv *card, size_t bytes)
{
    struct token_challenge challenge = {.len = 1};
    assert_int_equal(token_challenge(card->token, TOKEN_PURPOSE_UNBLOCK, &challenge, &card->err),
                     ERR_NONE);
    assert_int_equal(challenge.len, 0);
    return token_unblock(card->token, span_of("1234567887654321123456\xFF\xFF", bytes), &card->err);
}

static void gives_the_next_puk_and_then_the_pin(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_expect(&card, CHANGE_PUK, "9000");
    scripted_piv_expect(&card, RESET_PIN, "9000");
    assert_int_equal(unblock(&card, 24), ERR_NONE);
    assert_int_equal(unblock(&card, 23), ERR_FIELD_VALUE);
    scripted_piv_close(&card, false);
}

static void a_refusal_after_the_puk_was_taken_is_not_of_the_puk(void **state)
{
    static const struct {
        const char *word;
        enum err_code code;
    } cases[] = {{"6985", ERR_PIN_RULES},    {"6A80", ERR_PIN_RULES},
                 {"63C2", ERR_TOKEN_STATUS}, {"6983", ERR_TOKEN_STATUS},
                 {"6982", ERR_TOKEN_STATUS}, {"6300", ERR_TOKEN_STATUS}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
        scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
        scripted_piv_expect(&card, CHANGE_PUK, "9000");
        scripted_piv_expect(&card, RESET_PIN, cases[i].word);
        assert_int_equal(unblock(&card, 24), cases[i].code);
        scripted_piv_close(&card, false);
    }
}

static void a_wrong_puk_changes_nothing(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_expect(&card, CHANGE_PUK, "63C2");
    assert_int_equal(unblock(&card, 24), ERR_PIN_WRONG);
    assert_int_equal(card.err.tries_left, 2);
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_expect(&card, CHANGE_PUK, "6983");
    assert_int_equal(unblock(&card, 24), ERR_PIN_LOCKED);
    static const char *const words[] = {"6300", "6982", "6A80"};
    card.piv->metadata = PIV_NO;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        card.err = ERR_INIT;
        scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
        scripted_piv_expect(&card, CHANGE_PUK, words[i]);
        assert_int_equal(unblock(&card, 24), ERR_PIN_WRONG);
        assert_int_equal(card.err.tries_left, -1);
    }
    scripted_piv_close(&card, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_tries_without_spending_one),
        cmocka_unit_test(a_card_may_keep_its_tries_to_itself),
        cmocka_unit_test(another_application_is_not_asked_for_the_tries),
        cmocka_unit_test(ends_somebody_elses_log_in_to_see_the_tries),
        cmocka_unit_test(knows_the_puks_tries_from_metadata_only),
        cmocka_unit_test(pads_the_pin),
        cmocka_unit_test(a_refused_pin_is_not_kept),
        cmocka_unit_test(cards_have_many_words_for_a_wrong_pin),
        cmocka_unit_test(no_pin_goes_to_another_application),
        cmocka_unit_test(a_card_without_extensions_is_asked_for_no_metadata),
        cmocka_unit_test(a_counter_may_stand_in_another_word),
        cmocka_unit_test(an_accepted_pin_is_given_again_until_it_is_refused),
        cmocka_unit_test(changes_the_pin),
        cmocka_unit_test(takes_the_challenge_that_metadata_name),
        cmocka_unit_test(asks_for_each_cipher_where_nothing_names_it),
        cmocka_unit_test(refuses_challenges_of_another_length),
        cmocka_unit_test(a_management_key_may_be_for_mutual_authentication_only),
        cmocka_unit_test(an_application_that_was_left_is_selected_again),
        cmocka_unit_test(a_lost_log_in_selects_before_the_next),
        cmocka_unit_test(cards_have_many_words_for_a_wrong_cryptogram),
        cmocka_unit_test(gives_the_next_puk_and_then_the_pin),
        cmocka_unit_test(a_wrong_puk_changes_nothing),
        cmocka_unit_test(a_refusal_after_the_puk_was_taken_is_not_of_the_puk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
