#include "token/piv/piv_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/scripted_piv.h"
#include "token/piv/piv_slot.h"

static void keys_whose_certificates_are_elsewhere_are_left_alone(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    size_t slot;
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "53 08 C1 01 01 C2 01 01 FE 00 9000");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_82, 2, "");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_84, "6A82");
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    card.piv->metadata = PIV_NO;
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_84, "6A82"); /* it still is */
    assert_int_equal(piv_place_claim(card.piv, &slot, &card.err), ERR_NONE);
    assert_int_equal(slot, 3);
    scripted_piv_close(&card, false);
}

static void what_cannot_be_read_is_nobodys_place(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    size_t slot;
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6A82");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_82, "53 02 7001 9000");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_83, "6A82");
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    assert_int_equal(card.piv->slot[1].state, PIV_SLOT_OTHER);
    scripted_piv_expect(&card, SCRIPTED_PIV_METADATA, "01 01 FF 9000");
    scripted_piv_expect(&card, "00 F7 00 83 00", "01 01 07 9000"); /* a key without certificate */
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_83, "6A82");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_84, "6A82");
    scripted_piv_expect(&card, "00 F7 00 84 00", "6A88");
    /* Behind the key without certificate nothing would be found again without the history. */
    scripted_piv_expect(&card, "00 DB 3F FF 0F 5C 03 5FC10C 53 08 C1 01 03 C2 01 00 FE 00", "9000");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "53 08 C1 01 03 C2 01 00 FE 00 9000");
    assert_int_equal(piv_place_claim(card.piv, &slot, &card.err), ERR_NONE);
    assert_int_equal(slot, 3);
    scripted_piv_close(&card, false);
}

/* There may be a certificate, and its key: one slot less, and no more. */
static void check_unreadable(const char *answer)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    size_t slot;
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6A82");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_82, answer);
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_83, "6A82");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_83, "6A82"); /* it still is */
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    card.piv->metadata = PIV_NO;
    assert_int_equal(piv_place_claim(card.piv, &slot, &card.err), ERR_NONE);
    assert_int_equal(slot, 2);
    assert_int_equal(card.piv->slot[1].state, PIV_SLOT_OTHER);
    scripted_piv_close(&card, false);
}

static void what_may_not_be_read_is_nobodys_place(void **state)
{
    static const char *const answers[] = {"6982", "6985",          "6984",      "6F00",
                                          "6581", "53 05 70 9000", "54 00 9000"};
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        check_unreadable(answers[i]);
}

/* Another agent has used the card while the person typed the PIN. */
static void what_was_free_may_be_taken_by_now(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    size_t slot;
    card.piv->metadata = PIV_YES;
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6A82");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_82, SCRIPTED_PIV_FREE_MARK);
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_83, "6A82");
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_82, 2, "renew-2");
    scripted_piv_expect(&card, "00 F7 00 83 00", "6A88");
    assert_int_equal(piv_place_claim(card.piv, &slot, &card.err), ERR_NONE);
    assert_int_equal(slot, 2);
    scripted_piv_check_name(&card, 1, "renew-2");
    scripted_piv_close(&card, false);
}

/* By another agent, which may have named it as we would. */
static void what_was_empty_and_has_a_key_may_be_a_pair_by_now(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    size_t slot;
    card.piv->metadata = PIV_YES;
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6A82");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_82, "6A82");
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    scripted_piv_expect(&card, "00 F7 00 82 00", "01 01 11 9000");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_82, 2, "renew-2");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_83, "6A82");
    scripted_piv_expect(&card, "00 F7 00 83 00", "6A88");
    assert_int_equal(piv_place_claim(card.piv, &slot, &card.err), ERR_NONE);
    assert_int_equal(slot, 2);
    scripted_piv_check_name(&card, 1, "renew-2");
    scripted_piv_close(&card, false);
}

/* Only the documented word says that there is no key. */
static void a_slot_whose_key_is_not_told_is_not_used(void **state)
{
    static const char *const odd[] = {"6A82", "6A80", "6982", "6F00", "6D00", "01 9000", "9000"};
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
        size_t slot;
        card.piv->metadata = PIV_YES;
        scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY,
                                   "53 08 C1 01 02 C2 01 00 FE 00 9000");
        scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
        scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_82, "6A82");
        scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_83, "6A82");
        scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_84, "6A82");
        scripted_piv_expect(&card, "00 F7 00 82 00", odd[i]);
        scripted_piv_expect(&card, "00 F7 00 83 00", "6A88");
        assert_int_equal(piv_place_claim(card.piv, &slot, &card.err), ERR_NONE);
        assert_int_equal(slot, 2);
        assert_int_equal(card.piv->slot[1].state, PIV_SLOT_OTHER);
        scripted_piv_close(&card, false);
    }
}

static void a_reserved_slot_is_ours_and_as_long_as_a_certificate(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR_EXTENDED);
    AUTO(memory_freep)
    char *command =
        memory_printf("00 DB 3F FF 00 0157 5C 03 5FC10E 53 82 014E 72 0A 756B6579642D66726565 "
                      "FE 00 %0640d",
                      0);
    scripted_piv_expect(&card, command, "9000");
    assert_int_equal(piv_place_reserve(card.piv, 2, &card.err), ERR_NONE);
    assert_int_equal(card.piv->slot[2].state, PIV_SLOT_OURS_FREE);
    scripted_piv_close(&card, false);
}

static void all_slots_can_be_taken(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    size_t slot;
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "53 08 C1 01 14 C2 01 00 FE 00 9000");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
    for (unsigned i = 0; i < PIV_RETIRED_MAX; i++) {
        AUTO(memory_freep) char *id = memory_printf("5FC1%02X", 0x0D + i);
        scripted_piv_expect_cert(&card, id, (uint8_t)(2 + i), "");
    }
    assert_int_equal(piv_place_claim(card.piv, &slot, &card.err), ERR_TOKEN_CANNOT_REPLACE);
    scripted_piv_check_name(&card, PIV_RETIRED_MAX, "95");
    scripted_piv_close(&card, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_whose_certificates_are_elsewhere_are_left_alone),
        cmocka_unit_test(what_cannot_be_read_is_nobodys_place),
        cmocka_unit_test(what_may_not_be_read_is_nobodys_place),
        cmocka_unit_test(what_was_free_may_be_taken_by_now),
        cmocka_unit_test(what_was_empty_and_has_a_key_may_be_a_pair_by_now),
        cmocka_unit_test(a_slot_whose_key_is_not_told_is_not_used),
        cmocka_unit_test(a_reserved_slot_is_ours_and_as_long_as_a_certificate),
        cmocka_unit_test(all_slots_can_be_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
