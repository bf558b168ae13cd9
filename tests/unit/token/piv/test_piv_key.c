#include "token/piv/piv_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/scripted_piv.h"
#include "token/piv/piv_algorithm.h"

#define POINT \
    "04 0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20" \
    "2102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20"
#define GENERATE_82 "00 47 00 82 05 AC 03 80 01 11 00"
#define DIGEST "0000000000000000000000000000000000000000000000000000000000000000"
#define SIGN_9C "00 87 11 9C 26 7C 24 82 00 81 20 " DIGEST " 00"
#define SIGN_9C_EXTENDED "00 87 11 9C 00 00 26 7C 24 82 00 81 20 " DIGEST " 00 00"
#define SIGNED "7C 0A 82 08 30 06 02 01 05 02 01 06 9000"

static const uint8_t digest[32];

static void references_follow_the_slots(void **state)
{
    assert_int_equal(piv_key_reference(PIV_SIGNATURE), 0x9C);
    assert_int_equal(piv_key_reference(1), 0x82);
    assert_int_equal(piv_key_reference(PIV_RETIRED_MAX), 0x95);
}

static void check_generate(const char *answer, enum err_code expected)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct token_public_key key;
    scripted_piv_expect(&card, GENERATE_82, answer);
    assert_int_equal(piv_key_generate(card.piv, 1, TOKEN_P256, &key, &card.err), expected);
    if (expected == ERR_NONE)
        assert_int_equal(key.y[0], 0x21);
    scripted_piv_close(&card, false);
}

static void makes_key_pairs(void **state)
{
    static const char *const refusals[] = {"6A80", "6A81", "6A86", "6A88", "6985",
                                           "6982", "6D00", "6F00", "6581"};
    check_generate("7F49 43 86 41 " POINT " 9000", ERR_NONE);
    check_generate("86 41 " POINT " 9000", ERR_NONE);
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
        check_generate(refusals[i], ERR_TOKEN_CANNOT_REPLACE);
}

static void refuses_what_is_no_public_key(void **state)
{
    check_generate("9000", ERR_TOKEN_ANSWER);
    check_generate("86 40 " POINT " 9000", ERR_TOKEN_ANSWER);
    check_generate("7F48 43 86 41 " POINT " 9000", ERR_TOKEN_ANSWER);
    check_generate("86 41 " POINT " 86 41 " POINT " 9000", ERR_TOKEN_ANSWER);
    check_generate("7F49 02 86 00 9000", ERR_TOKEN_ANSWER);
    check_generate("7F49 43 86 41 " POINT " 00 9000", ERR_TOKEN_ANSWER);
}

/* The number of SM2 is the token's own: without metadata that name it nothing is guessed. */
static void makes_sm2_keys_only_where_the_token_names_them(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct token_public_key key;
    scripted_piv_expect(&card, "00 F7 00 9C 00", "01 01 11 04 43 86 41 " POINT " 9000");
    assert_int_equal(piv_key_generate(card.piv, 1, TOKEN_SM2, &key, &card.err),
                     ERR_TOKEN_CANNOT_REPLACE);
    /* A number of the token's own may be of any curve of this size. */
    scripted_piv_expect(&card, "00 F7 00 9C 00", "01 01 54 04 43 86 41 " POINT " 9000");
    assert_int_equal(piv_key_generate(card.piv, 1, TOKEN_SM2, &key, &card.err),
                     ERR_TOKEN_CANNOT_REPLACE);
    AUTO(bytes_freep) struct bytes *point = scripted_channel_bytes(POINT);
    assert_true(piv_algorithm_point(TOKEN_SM2, span_bytes(point), &card.piv->slot[0].key));
    scripted_piv_expect(&card, "00 F7 00 9C 00", "01 01 54 04 43 86 41 " POINT " 9000");
    scripted_piv_expect(&card, "00 47 00 82 05 AC 03 80 01 54 00", "7F49 43 86 41 " POINT " 9000");
    assert_int_equal(piv_key_generate(card.piv, 1, TOKEN_SM2, &key, &card.err), ERR_NONE);
    assert_int_equal(key.algorithm, TOKEN_SM2);
    scripted_piv_close(&card, false);
}

/* ---- signing ---- */

static enum err_code sign(struct scripted_piv *card)
{
    AUTO(bytes_freep) struct bytes *signature = NULL;
    enum err_code code = piv_key_sign(card->piv, PIV_SIGNATURE, TOKEN_P256, SPAN_ARRAY(digest),
                                      &signature, &card->err);
    if (code == ERR_NONE)
        assert_int_equal(signature->at[63], 6);
    return code;
}

static void signs_right_after_the_log_in(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_login(&card);
    scripted_piv_expect(&card, SIGN_9C, SIGNED);
    assert_int_equal(sign(&card), ERR_NONE);
    scripted_piv_close(&card, true);
}

static void gives_the_pin_again_where_the_key_wants_it_each_time(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_login(&card);
    scripted_piv_expect(&card, SIGN_9C, SIGNED);
    assert_int_equal(sign(&card), ERR_NONE);
    scripted_piv_expect(&card, SIGN_9C, "6982"); /* the second time it is found out */
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    scripted_piv_expect(&card, SCRIPTED_PIV_VERIFY, "9000");
    scripted_piv_expect(&card, SIGN_9C, SIGNED);
    assert_int_equal(sign(&card), ERR_NONE);
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    scripted_piv_expect(&card, SCRIPTED_PIV_VERIFY, "9000"); /* the third time it is known */
    scripted_piv_expect(&card, SIGN_9C, SIGNED);
    assert_int_equal(sign(&card), ERR_NONE);
    scripted_piv_close(&card, true);
}

static void check_gives_the_pin_again(const char *answer, const char *rest)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR_EXTENDED);
    scripted_piv_login(&card);
    scripted_piv_expect(&card, SIGN_9C_EXTENDED, answer);
    if (rest != NULL)
        scripted_piv_expect(&card, "00 C0 00 00 01", rest);
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    scripted_piv_expect(&card, SCRIPTED_PIV_VERIFY, "9000");
    scripted_piv_expect(&card, SIGN_9C, SIGNED);
    assert_int_equal(sign(&card), ERR_NONE);
    scripted_piv_close(&card, true);
}

static void an_extended_form_that_is_refused_has_used_the_pin_up(void **state)
{
    check_gives_the_pin_again("6700", NULL);
    check_gives_the_pin_again("7C 0A 82 08 30 06 02 01 05 02 01 6101", "6985");
}

/* Another program changed the PIN in between: one VERIFY finds it out, and none follows. */
static void never_gives_a_refused_pin_again(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_login(&card);
    scripted_piv_expect(&card, SIGN_9C, SIGNED);
    assert_int_equal(sign(&card), ERR_NONE);
    scripted_piv_expect(&card, SIGN_9C, "6982");
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    scripted_piv_expect(&card, SCRIPTED_PIV_VERIFY, "63C2");
    assert_int_equal(sign(&card), ERR_PIN_WRONG);
    scripted_piv_expect(&card, SIGN_9C, "6982");
    assert_int_equal(sign(&card), ERR_TOKEN_LOGIN_LOST);
    scripted_piv_close(&card, true);
}

static void a_refusal_right_after_the_pin_is_final(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_login(&card);
    scripted_piv_expect(&card, SIGN_9C, "6982");
    assert_int_equal(sign(&card), ERR_TOKEN_LOGIN_LOST);
    scripted_piv_close(&card, true);
}

/* A card may keep retired slots to decryption: the operation goes on with the key in use. */
static void a_retired_slot_may_refuse_to_sign(void **state)
{
    static const char *const refusals[] = {"6982", "6985", "6986", "6A80", "6A81", "6A82",
                                           "6A86", "6A88", "6B00", "6D00", "6F00"};
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
        AUTO(bytes_freep) struct bytes *signature = NULL;
        scripted_piv_login(&card);
        scripted_piv_expect(&card, "00 87 11 82 26 7C 24 82 00 81 20 " DIGEST " 00", refusals[i]);
        assert_int_equal(
            piv_key_sign(card.piv, 1, TOKEN_P256, SPAN_ARRAY(digest), &signature, &card.err),
            ERR_TOKEN_NOT_SUPPORTED);
        scripted_piv_close(&card, true);
    }
}

static void refuses_what_is_no_signature(void **state)
{
    static const char *const broken[] = {"9000", "7C 00 9000", "7C 02 82 00 9000",
                                         "82 08 30 06 02 01 05 02 01 06 9000",
                                         "7C 0A 81 08 30 06 02 01 05 02 01 06 9000"};
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
        scripted_piv_login(&card);
        scripted_piv_expect(&card, SIGN_9C, broken[i]);
        assert_int_equal(sign(&card), ERR_TOKEN_ANSWER);
        scripted_piv_close(&card, true);
    }
}

/* ---- moving ---- */

static void moves_and_deletes(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect(&card, "00 F6 83 9C", "9000");
    assert_int_equal(piv_key_move(card.piv, PIV_SIGNATURE, 2, &card.err), ERR_NONE);
    scripted_piv_expect(&card, "00 F6 9C 82", "6A80");
    assert_int_equal(piv_key_move(card.piv, 1, PIV_SIGNATURE, &card.err), ERR_TOKEN_STATUS);
    scripted_piv_expect(&card, "00 F6 FF 82", "9000");
    assert_int_equal(piv_key_delete(card.piv, 1, &card.err), ERR_NONE);
    scripted_piv_expect(&card, "00 F6 FF 82", "6A88"); /* there is none */
    assert_int_equal(piv_key_delete(card.piv, 1, &card.err), ERR_NONE);
    scripted_piv_expect(&card, "00 F6 FF 82", "6982");
    assert_int_equal(piv_key_delete(card.piv, 1, &card.err), ERR_TOKEN_LOGIN_LOST);
    scripted_piv_close(&card, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_follow_the_slots),
        cmocka_unit_test(makes_key_pairs),
        cmocka_unit_test(refuses_what_is_no_public_key),
        cmocka_unit_test(makes_sm2_keys_only_where_the_token_names_them),
        cmocka_unit_test(signs_right_after_the_log_in),
        cmocka_unit_test(gives_the_pin_again_where_the_key_wants_it_each_time),
        cmocka_unit_test(an_extended_form_that_is_refused_has_used_the_pin_up),
        cmocka_unit_test(never_gives_a_refused_pin_again),
        cmocka_unit_test(a_refusal_right_after_the_pin_is_final),
        cmocka_unit_test(a_retired_slot_may_refuse_to_sign),
        cmocka_unit_test(refuses_what_is_no_signature),
        cmocka_unit_test(moves_and_deletes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
