#include "portal/portal_payment.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "portal/portal_audit.h"
#include "portal/portal_order.h"
#include "portal/portal_payment_inside.h"

#define TRADE_RANDOM_BYTES 8

static const char *const state_texts[PORTAL_PAYMENT_STATE_COUNT] = {
    [PORTAL_PAYMENT_WAITING] = "waiting",       [PORTAL_PAYMENT_PAID] = "paid",
    [PORTAL_PAYMENT_REFUND_DUE] = "refund-due", [PORTAL_PAYMENT_REFUNDED] = "refunded",
    [PORTAL_PAYMENT_CLOSED] = "closed",
};

const char *portal_payment_state_text(enum portal_payment_state state)
{
    return state_texts[state];
}

static enum portal_payment_state state_from_text(const char *text)
{
    size_t state = 0;
    while (state + 1 < ARRAY_SIZE(state_texts) && strcmp(state_texts[state], text) != 0)
        state++;
    return (enum portal_payment_state)state;
}

/* ---- loading ---- */

/* The money went back when certificates were issued already. */
#define GONE_BUT_COUNTS \
    "(state IN ('refund-due', 'refunded') AND EXISTS (SELECT 1 FROM renewal_order " \
    "WHERE number = order_number AND paid_reference = trade))"
#define PAYMENT_COLUMNS \
    "SELECT trade, provider, order_number, service_trade, reason, amount_fen, received_fen, " \
    "asked, " \
    "expires_utc, state, created_utc, changed_utc, " GONE_BUT_COUNTS " FROM payment "

static struct portal_payment *from_row(const struct portal_query *query)
{
    struct portal_payment *payment = memory_new(sizeof *payment);
    *payment = (struct portal_payment){
        .trade = memory_text(portal_query_text(query, 0)),
        .provider = memory_text(portal_query_text(query, 1)),
        .order_number = memory_text(portal_query_text(query, 2)),
        .service_trade = memory_text(portal_query_text(query, 3)),
        .reason = memory_text(portal_query_text(query, 4)),
        .amount_fen = portal_query_integer(query, 5),
        .received_fen = portal_query_integer(query, 6),
        .asked = portal_query_integer(query, 7),
        .expires_utc = portal_query_integer(query, 8),
        .state = state_from_text(portal_query_text(query, 9)),
    };
    return payment;
}

void portal_payment_free(struct portal_payment *payment)
{
    if (payment == NULL)
        return;
    free(payment->trade);
    free(payment->provider);
    free(payment->order_number);
    free(payment->service_trade);
    free(payment->reason);
    free(payment);
}

void portal_payment_freep(struct portal_payment **payment)
{
    portal_payment_free(*payment);
    *payment = NULL;
}

enum err_code portal_payment_load(struct portal *portal, const char *trade,
                                  struct portal_payment **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, PAYMENT_COLUMNS "WHERE trade = ?",
                        PORTAL_VALUES(PORTAL_TEXT(trade)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the payment %.*s", PAYMENT_TRADE_BYTES_MAX, trade);
    *out = from_row(query);
    return ERR_NONE;
}

/* ---- starting ---- */

/* Leaves *out NULL when there is none. */
static enum err_code find_waiting(struct portal *portal, const char *provider,
                                  const struct portal_order *order, struct portal_payment **out,
                                  struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(
            portal->db,
            PAYMENT_COLUMNS "WHERE order_number = ? AND provider = ? AND amount_fen = ? "
                            "AND state = 'waiting' AND expires_utc > ? "
                            "ORDER BY expires_utc DESC LIMIT 1",
            PORTAL_VALUES(PORTAL_TEXT(order->number), PORTAL_TEXT(provider),
                          PORTAL_INTEGER(order->fee_fen),
                          PORTAL_INTEGER(clock_now_utc() + PORTAL_PAYMENT_REUSE_LEFT_S)),
            &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "find a waiting payment");
    if (row)
        *out = from_row(query);
    return ERR_NONE;
}

static enum err_code check_count(struct portal *portal, const char *order_number, struct err *err)
{
    int64_t payments = 0;
    if (portal_db_number(portal->db, "SELECT count(*) FROM payment WHERE order_number = ?",
                         PORTAL_VALUES(PORTAL_TEXT(order_number)), &payments, err) != ERR_NONE)
        return err_add(err, "count an order's payments");
    if (payments >= PORTAL_PAYMENT_ATTEMPTS_MAX)
        return err_set(err, ERR_HTTP_TOO_MANY, "the order %s was tried to be paid %d times",
                       order_number, PORTAL_PAYMENT_ATTEMPTS_MAX);
    return ERR_NONE;
}

static enum err_code insert(struct portal *portal, const char *provider,
                            const struct portal_order *order, char **out_trade, struct err *err)
{
    AUTO(memory_freep) char *random = hex_random(TRADE_RANDOM_BYTES);
    AUTO(memory_freep) char *trade = memory_printf("%s-%s", order->number, random);
    AUTO(memory_freep)
    char *detail = memory_printf("order %s, %lld fen", order->number, (long long)order->fee_fen);
    int64_t now = clock_now_utc();
    if (portal_db_run(portal->db,
                      "INSERT INTO payment (trade, provider, order_number, amount_fen, state, "
                      "next_ask_utc, created_utc, expires_utc, changed_utc) "
                      "VALUES (?, ?, ?, ?, 'waiting', ?, ?, ?, ?)",
                      PORTAL_VALUES(PORTAL_TEXT(trade), PORTAL_TEXT(provider),
                                    PORTAL_TEXT(order->number), PORTAL_INTEGER(order->fee_fen),
                                    PORTAL_INTEGER(now + PORTAL_PAYMENT_ASK_S), PORTAL_INTEGER(now),
                                    PORTAL_INTEGER(now + PORTAL_PAYMENT_OPEN_S),
                                    PORTAL_INTEGER(now)),
                      err) != ERR_NONE ||
        portal_audit_add(portal, "payment.started", trade, detail, err) != ERR_NONE)
        return err_add(err, "note a payment");
    *out_trade = TAKE(trade);
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code find_or_insert(struct portal *portal, const char *provider,
                                    const char *order_number, struct portal_payment **out,
                                    struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    AUTO(memory_freep) char *trade = NULL;
    if (portal_order_load(portal, order_number, &order, err) != ERR_NONE ||
        portal_order_check(order, PORTAL_ORDER_PAY, err) != ERR_NONE)
        return err->code;
    if (order->fee_fen < 1 || order->fee_fen > PAYMENT_FEN_MAX)
        return err_set(err, ERR_ORDER_AMOUNT, "a fee of %lld fen can't be paid online",
                       (long long)order->fee_fen);
    if (find_waiting(portal, provider, order, out, err) != ERR_NONE || *out != NULL)
        return err->code;
    if (check_count(portal, order_number, err) != ERR_NONE ||
        insert(portal, provider, order, &trade, err) != ERR_NONE)
        return err->code;
    return portal_payment_load(portal, trade, out, err);
}

enum err_code portal_payment_start(struct portal *portal, const char *provider,
                                   const char *order_number, struct portal_payment **out,
                                   struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(portal_payment_freep) struct portal_payment *payment = NULL;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        find_or_insert(portal, provider, order_number, &payment, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "start a payment");
    *out = TAKE(payment);
    return ERR_NONE;
}

/* ---- changing ---- */

enum err_code portal_payment_enter(struct portal *portal, const struct portal_payment *payment,
                                   const struct portal_payment_change *change, struct err *err)
{
    int64_t now = clock_now_utc();
    int64_t received_fen = change->received_fen > 0 ? change->received_fen : payment->received_fen;
    const char *service_trade =
        change->service_trade != NULL ? change->service_trade : payment->service_trade;
    AUTO(memory_freep) char *event = memory_printf("payment.%s", state_texts[change->state]);
    AUTO(memory_freep)
    char *detail =
        memory_printf("order %s, %lld of %lld fen, service's %s%s%s", payment->order_number,
                      (long long)received_fen, (long long)payment->amount_fen, service_trade,
                      change->reason[0] != '\0' ? ": " : "", change->reason);
    bool due = change->state == PORTAL_PAYMENT_REFUND_DUE;
    if (portal_db_run(
            portal->db,
            "UPDATE payment SET state = ?, reason = ?, received_fen = ?, service_trade = ?, "
            "asked = 0, next_ask_utc = ?, changed_utc = ? WHERE trade = ?",
            PORTAL_VALUES(PORTAL_TEXT(state_texts[change->state]), PORTAL_TEXT(change->reason),
                          received_fen > 0 ? PORTAL_INTEGER(received_fen) : PORTAL_NULL,
                          PORTAL_TEXT(service_trade), due ? PORTAL_INTEGER(now) : PORTAL_NULL,
                          PORTAL_INTEGER(now), PORTAL_TEXT(payment->trade)),
            err) != ERR_NONE ||
        portal_audit_add(portal, event, payment->trade, detail, err) != ERR_NONE)
        return err_add(err, "%s becomes %s", payment->trade, state_texts[change->state]);
    if (payment->state == PORTAL_PAYMENT_PAID &&
        portal_order_refunded(portal, payment->order_number, payment->trade, change->reason, err) !=
            ERR_NONE)
        return err_add(err, "take the payment back from the order %s", payment->order_number);
    return portal_order_touch(portal, payment->order_number, err);
}

static enum err_code refund_inside(struct portal *portal, const char *trade, const char *reason,
                                   struct err *err)
{
    AUTO(portal_payment_freep) struct portal_payment *payment = NULL;
    const struct portal_payment_change change = {.state = PORTAL_PAYMENT_REFUND_DUE,
                                                 .reason = reason};
    if (portal_payment_load(portal, trade, &payment, err) != ERR_NONE)
        return err->code;
    if (payment->state != PORTAL_PAYMENT_PAID)
        return err_set(err, ERR_ORDER_STATE, "the payment is %s", state_texts[payment->state]);
    return portal_payment_enter(portal, payment, &change, err);
}

enum err_code portal_payment_refund(struct portal *portal, const char *trade, const char *reason,
                                    struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    if (reason[0] == '\0' || strlen(reason) > PORTAL_PAYMENT_REASON_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "reason: 1 to %d bytes",
                       PORTAL_PAYMENT_REASON_BYTES_MAX);
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        refund_inside(portal, trade, reason, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "refund %.*s", PAYMENT_TRADE_BYTES_MAX, trade);
    return ERR_NONE;
}

enum err_code portal_payment_not_issued(struct portal *portal, const char *order_number,
                                        struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(portal->db,
                        "SELECT trade, reason FROM payment WHERE order_number = ? "
                        "AND " GONE_BUT_COUNTS,
                        PORTAL_VALUES(PORTAL_TEXT(order_number)), &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "find what was refunded of the order %s", order_number);
    return row ? portal_order_refunded(portal, order_number, portal_query_text(query, 0),
                                       portal_query_text(query, 1), err)
               : ERR_NONE;
}

/* ---- when to ask ---- */

enum err_code portal_payment_put_off(struct portal *portal, const char *trade, struct err *err)
{
    return portal_db_run(portal->db,
                         "UPDATE payment SET asked = asked + 1, next_ask_utc = ? + min(?, "
                         "(CASE state WHEN 'waiting' THEN ? ELSE ? END) << min(asked + 1, 16)) "
                         "WHERE trade = ? AND next_ask_utc IS NOT NULL",
                         PORTAL_VALUES(PORTAL_INTEGER(clock_now_utc()),
                                       PORTAL_INTEGER(PORTAL_PAYMENT_ASK_S_MAX),
                                       PORTAL_INTEGER(PORTAL_PAYMENT_ASK_S),
                                       PORTAL_INTEGER(PORTAL_PAYMENT_REFUND_S), PORTAL_TEXT(trade)),
                         err);
}

enum err_code portal_payment_hurry(struct portal *portal, const char *order_number,
                                   char **out_trade, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_run(portal->db,
                      "UPDATE payment SET next_ask_utc = min(next_ask_utc, ?) "
                      "WHERE order_number = ? AND state = 'waiting'",
                      PORTAL_VALUES(PORTAL_INTEGER(clock_now_utc()), PORTAL_TEXT(order_number)),
                      err) != ERR_NONE ||
        portal_db_query(portal->db,
                        "SELECT trade FROM payment WHERE order_number = ? AND state = 'waiting' "
                        "ORDER BY expires_utc DESC LIMIT 1",
                        PORTAL_VALUES(PORTAL_TEXT(order_number)), &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "find what waits for the order %s", order_number);
    *out_trade = row ? memory_text(portal_query_text(query, 0)) : NULL;
    return ERR_NONE;
}

enum err_code portal_payment_next(struct portal *portal, const char *provider, int64_t *out_utc,
                                  struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT min(next_ask_utc) FROM payment "
                        "WHERE next_ask_utc IS NOT NULL AND provider = ?",
                        PORTAL_VALUES(PORTAL_TEXT(provider)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find when to ask about payments");
    *out_utc = portal_query_is_null(query, 0) ? INT64_MAX : portal_query_integer(query, 0);
    return ERR_NONE;
}

enum err_code portal_payment_due(struct portal *portal, const char *provider, int64_t now_utc,
                                 size_t max, struct portal_payment **out, size_t *out_count,
                                 struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        PAYMENT_COLUMNS "WHERE next_ask_utc <= ? AND provider = ? "
                                        "ORDER BY next_ask_utc LIMIT ?",
                        PORTAL_VALUES(PORTAL_INTEGER(now_utc), PORTAL_TEXT(provider),
                                      PORTAL_INTEGER((int64_t)max)),
                        &query, err) != ERR_NONE)
        return err_add(err, "find payments to ask about");
    size_t count = 0;
    for (bool row = true; row && count < max;) {
        enum err_code code = portal_query_next(query, &row, err);
        if (code == ERR_NONE && row)
            out[count++] = from_row(query);
        if (code == ERR_NONE)
            continue;
        while (count > 0)
            portal_payment_free(out[--count]);
        return code;
    }
    *out_count = count;
    return ERR_NONE;
}

/* ---- showing ---- */

static struct json *payment_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    json_add_text(json, "trade", portal_query_text(query, 0));
    json_add_text(json, "order", portal_query_text(query, 2));
    json_add_integer(json, "amount_fen", portal_query_integer(query, 5));
    json_add_integer(json, "received_fen", portal_query_integer(query, 6));
    json_add_text(json, "state", portal_query_text(query, 9));
    json_add_text(json, "reason", portal_query_text(query, 4));
    json_add_bool(json, "refunded_after_issue", portal_query_integer(query, 12) != 0);
    json_add_text(json, "service_trade", portal_query_text(query, 3));
    json_add_utc(json, "created", portal_query_integer(query, 10));
    json_add_utc(json, "changed", portal_query_integer(query, 11));
    return json;
}

enum err_code portal_payment_list(struct portal *portal, const char *order_number,
                                  struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        order_number == NULL
                            ? PAYMENT_COLUMNS "WHERE ? IS NULL ORDER BY created_utc, rowid"
                            : PAYMENT_COLUMNS "WHERE order_number = ? ORDER BY created_utc, rowid",
                        PORTAL_VALUES(PORTAL_TEXT(order_number)), &query, err) != ERR_NONE)
        return err_add(err, "list payments");
    return portal_query_list(query, payment_json, out, err);
}
