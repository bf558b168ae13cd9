#include "token/piv/piv_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/scripted_piv.h"

static void check_read(const char *answer, size_t on_card, size_t off_card)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect_object(&card, "5FC10C", answer);
    assert_int_equal(piv_history_read(card.piv, &card.err), ERR_NONE);
    assert_int_equal(card.piv->history.on_card, on_card);
    assert_int_equal(card.piv->history.off_card, off_card);
    scripted_piv_close(&card, false);
}

static void counts_retired_keys(void **state)
{
    check_read("6A82", 0, 0);
    check_read("53 08 C1 01 02 C2 01 00 FE 00 9000", 2, 0);
    check_read("53 0E C1 01 02 C2 01 03 F3 04 68747470 FE 00 9000", 2, 3);
    check_read("53 08 C1 01 14 C2 01 00 FE 00 9000", 20, 0);
}

static void cuts_numbers_that_cannot_be(void **state)
{
    check_read("53 08 C1 01 FF C2 01 FF FE 00 9000", 20, 0);
    check_read("53 08 C1 01 0F C2 01 0F FE 00 9000", 15, 5);
    check_read("53 03 C1 02 01 9000", 0, 0); /* broken inside */
    check_read("53 04 C1 02 0101 9000", 0, 0);
}

static void writes_only_what_is_new(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect(&card, "00 DB 3F FF 0F 5C 03 5FC10C 53 08 C1 01 01 C2 01 00 FE 00", "9000");
    scripted_piv_expect_object(&card, "5FC10C", "53 08 C1 01 01 C2 01 00 FE 00 9000");
    assert_int_equal(piv_history_write(card.piv, 1, &card.err), ERR_NONE);
    assert_int_equal(piv_history_write(card.piv, 1, &card.err), ERR_NONE);
    scripted_piv_expect(&card, "00 DB 3F FF 0F 5C 03 5FC10C 53 08 C1 01 02 C2 01 00 FE 00", "6982");
    assert_int_equal(piv_history_write(card.piv, 2, &card.err), ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(card.piv->history.on_card, 1);
    scripted_piv_close(&card, false);
}

/* Some cards make it up from what lies in them, and take another one without a word. */
static void a_card_may_keep_its_own(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    for (int i = 0; i < 2; i++) {
        scripted_piv_expect(&card, "00 DB 3F FF 0F 5C 03 5FC10C 53 08 C1 01 03 C2 01 00 FE 00",
                            "9000");
        scripted_piv_expect_object(&card, "5FC10C", "53 08 C1 01 01 C2 01 00 FE 00 9000");
    }
    assert_int_equal(piv_history_write(card.piv, 3, &card.err), ERR_NONE);
    assert_int_equal(card.piv->history.on_card, 1);
    scripted_piv_close(&card, false);
}

static void what_cannot_be_read_is_not_ours_to_write(void **state)
{
    static const char *const answers[] = {"6982", "6F00", "53 09 C1 01 9000"};
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
        scripted_piv_expect_object(&card, "5FC10C", answers[i]);
        assert_int_equal(piv_history_read(card.piv, &card.err), ERR_NONE);
        assert_false(piv_history_is_ours(card.piv));
        assert_int_equal(piv_history_write(card.piv, 3, &card.err), ERR_NONE);
        scripted_piv_close(&card, false);
    }
}

static void leaves_another_programs_numbering_alone(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    card.piv->history = (struct piv_history){.on_card = 1, .off_card = 1};
    assert_int_equal(piv_history_write(card.piv, 3, &card.err), ERR_NONE);
    scripted_piv_close(&card, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_retired_keys),
        cmocka_unit_test(cuts_numbers_that_cannot_be),
        cmocka_unit_test(writes_only_what_is_new),
        cmocka_unit_test(a_card_may_keep_its_own),
        cmocka_unit_test(what_cannot_be_read_is_not_ours_to_write),
        cmocka_unit_test(leaves_another_programs_numbering_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
