#include "portal/portal_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "portal/portal_confirm.h"
#include "portal/portal_invoice.h"
#include "portal/portal_order_new.h"
#include "world.h"

static char *new_order(struct world *world, const struct world_key *key)
{
    struct portal_order_new new = {
        .serial = key->serial, .months = 12, .policy = {false, CERT_SM2, true}};
    struct err err = ERR_INIT;
    char *number = NULL;
    world_must(portal_order_add(world->portal, &new, &number, &err), &err);
    return number;
}

static enum err_code act(struct world *world, const char *number, enum portal_order_action action)
{
    struct err err = ERR_INIT;
    return portal_order_act(world->portal, number, action, "因为", &err);
}

/* ---- states and steps ---- */

enum way { EDITING, EDITING_PAID, REVIEW, APPROVED, RENEWED, REJECTED, AGAIN, WAY_COUNT };

static const char *const way_names[WAY_COUNT] = {
    "编辑中, 未支付",   "编辑中, 已支付", "待审核",   "审核通过",
    "审核通过, 已延期", "审核不通过",     "再次提交",
};

/* The manual's order, and what a step that is not in it is refused with: all ways, all steps. */
static const enum err_code wanted[WAY_COUNT][PORTAL_ORDER_ACTION_COUNT] = {
    [EDITING] = {[PORTAL_ORDER_SUBMIT] = ERR_ORDER_UNPAID,
                 [PORTAL_ORDER_APPROVE] = ERR_ORDER_STATE,
                 [PORTAL_ORDER_REJECT] = ERR_ORDER_STATE,
                 [PORTAL_ORDER_REFUND] = ERR_ORDER_UNPAID,
                 [PORTAL_ORDER_RENEW] = ERR_ORDER_NOT_APPROVED},
    [EDITING_PAID] = {[PORTAL_ORDER_PAY] = ERR_ORDER_PAID,
                      [PORTAL_ORDER_APPROVE] = ERR_ORDER_STATE,
                      [PORTAL_ORDER_REJECT] = ERR_ORDER_STATE,
                      [PORTAL_ORDER_REFRESH] = ERR_ORDER_PAID,
                      [PORTAL_ORDER_MONTHS] = ERR_ORDER_PAID,
                      [PORTAL_ORDER_RENEW] = ERR_ORDER_NOT_APPROVED},
    [REVIEW] = {[PORTAL_ORDER_PAY] = ERR_ORDER_PAID,
                [PORTAL_ORDER_SUBMIT] = ERR_ORDER_STATE,
                [PORTAL_ORDER_REFRESH] = ERR_ORDER_PAID,
                [PORTAL_ORDER_EDIT] = ERR_ORDER_STATE,
                [PORTAL_ORDER_MONTHS] = ERR_ORDER_PAID,
                [PORTAL_ORDER_RENEW] = ERR_ORDER_NOT_APPROVED},
    [APPROVED] = {[PORTAL_ORDER_PAY] = ERR_ORDER_PAID,
                  [PORTAL_ORDER_SUBMIT] = ERR_ORDER_STATE,
                  [PORTAL_ORDER_APPROVE] = ERR_ORDER_STATE,
                  [PORTAL_ORDER_REJECT] = ERR_ORDER_STATE,
                  [PORTAL_ORDER_REFRESH] = ERR_ORDER_PAID,
                  [PORTAL_ORDER_EDIT] = ERR_ORDER_STATE,
                  [PORTAL_ORDER_MONTHS] = ERR_ORDER_PAID},
    [RENEWED] = {[PORTAL_ORDER_PAY] = ERR_ORDER_PAID,
                 [PORTAL_ORDER_SUBMIT] = ERR_ORDER_STATE,
                 [PORTAL_ORDER_APPROVE] = ERR_ORDER_STATE,
                 [PORTAL_ORDER_REJECT] = ERR_ORDER_STATE,
                 [PORTAL_ORDER_REFRESH] = ERR_ORDER_PAID,
                 [PORTAL_ORDER_EDIT] = ERR_ORDER_STATE,
                 [PORTAL_ORDER_MONTHS] = ERR_ORDER_PAID,
                 [PORTAL_ORDER_REFUND] = ERR_ORDER_FINISHED,
                 [PORTAL_ORDER_RENEW] = ERR_ORDER_FINISHED},
    [REJECTED] = {[PORTAL_ORDER_PAY] = ERR_ORDER_PAID,
                  [PORTAL_ORDER_APPROVE] = ERR_ORDER_STATE,
                  [PORTAL_ORDER_REJECT] = ERR_ORDER_STATE,
                  [PORTAL_ORDER_REFRESH] = ERR_ORDER_PAID,
                  [PORTAL_ORDER_MONTHS] = ERR_ORDER_PAID,
                  [PORTAL_ORDER_RENEW] = ERR_ORDER_NOT_APPROVED},
    [AGAIN] = {[PORTAL_ORDER_PAY] = ERR_ORDER_PAID,
               [PORTAL_ORDER_SUBMIT] = ERR_ORDER_STATE,
               [PORTAL_ORDER_REFRESH] = ERR_ORDER_PAID,
               [PORTAL_ORDER_EDIT] = ERR_ORDER_STATE,
               [PORTAL_ORDER_MONTHS] = ERR_ORDER_PAID,
               [PORTAL_ORDER_RENEW] = ERR_ORDER_NOT_APPROVED},
};

static void renew(struct world *world, const struct world_key *key, const char *number)
{
    AUTO(portal_job_freep) struct portal_job *job = world_job(world, key, number);
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    struct err err = ERR_INIT;
    world_must(world_request(world, job, key, key->sign, &issue, &err), &err);
    world_must(world_confirm(world, job, key->sign, "written", issue, &err), &err);
}

static char *order_on(struct world *world, const struct world_key *key, enum way way)
{
    static const enum portal_order_action steps[] = {PORTAL_ORDER_PAY, PORTAL_ORDER_SUBMIT,
                                                     PORTAL_ORDER_APPROVE};
    static const size_t counts[WAY_COUNT] = {0, 1, 2, 3, 3, 2, 2};
    char *number = new_order(world, key);
    for (size_t i = 0; i < counts[way]; i++)
        assert_int_equal(act(world, number, steps[i]), ERR_NONE);
    if (way == RENEWED)
        renew(world, key, number);
    if (way == REJECTED || way == AGAIN)
        assert_int_equal(act(world, number, PORTAL_ORDER_REJECT), ERR_NONE);
    if (way == AGAIN)
        assert_int_equal(act(world, number, PORTAL_ORDER_SUBMIT), ERR_NONE);
    return number;
}

static bool is_recorded(enum portal_order_action action)
{
    return action <= PORTAL_ORDER_REFUND;
}

static void check(struct world *world, enum way way, enum portal_order_action action)
{
    static const enum portal_order_state leads_to[] = {PORTAL_ORDER_EDITING, PORTAL_ORDER_REVIEW,
                                                       PORTAL_ORDER_APPROVED, PORTAL_ORDER_REJECTED,
                                                       PORTAL_ORDER_EDITING};
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *number = order_on(world, key, way);
    AUTO(portal_order_freep) struct portal_order *before = NULL;
    AUTO(portal_order_freep) struct portal_order *after = NULL;
    struct err err = ERR_INIT;
    struct err said = ERR_INIT;
    enum err_code code = wanted[way][action];
    world_must(portal_order_load(world->portal, number, &before, &err), &err);
    int64_t records = world_count(world->portal, "SELECT count(*) FROM approval_record");
    int64_t newest = world_count(world->portal, "SELECT max(revision) FROM renewal_order");
    enum err_code found = portal_order_check(before, action, &said);
    if (is_recorded(action) && act(world, number, action) != found)
        fail_msg("%s, action %d: check and act differ", way_names[way], action);
    world_must(portal_order_load(world->portal, number, &after, &err), &err);
    bool moves = found == ERR_NONE && is_recorded(action);
    if (found != code || after->state != (moves ? leads_to[action] : before->state) ||
        world_count(world->portal, "SELECT count(*) FROM approval_record") - records != moves ||
        world_count(world->portal, "SELECT max(revision) FROM renewal_order") - newest != moves)
        fail_msg("%s, action %d: %s instead of %s", way_names[way], action, err_code_text(found),
                 err_code_text(code));
}

static void every_pair_of_state_and_step_is_as_the_manual_says(void **state)
{
    for (int way = 0; way < WAY_COUNT; way++)
        for (int action = 0; action < PORTAL_ORDER_ACTION_COUNT; action++)
            check(*state, (enum way)way, (enum portal_order_action)action);
}

static void words_and_states_are_one_to_one(void **state)
{
    enum portal_order_state found = PORTAL_ORDER_STATE_COUNT;
    for (int i = 0; i < PORTAL_ORDER_STATE_COUNT; i++) {
        assert_true(portal_order_state_from_text(
            portal_order_state_text((enum portal_order_state)i), &found));
        assert_int_equal(found, i);
    }
    assert_false(portal_order_state_from_text("", &found));
    assert_false(portal_order_state_from_text("编辑", &found));
}

/* ---- what a bidder hands in ---- */

static void put_invoice(struct world *world, const char *number, const char *text)
{
    AUTO(json_freep) struct json *json = NULL;
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct err err = ERR_INIT;
    world_must(json_parse(span_text(text), 1024, &json, &err), &err);
    world_must(portal_transaction_begin(&transaction, world->portal->db, &err), &err);
    world_must(portal_invoice_put(world->portal, number, json, &err), &err);
    world_must(portal_transaction_commit(&transaction, &err), &err);
}

static enum err_code submit(struct world *world, const char *number)
{
    struct err err = ERR_INIT;
    return portal_order_submit(world->portal, number, &err);
}

static void a_bidder_submits_with_a_complete_invoice_only(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *number = new_order(world, key);
    put_invoice(world, number, "{\"title\":\"测试\",\"tax_number\":\"91370000\"}");
    assert_int_equal(submit(world, number), ERR_ORDER_UNPAID);
    assert_int_equal(act(world, number, PORTAL_ORDER_PAY), ERR_NONE);
    put_invoice(world, number, "{\"title\":\"测试\"}");
    assert_int_equal(submit(world, number), ERR_ORDER_INVOICE);
    put_invoice(world, number, "{\"tax_number\":\"91370000\"}");
    assert_int_equal(submit(world, number), ERR_ORDER_INVOICE);
    put_invoice(world, number, "{\"title\":\"测试\",\"tax_number\":\"91370000\"}");
    assert_int_equal(submit(world, number), ERR_NONE);
    assert_int_equal(submit(world, number), ERR_ORDER_STATE);
}

static void nothing_is_sent_back_without_a_reason(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *number = order_on(world, key, REVIEW);
    struct err err = ERR_INIT;
    assert_int_equal(portal_order_act(world->portal, number, PORTAL_ORDER_REJECT, "", &err),
                     ERR_FIELD_MISSING);
    assert_int_equal(act(world, number, PORTAL_ORDER_REJECT), ERR_NONE);
}

/* ---- payments ---- */

static enum err_code pay(struct world *world, const char *number, int64_t amount_fen,
                         const char *reference)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct err err = ERR_INIT;
    world_must(portal_transaction_begin(&transaction, world->portal->db, &err), &err);
    enum err_code code = portal_order_paid(world->portal, number, amount_fen, reference, &err);
    struct err other = ERR_INIT;
    if (code == ERR_NONE)
        world_must(portal_transaction_commit(&transaction, &other), &other);
    return code;
}

static void a_payment_counts_once_and_for_the_whole_fee(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *number = new_order(world, key);
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    struct err err = ERR_INIT;
    world_must(portal_order_load(world->portal, number, &order, &err), &err);
    assert_int_equal(pay(world, number, order->fee_fen - 1, "A"), ERR_ORDER_AMOUNT);
    assert_int_equal(pay(world, number, order->fee_fen + 1, "A"), ERR_ORDER_AMOUNT);
    assert_int_equal(pay(world, number, order->fee_fen, "A"), ERR_NONE);
    int64_t records = world_count(world->portal, "SELECT count(*) FROM approval_record");
    int64_t audited = world_count(world->portal, "SELECT count(*) FROM audit");
    assert_int_equal(pay(world, number, order->fee_fen, "A"), ERR_NONE);
    assert_int_equal(world_count(world->portal, "SELECT count(*) FROM approval_record"), records);
    assert_int_equal(world_count(world->portal, "SELECT count(*) FROM audit"), audited);
    assert_int_equal(pay(world, number, order->fee_fen, "B"), ERR_ORDER_PAID);
    assert_int_equal(pay(world, "20260101999999", 1, "A"), ERR_NO_SUCH_RECORD);
    portal_order_freep(&order);
    world_must(portal_order_load(world->portal, number, &order, &err), &err);
    assert_true(order->paid);
    assert_string_equal(order->paid_reference, "A");
    assert_int_equal(order->state, PORTAL_ORDER_EDITING);
}

/* ---- whose it is ---- */

static void another_organisations_order_is_not_there(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *number = new_order(world, key);
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    struct err foreign = ERR_INIT;
    struct err missing = ERR_INIT;
    struct err err = ERR_INIT;
    assert_int_equal(portal_order_load_own(world->portal, number, 9999, &order, &foreign),
                     ERR_NO_SUCH_RECORD);
    assert_null(order);
    assert_int_equal(portal_order_load_own(world->portal, "20260101999999", 0, &order, &missing),
                     ERR_NO_SUCH_RECORD);
    /* Nor does the refusal tell the two apart. */
    assert_memory_equal(foreign.detail, missing.detail, sizeof "no row < find the order " - 1);
    world_must(portal_order_load_own(world->portal, number, 0, &order, &err), &err);
    int64_t organisation_id = order->organisation_id;
    portal_order_freep(&order);
    world_must(portal_order_load_own(world->portal, number, organisation_id, &order, &err), &err);
}

static void an_order_that_is_not_there_is_said_so(void **state)
{
    struct world *world = *state;
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(act(world, "20260101999999", PORTAL_ORDER_PAY), ERR_NO_SUCH_RECORD);
    assert_int_equal(portal_order_load(world->portal, "", &order, &err), ERR_NO_SUCH_RECORD);
    assert_null(order);
}

static void a_reason_that_is_too_long_changes_nothing(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *number = new_order(world, key);
    AUTO(memory_freep) char *fits = memory_printf("%0*d", PORTAL_ORDER_REASON_BYTES_MAX, 1);
    AUTO(memory_freep) char *longer = memory_printf("%0*d", PORTAL_ORDER_REASON_BYTES_MAX + 1, 1);
    struct err err = ERR_INIT;
    assert_int_equal(portal_order_act(world->portal, number, PORTAL_ORDER_PAY, longer, &err),
                     ERR_FIELD_VALUE);
    err = ERR_INIT;
    assert_int_equal(portal_order_act(world->portal, number, PORTAL_ORDER_PAY, fits, &err),
                     ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_state_and_step_is_as_the_manual_says),
        cmocka_unit_test(words_and_states_are_one_to_one),
        cmocka_unit_test(a_bidder_submits_with_a_complete_invoice_only),
        cmocka_unit_test(nothing_is_sent_back_without_a_reason),
        cmocka_unit_test(a_payment_counts_once_and_for_the_whole_fee),
        cmocka_unit_test(another_organisations_order_is_not_there),
        cmocka_unit_test(an_order_that_is_not_there_is_said_so),
        cmocka_unit_test(a_reason_that_is_too_long_changes_nothing),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
