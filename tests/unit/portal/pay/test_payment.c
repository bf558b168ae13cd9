#include "portal/pay/payment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

static void states_have_words_of_their_own(void **state)
{
    for (int i = 0; i < PAYMENT_STATE_COUNT; i++) {
        enum payment_state read = PAYMENT_STATE_COUNT;
        assert_true(payment_state_from_text(payment_state_text((enum payment_state)i), &read));
        assert_int_equal(read, i);
    }
}

static void another_word_is_no_state(void **state)
{
    static const char *const words[] = {"", "PAID", "paid ", "refund"};
    enum payment_state read = PAYMENT_REFUNDED;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        assert_false(payment_state_from_text(words[i], &read));
    assert_int_equal(read, PAYMENT_REFUNDED);
}

static void a_fact_is_emptied(void **state)
{
    struct payment_fact fact = {memory_text("T"), memory_text("S"), 5, PAYMENT_PAID, 7};
    payment_fact_done(&fact);
    assert_null(fact.trade);
    assert_null(fact.service_trade);
    assert_int_equal(fact.amount_fen, 0);
    payment_fact_done(&fact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_have_words_of_their_own),
        cmocka_unit_test(another_word_is_no_state),
        cmocka_unit_test(a_fact_is_emptied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
