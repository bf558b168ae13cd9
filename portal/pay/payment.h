/* What the portal needs of a payment service: a page to send the payer to, a signed notification, a query
 * and a refund. A provider is a table, so that a real one can take the sandbox's place
 * (docs/protocol/payment.md). The browser's word counts for nothing. */
#pragma once

#include "base/err.h"
#include "base/span.h"

#define PAYMENT_TRADE_BYTES_MAX 64 /* our number of one attempt to pay */
#define PAYMENT_NOTIFICATION_BYTES_MAX 8192
#define PAYMENT_CALL_MS 10000 /* of a query or refund, altogether */
#define PAYMENT_FEN_MAX INT64_C(10000000000) /* one hundred million yuan: no fee comes near it */
#define PAYMENT_SUBJECT_BYTES_MAX 256
#define PAYMENT_URL_BYTES_MAX 512 /* of a notify_url, a return_url */

enum payment_state {
    PAYMENT_WAITING, /* the page was opened, or not even that */
    PAYMENT_PAID,
    PAYMENT_REFUNDED,
    PAYMENT_CLOSED, /* can no longer be paid */
    PAYMENT_STATE_COUNT
};

/* What the service says of one attempt; owned texts. */
struct payment_fact {
    char *trade;
    char *service_trade; /* the service's own number; "" while waiting */
    int64_t amount_fen; /* 0 when the service never heard of the trade */
    enum payment_state state;
    int64_t at_utc; /* when it came into this state */
};
void payment_fact_done(struct payment_fact *fact);

struct payment_ask {
    const char *trade;
    int64_t amount_fen;
    const char *subject; /* what the payer reads */
    const char *notify_url, *return_url;
    int64_t expires_utc; /* it can't be paid after that */
};

struct payment_provider {
    const char *name; /* in addresses: "sandbox" */
    void *context;
    /* The address of the service's page, signed. Quick. The caller frees *out_url. */
    enum err_code (*page)(void *context, const struct payment_ask *ask, char **out_url,
                          struct err *err);
    /* Checks a notification's signature, age and recipient, and reads it. Quick.
     * ERR_PAYMENT_SIGNATURE when it is not the service's, or not for us. */
    enum err_code (*notification)(void *context, struct span body, struct payment_fact *out,
                                  struct err *err);
    /* What the service knows; PAYMENT_WAITING when it never heard of it. Blocks up to
     * PAYMENT_CALL_MS: for a thread, several at once; uses no database. ERR_PAYMENT_UNAVAILABLE,
     * ERR_PAYMENT_REFUSED, ERR_PAYMENT_ANSWER, ERR_PAYMENT_SIGNATURE, ERR_CANCELLED. */
    enum err_code (*query)(void *context, const char *trade, struct payment_fact *out,
                           struct err *err);
    /* Gives everything back, once: asked again it says the same. Blocks like query. */
    enum err_code (*refund)(void *context, const char *trade, int64_t amount_fen,
                            struct payment_fact *out, struct err *err);
    /* From any thread: queries and refunds under way end at once with ERR_CANCELLED, later ones too. */
    void (*stop)(void *context);
};

/* "waiting", "paid", "refunded", "closed". */
const char *payment_state_text(enum payment_state state);
/* False when it is none of them. */
bool payment_state_from_text(const char *text, enum payment_state *out);
