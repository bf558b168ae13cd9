#include "base/clock.h"
#include "portal/portal_audit.h"
#include "portal/portal_order.h"
#include "portal/portal_payment_inside.h"

/* More than that is no mistake any more; the log has the rest. */
#define STRAYS_MAX 10000

/* ---- what isn't ours ---- */

static enum err_code note_stray(struct portal *portal, const char *provider,
                                const struct payment_fact *fact, struct err *err)
{
    if (portal_db_run(portal->db,
                      "INSERT OR IGNORE INTO payment_stray (provider, trade, service_trade, state, "
                      "amount_fen, at_utc) SELECT ?, ?, ?, ?, ?, ? "
                      "WHERE (SELECT count(*) FROM payment_stray) < ?",
                      PORTAL_VALUES(PORTAL_TEXT(provider), PORTAL_TEXT(fact->trade),
                                    PORTAL_TEXT(fact->service_trade),
                                    PORTAL_TEXT(payment_state_text(fact->state)),
                                    PORTAL_INTEGER(fact->amount_fen),
                                    PORTAL_INTEGER(clock_now_utc()), PORTAL_INTEGER(STRAYS_MAX)),
                      err) != ERR_NONE)
        return err_add(err, "note a stray payment");
    if (portal_db_changed(portal->db) == 0)
        return ERR_NONE;
    AUTO(memory_freep)
    char *detail =
        memory_printf("%s %s, %lld fen, service's %s", provider, payment_state_text(fact->state),
                      (long long)fact->amount_fen, fact->service_trade);
    return portal_audit_add(portal, "payment.stray", fact->trade, detail, err);
}

/* ---- one fact about one attempt ---- */

typedef enum err_code (*fact_handler)(struct portal *portal, const struct portal_payment *payment,
                                      const struct payment_fact *fact, struct err *err);

static enum err_code known(struct portal *portal, const struct portal_payment *payment,
                           const struct payment_fact *fact, struct err *err)
{
    return ERR_NONE;
}

/* A service that says "waiting" after the end can't be paid there any more. */
static enum err_code waits(struct portal *portal, const struct portal_payment *payment,
                           const struct payment_fact *fact, struct err *err)
{
    const struct portal_payment_change change = {PORTAL_PAYMENT_CLOSED, .reason = "expired"};
    if (clock_now_utc() <= payment->expires_utc + PORTAL_PAYMENT_GRACE_S)
        return ERR_NONE;
    return portal_payment_enter(portal, payment, &change, err);
}

static enum err_code closes(struct portal *portal, const struct portal_payment *payment,
                            const struct payment_fact *fact, struct err *err)
{
    const struct portal_payment_change change = {PORTAL_PAYMENT_CLOSED, .reason = "cancelled"};
    return portal_payment_enter(portal, payment, &change, err);
}

static enum err_code give_back(struct portal *portal, const struct portal_payment *payment,
                               const struct payment_fact *fact, const char *reason, struct err *err)
{
    const struct portal_payment_change change = {
        .state = PORTAL_PAYMENT_REFUND_DUE,
        .reason = reason,
        .received_fen = fact->amount_fen,
        .service_trade = fact->service_trade,
    };
    return portal_payment_enter(portal, payment, &change, err);
}

/* Why an order doesn't take a payment, by what portal_order_paid says. */
static const struct {
    enum err_code code;
    const char *reason;
} refusals[] = {
    {ERR_ORDER_PAID, "paid-twice"},
    {ERR_ORDER_AMOUNT, "fee-changed"},
    {ERR_ORDER_STATE, "order-state"},
    {ERR_ORDER_FINISHED, "order-state"},
};

static const char *refusal_of(enum err_code code)
{
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
        if (refusals[i].code == code)
            return refusals[i].reason;
    return NULL;
}

static enum err_code takes_money(struct portal *portal, const struct portal_payment *payment,
                                 const struct payment_fact *fact, struct err *err)
{
    if (fact->amount_fen != payment->amount_fen)
        return give_back(portal, payment, fact, "wrong-amount", err);
    if (portal_order_paid(portal, payment->order_number, fact->amount_fen, payment->trade, err) !=
        ERR_NONE) {
        const char *reason = refusal_of(err->code);
        if (reason == NULL)
            return err_add(err, "tell the order %s", payment->order_number);
        *err = ERR_INIT;
        return give_back(portal, payment, fact, reason, err);
    }
    const struct portal_payment_change change = {
        .state = PORTAL_PAYMENT_PAID,
        .reason = "",
        .received_fen = fact->amount_fen,
        .service_trade = fact->service_trade,
    };
    return portal_payment_enter(portal, payment, &change, err);
}

static enum err_code too_late(struct portal *portal, const struct portal_payment *payment,
                              const struct payment_fact *fact, struct err *err)
{
    return give_back(portal, payment, fact, "paid-after-close", err);
}

/* The same trade paid a second time at the service is for a person to sort out. */
static enum err_code same_money(struct portal *portal, const struct portal_payment *payment,
                                const struct payment_fact *fact, struct err *err)
{
    bool same = strcmp(fact->service_trade, payment->service_trade) == 0 &&
                fact->amount_fen == payment->received_fen;
    return same ? ERR_NONE : note_stray(portal, payment->provider, fact, err);
}

static enum err_code went_back(struct portal *portal, const struct portal_payment *payment,
                               const struct payment_fact *fact, struct err *err)
{
    if (payment->received_fen > 0 && fact->amount_fen != payment->received_fen)
        return err_set(err, ERR_PAYMENT_ANSWER, "%lld of %lld fen were refunded",
                       (long long)fact->amount_fen, (long long)payment->received_fen);
    const struct portal_payment_change change = {
        .state = PORTAL_PAYMENT_REFUNDED,
        .reason = payment->reason[0] != '\0' ? payment->reason : "refunded-by-service",
        .received_fen = fact->amount_fen,
        .service_trade = fact->service_trade,
    };
    return portal_payment_enter(portal, payment, &change, err);
}

/* What is known, against what is said. */
static const fact_handler handlers[PORTAL_PAYMENT_STATE_COUNT][PAYMENT_STATE_COUNT] = {
    [PORTAL_PAYMENT_WAITING] = {[PAYMENT_WAITING] = waits,
                                [PAYMENT_PAID] = takes_money,
                                [PAYMENT_REFUNDED] = went_back,
                                [PAYMENT_CLOSED] = closes},
    [PORTAL_PAYMENT_PAID] = {[PAYMENT_WAITING] = known,
                             [PAYMENT_PAID] = same_money,
                             [PAYMENT_REFUNDED] = went_back,
                             [PAYMENT_CLOSED] = known},
    [PORTAL_PAYMENT_REFUND_DUE] = {[PAYMENT_WAITING] = known,
                                   [PAYMENT_PAID] = same_money,
                                   [PAYMENT_REFUNDED] = went_back,
                                   [PAYMENT_CLOSED] = known},
    [PORTAL_PAYMENT_REFUNDED] = {[PAYMENT_WAITING] = known,
                                 [PAYMENT_PAID] = same_money,
                                 [PAYMENT_REFUNDED] = known,
                                 [PAYMENT_CLOSED] = known},
    [PORTAL_PAYMENT_CLOSED] = {[PAYMENT_WAITING] = known,
                               [PAYMENT_PAID] = too_late,
                               [PAYMENT_REFUNDED] = went_back,
                               [PAYMENT_CLOSED] = known},
};

/* ---- applying ---- */

static enum err_code apply_inside(struct portal *portal, const char *provider,
                                  const struct payment_fact *fact, bool *out_stray, struct err *err)
{
    AUTO(portal_payment_freep) struct portal_payment *payment = NULL;
    enum err_code found = portal_payment_load(portal, fact->trade, &payment, err);
    *out_stray = found == ERR_NO_SUCH_RECORD ||
                 (found == ERR_NONE && strcmp(payment->provider, provider) != 0);
    if (*out_stray) {
        *err = ERR_INIT;
        return note_stray(portal, provider, fact, err);
    }
    if (found != ERR_NONE)
        return found;
    /* No news puts the next question off; a change sets its own time. */
    if (portal_payment_put_off(portal, fact->trade, err) != ERR_NONE)
        return err->code;
    return handlers[payment->state][fact->state](portal, payment, fact, err);
}

enum err_code portal_payment_apply(struct portal *portal, const char *provider,
                                   const struct payment_fact *fact, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    bool stray = false;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        apply_inside(portal, provider, fact, &stray, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "take what %s says of %.*s", provider, PAYMENT_TRADE_BYTES_MAX,
                       fact->trade);
    if (stray)
        return err_set(err, ERR_NO_SUCH_RECORD, "%s speaks of %.*s, which is not ours", provider,
                       PAYMENT_TRADE_BYTES_MAX, fact->trade);
    return ERR_NONE;
}

static struct json *stray_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    json_add_text(json, "provider", portal_query_text(query, 0));
    json_add_text(json, "trade", portal_query_text(query, 1));
    json_add_text(json, "service_trade", portal_query_text(query, 2));
    json_add_text(json, "state", portal_query_text(query, 3));
    json_add_integer(json, "amount_fen", portal_query_integer(query, 4));
    json_add_utc(json, "at", portal_query_integer(query, 5));
    return json;
}

enum err_code portal_payment_strays(struct portal *portal, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT provider, trade, service_trade, state, amount_fen, at_utc "
                        "FROM payment_stray ORDER BY at_utc, rowid",
                        PORTAL_NO_VALUES, &query, err) != ERR_NONE)
        return err_add(err, "list stray payments");
    return portal_query_list(query, stray_json, out, err);
}
