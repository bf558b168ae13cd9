#include "portal/portal_order.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "portal/portal_audit.h"
#include "portal/portal_search.h"

static const char *const state_texts[PORTAL_ORDER_STATE_COUNT] = {
    [PORTAL_ORDER_EDITING] = "编辑中",
    [PORTAL_ORDER_REVIEW] = "待审核",
    [PORTAL_ORDER_APPROVED] = "审核通过",
    [PORTAL_ORDER_REJECTED] = "审核不通过",
};

enum payment { UNPAID, PAID, ANY };

#define IN(state) (1 << (state))
#define EDITABLE (IN(PORTAL_ORDER_EDITING) | IN(PORTAL_ORDER_REJECTED))
#define ANYWHERE (IN(PORTAL_ORDER_STATE_COUNT) - 1)

/* When each step is possible; nothing else is. */
static const struct rule {
    const char *text;
    const char *event; /* of a step that is recorded */
    int from; /* states */
    enum payment
        payment; /* what must hold: an order is paid once, and nothing is submitted unpaid */
    int to; /* -1: the state stays, and nothing is recorded */
    enum err_code wrong_state;
} rules[PORTAL_ORDER_ACTION_COUNT] = {
    [PORTAL_ORDER_PAY] = {"网上支付", "order.paid", IN(PORTAL_ORDER_EDITING), UNPAID,
                          PORTAL_ORDER_EDITING, ERR_ORDER_STATE},
    [PORTAL_ORDER_SUBMIT] = {"提交信息", "order.submitted", EDITABLE, PAID, PORTAL_ORDER_REVIEW,
                             ERR_ORDER_STATE},
    [PORTAL_ORDER_APPROVE] = {"审核通过", "order.approved", IN(PORTAL_ORDER_REVIEW), PAID,
                              PORTAL_ORDER_APPROVED, ERR_ORDER_STATE},
    [PORTAL_ORDER_REJECT] = {"审核不通过", "order.rejected", IN(PORTAL_ORDER_REVIEW), PAID,
                             PORTAL_ORDER_REJECTED, ERR_ORDER_STATE},
    [PORTAL_ORDER_REFUND] = {"退款", "order.refunded", ANYWHERE, PAID, PORTAL_ORDER_EDITING,
                             ERR_ORDER_STATE},
    [PORTAL_ORDER_REFRESH] = {"刷新支付状态", NULL, IN(PORTAL_ORDER_EDITING), UNPAID, -1,
                              ERR_ORDER_STATE},
    [PORTAL_ORDER_EDIT] = {"修改", NULL, EDITABLE, ANY, -1, ERR_ORDER_STATE},
    [PORTAL_ORDER_MONTHS] = {"修改延期续费时长", NULL, EDITABLE, UNPAID, -1, ERR_ORDER_STATE},
    [PORTAL_ORDER_RENEW] = {"延期", NULL, IN(PORTAL_ORDER_APPROVED), PAID, -1,
                            ERR_ORDER_NOT_APPROVED},
};

const char *portal_order_state_text(enum portal_order_state state)
{
    return state_texts[state];
}

bool portal_order_state_from_text(const char *text, enum portal_order_state *out)
{
    for (size_t state = 0; state < ARRAY_SIZE(state_texts); state++)
        if (strcmp(state_texts[state], text) == 0) {
            *out = (enum portal_order_state)state;
            return true;
        }
    return false;
}

/* ---- loading ---- */

static enum err_code order_of(const struct portal_query *query, struct portal_order **out,
                              struct err *err)
{
    enum portal_order_state state;
    enum cert_algorithm algorithm;
    if (!portal_order_state_from_text(portal_query_text(query, 6), &state))
        return err_set(err, ERR_DATABASE, "an order in no state");
    if (!cert_algorithm_from_text(portal_query_text(query, 8), &algorithm))
        return err_set(err, ERR_DATABASE, "an order for no algorithm");
    struct portal_order *order = memory_new(sizeof *order);
    *order = (struct portal_order){
        .number = memory_text(portal_query_text(query, 0)),
        .key_id = portal_query_integer(query, 1),
        .serial = memory_text(portal_query_text(query, 2)),
        .organisation = memory_text(portal_query_text(query, 3)),
        .months = portal_query_integer(query, 4),
        .fee_fen = portal_query_integer(query, 5),
        .state = state,
        .policy = {.replace_key = strcmp(portal_query_text(query, 7), "replace") == 0,
                   .algorithm = algorithm,
                   .dual = portal_query_integer(query, 9) != 0},
        .organisation_id = portal_query_integer(query, 10),
        .paid = portal_query_integer(query, 11) != 0,
        .paid_reference = memory_text(portal_query_text(query, 12)),
        .invoice_complete = portal_query_integer(query, 13) != 0,
        .renewed_utc = portal_query_integer(query, 14),
        .issued = portal_query_integer(query, 15) != 0,
    };
    *out = order;
    return ERR_NONE;
}

enum err_code portal_order_load(struct portal *portal, const char *number,
                                struct portal_order **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(
            portal->db,
            "SELECT o.number, o.key_id, key.serial, organisation.name, o.months, o.fee_fen, "
            "o.state, o.key_policy, o.algorithm, o.dual, o.organisation_id, "
            "o.paid_utc IS NOT NULL, o.paid_reference, "
            "coalesce(invoice.title <> '' AND invoice.tax_number <> '', 0), "
            "(SELECT changed_utc FROM issue WHERE order_number = o.number "
            "AND issue.state <> 'failed' AND issue.state = 'confirmed'), "
            "EXISTS (SELECT 1 FROM issue WHERE order_number = o.number AND state <> 'failed') "
            "FROM renewal_order o JOIN key ON key.id = o.key_id "
            "JOIN organisation ON organisation.id = o.organisation_id "
            "LEFT JOIN invoice ON invoice.order_number = o.number WHERE o.number = ?",
            PORTAL_VALUES(PORTAL_TEXT(number)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the order %.*s", PORTAL_ORDER_NUMBER_BYTES_MAX, number);
    return order_of(query, out, err);
}

enum err_code portal_order_load_own(struct portal *portal, const char *number,
                                    int64_t organisation_id, struct portal_order **out,
                                    struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    if (portal_order_load(portal, number, &order, err) != ERR_NONE)
        return err->code;
    if (organisation_id != 0 && order->organisation_id != organisation_id)
        return err_set(err, ERR_NO_SUCH_RECORD, "no row < find the order %.*s",
                       PORTAL_ORDER_NUMBER_BYTES_MAX, number);
    *out = TAKE(order);
    return ERR_NONE;
}

void portal_order_free(struct portal_order *order)
{
    if (order == NULL)
        return;
    free(order->number);
    free(order->serial);
    free(order->organisation);
    free(order->paid_reference);
    free(order);
}

void portal_order_freep(struct portal_order **order)
{
    portal_order_free(*order);
    *order = NULL;
}

/* ---- acting ---- */

enum err_code portal_order_check(const struct portal_order *order, enum portal_order_action action,
                                 struct err *err)
{
    const struct rule *rule = &rules[action];
    enum err_code code = ERR_NONE;
    if (rule->payment == UNPAID && order->paid)
        code = ERR_ORDER_PAID;
    else if ((rule->from & IN(order->state)) == 0)
        code = rule->wrong_state;
    else if (rule->payment == PAID && !order->paid)
        code = ERR_ORDER_UNPAID;
    else if ((action == PORTAL_ORDER_RENEW && order->renewed_utc != 0) ||
             (action == PORTAL_ORDER_REFUND && order->issued))
        code = ERR_ORDER_FINISHED;
    if (code == ERR_NONE)
        return ERR_NONE;
    return err_set(err, code, "%s is not possible in %s (%s)", rule->text,
                   state_texts[order->state], order->paid ? "已支付" : "未支付");
}

static enum err_code record(struct portal *portal, const struct portal_order *order,
                            const struct rule *rule, const char *reason, struct err *err)
{
    if (portal_db_run(portal->db,
                      "INSERT INTO approval_record (order_number, actor, action, from_state, "
                      "to_state, reason, at_utc) VALUES (?, ?, ?, ?, ?, ?, ?)",
                      PORTAL_VALUES(PORTAL_TEXT(order->number), PORTAL_TEXT(portal->actor),
                                    PORTAL_TEXT(rule->text), PORTAL_TEXT(state_texts[order->state]),
                                    PORTAL_TEXT(state_texts[rule->to]), PORTAL_TEXT(reason),
                                    PORTAL_INTEGER(clock_now_utc())),
                      err) != ERR_NONE)
        return err_add(err, "record the step");
    return portal_audit_add(portal, rule->event, order->number, reason, err);
}

enum err_code portal_order_note_kept(struct portal *portal, const struct portal_order *order,
                                     const char *reason, struct err *err)
{
    const struct rule rule = {.text = "沿用原密钥", .to = order->state, .event = "order.key-kept"};
    return record(portal, order, &rule, reason, err);
}

static enum err_code revisions(struct portal *portal, const char *number, int64_t *out_previous,
                               int64_t *out_next, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT revision, (SELECT max(revision) FROM renewal_order) + 1 "
                        "FROM renewal_order WHERE number = ?",
                        PORTAL_VALUES(PORTAL_TEXT(number)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the order's revision");
    *out_previous = portal_query_integer(query, 0);
    *out_next = portal_query_integer(query, 1);
    return ERR_NONE;
}

enum err_code portal_order_touch(struct portal *portal, const char *number, struct err *err)
{
    int64_t previous = 0;
    int64_t next = 0;
    if (revisions(portal, number, &previous, &next, err) != ERR_NONE ||
        portal_db_run(portal->db,
                      "UPDATE renewal_order SET revision = ?, changed_utc = ? WHERE number = ?",
                      PORTAL_VALUES(PORTAL_INTEGER(next), PORTAL_INTEGER(clock_now_utc()),
                                    PORTAL_TEXT(number)),
                      err) != ERR_NONE)
        return err_add(err, "note the order's change");
    return portal_search_put_order(portal, number, previous, err);
}

struct step {
    enum portal_order_action action;
    const char *reason;
    const char *paid_reference;
};

/* The one place where an order's state changes. Inside the caller's transaction. */
static enum err_code enter(struct portal *portal, const struct portal_order *order,
                           const struct step *step, struct err *err)
{
    const struct rule *rule = &rules[step->action];
    assert(rule->event != NULL);
    if (portal_order_check(order, step->action, err) != ERR_NONE)
        return err->code;
    bool pays = step->action == PORTAL_ORDER_PAY;
    bool rejects = step->action == PORTAL_ORDER_REJECT;
    bool refunds = step->action == PORTAL_ORDER_REFUND;
    if (rejects && step->reason[0] == '\0')
        return err_set(err, ERR_FIELD_MISSING, "reason: why is it sent back?");
    if (portal_db_run(
            portal->db,
            "UPDATE renewal_order SET state = ?, reason = ?, "
            "paid_utc = CASE WHEN ? THEN NULL ELSE coalesce(paid_utc, ?) END, "
            "paid_reference = ? WHERE number = ?",
            PORTAL_VALUES(
                PORTAL_TEXT(state_texts[rule->to]), PORTAL_TEXT(rejects ? step->reason : ""),
                PORTAL_INTEGER(refunds), pays ? PORTAL_INTEGER(clock_now_utc()) : PORTAL_NULL,
                PORTAL_TEXT(pays || refunds ? step->paid_reference : order->paid_reference),
                PORTAL_TEXT(order->number)),
            err) != ERR_NONE ||
        portal_order_touch(portal, order->number, err) != ERR_NONE)
        return err->code;
    return record(portal, order, rule, step->reason, err);
}

static enum err_code check_reason(const char *reason, struct err *err)
{
    if (strlen(reason) > PORTAL_ORDER_REASON_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "reason: at most %d bytes",
                       PORTAL_ORDER_REASON_BYTES_MAX);
    return ERR_NONE;
}

enum err_code portal_order_act(struct portal *portal, const char *number,
                               enum portal_order_action action, const char *reason, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    const struct step step = {action, reason, ""};
    if (check_reason(reason, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_order_load(portal, number, &order, err) != ERR_NONE ||
        enter(portal, order, &step, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "%s", rules[action].text);
    return ERR_NONE;
}

static enum err_code check_invoice(const struct portal_order *order, struct err *err)
{
    return order->invoice_complete
               ? ERR_NONE
               : err_set(err, ERR_ORDER_INVOICE, "the invoice has no title or no tax number");
}

enum err_code portal_order_submit(struct portal *portal, const char *number, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    const struct step step = {PORTAL_ORDER_SUBMIT, "", ""};
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_order_load(portal, number, &order, err) != ERR_NONE ||
        portal_order_check(order, step.action, err) != ERR_NONE ||
        check_invoice(order, err) != ERR_NONE || enter(portal, order, &step, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "%s", rules[step.action].text);
    return ERR_NONE;
}

enum err_code portal_order_paid(struct portal *portal, const char *number, int64_t amount_fen,
                                const char *reference, struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    const struct step step = {PORTAL_ORDER_PAY, reference, reference};
    if (portal_order_load(portal, number, &order, err) != ERR_NONE)
        return err->code;
    if (order->paid && strcmp(order->paid_reference, reference) == 0)
        return ERR_NONE;
    if (order->paid)
        return err_set(err, ERR_ORDER_PAID, "the order %s was paid by another payment", number);
    if (order->fee_fen != amount_fen)
        return err_set(err, ERR_ORDER_AMOUNT, "%lld fen were paid for the order %s of %lld",
                       (long long)amount_fen, number, (long long)order->fee_fen);
    return enter(portal, order, &step, err);
}

enum err_code portal_order_refunded(struct portal *portal, const char *number,
                                    const char *reference, const char *reason, struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    const struct step step = {PORTAL_ORDER_REFUND, reason, ""};
    if (portal_order_load(portal, number, &order, err) != ERR_NONE)
        return err->code;
    if (!order->paid || strcmp(order->paid_reference, reference) != 0)
        return ERR_NONE;
    if (order->issued)
        return portal_audit_add(portal, "order.refunded-after-issue", number, reference, err);
    return enter(portal, order, &step, err);
}
