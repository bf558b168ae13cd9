#include "token/piv/piv_slot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/scripted_piv.h"
#include "token/piv/piv_cert.h"
#include "token/piv/piv_x509.h"

static void reads_no_empty_slot_but_the_first(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, SCRIPTED_PIV_ONE_RETIRED);
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_82, 2, "renew-1");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_83, "6A82");
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    scripted_piv_check_name(&card, 0, "9C");
    scripted_piv_check_name(&card, 1, "renew-1");
    assert_int_equal(card.piv->slot[2].state, PIV_SLOT_EMPTY);
    assert_int_equal(card.piv->slot[3].state, PIV_SLOT_UNKNOWN);
    assert_int_equal(piv_slot_need(card.piv, &card.err), ERR_NONE); /* known by now */
    scripted_piv_close(&card, false);
}

static void goes_on_behind_the_history_while_there_are_certificates(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6A82");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_9C, "6A82");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_82, SCRIPTED_PIV_FREE_MARK);
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_83, 2, "");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_84, "6A82");
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    assert_int_equal(card.piv->slot[1].state, PIV_SLOT_OURS_FREE);
    scripted_piv_check_name(&card, 2, "83");
    scripted_piv_close(&card, false);
}

static void a_line_that_breaks_is_no_unreadable_slot(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6A82");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
    scripted_channel_expect_failure(
        card.script, "00 CB 3F FF 05 5C 03 " SCRIPTED_PIV_OBJECT_82 " 00", ERR_TOKEN_REMOVED);
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_TOKEN_REMOVED);
    scripted_piv_close(&card, false);
}

/* Its writing broke off: by its length, or by zeros where the card had filled it with them. */
static void check_cut_off(const char *answer, const char *metadata, enum piv_slot_state expected)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    card.piv->metadata = PIV_YES;
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6A82");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_82, answer);
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_83, "6A82");
    if (metadata != NULL)
        scripted_piv_expect(&card, "00 F7 00 82 00", metadata);
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    assert_int_equal(card.piv->slot[1].state, expected);
    if (expected == PIV_SLOT_PAIR) {
        scripted_piv_check_name(&card, 1, "renew-1");
        assert_true(card.piv->slot[1].is_placeholder);
    }
    scripted_piv_close(&card, false);
}

static void what_was_cut_off_is_told_by_the_metadata(void **state)
{
    static const char *const ours[] = {"53 7F 72 07 72656E65772D31 70 70 3070 9000",
                                       "53 10 72 07 72656E65772D31 70 00 0000000000 9000"};
    AUTO(memory_freep) char *key = scripted_piv_metadata(7);
    for (size_t i = 0; i < ARRAY_SIZE(ours); i++) {
        check_cut_off(ours[i], key, PIV_SLOT_PAIR);
        check_cut_off(ours[i], "6A88", PIV_SLOT_OURS_FREE);
        check_cut_off(ours[i], "6F00", PIV_SLOT_OTHER);
        check_cut_off(ours[i], "01 01 05 9000", PIV_SLOT_OTHER); /* of a kind that we don't serve */
    }
    check_cut_off("53 7F 72 0A 756B6579642D66726565 FE 00 0000 9000", NULL, PIV_SLOT_OURS_FREE);
    check_cut_off("53 7F 70 70 3070 9000", NULL, PIV_SLOT_OTHER); /* nobody's name is on it */
}

/* No certificate was asked for yet: the order that its name is of gets the slot and a new key. */
static void a_placeholder_that_was_cut_off_is_nobodys(void **state)
{
    static const struct {
        const char *algorithm;
        enum piv_slot_state expected;
    } cases[] = {{"06082B06010505070624", PIV_SLOT_OURS_FREE},
                 {"06082A8648CE3D040302", PIV_SLOT_OTHER}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
        char answer[256];
        snprintf(answer, sizeof answer,
                 "53 82 0196 72 07 72656E65772D31 70 82 0175 30 82 0171 30 82 015E A003020102 "
                 "020101 300A %s 9000",
                 cases[i].algorithm);
        card.piv->metadata = PIV_NO;
        scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6A82");
        scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
        scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_82, answer);
        scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_83, "6A82");
        assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
        assert_int_equal(card.piv->slot[1].state, cases[i].expected);
        assert_int_equal(card.piv->slot[1].element[0] == '\0',
                         cases[i].expected == PIV_SLOT_OURS_FREE);
        scripted_piv_close(&card, false);
    }
}

static void of_9c_too(void **state)
{
    static const struct {
        int key_byte; /* -1: none, -2: it does not tell */
        bool has_another;
        enum err_code code;
        enum piv_slot_state state;
    } cases[] = {{7, false, ERR_NONE, PIV_SLOT_PAIR},
                 {-1, false, ERR_NONE, PIV_SLOT_EMPTY},
                 {-2, false, ERR_NONE, PIV_SLOT_PAIR},
                 {-2, true, ERR_TOKEN_ANSWER, PIV_SLOT_OTHER}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
        AUTO(memory_freep) char *key = scripted_piv_metadata((uint8_t)cases[i].key_byte);
        card.piv->metadata = PIV_YES;
        scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6A82");
        scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_9C, "53 7F 70 70 3070 9000");
        if (cases[i].has_another)
            scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_82, 2, "renew-1");
        scripted_piv_expect_object(
            &card, cases[i].has_another ? SCRIPTED_PIV_OBJECT_83 : SCRIPTED_PIV_OBJECT_82, "6A82");
        scripted_piv_expect(&card, "00 F7 00 9C 00",
                            cases[i].key_byte > 0     ? key
                            : cases[i].key_byte == -1 ? "6A88"
                                                      : "6F00");
        assert_int_equal(piv_slot_scan(card.piv, &card.err), cases[i].code);
        assert_int_equal(card.piv->slot[0].state, cases[i].state);
        scripted_piv_close(&card, false);
    }
}

/* Without the history nothing says how far to look. */
static void looks_at_all_where_the_history_cannot_be_read(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6985");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
    for (unsigned i = 0; i < PIV_RETIRED_MAX; i++) {
        AUTO(memory_freep) char *id = memory_printf("5FC1%02X", 0x0D + i);
        if (i == 7)
            scripted_piv_expect_cert(&card, id, 2, "renew-1");
        else
            scripted_piv_expect_object(&card, id, "6A82");
    }
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    scripted_piv_check_name(&card, 8, "renew-1");
    scripted_piv_close(&card, false);
}

/* ---- writing ---- */

static void what_others_have_listed_stays_listed(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "53 08 C1 01 02 C2 01 00 FE 00 9000");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_82, 2, "");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_83,
                               "53 02 7001 9000"); /* can't be read */
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_84, "6A82");
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    assert_int_equal(piv_slot_write_history(card.piv, &card.err), ERR_NONE);
    scripted_piv_close(&card, false);
}

static void leaves_no_gap_where_the_history_is_not_ours(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "53 08 C1 01 00 C2 01 01 FE 00 9000");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_83, 2, "renew-1");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_84, 3, "kept-84");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_85, "6A82");
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    scripted_piv_expect(&card, "00 DB 3F FF 15 5C 03 5FC10E 53 0E 72 0A 756B6579642D66726565 FE 00",
                        "9000");
    assert_int_equal(piv_slot_clear(card.piv, 2, &card.err), ERR_NONE);
    assert_int_equal(card.piv->slot[2].state, PIV_SLOT_OURS_FREE);
    scripted_piv_close(&card, false);
}

static void leaves_no_gap_that_the_history_does_not_cover(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    card.piv->slot[2].state = PIV_SLOT_OTHER;
    scripted_piv_expect(&card, "00 DB 3F FF 15 5C 03 5FC10D 53 0E 72 0A 756B6579642D66726565 FE 00",
                        "9000");
    assert_int_equal(piv_slot_clear(card.piv, 1, &card.err), ERR_NONE);
    card.piv->history.on_card = 1;
    scripted_piv_expect(&card, "00 DB 3F FF 07 5C 03 5FC10D 53 00", "9000");
    assert_int_equal(piv_slot_clear(card.piv, 1, &card.err), ERR_NONE);
    scripted_piv_close(&card, false);
}

/* Such as of a PIN that was typed wrong before the right one. */
static void an_error_of_before_is_not_clearings_own(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    card.piv->slots_known = true;
    card.err.code = ERR_PIN_WRONG;
    scripted_piv_expect(&card, "00 DB 3F FF 07 5C 03 5FC10E 53 00", "9000");
    assert_int_equal(piv_slot_clear(card.piv, 2, &card.err), ERR_NONE);
    scripted_piv_close(&card, false);
}

static void what_the_card_does_not_empty_is_marked_free(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    card.piv->slots_known = true;
    scripted_piv_expect(&card, "00 DB 3F FF 07 5C 03 5FC10E 53 00", "6A80");
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    scripted_piv_expect(&card, "00 DB 3F FF 15 5C 03 5FC10E 53 0E 72 0A 756B6579642D66726565 FE 00",
                        "9000");
    assert_int_equal(piv_slot_clear(card.piv, 2, &card.err), ERR_NONE);
    assert_int_equal(card.piv->slot[2].state, PIV_SLOT_OURS_FREE);
    scripted_piv_expect(&card, "00 DB 3F FF 07 5C 03 5FC10E 53 00", "6581");
    assert_int_equal(piv_slot_clear(card.piv, 2, &card.err), ERR_TOKEN_MEMORY);
    scripted_piv_close(&card, false);
}

static void names_that_are_there_twice_are_none(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    size_t slot;
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, SCRIPTED_PIV_ONE_RETIRED);
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "mine");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_82, 2, "mine");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_83, "6A82");
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    scripted_piv_check_name(&card, 0, "9C");
    scripted_piv_check_name(&card, 1, "82");
    assert_int_equal(piv_slot_find(card.piv, "82", &slot, &card.err), ERR_NONE);
    assert_int_equal(slot, 1);
    assert_int_equal(piv_slot_find(card.piv, "mine", &slot, &card.err), ERR_TOKEN_NO_CONTAINER);
    scripted_piv_close(&card, false);
}

/* What is in use can't be told without 9C, unless the card says that it is not to be known. */
static void a_broken_object_in_9c_is_a_broken_answer(void **state)
{
    static const struct {
        const char *answer;
        enum err_code code;
    } cases[] = {{"54 00 9000", ERR_TOKEN_ANSWER}, {"6F00", ERR_TOKEN_STATUS}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
        scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6A82");
        scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_9C, cases[i].answer);
        assert_int_equal(piv_slot_scan(card.piv, &card.err), cases[i].code);
        assert_false(card.piv->slots_known);
        scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6A82");
        scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_9C, "6985");
        scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_82, "6A82");
        assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
        assert_int_equal(card.piv->slot[PIV_SIGNATURE].state, PIV_SLOT_OTHER);
        scripted_piv_close(&card, false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_no_empty_slot_but_the_first),
        cmocka_unit_test(goes_on_behind_the_history_while_there_are_certificates),
        cmocka_unit_test(a_line_that_breaks_is_no_unreadable_slot),
        cmocka_unit_test(what_was_cut_off_is_told_by_the_metadata),
        cmocka_unit_test(a_placeholder_that_was_cut_off_is_nobodys),
        cmocka_unit_test(of_9c_too),
        cmocka_unit_test(looks_at_all_where_the_history_cannot_be_read),
        cmocka_unit_test(what_others_have_listed_stays_listed),
        cmocka_unit_test(leaves_no_gap_where_the_history_is_not_ours),
        cmocka_unit_test(leaves_no_gap_that_the_history_does_not_cover),
        cmocka_unit_test(an_error_of_before_is_not_clearings_own),
        cmocka_unit_test(what_the_card_does_not_empty_is_marked_free),
        cmocka_unit_test(names_that_are_there_twice_are_none),
        cmocka_unit_test(a_broken_object_in_9c_is_a_broken_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
