#include "token/piv/piv_copy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/scripted_piv.h"
#include "token/piv/piv_slot.h"

/* 9C's certificate is the old one, and lies in 83 too; 82 has the new one, whose key is in 9C already. */
static void finds_keys_of_an_interrupted_switch(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(memory_freep) char *old_key = scripted_piv_metadata(1);
    AUTO(memory_freep) char *new_key = scripted_piv_metadata(2);
    card.piv->metadata = PIV_YES;
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6A82");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "old");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_82, 2, "renew-1");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_83, 1, "old");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_84, "6A82");
    scripted_piv_expect(&card, "00 F7 00 9C 00", new_key);
    scripted_piv_expect(&card, "00 F7 00 82 00", "6A88");
    scripted_piv_expect(&card, "00 F7 00 83 00", old_key);
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    assert_int_equal(card.piv->slot[0].state, PIV_SLOT_COPY);
    scripted_piv_check_name(&card, 1, "renew-1");
    assert_int_equal(card.piv->slot[1].key_slot, PIV_SIGNATURE);
    scripted_piv_check_name(&card, 2, "old");
    assert_int_equal(card.piv->slot[2].key_slot, 2);
    scripted_piv_close(&card, false);
}

static void a_certificate_whose_key_is_nowhere_is_no_pair(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    card.piv->metadata = PIV_YES;
    scripted_piv_expect_object(&card, SCRIPTED_PIV_HISTORY, "6A82");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_9C, 1, "");
    scripted_piv_expect_cert(&card, SCRIPTED_PIV_OBJECT_82, 1, "");
    scripted_piv_expect_object(&card, SCRIPTED_PIV_OBJECT_83, "6A82");
    scripted_piv_expect(&card, "00 F7 00 9C 00", "6A88");
    scripted_piv_expect(&card, "00 F7 00 82 00", "6A88");
    assert_int_equal(piv_slot_scan(card.piv, &card.err), ERR_NONE);
    assert_int_equal(card.piv->slot[0].state, PIV_SLOT_OTHER);
    assert_int_equal(card.piv->slot[1].state, PIV_SLOT_OTHER);
    scripted_piv_close(&card, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_keys_of_an_interrupted_switch),
        cmocka_unit_test(a_certificate_whose_key_is_nowhere_is_no_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
