#include "portal/pay/sandbox_service.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/secret.h"
#include "portal/pay/pay_http.h"
#include "portal/pay/pay_message.h"
#include "portal/pay/sandbox_notices.h"
#include "portal/pay/sandbox_page.h"
#include "portal/pay/sandbox_trade.h"

/* Requests of the last PAY_MESSAGE_AGE_S on both sides of now: more than a merchant asks. */
#define NONCES_MAX 4096

struct nonce {
    char text[PAY_NONCE_CHARACTERS + 1];
    int64_t at_utc;
};

struct sandbox_service {
    struct sandbox_folder *folder;
    char *merchant_origin;
    struct sandbox_notices *notices;
    struct nonce nonces[NONCES_MAX]; /* a ring */
    size_t next_nonce;
};

static struct pay_parties parties(const struct sandbox_service *service)
{
    return (struct pay_parties){service->folder->own_key, service->folder->merchant_key};
}

/* ---- answers ---- */

static void reply_html(struct http_request *request, int status, const char *html,
                       const char *return_url)
{
    /* A browser holds the redirection that answers a form against form-action too. */
    AUTO(memory_freep)
    char *policy =
        memory_printf("default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
                      "frame-ancestors 'none'; form-action 'self' %.*s",
                      return_url == NULL ? 0 : (int)pay_http_origin_bytes(return_url),
                      return_url == NULL ? "" : return_url);
    http_reply_header(request, "Content-Security-Policy", policy);
    http_reply_bytes(request, status, "text/html; charset=utf-8", span_text(html));
}

/* The address is not for the log: whoever has it may pay and cancel. */
static void reply_page_error(struct http_request *request, const struct err *err)
{
    AUTO(memory_freep) char *html = sandbox_page_error(err);
    log_err("pay", "a page", err);
    reply_html(request, err_http_status(err->code), html, NULL);
}

static void reply_problem(struct http_request *request, struct err *err)
{
    log_err("pay", http_request_path(request), err);
    if (err_http_status(err->code) >= 500)
        err->detail[0] = '\0';
    http_reply_problem(request, err);
}

static void redirect(struct http_request *request, const char *address)
{
    http_reply_header(request, "Location", address);
    http_reply_empty(request, 303);
}

void sandbox_service_decorate(void *context, struct http_request *request)
{
    http_reply_header(request, "Cache-Control", "no-store");
    http_reply_header(request, "X-Content-Type-Options", "nosniff");
    http_reply_header(request, "Referrer-Policy", "no-referrer");
    http_reply_header(request, "Cross-Origin-Opener-Policy", "same-origin");
    http_reply_header(request, "Strict-Transport-Security", "max-age=31536000");
}

/* ---- trades ---- */

static enum err_code enter(struct sandbox_service *service, struct sandbox_trade *trade,
                           enum payment_state state, struct err *err)
{
    if (sandbox_trade_enter(service->folder->path, trade, state, err) != ERR_NONE)
        return err_add(err, "%s becomes %s", trade->trade, payment_state_text(state));
    log_info("pay", "%s: %s", trade->trade, payment_state_text(state));
    sandbox_notices_add(service->notices, trade->trade);
    return ERR_NONE;
}

/* As it stands now: one that has expired is closed. */
static enum err_code load(struct sandbox_service *service, const char *name,
                          struct sandbox_trade **out, struct err *err)
{
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    if (sandbox_trade_load(service->folder->path, name, &trade, err) != ERR_NONE)
        return err->code;
    if (trade->state == PAYMENT_WAITING && clock_now_utc() > trade->expires_utc &&
        enter(service, trade, PAYMENT_CLOSED, err) != ERR_NONE)
        return err->code;
    *out = TAKE(trade);
    return ERR_NONE;
}

/* ---- from the merchant's page to ours ---- */

static bool is_of(const char *url, const char *origin)
{
    return origin == NULL || (pay_http_origin_bytes(url) == strlen(origin) &&
                              strncmp(url, origin, strlen(origin)) == 0);
}

static enum err_code open_order(const struct sandbox_service *service,
                                const struct http_request *request, struct sandbox_trade **out,
                                struct err *err)
{
    const char *order = http_request_query(request, "order");
    const char *signature_text = http_request_query(request, "signature");
    AUTO(bytes_freep) struct bytes *message = order == NULL ? NULL : hex_decode(order);
    AUTO(bytes_freep)
    struct bytes *signature = signature_text == NULL ? NULL : hex_decode(signature_text);
    AUTO(json_freep) struct json *content = NULL;
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    struct pay_parties who = parties(service);
    if (message == NULL || signature == NULL)
        return err_set(err, ERR_PAYMENT_SIGNATURE, "no signed order in the address");
    if (pay_message_open(&who, PAY_PAGE, span_bytes(message), span_bytes(signature), &content,
                         err) != ERR_NONE ||
        sandbox_trade_from_page(content, &trade, err) != ERR_NONE)
        return err->code;
    if (!is_of(trade->notify_url, service->merchant_origin) ||
        !is_of(trade->return_url, service->merchant_origin))
        return err_set(err, ERR_PAYMENT_SIGNATURE, "an address of another merchant");
    *out = TAKE(trade);
    return ERR_NONE;
}

/* The trade that is there already wins: the same order opened again is the same payment. */
static enum err_code take_order(struct sandbox_service *service, struct sandbox_trade *asked,
                                struct sandbox_trade **out, struct err *err)
{
    AUTO(sandbox_trade_freep) struct sandbox_trade *known = NULL;
    if (load(service, asked->trade, &known, err) == ERR_NONE) {
        if (known->amount_fen != asked->amount_fen)
            return err_set(err, ERR_ORDER_AMOUNT, "%s was opened for %lld fen", known->trade,
                           (long long)known->amount_fen);
        *out = TAKE(known);
        return ERR_NONE;
    }
    if (err->code != ERR_NO_SUCH_RECORD)
        return err->code;
    *err = ERR_INIT;
    if (clock_now_utc() > asked->expires_utc)
        return err_set(err, ERR_PAYMENT_CLOSED, "%s has expired", asked->trade);
    if (sandbox_trade_save(service->folder->path, asked, err) != ERR_NONE)
        return err->code;
    return load(service, asked->trade, out, err);
}

/* The page has an address of its own, which can be loaded again and which holds no signature. */
static void handle_order(void *context, struct http_request *request)
{
    AUTO(sandbox_trade_freep) struct sandbox_trade *asked = NULL;
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    struct err err = ERR_INIT;
    if (open_order(context, request, &asked, &err) != ERR_NONE ||
        take_order(context, asked, &trade, &err) != ERR_NONE) {
        reply_page_error(request, &err);
        return;
    }
    AUTO(memory_freep) char *address = memory_printf("/trades/%s/%s", trade->trade, trade->token);
    redirect(request, address);
}

/* ---- our page ---- */

static enum err_code load_addressed(struct sandbox_service *service,
                                    const struct http_request *request, struct sandbox_trade **out,
                                    struct err *err)
{
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    const char *token = http_request_segment(request, "token");
    if (load(service, http_request_segment(request, "trade"), &trade, err) != ERR_NONE)
        return err->code;
    if (!secret_equal_spans(span_text(token), span_text(trade->token)))
        return err_set(err, ERR_NO_SUCH_RECORD, "the token of %s is wrong", trade->trade);
    *out = TAKE(trade);
    return ERR_NONE;
}

static void handle_trade(void *context, struct http_request *request)
{
    const struct sandbox_service *service = context;
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    struct err err = ERR_INIT;
    if (load_addressed(context, request, &trade, &err) != ERR_NONE) {
        reply_page_error(request, &err);
        return;
    }
    AUTO(memory_freep) char *html = sandbox_page_trade(trade, service->folder->payee);
    reply_html(request, 200, html, trade->return_url);
}

/* A second click finds it done and goes the same way. */
static void act(struct sandbox_service *service, struct http_request *request,
                enum payment_state state)
{
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    struct err err = ERR_INIT;
    if (load_addressed(service, request, &trade, &err) != ERR_NONE ||
        (trade->state == PAYMENT_WAITING && enter(service, trade, state, &err) != ERR_NONE)) {
        reply_page_error(request, &err);
        return;
    }
    if (trade->state == state) {
        redirect(request, trade->return_url);
        return;
    }
    AUTO(memory_freep) char *html = sandbox_page_trade(trade, service->folder->payee);
    reply_html(request, 409, html, trade->return_url);
}

static void handle_pay(void *context, struct http_request *request)
{
    act(context, request, PAYMENT_PAID);
}

static void handle_cancel(void *context, struct http_request *request)
{
    act(context, request, PAYMENT_CLOSED);
}

static void handle_style(void *context, struct http_request *request)
{
    http_reply_bytes(request, 200, "text/css; charset=utf-8", span_text(sandbox_page_style));
}

static void handle_icon(void *context, struct http_request *request)
{
    http_reply_bytes(request, 200, "image/svg+xml", span_text(sandbox_page_icon));
}

/* ---- the merchant's calls ---- */

static enum err_code check_fresh(struct sandbox_service *service, const char *nonce,
                                 struct err *err)
{
    int64_t now = clock_now_utc();
    for (size_t i = 0; i < NONCES_MAX; i++)
        if (strcmp(service->nonces[i].text, nonce) == 0)
            return err_set(err, ERR_PAYMENT_SIGNATURE, "the request came before");
    struct nonce *slot = &service->nonces[service->next_nonce];
    if (slot->text[0] != '\0' && now - slot->at_utc <= 2 * PAY_MESSAGE_AGE_S)
        return err_set(err, ERR_HTTP_TOO_MANY, "%d requests in %d s", NONCES_MAX,
                       2 * PAY_MESSAGE_AGE_S);
    *slot = (struct nonce){.at_utc = now};
    memcpy(slot->text, nonce, PAY_NONCE_CHARACTERS);
    service->next_nonce = (service->next_nonce + 1) % NONCES_MAX;
    return ERR_NONE;
}

struct merchant_call {
    char *nonce;
    char *trade;
    int64_t amount_fen; /* 0 for a query */
};

static void merchant_call_done(struct merchant_call *call)
{
    free(call->nonce);
    free(call->trade);
}

static enum err_code open_call(struct sandbox_service *service, const struct http_request *request,
                               enum pay_kind kind, struct merchant_call *out, struct err *err)
{
    struct pay_parties who = parties(service);
    AUTO(json_freep) struct json *content = NULL;
    const char *trade = NULL;
    int64_t amount_fen = 0;
    const struct json_field fields[] = {
        {"trade", JSON_TEXT, false, PAYMENT_TRADE_BYTES_MAX, &trade},
        {"amount_fen", JSON_INTEGER, kind != PAY_REFUND, PAYMENT_FEN_MAX, &amount_fen},
    };
    if (pay_envelope_open(&who, kind, http_request_body(request), &content, err) != ERR_NONE ||
        json_read(content, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
        return err->code;
    if (!pay_trade_is_valid(trade))
        return err_set(err, ERR_FIELD_VALUE, "trade");
    if (check_fresh(service, pay_message_nonce(content), err) != ERR_NONE)
        return err->code;
    *out = (struct merchant_call){memory_text(pay_message_nonce(content)), memory_text(trade),
                                  amount_fen};
    return ERR_NONE;
}

static void answer(const struct sandbox_service *service, struct http_request *request,
                   const struct merchant_call *call, const struct payment_fact *fact)
{
    struct pay_parties who = parties(service);
    AUTO(json_freep) struct json *content = json_new_object();
    AUTO(pay_signed_done) struct pay_signed message = {0};
    struct err err = ERR_INIT;
    json_add_text(content, "request", call->nonce);
    pay_fact_add(content, fact);
    if (pay_message_sign(&who, PAY_ANSWER, content, &message, &err) != ERR_NONE) {
        reply_problem(request, &err);
        return;
    }
    AUTO(memory_freep) char *envelope = pay_envelope_text(&message);
    http_reply_bytes(request, 200, "application/json", span_text(envelope));
}

static void handle_query(void *context, struct http_request *request)
{
    AUTO(merchant_call_done) struct merchant_call call = {0};
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    struct err err = ERR_INIT;
    if (open_call(context, request, PAY_QUERY, &call, &err) != ERR_NONE ||
        (load(context, call.trade, &trade, &err) != ERR_NONE && err.code != ERR_NO_SUCH_RECORD)) {
        reply_problem(request, &err);
        return;
    }
    struct payment_fact fact = {.trade = call.trade, .at_utc = clock_now_utc()};
    if (trade != NULL)
        fact = sandbox_trade_fact(trade);
    answer(context, request, &call, &fact);
}

/* Once, and wholly. */
static enum err_code refund(struct sandbox_service *service, const struct merchant_call *call,
                            struct sandbox_trade *trade, struct err *err)
{
    if (trade->state == PAYMENT_REFUNDED && call->amount_fen == trade->amount_fen)
        return ERR_NONE;
    if (trade->state != PAYMENT_PAID)
        return err_set(err, ERR_PAYMENT_REFUSED, "%s is %s", trade->trade,
                       payment_state_text(trade->state));
    if (call->amount_fen != trade->amount_fen)
        return err_set(err, ERR_ORDER_AMOUNT, "%s is of %lld fen", trade->trade,
                       (long long)trade->amount_fen);
    return enter(service, trade, PAYMENT_REFUNDED, err);
}

static void handle_refund(void *context, struct http_request *request)
{
    AUTO(merchant_call_done) struct merchant_call call = {0};
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    struct err err = ERR_INIT;
    if (open_call(context, request, PAY_REFUND, &call, &err) != ERR_NONE ||
        load(context, call.trade, &trade, &err) != ERR_NONE ||
        refund(context, &call, trade, &err) != ERR_NONE) {
        reply_problem(request, &err);
        return;
    }
    const struct payment_fact fact = sandbox_trade_fact(trade);
    answer(context, request, &call, &fact);
}

const struct http_route sandbox_service_routes[] = {
    {HTTP_GET, "/pay", handle_order, 0},
    {HTTP_GET, "/trades/{trade}/{token}", handle_trade, 0},
    {HTTP_POST, "/trades/{trade}/{token}/pay", handle_pay, 0},
    {HTTP_POST, "/trades/{trade}/{token}/cancel", handle_cancel, 0},
    {HTTP_GET, "/style.css", handle_style, 0},
    {HTTP_GET, "/icon.svg", handle_icon, 0},
    {HTTP_POST, "/api/query", handle_query, PAY_ENVELOPE_BYTES_MAX},
    {HTTP_POST, "/api/refund", handle_refund, PAY_ENVELOPE_BYTES_MAX},
};
const size_t sandbox_service_route_count = ARRAY_SIZE(sandbox_service_routes);

/* ---- the service ---- */

enum err_code sandbox_service_new(struct loop *loop, struct sandbox_folder *folder,
                                  const char *merchant_origin, struct sandbox_service **out,
                                  struct err *err)
{
    struct sandbox_service *service = memory_new(sizeof *service);
    service->folder = folder;
    service->merchant_origin = memory_text(merchant_origin);
    if (sandbox_notices_new(loop, folder, &service->notices, err) != ERR_NONE) {
        sandbox_service_free(service);
        return err->code;
    }
    *out = service;
    return ERR_NONE;
}

void sandbox_service_free(struct sandbox_service *service)
{
    if (service == NULL)
        return;
    sandbox_notices_free(service->notices);
    sandbox_folder_free(service->folder);
    free(service->merchant_origin);
    free(service);
}
