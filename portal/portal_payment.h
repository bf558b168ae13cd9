/* Attempts to pay an order, and the one place where what a payment service says changes anything. Facts
 * may come twice, late, in any order, by notification or by query: the end is the same. */
#pragma once

#include "base/json.h"
#include "portal/pay/payment.h"
#include "portal/portal.h"

/* The payer may leave the page open over lunch. */
#define PORTAL_PAYMENT_OPEN_S 7200
/* An attempt is used again while so much of it is left. */
#define PORTAL_PAYMENT_REUSE_LEFT_S 900
/* From an attempt's end to when a service that has not closed it is taken to have done so: clocks differ. */
#define PORTAL_PAYMENT_GRACE_S 600
/* Of one order: nobody cancels more often. */
#define PORTAL_PAYMENT_ATTEMPTS_MAX 100
#define PORTAL_PAYMENT_REASON_BYTES_MAX 256
/* The first pause before the service is asked; each further one is twice as long. */
#define PORTAL_PAYMENT_ASK_S 30 /* whether a waiting one was paid */
#define PORTAL_PAYMENT_REFUND_S 5 /* to give back what is due */
#define PORTAL_PAYMENT_ASK_S_MAX 3600

enum portal_payment_state {
    PORTAL_PAYMENT_WAITING,
    PORTAL_PAYMENT_PAID, /* counts for the order */
    PORTAL_PAYMENT_REFUND_DUE, /* money came that doesn't count */
    PORTAL_PAYMENT_REFUNDED,
    PORTAL_PAYMENT_CLOSED, /* nothing came, and nothing will */
    PORTAL_PAYMENT_STATE_COUNT
};
/* "waiting", "paid", "refund-due", "refunded", "closed". */
const char *portal_payment_state_text(enum portal_payment_state state);

/* Owned. */
struct portal_payment {
    char *trade;
    char *provider;
    char *order_number;
    char *service_trade; /* "" until money came */
    char *reason;
    int64_t amount_fen;
    int64_t received_fen; /* 0: nothing came */
    int64_t asked;
    int64_t expires_utc;
    enum portal_payment_state state;
};
void portal_payment_free(struct portal_payment *payment);
void portal_payment_freep(struct portal_payment **payment);
/* ERR_NO_SUCH_RECORD. */
MUST_CHECK enum err_code portal_payment_load(struct portal *portal, const char *trade,
                                             struct portal_payment **out, struct err *err);

/* The attempt to pay the order's present fee: the one that waits for it, else a new one. What
 * portal_order_check refuses, ERR_ORDER_AMOUNT (there is no fee), ERR_HTTP_TOO_MANY. */
MUST_CHECK enum err_code portal_payment_start(struct portal *portal, const char *provider,
                                              const char *order_number, struct portal_payment **out,
                                              struct err *err);

/* What the provider says, whose signature was checked. Changes nothing when it is known already, or
 * older than what is known. Money that doesn't count for its order (paid twice, wrong amount, an attempt
 * that was closed) is due for refund. ERR_NO_SUCH_RECORD for another's trade, which is noted;
 * ERR_PAYMENT_ANSWER for a refund of another amount. */
MUST_CHECK enum err_code portal_payment_apply(struct portal *portal, const char *provider,
                                              const struct payment_fact *fact, struct err *err);
/* The service was asked in vain: the next time is put off. */
MUST_CHECK enum err_code portal_payment_put_off(struct portal *portal, const char *trade,
                                                struct err *err);
/* An operator gives back what was paid; the order then is no longer paid (portal_order_refunded).
 * ERR_ORDER_STATE unless it is paid. */
MUST_CHECK enum err_code portal_payment_refund(struct portal *portal, const char *trade,
                                               const char *reason, struct err *err);
/* Inside the caller's transaction: what was issued for the order was never written. If its money went back
 * meanwhile, the order is no longer paid. */
MUST_CHECK enum err_code portal_payment_not_issued(struct portal *portal, const char *order_number,
                                                   struct err *err);
/* The order's attempts that wait are asked about as soon as possible. *out_trade: the newest of them, which
 * the caller frees; NULL when none waits. */
MUST_CHECK enum err_code portal_payment_hurry(struct portal *portal, const char *order_number,
                                              char **out_trade, struct err *err);

/* When the provider is next to be asked, INT64_MAX: never. */
MUST_CHECK enum err_code portal_payment_next(struct portal *portal, const char *provider,
                                             int64_t *out_utc, struct err *err);
/* What is due at now_utc, longest due first, at most max. Each is the caller's. */
MUST_CHECK enum err_code portal_payment_due(struct portal *portal, const char *provider,
                                            int64_t now_utc, size_t max,
                                            struct portal_payment **out, size_t *out_count,
                                            struct err *err);

/* Oldest first: {trade, order, amount_fen, received_fen, state, reason, refunded_after_issue, service_trade,
 * created, changed}. order_number NULL: of all orders. */
MUST_CHECK enum err_code portal_payment_list(struct portal *portal, const char *order_number,
                                             struct json **out, struct err *err);
/* What stands in payment_stray. */
MUST_CHECK enum err_code portal_payment_strays(struct portal *portal, struct json **out,
                                               struct err *err);
