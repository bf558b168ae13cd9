#include "payments.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* needs some of the above */
#include <cmocka.h>

#include "base/clock.h"
#include "portal/portal_order_new.h"

char *payments_order(struct world *world)
{
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    const struct portal_order_new new = {
        .serial = key->serial, .months = 12, .policy = {false, CERT_SM2, false}};
    struct err err = ERR_INIT;
    char *number = NULL;
    world_must(portal_order_add(world->portal, &new, &number, &err), &err);
    return number;
}

static struct portal_order *load_order(struct world *world, const char *number)
{
    struct portal_order *order = NULL;
    struct err err = ERR_INIT;
    world_must(portal_order_load(world->portal, number, &order, &err), &err);
    return order;
}

int64_t payments_fee(struct world *world, const char *number)
{
    AUTO(portal_order_freep) struct portal_order *order = load_order(world, number);
    return order->fee_fen;
}

bool payments_paid(struct world *world, const char *number)
{
    AUTO(portal_order_freep) struct portal_order *order = load_order(world, number);
    return order->paid;
}

char *payments_reference(struct world *world, const char *number)
{
    AUTO(portal_order_freep) struct portal_order *order = load_order(world, number);
    return memory_text(order->paid_reference);
}

void payments_set_months(struct world *world, const char *number, int64_t months)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct err err = ERR_INIT;
    world_must(portal_transaction_begin(&transaction, world->portal->db, &err), &err);
    world_must(portal_order_set_months(world->portal, number, months, &err), &err);
    world_must(portal_transaction_commit(&transaction, &err), &err);
}

struct portal_payment *payments_start(struct world *world, const char *number)
{
    struct portal_payment *payment = NULL;
    struct err err = ERR_INIT;
    world_must(portal_payment_start(world->portal, "sandbox", number, &payment, &err), &err);
    return payment;
}

struct portal_payment *payments_load(struct world *world, const char *trade)
{
    struct portal_payment *payment = NULL;
    struct err err = ERR_INIT;
    world_must(portal_payment_load(world->portal, trade, &payment, &err), &err);
    return payment;
}

enum err_code payments_say(struct world *world, const char *trade, enum payment_state state,
                           int64_t amount_fen, const char *service_trade)
{
    AUTO(payment_fact_done)
    struct payment_fact fact = {
        .trade = memory_text(trade),
        .service_trade =
            service_trade != NULL ? memory_text(service_trade) : memory_printf("SB-%s", trade),
        .amount_fen = amount_fen,
        .state = state,
        .at_utc = clock_now_utc(),
    };
    struct err err = ERR_INIT;
    return portal_payment_apply(world->portal, "sandbox", &fact, &err);
}

static int64_t one_number(struct world *world, const char *sql, const char *first,
                          const char *second)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    const struct portal_value values[] = {PORTAL_TEXT(first), PORTAL_TEXT(second)};
    world_must(
        portal_db_query(world->portal->db, sql, values, second == NULL ? 1 : 2, &query, &err),
        &err);
    world_must(portal_query_one(query, &err), &err);
    return portal_query_integer(query, 0);
}

int64_t payments_next_ask(struct world *world, const char *trade)
{
    return one_number(world, "SELECT next_ask_utc FROM payment WHERE trade = ?", trade, NULL);
}

int64_t payments_audited(struct world *world, const char *event, const char *subject)
{
    return one_number(world, "SELECT count(*) FROM audit WHERE event = ? AND subject = ?", event,
                      subject);
}

/* ---- a payment service ---- */

#define HELD_POLL_MS 1

static bool is_held(struct payments_service *service)
{
    pthread_mutex_lock(&service->lock);
    bool held = service->held && !service->stopped;
    pthread_mutex_unlock(&service->lock);
    return held;
}

static void fill(struct payments_service *service, const char *trade, bool refunds,
                 struct payment_fact *out)
{
    *out = (struct payment_fact){.trade = memory_text(trade), .at_utc = FIXTURE_NOW};
    for (size_t i = 0; i < service->count; i++) {
        if (strcmp(service->trades[i].trade, trade) != 0)
            continue;
        if (refunds)
            service->trades[i].state = PAYMENT_REFUNDED;
        out->state = service->trades[i].state;
        out->amount_fen = service->trades[i].amount_fen;
    }
    bool money = out->state == PAYMENT_PAID || out->state == PAYMENT_REFUNDED;
    out->service_trade = money ? memory_printf("SB-%s", trade) : memory_text("");
}

static enum err_code answer(struct payments_service *service, const char *trade, bool refunds,
                            struct payment_fact *out, struct err *err)
{
    while (is_held(service))
        poll(NULL, 0, HELD_POLL_MS);
    pthread_mutex_lock(&service->lock);
    if (refunds)
        service->refunds++;
    else
        service->queries++;
    enum err_code code = service->stopped ? ERR_CANCELLED : service->down;
    if (code == ERR_NONE)
        fill(service, trade, refunds, out);
    pthread_mutex_unlock(&service->lock);
    return code == ERR_NONE ? ERR_NONE : err_set(err, code, "the service was told so");
}

static enum err_code query(void *context, const char *trade, struct payment_fact *out,
                           struct err *err)
{
    return answer(context, trade, false, out, err);
}

static enum err_code refund(void *context, const char *trade, int64_t amount_fen,
                            struct payment_fact *out, struct err *err)
{
    return answer(context, trade, true, out, err);
}

static enum err_code page(void *context, const struct payment_ask *ask, char **out_url,
                          struct err *err)
{
    *out_url =
        memory_printf("https://pay.example/%s?%lld&%s&%s&%s", ask->trade,
                      (long long)ask->amount_fen, ask->notify_url, ask->return_url, ask->subject);
    return ERR_NONE;
}

/* "TRADE STATE AMOUNT": signed enough for a test. */
static enum err_code notification(void *context, struct span body, struct payment_fact *out,
                                  struct err *err)
{
    char trade[PAYMENT_TRADE_BYTES_MAX + 1], state[17];
    long long amount_fen = 0;
    AUTO(memory_freep) char *text = memory_printf("%.*s", (int)body.len, (const char *)body.at);
    struct payment_fact fact = {.at_utc = FIXTURE_NOW};
    if (sscanf(text, "%64s %16s %lld", trade, state, &amount_fen) != 3 ||
        !payment_state_from_text(state, &fact.state))
        return err_set(err, ERR_PAYMENT_SIGNATURE, "forged");
    fact.trade = memory_text(trade);
    fact.service_trade = memory_printf("SB-%s", trade);
    fact.amount_fen = amount_fen;
    *out = fact;
    return ERR_NONE;
}

static void stop(void *context)
{
    struct payments_service *service = context;
    pthread_mutex_lock(&service->lock);
    service->stopped = true;
    pthread_mutex_unlock(&service->lock);
}

void payments_service_init(struct payments_service *service)
{
    *service = (struct payments_service){0};
    pthread_mutex_init(&service->lock, NULL);
    service->provider = (struct payment_provider){
        .name = "sandbox",
        .context = service,
        .page = page,
        .notification = notification,
        .query = query,
        .refund = refund,
        .stop = stop,
    };
}

void payments_service_done(struct payments_service *service)
{
    pthread_mutex_destroy(&service->lock);
}

void payments_service_put(struct payments_service *service, const char *trade, int64_t amount_fen,
                          enum payment_state state)
{
    pthread_mutex_lock(&service->lock);
    assert_true(service->count < PAYMENTS_SERVICE_TRADES_MAX);
    size_t at = service->count++;
    snprintf(service->trades[at].trade, sizeof service->trades[at].trade, "%s", trade);
    service->trades[at].amount_fen = amount_fen;
    service->trades[at].state = state;
    pthread_mutex_unlock(&service->lock);
}

void payments_service_hold(struct payments_service *service, bool held)
{
    pthread_mutex_lock(&service->lock);
    service->held = held;
    pthread_mutex_unlock(&service->lock);
}

void payments_service_break(struct payments_service *service, enum err_code down)
{
    pthread_mutex_lock(&service->lock);
    service->down = down;
    pthread_mutex_unlock(&service->lock);
}

int payments_service_queries(struct payments_service *service)
{
    pthread_mutex_lock(&service->lock);
    int count = service->queries;
    pthread_mutex_unlock(&service->lock);
    return count;
}

int payments_service_refunds(struct payments_service *service)
{
    pthread_mutex_lock(&service->lock);
    int count = service->refunds;
    pthread_mutex_unlock(&service->lock);
    return count;
}
