/* Orders to pay, facts about payments, and a payment service in memory: for the tests of payment. */
#pragma once

#include <pthread.h>

#include "portal/portal_payment.h"
#include "world.h"

/* An order in 编辑中 of a key of its own, for twelve months; its number, the caller's. */
char *payments_order(struct world *world);
/* Its fee in fen; whether it is paid; by which payment ("" by none), the caller's. */
int64_t payments_fee(struct world *world, const char *number);
bool payments_paid(struct world *world, const char *number);
char *payments_reference(struct world *world, const char *number);
/* Another fee, as when the months change. */
void payments_set_months(struct world *world, const char *number, int64_t months);

/* An attempt to pay the order with "sandbox". */
struct portal_payment *payments_start(struct world *world, const char *number);
/* As it stands now. */
struct portal_payment *payments_load(struct world *world, const char *trade);
/* What the service "sandbox" says; service_trade NULL: "SB-" and the trade. */
enum err_code payments_say(struct world *world, const char *trade, enum payment_state state,
                           int64_t amount_fen, const char *service_trade);
/* When it is to be asked about next, 0: never. */
int64_t payments_next_ask(struct world *world, const char *trade);
/* Lines of the audit trail with this event about this subject. */
int64_t payments_audited(struct world *world, const char *event, const char *subject);

/* A payment service in memory, asked from threads. */
#define PAYMENTS_SERVICE_TRADES_MAX 64
struct payments_service {
    struct payment_provider provider; /* named "sandbox" */
    pthread_mutex_t lock; /* of what follows */
    struct {
        char trade[PAYMENT_TRADE_BYTES_MAX + 1];
        int64_t amount_fen;
        enum payment_state state;
    } trades[PAYMENTS_SERVICE_TRADES_MAX];
    size_t count;
    enum err_code down; /* what every call answers; ERR_NONE: it works */
    bool held; /* calls wait until it is let go, or stopped */
    bool stopped;
    int queries, refunds;
};
void payments_service_init(struct payments_service *service);
void payments_service_done(struct payments_service *service);
/* What the service knows of a trade. */
void payments_service_put(struct payments_service *service, const char *trade, int64_t amount_fen,
                          enum payment_state state);
void payments_service_hold(struct payments_service *service, bool held);
void payments_service_break(struct payments_service *service, enum err_code down);
/* Asked so far. */
int payments_service_queries(struct payments_service *service);
int payments_service_refunds(struct payments_service *service);
