#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "payments.h"
#include "portal/portal_audit.h"
#include "portal/portal_order.h"
#include "portal/portal_order_new.h"

static int clock_back(void **state)
{
    clock_set_for_test(FIXTURE_NOW);
    return 0;
}

static void expect(struct world *world, const char *trade, enum portal_payment_state state,
                   const char *reason)
{
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_load(world, trade);
    assert_string_equal(portal_payment_state_text(payment->state),
                        portal_payment_state_text(state));
    assert_string_equal(payment->reason, reason);
}

/* Everything that a fact could change, but how often was asked. */
static char *picture(struct world *world)
{
    AUTO(json_freep) struct json *list = NULL;
    struct portal_audit_state audit;
    struct err err = ERR_INIT;
    world_must(portal_payment_list(world->portal, NULL, &list, &err), &err);
    world_must(portal_audit_verify(world->portal, &audit, &err), &err);
    AUTO(memory_freep) char *text = json_print(list);
    return memory_printf("%s %d", text, (int)audit.count);
}

static void a_payment_pays_its_order(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    assert_false(payments_paid(world, number));
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_PAID, payment->amount_fen, NULL),
                     ERR_NONE);
    AUTO(memory_freep) char *reference = payments_reference(world, number);
    assert_true(payments_paid(world, number));
    assert_string_equal(reference, payment->trade);
    expect(world, payment->trade, PORTAL_PAYMENT_PAID, "");
    assert_int_equal(payments_next_ask(world, payment->trade), 0);
    assert_int_equal(payments_audited(world, "payment.paid", payment->trade), 1);
    assert_int_equal(payments_audited(world, "order.paid", number), 1);
}

static void what_comes_again_or_too_late_changes_nothing(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    const char *trade = payment->trade;
    assert_int_equal(payments_say(world, trade, PAYMENT_PAID, payment->amount_fen, NULL), ERR_NONE);
    AUTO(memory_freep) char *before = picture(world);
    assert_int_equal(payments_say(world, trade, PAYMENT_PAID, payment->amount_fen, NULL), ERR_NONE);
    assert_int_equal(payments_say(world, trade, PAYMENT_WAITING, payment->amount_fen, ""),
                     ERR_NONE);
    assert_int_equal(payments_say(world, trade, PAYMENT_CLOSED, payment->amount_fen, ""), ERR_NONE);
    AUTO(memory_freep) char *after = picture(world);
    assert_string_equal(before, after);
    assert_int_equal(payments_say(world, trade, PAYMENT_REFUNDED, payment->amount_fen, NULL),
                     ERR_NONE);
    expect(world, trade, PORTAL_PAYMENT_REFUNDED, "refunded-by-service");
    AUTO(memory_freep) char *refunded = picture(world);
    assert_int_equal(payments_say(world, trade, PAYMENT_PAID, payment->amount_fen, NULL), ERR_NONE);
    assert_int_equal(payments_say(world, trade, PAYMENT_REFUNDED, payment->amount_fen, NULL),
                     ERR_NONE);
    AUTO(memory_freep) char *end = picture(world);
    assert_string_equal(refunded, end);
}

/* Two tabs, of before and after the months were changed: the first to arrive counts. */
static void an_order_is_paid_once(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *first = payments_start(world, number);
    payments_set_months(world, number, 24);
    AUTO(portal_payment_freep) struct portal_payment *second = payments_start(world, number);
    assert_int_equal(payments_say(world, second->trade, PAYMENT_PAID, second->amount_fen, NULL),
                     ERR_NONE);
    assert_int_equal(payments_say(world, first->trade, PAYMENT_PAID, first->amount_fen, NULL),
                     ERR_NONE);
    AUTO(memory_freep) char *reference = payments_reference(world, number);
    assert_string_equal(reference, second->trade);
    expect(world, second->trade, PORTAL_PAYMENT_PAID, "");
    expect(world, first->trade, PORTAL_PAYMENT_REFUND_DUE, "paid-twice");
    assert_int_equal(payments_next_ask(world, first->trade), FIXTURE_NOW);
    assert_int_equal(payments_say(world, first->trade, PAYMENT_REFUNDED, first->amount_fen, NULL),
                     ERR_NONE);
    expect(world, first->trade, PORTAL_PAYMENT_REFUNDED, "paid-twice");
    assert_int_equal(payments_next_ask(world, first->trade), 0);
    assert_int_equal(payments_audited(world, "payment.refunded", first->trade), 1);
}

static void the_fee_of_before_is_given_back(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    payments_set_months(world, number, 24);
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_PAID, payment->amount_fen, NULL),
                     ERR_NONE);
    expect(world, payment->trade, PORTAL_PAYMENT_REFUND_DUE, "fee-changed");
    assert_false(payments_paid(world, number));
}

static void a_wrong_amount_is_not_accepted(void **state)
{
    static const int64_t differences[] = {-1, 1, -19999, 10000};
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(differences); i++) {
        AUTO(memory_freep) char *number = payments_order(world);
        AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
        int64_t amount_fen = payment->amount_fen + differences[i];
        assert_int_equal(payments_say(world, payment->trade, PAYMENT_PAID, amount_fen, NULL),
                         ERR_NONE);
        expect(world, payment->trade, PORTAL_PAYMENT_REFUND_DUE, "wrong-amount");
        AUTO(portal_payment_freep)
        struct portal_payment *after = payments_load(world, payment->trade);
        assert_int_equal(after->received_fen, amount_fen);
        assert_int_equal(after->amount_fen, payment->amount_fen);
        assert_false(payments_paid(world, number));
        assert_int_equal(payments_audited(world, "payment.refund-due", payment->trade), 1);
    }
}

static void a_refund_of_another_amount_is_none(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_PAID, 1, NULL), ERR_NONE);
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_REFUNDED, 2, NULL),
                     ERR_PAYMENT_ANSWER);
    expect(world, payment->trade, PORTAL_PAYMENT_REFUND_DUE, "wrong-amount");
}

static void money_for_a_closed_attempt_goes_back(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_CLOSED, payment->amount_fen, ""),
                     ERR_NONE);
    expect(world, payment->trade, PORTAL_PAYMENT_CLOSED, "cancelled");
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_PAID, payment->amount_fen, NULL),
                     ERR_NONE);
    expect(world, payment->trade, PORTAL_PAYMENT_REFUND_DUE, "paid-after-close");
    assert_false(payments_paid(world, number));
}

static void an_order_that_was_paid_elsewhere_takes_no_more(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    struct err err = ERR_INIT;
    world_must(portal_order_act(world->portal, number, PORTAL_ORDER_PAY, "", &err), &err);
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_PAID, payment->amount_fen, NULL),
                     ERR_NONE);
    expect(world, payment->trade, PORTAL_PAYMENT_REFUND_DUE, "paid-twice");
}

static void an_attempt_that_nobody_paid_ends(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    clock_set_for_test(payment->expires_utc + PORTAL_PAYMENT_GRACE_S);
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_WAITING, 0, ""), ERR_NONE);
    expect(world, payment->trade, PORTAL_PAYMENT_WAITING, "");
    clock_set_for_test(payment->expires_utc + PORTAL_PAYMENT_GRACE_S + 1);
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_WAITING, 0, ""), ERR_NONE);
    expect(world, payment->trade, PORTAL_PAYMENT_CLOSED, "expired");
    assert_int_equal(payments_next_ask(world, payment->trade), 0);
}

static void no_news_puts_the_next_question_off(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_WAITING, 0, ""), ERR_NONE);
    assert_int_equal(payments_next_ask(world, payment->trade),
                     FIXTURE_NOW + (int64_t)2 * PORTAL_PAYMENT_ASK_S);
}

static int64_t stray_count(struct world *world)
{
    AUTO(json_freep) struct json *strays = NULL;
    struct err err = ERR_INIT;
    world_must(portal_payment_strays(world->portal, &strays, &err), &err);
    return (int64_t)json_count(strays);
}

static void what_is_not_ours_is_noted_once(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    int64_t before = stray_count(world);
    struct err err = ERR_INIT;
    for (int i = 0; i < 3; i++)
        assert_int_equal(payments_say(world, "20260101000001-0", PAYMENT_PAID, 20000, NULL),
                         ERR_NO_SUCH_RECORD);
    assert_int_equal(stray_count(world), before + 1);
    assert_int_equal(payments_audited(world, "payment.stray", "20260101000001-0"), 1);
    /* another service speaks of our trade */
    AUTO(payment_fact_done)
    struct payment_fact fact = {memory_text(payment->trade), memory_text("X-1"),
                                payment->amount_fen, PAYMENT_PAID, FIXTURE_NOW};
    assert_int_equal(portal_payment_apply(world->portal, "other", &fact, &err), ERR_NO_SUCH_RECORD);
    expect(world, payment->trade, PORTAL_PAYMENT_WAITING, "");
    assert_int_equal(stray_count(world), before + 2);
}

/* One trade, two sums at the service: the second is for a person to look into. */
static void a_second_sum_under_one_trade_is_noted(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = payments_order(world);
    AUTO(portal_payment_freep) struct portal_payment *payment = payments_start(world, number);
    int64_t before = stray_count(world);
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_PAID, payment->amount_fen, "A"),
                     ERR_NONE);
    assert_int_equal(payments_say(world, payment->trade, PAYMENT_PAID, payment->amount_fen, "B"),
                     ERR_NONE);
    expect(world, payment->trade, PORTAL_PAYMENT_PAID, "");
    assert_int_equal(stray_count(world), before + 1);
}

/* ---- the payment that counts goes back ---- */

/* An order that was paid online and approved. */
struct approved {
    struct world_key *key;
    char *number;
    struct portal_payment *payment;
};

static void approved_done(struct approved *approved)
{
    world_key_freep(&approved->key);
    free(approved->number);
    portal_payment_free(approved->payment);
}

static struct approved approve(struct world *world)
{
    struct approved approved = {.key = world_key_new(world, CERT_SM2, false, 20)};
    const struct portal_order_new new = {
        .serial = approved.key->serial, .months = 12, .policy = {false, CERT_SM2, false}};
    struct err err = ERR_INIT;
    world_must(portal_order_add(world->portal, &new, &approved.number, &err), &err);
    approved.payment = payments_start(world, approved.number);
    assert_int_equal(payments_say(world, approved.payment->trade, PAYMENT_PAID,
                                  approved.payment->amount_fen, NULL),
                     ERR_NONE);
    world_must(portal_order_act(world->portal, approved.number, PORTAL_ORDER_SUBMIT, "", &err),
               &err);
    world_must(portal_order_act(world->portal, approved.number, PORTAL_ORDER_APPROVE, "", &err),
               &err);
    return approved;
}

static void charge_back(struct world *world, const struct approved *approved)
{
    assert_int_equal(payments_say(world, approved->payment->trade, PAYMENT_REFUNDED,
                                  approved->payment->amount_fen, NULL),
                     ERR_NONE);
}

static int64_t refund_records(struct world *world, const struct approved *approved)
{
    AUTO(memory_freep)
    char *sql = memory_printf("SELECT count(*) FROM approval_record WHERE order_number = '%s' "
                              "AND action = '退款' AND from_state = '审核通过' "
                              "AND to_state = '编辑中' AND reason = 'refunded-by-service'",
                              approved->number);
    return world_count(world->portal, sql);
}

static enum err_code renewable(struct world *world, const struct approved *approved)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    struct err err = ERR_INIT;
    world_must(portal_order_load(world->portal, approved->number, &order, &err), &err);
    return portal_order_check(order, PORTAL_ORDER_RENEW, &err);
}

static void an_order_whose_money_went_back_is_unpaid(void **state)
{
    struct world *world = *state;
    AUTO(approved_done) struct approved approved = approve(world);
    AUTO(memory_freep) char *ticket = world_ticket(world, approved.number, "renew");
    struct portal_job *job = NULL;
    struct err err = ERR_INIT;
    charge_back(world, &approved);
    charge_back(world, &approved);
    assert_false(payments_paid(world, approved.number));
    assert_int_equal(renewable(world, &approved), ERR_ORDER_NOT_APPROVED);
    assert_int_equal(refund_records(world, &approved), 1);
    assert_int_equal(payments_audited(world, "order.refunded", approved.number), 1);
    assert_int_equal(portal_job_redeem(world->portal, ticket, approved.key->serial, &job, &err),
                     ERR_ORDER_NOT_APPROVED);
    /* and is paid anew */
    AUTO(portal_payment_freep)
    struct portal_payment *again = payments_start(world, approved.number);
    assert_string_not_equal(again->trade, approved.payment->trade);
    assert_int_equal(payments_say(world, again->trade, PAYMENT_PAID, again->amount_fen, NULL),
                     ERR_NONE);
    charge_back(world, &approved);
    assert_true(payments_paid(world, approved.number));
}

static void a_renewal_under_way_ends_when_the_money_goes_back(void **state)
{
    struct world *world = *state;
    AUTO(approved_done) struct approved approved = approve(world);
    AUTO(memory_freep) char *ticket = world_ticket(world, approved.number, "renew");
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    struct portal_job *again = NULL;
    struct err err = ERR_INIT;
    world_must(portal_job_redeem(world->portal, ticket, approved.key->serial, &job, &err), &err);
    int64_t certificates = world_count(world->portal, "SELECT count(*) FROM certificate");
    charge_back(world, &approved);
    AUTO(portal_job_freep) struct portal_job *now = world_reload(world, job);
    const struct portal_job *jobs[] = {job, now}; /* loaded before and after */
    for (size_t i = 0; i < ARRAY_SIZE(jobs); i++) {
        err = ERR_INIT;
        assert_int_equal(
            world_request(world, jobs[i], approved.key, approved.key->sign, NULL, &err),
            ERR_ORDER_NOT_APPROVED);
    }
    assert_int_equal(portal_job_redeem(world->portal, ticket, approved.key->serial, &again, &err),
                     ERR_ORDER_NOT_APPROVED);
    assert_int_equal(world_count(world->portal, "SELECT count(*) FROM certificate"), certificates);
}

static bool refunded_after_issue(struct world *world, const struct approved *approved)
{
    AUTO(json_freep) struct json *list = NULL;
    struct err err = ERR_INIT;
    world_must(portal_payment_list(world->portal, approved->number, &list, &err), &err);
    assert_int_equal(json_count(list), 1);
    AUTO(memory_freep) char *text = json_print(list);
    return strstr(text, "\"refunded_after_issue\":true") != NULL;
}

/* What was issued is in the world; what a key could not write is not. */
static void after_the_issue_nothing_is_taken_back_until_it_failed(void **state)
{
    struct world *world = *state;
    AUTO(approved_done) struct approved approved = approve(world);
    AUTO(portal_job_freep)
    struct portal_job *job = world_job(world, approved.key, approved.number);
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    struct err err = ERR_INIT;
    world_must(world_request(world, job, approved.key, approved.key->sign, &issue, &err), &err);
    assert_false(refunded_after_issue(world, &approved));
    charge_back(world, &approved);
    charge_back(world, &approved);
    assert_true(payments_paid(world, approved.number));
    assert_int_equal(renewable(world, &approved), ERR_NONE);
    assert_int_equal(refund_records(world, &approved), 0);
    assert_int_equal(payments_audited(world, "order.refunded-after-issue", approved.number), 1);
    assert_true(refunded_after_issue(world, &approved));
    world_must(world_confirm(world, job, approved.key->sign, "failed", issue, &err), &err);
    assert_false(payments_paid(world, approved.number));
    assert_int_equal(refund_records(world, &approved), 1);
    assert_false(refunded_after_issue(world, &approved));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payment_pays_its_order),
        cmocka_unit_test(what_comes_again_or_too_late_changes_nothing),
        cmocka_unit_test(an_order_is_paid_once),
        cmocka_unit_test(the_fee_of_before_is_given_back),
        cmocka_unit_test(a_wrong_amount_is_not_accepted),
        cmocka_unit_test(a_refund_of_another_amount_is_none),
        cmocka_unit_test(money_for_a_closed_attempt_goes_back),
        cmocka_unit_test(an_order_that_was_paid_elsewhere_takes_no_more),
        cmocka_unit_test_teardown(an_attempt_that_nobody_paid_ends, clock_back),
        cmocka_unit_test(no_news_puts_the_next_question_off),
        cmocka_unit_test(what_is_not_ours_is_noted_once),
        cmocka_unit_test(a_second_sum_under_one_trade_is_noted),
        cmocka_unit_test(an_order_whose_money_went_back_is_unpaid),
        cmocka_unit_test(a_renewal_under_way_ends_when_the_money_goes_back),
        cmocka_unit_test(after_the_issue_nothing_is_taken_back_until_it_failed),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
