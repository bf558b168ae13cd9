#include "token/piv/piv_metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/scripted_piv.h"

#define OF_9C "00 F7 00 9C 00"
#define POINT \
    "04 0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20" \
    "2102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20"

static struct piv_metadata read_9c(struct scripted_piv *card, const char *answer)
{
    struct piv_metadata found;
    scripted_piv_expect(card, OF_9C, answer);
    assert_int_equal(piv_metadata_read(card->piv, 0x9C, &found, &card->err), ERR_NONE);
    return found;
}

static void tells_the_key_of_a_slot(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct piv_metadata found =
        read_9c(&card, "01 01 11 02 02 03 01 03 01 01 04 43 86 41 " POINT " 9000");
    assert_true(found.known && found.has_key);
    assert_int_equal(found.algorithm, 0x11);
    assert_int_equal(found.key.algorithm, TOKEN_P256);
    assert_int_equal(found.key.x[0], 1);
    assert_int_equal(found.key.y[0], 0x21);
    found = read_9c(&card, "01 01 E0 04 02 86 00 9000"); /* of a kind that nobody knows */
    assert_true(found.has_key);
    assert_int_equal(found.key.algorithm, TOKEN_ALGORITHM_NONE);
    found = read_9c(&card, "6A88");
    assert_true(found.known);
    assert_false(found.has_key);
    scripted_piv_close(&card, false);
}

static void a_card_without_them_is_asked_once(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct piv_metadata found = read_9c(&card, "6D00");
    assert_false(found.known);
    assert_int_equal(found.tries_left, -1);
    assert_int_equal(piv_metadata_read(card.piv, 0x9C, &found, &card.err), ERR_NONE);
    assert_false(found.known);
    scripted_piv_close(&card, false);
}

static void the_rules_of_an_empty_slot_are_no_key(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct piv_metadata found = read_9c(&card, "02 02 02 01 03 01 00 9000");
    assert_true(found.known);
    assert_false(found.has_key);
    found =
        read_9c(&card, "05 01 01 06 02 05 04 9000"); /* a PIN's, which need not name an algorithm */
    assert_true(found.has_key);
    assert_int_equal(found.tries_left, 4);
    scripted_piv_close(&card, false);
}

/* "No such thing" can mean the slot or the command: it proves neither. */
static void a_first_answer_that_finds_nothing_proves_nothing(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct piv_metadata found = read_9c(&card, "6A88");
    assert_false(found.known);
    assert_int_equal(card.piv->metadata, PIV_NOT_ASKED);
    found = read_9c(&card, "01 01 11 9000");
    assert_true(found.known);
    found = read_9c(&card, "6A88");
    assert_true(found.known);
    assert_false(found.has_key);
    scripted_piv_close(&card, false);
}

static void other_refusals_leave_open_what_is_there(void **state)
{
    static const char *const odd[] = {"6A82", "6A80", "6A86", "6D00", "6985", "6982", "6F00"};
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
        card.piv->metadata = PIV_YES;
        struct piv_metadata found = read_9c(&card, odd[i]);
        assert_false(found.known);
        assert_false(found.has_key);
        assert_int_equal(card.piv->metadata, PIV_YES);
        scripted_piv_close(&card, false);
    }
}

static void success_without_an_answer_means_none(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct piv_metadata found = read_9c(&card, "9000");
    assert_false(found.known);
    assert_false(found.has_key);
    assert_int_equal(card.piv->metadata, PIV_NO);
    scripted_piv_close(&card, false);
}

static void what_cannot_be_understood_is_no_answer(void **state)
{
    static const char *const broken[] = {"01 02 11 9000",       "01 01 11 01 01 11 9000",
                                         "06 03 03 03 03 9000", "06 02 03 04 9000",
                                         "06 02 00 00 9000",    "FF 9000",
                                         "04 86 41 04 9000"};
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
        assert_false(read_9c(&card, broken[i]).known);
        assert_int_equal(card.piv->metadata, PIV_NO);
        card.piv->metadata = PIV_YES; /* it has told other things */
        assert_false(read_9c(&card, broken[i]).known);
        assert_int_equal(card.piv->metadata, PIV_YES);
        scripted_piv_close(&card, false);
    }
}

static void a_card_may_tell_only_the_tries_that_are_left(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct piv_metadata found = read_9c(&card, "05 01 00 06 01 03 9000");
    assert_int_equal(found.tries_left, 3);
    assert_int_equal(found.tries_max, -1);
    scripted_piv_close(&card, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_key_of_a_slot),
        cmocka_unit_test(the_rules_of_an_empty_slot_are_no_key),
        cmocka_unit_test(a_card_without_them_is_asked_once),
        cmocka_unit_test(a_first_answer_that_finds_nothing_proves_nothing),
        cmocka_unit_test(other_refusals_leave_open_what_is_there),
        cmocka_unit_test(success_without_an_answer_means_none),
        cmocka_unit_test(what_cannot_be_understood_is_no_answer),
        cmocka_unit_test(a_card_may_tell_only_the_tries_that_are_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
