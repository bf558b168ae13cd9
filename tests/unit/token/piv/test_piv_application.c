#include "token/piv/piv_application.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/scripted_piv.h"
#include "token/token_line.h"

#define GET_HOLDER "00 CB 3F FF 05 5C 03 5FC102 00"
#define NOT_GMT0017 "80 04 00 00 00 01 20" /* the next driver's question */
#define GUID "00112233445566778899AABBCCDDEEFF"
#define FASC_N "D4E739DA739CED39CE739DA1685A1082108CE73984108CA3FC"
#define ZEROS_16 "00000000000000000000000000000000"
#define ZEROS_25 "00000000000000000000000000000000000000000000000000"

static struct token *open_card(struct scripted_channel *script, struct err *err)
{
    struct token *token = NULL;
    *err = ERR_INIT;
    if (token_open(scripted_channel_channel(script), "reader", NULL, DEADLINE_NEVER, &token, err) !=
        ERR_NONE)
        return NULL;
    return token;
}

static void check_serial(const char *serial, const char *holder, const char *expected)
{
    struct scripted_channel *script = scripted_channel_new();
    struct err err;
    scripted_channel_set_atr(script, SCRIPTED_PIV_ATR);
    scripted_channel_expect(script, SCRIPTED_PIV_SELECT, "6102"); /* it wants to be asked */
    scripted_channel_expect(script, "00 C0 00 00 02", "61 00 9000");
    scripted_channel_expect(script, SCRIPTED_PIV_SERIAL, serial);
    if (holder != NULL)
        scripted_channel_expect(script, GET_HOLDER, holder);
    AUTO(token_closep) struct token *token = open_card(script, &err);
    if (expected == NULL) {
        assert_null(token);
        assert_int_equal(err.code, ERR_TOKEN_NO_SERIAL);
        assert_non_null(strstr(err.detail, "could not be told from another one"));
        return;
    }
    assert_non_null(token);
    assert_string_equal(token_peek_facts(token)->serial, expected);
}

static void tells_the_serial_number_by_what_the_card_has(void **state)
{
    check_serial("00 BC 61 4E 9000", NULL, "12345678");
    check_serial("FF FF FF FF 9000", NULL, "4294967295");
    check_serial("6D00", "53 12 34 10 " GUID " 9000", GUID);
    check_serial("6A81", "53 2D 30 19 " FASC_N " 34 10 " GUID " 9000", GUID);
    check_serial("00 00 00 00 9000", "53 12 34 10 " GUID " 9000", GUID);
    check_serial("00 52 F7 43 9000", "53 12 34 10 " GUID " 9000", GUID); /* many say so */
    check_serial("01 02 9000", "53 12 34 10 " GUID " 9000", GUID);
    check_serial("6D00", "53 2D 30 19 " FASC_N " 34 10 " ZEROS_16 " 9000", FASC_N);
}

static void refuses_a_card_that_cannot_be_told_from_another(void **state)
{
    check_serial("6D00", "6A82", NULL);
    check_serial("6D00", "53 2D 30 19 " ZEROS_25 " 34 10 " ZEROS_16 " 9000", NULL);
    check_serial("6D00", "53 03 34 01 01 9000", NULL);
    check_serial("6D00", "53 03 34 02 01 9000", NULL); /* broken inside */
}

static void leaves_other_cards_to_other_drivers(void **state)
{
    static const char *const answers[] = {"6A82", "6D00", "6E00", "6985", "6999"};
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct scripted_channel *script = scripted_channel_new();
        struct err err;
        scripted_channel_set_atr(script, SCRIPTED_PIV_ATR);
        scripted_channel_expect(script, SCRIPTED_PIV_SELECT, answers[i]);
        if (strcmp(answers[i], "6E00") != 0)
            scripted_channel_expect(script, SCRIPTED_PIV_SELECT_WHOLE, answers[i]);
        scripted_channel_expect(script, NOT_GMT0017, "6E00");
        assert_null(open_card(script, &err));
        assert_int_equal(err.code, ERR_TOKEN_UNSUPPORTED);
    }
}

/* A card answers so to a name that it does not know, in a part of one too. */
static void check_whole_name(const char *to_the_part)
{
    struct scripted_channel *script = scripted_channel_new();
    struct err err;
    scripted_channel_set_atr(script, SCRIPTED_PIV_ATR);
    scripted_channel_expect(script, SCRIPTED_PIV_SELECT, to_the_part);
    scripted_channel_expect(script, SCRIPTED_PIV_SELECT_WHOLE, SCRIPTED_PIV_PROPERTIES);
    scripted_channel_expect(script, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    AUTO(token_closep) struct token *token = open_card(script, &err);
    assert_non_null(token);
    struct piv *piv = token->self;
    scripted_channel_expect(script, SCRIPTED_PIV_SELECT_WHOLE, SCRIPTED_PIV_PROPERTIES);
    assert_int_equal(piv_application_select(piv, &err), ERR_NONE); /* it is remembered */
}

static void asks_by_the_whole_name_where_a_part_is_refused(void **state)
{
    static const char *const answers[] = {"6A82", "6D00", "6985",      "6999",
                                          "6A86", "9000", "6F 00 9000"};
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        check_whole_name(answers[i]);
}

/* The application that is selected by default takes the name for its own matter. */
static void success_without_properties_is_no_piv_card_yet(void **state)
{
    struct scripted_channel *script = scripted_channel_new();
    struct err err;
    scripted_channel_set_atr(script, SCRIPTED_PIV_ATR);
    scripted_channel_expect(script, SCRIPTED_PIV_SELECT, "9000");
    scripted_channel_expect(script, SCRIPTED_PIV_SELECT_WHOLE, "6A82");
    scripted_channel_expect(script, SCRIPTED_PIV_SERIAL, "9000");
    scripted_channel_expect(script, GET_HOLDER, "9000");
    scripted_channel_expect(script, NOT_GMT0017, "6E00");
    assert_null(open_card(script, &err));
    assert_int_equal(err.code, ERR_TOKEN_UNSUPPORTED);
}

static void a_serial_number_tells_a_card_without_properties(void **state)
{
    struct scripted_channel *script = scripted_channel_new();
    struct err err;
    AUTO(secret_freep) struct secret *pin = scripted_piv_secret("123456");
    scripted_channel_set_atr(script, SCRIPTED_PIV_ATR);
    scripted_channel_expect(script, SCRIPTED_PIV_SELECT, "9000");
    scripted_channel_expect(script, SCRIPTED_PIV_SELECT_WHOLE, "6A82");
    scripted_channel_expect(script, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    AUTO(token_closep) struct token *token = open_card(script, &err);
    assert_non_null(token);
    /* What takes its name is asked for its serial number before it gets a PIN. */
    scripted_channel_expect(script, SCRIPTED_PIV_SELECT, "9000");
    scripted_channel_expect(script, SCRIPTED_PIV_SELECT_WHOLE, "6A82");
    scripted_channel_expect(script, SCRIPTED_PIV_SERIAL, "6D00");
    assert_int_equal(token_login(token, pin, &err), ERR_TOKEN_LOGIN_LOST);
    scripted_channel_expect(script, SCRIPTED_PIV_LOGOUT, "9000");
}

/* A holder's identifier that may not be read: a PIV card that can't be told from another. */
static void an_identifier_that_cannot_be_read_is_none(void **state)
{
    check_serial("6D00", "6982", NULL);
    check_serial("6D00", "6985", NULL);
    check_serial("6D00", "54 00 9000", NULL);
    check_serial("6D00", "6F00", NULL);
}

static void a_broken_line_is_not_another_card(void **state)
{
    struct scripted_channel *script = scripted_channel_new();
    struct err err;
    scripted_channel_set_atr(script, SCRIPTED_PIV_ATR);
    scripted_channel_expect_failure(script, SCRIPTED_PIV_SELECT, ERR_TOKEN_REMOVED);
    assert_null(open_card(script, &err));
    assert_int_equal(err.code, ERR_TOKEN_REMOVED);
}

static void another_card_in_the_reader_is_noticed(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, "00 BC 61 4E 9000");
    assert_int_equal(token_check_same(card.token, &card.err), ERR_NONE);
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, "00 BC 61 4F 9000");
    assert_int_equal(token_check_same(card.token, &card.err), ERR_WRONG_TOKEN);
    scripted_piv_close(&card, false);
}

static void a_serial_number_that_goes_away_is_a_broken_answer(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, "6D00");
    assert_int_equal(token_check_same(card.token, &card.err), ERR_TOKEN_ANSWER);
    scripted_piv_close(&card, false);
}

static void check_version(const char *answer, bool expected)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    bool can = !expected;
    scripted_piv_expect(&card, "00 FD 00 00 00", answer);
    for (int i = 0; i < 2; i++) { /* asked once */
        assert_int_equal(piv_application_has_move(card.piv, &can, &card.err), ERR_NONE);
        assert_int_equal(can, expected);
    }
    scripted_piv_close(&card, false);
}

static void knows_by_the_version_whether_keys_can_be_moved(void **state)
{
    check_version("05 07 00 9000", true);
    check_version("06 00 00 9000", true);
    check_version("05 06 FF 9000", false);
    check_version("05 07 9000", false);
    check_version("6D00", false);
}

static void check_atr(const char *hex, bool expected)
{
    AUTO(bytes_freep) struct bytes *atr = scripted_channel_bytes(hex);
    assert_int_equal(piv_application_atr_extended(span_bytes(atr)), expected);
}

static void reads_the_promise_of_extended_lengths(void **state)
{
    check_atr(SCRIPTED_PIV_ATR_EXTENDED, true);
    check_atr("3B FD 13 00 00 81 31 FE 15 80 73 C0 21 C0 57 59 75 62 69 4B 65 79 40", true);
    check_atr(SCRIPTED_PIV_ATR, false);
    check_atr("3B 85 80 01 80 73 C0 21 80 00", false); /* chaining alone */
    check_atr("3B 85 80 01 81 73 C0 21 C0 00", false); /* another form of historical bytes */
    check_atr("3B 84 80 01 80 72 C0 21 00", false); /* two bytes of capabilities */
    check_atr("3B 88 80 01 00 73 C0 21 C0 00 90 00 00", true); /* with a status behind them */
    check_atr("3B 87 80 01 00 31 C0 73 C0 21 C0 00", false); /* cut off by the status */
    check_atr("3B 84 80 01 80 73 C0 21", false); /* cut off */
    check_atr("3B 8F 80 01 80", false);
    check_atr("3B FF FF FF", false);
    check_atr("3B", false);
    assert_false(piv_application_atr_extended(SPAN_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_serial_number_by_what_the_card_has),
        cmocka_unit_test(refuses_a_card_that_cannot_be_told_from_another),
        cmocka_unit_test(leaves_other_cards_to_other_drivers),
        cmocka_unit_test(asks_by_the_whole_name_where_a_part_is_refused),
        cmocka_unit_test(success_without_properties_is_no_piv_card_yet),
        cmocka_unit_test(a_serial_number_tells_a_card_without_properties),
        cmocka_unit_test(an_identifier_that_cannot_be_read_is_none),
        cmocka_unit_test(a_broken_line_is_not_another_card),
        cmocka_unit_test(another_card_in_the_reader_is_noticed),
        cmocka_unit_test(a_serial_number_that_goes_away_is_a_broken_answer),
        cmocka_unit_test(knows_by_the_version_whether_keys_can_be_moved),
        cmocka_unit_test(reads_the_promise_of_extended_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
