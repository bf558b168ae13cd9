#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "portal/pay/payment_worker.h"
#include "portal/portal_payment.h"
#include "portal/web/web_order.h"

/* Whoever knocks at the notifications' address gets a line in the log so often, and no more. */
#define FORGED_LOG_MS 10000

static enum err_code need_provider(const struct web_call *call, struct err *err)
{
    if (call->web->payment == NULL)
        return err_set(err, ERR_PAYMENT_OFF, "no payment service is configured");
    return ERR_NONE;
}

/* ---- 1.网上支付 ---- */

static enum err_code make_url(const struct web_call *call, const struct portal_order *order,
                              const struct portal_payment *payment, char **out, struct err *err)
{
    const struct web *web = call->web;
    AUTO(memory_freep)
    char *subject =
        memory_printf("CA锁延期续费 %lld个月（订单%s）", (long long)order->months, order->number);
    AUTO(memory_freep)
    char *notify_url =
        memory_printf("%s" WEB_BASE "/payments/notify/%s", web->origin, web->payment->name);
    AUTO(memory_freep)
    char *return_url = memory_printf("%s/orders/%s", web->origin, order->number);
    const struct payment_ask ask = {
        .trade = payment->trade,
        .amount_fen = payment->amount_fen,
        .subject = subject,
        .notify_url = notify_url,
        .return_url = return_url,
        .expires_utc = payment->expires_utc,
    };
    return web->payment->page(web->payment->context, &ask, out, err);
}

static enum err_code start_payment(const struct web_call *call, struct web_answer *out,
                                   struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    AUTO(portal_payment_freep) struct portal_payment *payment = NULL;
    AUTO(memory_freep) char *url = NULL;
    if (need_provider(call, err) != ERR_NONE || web_no_fields(call, err) != ERR_NONE ||
        web_order_of(call, &order, err) != ERR_NONE ||
        portal_payment_start(call->web->portal, call->web->payment->name, order->number, &payment,
                             err) != ERR_NONE ||
        make_url(call, order, payment, &url, err) != ERR_NONE)
        return err->code;
    payment_worker_look(call->web->payment_worker);
    out->json = json_new_object();
    json_add_text(out->json, "url", url);
    return ERR_NONE;
}

/* ---- 2.刷新支付状态 ---- */

/* A user who waits for the payment service. */
struct refresh {
    struct web *web;
    struct http_request *request; /* NULL when the client has left */
    char *number;
    char *login;
    enum web_role role;
};

static void refresh_free(struct refresh *refresh)
{
    free(refresh->number);
    free(refresh->login);
    free(refresh);
}

static void on_gone(void *context, struct http_request *request)
{
    struct refresh *refresh = context;
    refresh->request = NULL;
}

static void on_told(void *context, struct err *err)
{
    struct refresh *refresh = context;
    struct web_answer answer = {0};
    const struct web_user user = {.login = refresh->login, .role = refresh->role};
    const struct web_call call = {.web = refresh->web, .request = refresh->request, .user = &user};
    enum err_code result = err->code;
    if (refresh->request != NULL) {
        http_request_on_gone(refresh->request, NULL, NULL);
        if (result == ERR_NONE)
            result = web_order_answer(&call, refresh->number, &answer, err);
        web_reply(refresh->request, result, &answer, err);
    }
    refresh_free(refresh);
}

static enum err_code ask_service(const struct web_call *call, const char *number, const char *trade,
                                 struct web_answer *out, struct err *err)
{
    struct refresh *refresh = memory_new(sizeof *refresh);
    *refresh = (struct refresh){
        .web = call->web,
        .request = call->request,
        .number = memory_text(number),
        .login = memory_text(call->user->login),
        .role = call->user->role,
    };
    if (payment_worker_ask(call->web->payment_worker, trade, on_told, refresh, err) != ERR_NONE) {
        refresh_free(refresh);
        return err->code;
    }
    http_request_on_gone(call->request, on_gone, refresh);
    out->later = true;
    return ERR_NONE;
}

/* Where nothing waits, everything is known. */
static enum err_code refresh_payment(const struct web_call *call, struct web_answer *out,
                                     struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    AUTO(memory_freep) char *trade = NULL;
    if (need_provider(call, err) != ERR_NONE || web_no_fields(call, err) != ERR_NONE ||
        web_order_of(call, &order, err) != ERR_NONE ||
        portal_payment_hurry(call->web->portal, order->number, &trade, err) != ERR_NONE)
        return err->code;
    if (trade == NULL)
        return web_order_answer(call, order->number, out, err);
    if (ask_service(call, order->number, trade, out, err) != ERR_NONE)
        return err->code;
    payment_worker_look(call->web->payment_worker);
    return ERR_NONE;
}

/* ---- notifications ---- */

static void log_forged(const struct err *err)
{
    static struct deadline next;
    static unsigned unlogged;
    if (!deadline_passed(next)) {
        unlogged++;
        return;
    }
    log_err("payment", "refuse a notification", err);
    if (unlogged > 0)
        log_warning("payment", "%u more notifications were refused before", unlogged);
    unlogged = 0;
    next = deadline_in_ms(FORGED_LOG_MS);
}

static enum err_code take_fact(const struct web_call *call, const struct payment_fact *fact,
                               struct err *err)
{
    AUTO(memory_freep) char *actor = memory_printf("payment:%s", call->web->payment->name);
    portal_set_actor(call->web->portal, actor);
    enum err_code result =
        portal_payment_apply(call->web->portal, call->web->payment->name, fact, err);
    payment_worker_look(call->web->payment_worker);
    return result;
}

/* What isn't the service's is answered alike, whatever is wrong with it. */
static enum err_code take_notification(const struct web_call *call, struct web_answer *out,
                                       struct err *err)
{
    const struct payment_provider *provider = call->web->payment;
    AUTO(payment_fact_done) struct payment_fact fact = {0};
    if (provider == NULL ||
        strcmp(http_request_segment(call->request, "provider"), provider->name) != 0)
        return err_set(err, ERR_HTTP_NOT_FOUND, "no such payment service");
    if (provider->notification(provider->context, call->raw, &fact, err) != ERR_NONE) {
        log_forged(err);
        return err_set(err, ERR_PAYMENT_SIGNATURE, "not a notification of the payment service");
    }
    if (take_fact(call, &fact, err) != ERR_NONE)
        return err->code;
    out->json = json_new_object();
    json_add_text(out->json, "received", fact.trade);
    return ERR_NONE;
}

static const struct web_route routes[] = {
    {HTTP_POST, "/orders/{number}/payment", WEB_BIDDER, start_payment, 0, false},
    {HTTP_POST, "/orders/{number}/payment/refresh", WEB_BIDDER, refresh_payment, 0, false},
    {HTTP_POST, "/payments/notify/{provider}", WEB_ANYONE, take_notification,
     PAYMENT_NOTIFICATION_BYTES_MAX, true},
};
const struct web_table web_payment_table = {routes, ARRAY_SIZE(routes)};
