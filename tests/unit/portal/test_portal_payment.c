#include "portal/portal_payment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "payments.h"
#include "portal/portal_order.h"

static int clock_back(void **state)
{
    clock_set_for_test(FIXTURE_NOW);
    return 0;
}

static void an_attempt_is_for_the_orders_fee(void **state)
{
    AUTO(memory_freep) char *number = payments_order(*state);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(*state, number);
    assert_int_equal(payment->amount_fen, payments_fee(*state, number));
    assert_int_equal(payment->state, PORTAL_PAYMENT_WAITING);
    assert_int_equal(payment->expires_utc, FIXTURE_NOW + PORTAL_PAYMENT_OPEN_S);
    assert_string_equal(payment->order_number, number);
    assert_memory_equal(payment->trade, number, strlen(number));
    assert_int_equal(strlen(payment->trade), strlen(number) + 1 + 16);
    assert_int_equal(payments_audited(*state, "payment.started", payment->trade), 1);
}

static void a_waiting_attempt_is_used_again(void **state)
{
    AUTO(memory_freep) char *number = payments_order(*state);
    AUTO(portal_payment_freep) struct portal_payment *first = payments_start(*state, number);
    AUTO(portal_payment_freep) struct portal_payment *again = payments_start(*state, number);
    assert_string_equal(first->trade, again->trade);
    assert_int_equal(payments_audited(*state, "payment.started", first->trade), 1);
    /* not when its end is near */
    clock_set_for_test(FIXTURE_NOW + PORTAL_PAYMENT_OPEN_S - PORTAL_PAYMENT_REUSE_LEFT_S);
    AUTO(portal_payment_freep) struct portal_payment *later = payments_start(*state, number);
    assert_string_not_equal(first->trade, later->trade);
}

static void another_fee_is_another_attempt(void **state)
{
    AUTO(memory_freep) char *number = payments_order(*state);
    AUTO(portal_payment_freep) struct portal_payment *first = payments_start(*state, number);
    payments_set_months(*state, number, 24);
    AUTO(portal_payment_freep) struct portal_payment *second = payments_start(*state, number);
    assert_string_not_equal(first->trade, second->trade);
    assert_int_equal(second->amount_fen, 2 * first->amount_fen);
    payments_set_months(*state, number, 12);
    AUTO(portal_payment_freep) struct portal_payment *third = payments_start(*state, number);
    assert_string_equal(first->trade, third->trade);
}

static void what_can_not_be_paid_is_not_started(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    struct portal_payment *payment = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(
        portal_payment_start(world->portal, "sandbox", "20260101999999", &payment, &err),
        ERR_NO_SUCH_RECORD);
    world_must(portal_order_act(world->portal, number, PORTAL_ORDER_PAY, "", &err), &err);
    assert_int_equal(portal_payment_start(world->portal, "sandbox", number, &payment, &err),
                     ERR_ORDER_PAID);
    AUTO(memory_freep) char *free_order = payments_order(world);
    AUTO(memory_freep)
    char *sql =
        memory_printf("UPDATE renewal_order SET fee_fen = 0 WHERE number = '%s'", free_order);
    world_must(portal_db_run(world->portal->db, sql, PORTAL_NO_VALUES, &err), &err);
    assert_int_equal(portal_payment_start(world->portal, "sandbox", free_order, &payment, &err),
                     ERR_ORDER_AMOUNT);
    assert_null(payment);
}

static void an_order_is_not_tried_for_ever(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    for (int i = 0; i < PORTAL_PAYMENT_ATTEMPTS_MAX; i++) {
        AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
        assert_int_equal(payments_say(world, payment->trade, PAYMENT_CLOSED, 20000, ""), ERR_NONE);
    }
    struct portal_payment *payment = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(portal_payment_start(world->portal, "sandbox", number, &payment, &err),
                     ERR_HTTP_TOO_MANY);
}

static void questions_come_ever_more_rarely(void **state)
{
    static const int64_t pauses[] = {60, 120, 240, 480, 960, 1920, 3600, 3600};
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    struct err err = ERR_INIT;
    assert_int_equal(payments_next_ask(world, payment->trade), FIXTURE_NOW + PORTAL_PAYMENT_ASK_S);
    for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
        world_must(portal_payment_put_off(world->portal, payment->trade, &err), &err);
        assert_int_equal(payments_next_ask(world, payment->trade), FIXTURE_NOW + pauses[i]);
    }
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_CLOSED, 20000, ""), ERR_NONE);
    world_must(portal_payment_put_off(world->portal, payment->trade, &err), &err);
    assert_int_equal(payments_next_ask(world, payment->trade), 0);
}

static void what_is_due_is_found_in_order(void **state)
{
    struct world *world = *state;
    struct portal_payment *due[2];
    size_t count = 0;
    int64_t next_utc = 0;
    struct err err = ERR_INIT;
    world_must(portal_db_run(world->portal->db, "DELETE FROM payment", PORTAL_NO_VALUES, &err),
               &err);
    world_must(portal_payment_next(world->portal, "sandbox", &next_utc, &err), &err);
    assert_true(next_utc == INT64_MAX);
    AUTO(memory_freep) char *first_number = payments_order(world);
    AUTO(memory_freep) char *second_number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *first = payments_start(world, first_number);
    AUTO(portal_payment_freep) struct portal_payment *second = payments_start(world, second_number);
    world_must(portal_payment_put_off(world->portal, first->trade, &err), &err);
    world_must(portal_payment_next(world->portal, "sandbox", &next_utc, &err), &err);
    assert_int_equal(next_utc, FIXTURE_NOW + PORTAL_PAYMENT_ASK_S);
    world_must(portal_payment_due(world->portal, "sandbox", FIXTURE_NOW, 2, due, &count, &err),
               &err);
    assert_int_equal(count, 0);
    world_must(portal_payment_due(world->portal, "other", INT64_MAX, 2, due, &count, &err), &err);
    assert_int_equal(count, 0);
    world_must(portal_payment_due(world->portal, "sandbox", INT64_MAX, 1, due, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_string_equal(due[0]->trade, second->trade);
    portal_payment_free(due[0]);
}

static void a_user_who_waits_hurries_the_question(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(memory_freep) char *none = NULL;
    AUTO(memory_freep) char *trade = NULL;
    struct err err = ERR_INIT;
    world_must(portal_payment_hurry(world->portal, number, &none, &err), &err);
    assert_null(none);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    world_must(portal_payment_hurry(world->portal, number, &trade, &err), &err);
    assert_string_equal(trade, payment->trade);
    assert_int_equal(payments_next_ask(world, trade), FIXTURE_NOW);
}

static void an_operator_gives_back_what_was_paid(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    struct err err = ERR_INIT;
    assert_int_equal(portal_payment_refund(world->portal, payment->trade, "误付", &err),
                     ERR_ORDER_STATE);
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_PAID, payment->amount_fen, NULL),
                     ERR_NONE);
    assert_int_equal(portal_payment_refund(world->portal, payment->trade, "", &err),
                     ERR_FIELD_VALUE);
    world_must(portal_payment_refund(world->portal, payment->trade, "误付", &err), &err);
    assert_int_equal(portal_payment_refund(world->portal, payment->trade, "误付", &err),
                     ERR_ORDER_STATE);
    AUTO(portal_payment_freep) struct portal_payment *after = payments_load(world, payment->trade);
    assert_int_equal(after->state, PORTAL_PAYMENT_REFUND_DUE);
    assert_string_equal(after->reason, "误付");
    assert_int_equal(after->received_fen, payment->amount_fen);
    assert_int_equal(payments_next_ask(world, payment->trade), FIXTURE_NOW);
    assert_int_equal(payments_audited(world, "payment.refund-due", payment->trade), 1);
    assert_false(payments_paid(world, number));
    assert_int_equal(payments_audited(world, "order.refunded", number), 1);
}

static void the_list_names_every_attempt(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    AUTO(json_freep) struct json *list = NULL;
    AUTO(json_freep) struct json *all = NULL;
    struct err err = ERR_INIT;
    world_must(portal_payment_list(world->portal, number, &list, &err), &err);
    world_must(portal_payment_list(world->portal, NULL, &all, &err), &err);
    assert_int_equal(json_count(list), 1);
    assert_true(json_count(all) >= 1);
    const struct json *row = json_item(list, 0);
    assert_string_equal(json_text_of(json_member(row, "trade")), payment->trade);
    assert_string_equal(json_text_of(json_member(row, "state")), "waiting");
    assert_string_equal(json_text_of(json_member(row, "order")), number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attempt_is_for_the_orders_fee),
        cmocka_unit_test_teardown(a_waiting_attempt_is_used_again, clock_back),
        cmocka_unit_test(another_fee_is_another_attempt),
        cmocka_unit_test(what_can_not_be_paid_is_not_started),
        cmocka_unit_test(an_order_is_not_tried_for_ever),
        cmocka_unit_test(questions_come_ever_more_rarely),
        cmocka_unit_test(what_is_due_is_found_in_order),
        cmocka_unit_test(a_user_who_waits_hurries_the_question),
        cmocka_unit_test(an_operator_gives_back_what_was_paid),
        cmocka_unit_test(the_list_names_every_attempt),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
