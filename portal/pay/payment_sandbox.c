#include "portal/pay/payment_sandbox.h"

#include <stdlib.h>

#include "base/cancel.h"
#include "base/hex.h"
#include "portal/pay/pay_http.h"
#include "portal/pay/pay_message.h"

/* An address longer than that is cut by some browser or proxy. */
#define PAGE_URL_BYTES_MAX 8192

struct sandbox {
    struct payment_provider provider; /* first: the table that is handed out */
    char *service_url;
    char *ca_file;
    struct pay_key *own_key;
    struct pay_key *service_key;
    struct cancel *cancel;
};

static struct pay_parties parties(const struct sandbox *sandbox)
{
    return (struct pay_parties){.own = sandbox->own_key, .peer = sandbox->service_key};
}

/* ---- the page ---- */

static enum err_code check_ask(const struct payment_ask *ask, struct err *err)
{
    if (!pay_trade_is_valid(ask->trade))
        return err_set(err, ERR_FIELD_VALUE, "trade");
    if (ask->amount_fen < 1 || ask->amount_fen > PAYMENT_FEN_MAX)
        return err_set(err, ERR_FIELD_VALUE, "amount");
    if (strlen(ask->subject) == 0 || strlen(ask->subject) > PAYMENT_SUBJECT_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "subject");
    if (!pay_http_url_is_valid(ask->notify_url, PAYMENT_URL_BYTES_MAX) ||
        !pay_http_url_is_valid(ask->return_url, PAYMENT_URL_BYTES_MAX))
        return err_set(err, ERR_FIELD_VALUE, "notify_url or return_url");
    return ERR_NONE;
}

static enum err_code make_page(void *context, const struct payment_ask *ask, char **out_url,
                               struct err *err)
{
    const struct sandbox *sandbox = context;
    struct pay_parties who = parties(sandbox);
    AUTO(json_freep) struct json *content = json_new_object();
    AUTO(pay_signed_done) struct pay_signed page = {0};
    if (check_ask(ask, err) != ERR_NONE)
        return err->code;
    json_add_text(content, "trade", ask->trade);
    json_add_integer(content, "amount_fen", ask->amount_fen);
    json_add_text(content, "subject", ask->subject);
    json_add_text(content, "notify_url", ask->notify_url);
    json_add_text(content, "return_url", ask->return_url);
    json_add_utc(content, "expires", ask->expires_utc);
    if (pay_message_sign(&who, PAY_PAGE, content, &page, err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep) char *message = hex_encode(span_bytes(page.message));
    AUTO(memory_freep) char *signature = hex_encode(SPAN_ARRAY(page.signature));
    AUTO(memory_freep)
    char *url =
        memory_printf("%s/pay?order=%s&signature=%s", sandbox->service_url, message, signature);
    if (strlen(url) > PAGE_URL_BYTES_MAX)
        return err_set(err, ERR_HTTP_TOO_LARGE, "the page's address has %zu bytes", strlen(url));
    *out_url = TAKE(url);
    return ERR_NONE;
}

/* ---- notifications ---- */

static enum err_code read_notification(void *context, struct span body, struct payment_fact *out,
                                       struct err *err)
{
    struct pay_parties who = parties(context);
    AUTO(json_freep) struct json *content = NULL;
    if (pay_envelope_open(&who, PAY_NOTIFICATION, body, &content, err) != ERR_NONE ||
        pay_fact_read(content, out, err) != ERR_NONE)
        return err_add(err, "read a notification");
    return ERR_NONE;
}

/* ---- query and refund ---- */

/* Whatever is wrong with an answer's form is the service's fault. */
static enum err_code read_answer(const struct pay_parties *who, struct span answer,
                                 const char *nonce, struct payment_fact *out, struct err *err)
{
    AUTO(json_freep) struct json *content = NULL;
    const char *request = NULL;
    const struct json_field field = {"request", JSON_TEXT, false, PAY_NONCE_CHARACTERS, &request};
    if (pay_envelope_open(who, PAY_ANSWER, answer, &content, err) == ERR_NONE &&
        json_read(content, &field, 1, JSON_UNKNOWN_IGNORED, err) == ERR_NONE) {
        if (strcmp(request, nonce) != 0)
            return err_set(err, ERR_PAYMENT_ANSWER, "the answer is to another request");
        if (pay_fact_read(content, out, err) == ERR_NONE)
            return ERR_NONE;
    }
    err_add(err, "read the payment service's answer");
    if (err->code != ERR_PAYMENT_SIGNATURE)
        err->code = ERR_PAYMENT_ANSWER;
    return err->code;
}

static enum err_code post(struct sandbox *sandbox, enum pay_kind kind, const char *path,
                          struct json *content, struct payment_fact *out, struct err *err)
{
    struct pay_parties who = parties(sandbox);
    AUTO(pay_signed_done) struct pay_signed request = {0};
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (pay_message_sign(&who, kind, content, &request, err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep) char *envelope = pay_envelope_text(&request);
    AUTO(memory_freep) char *url = memory_printf("%s%s", sandbox->service_url, path);
    const struct pay_http_call call = {
        .url = url,
        .ca_file = sandbox->ca_file,
        .body = span_text(envelope),
        .deadline = deadline_in_ms(PAYMENT_CALL_MS),
        .cancel = sandbox->cancel,
    };
    if (pay_http_post(&call, &answer, err) != ERR_NONE)
        return err->code;
    return read_answer(&who, span_bytes(answer), request.nonce, out, err);
}

static enum err_code call(void *context, enum pay_kind kind, const char *path, struct json *content,
                          const char *trade, struct payment_fact *out, struct err *err)
{
    AUTO(payment_fact_done) struct payment_fact fact = {0};
    json_add_text(content, "trade", trade);
    if (post(context, kind, path, content, &fact, err) != ERR_NONE)
        return err->code;
    if (strcmp(fact.trade, trade) != 0)
        return err_set(err, ERR_PAYMENT_ANSWER, "the answer is about %s", fact.trade);
    *out = fact;
    fact = (struct payment_fact){0};
    return ERR_NONE;
}

static enum err_code query(void *context, const char *trade, struct payment_fact *out,
                           struct err *err)
{
    AUTO(json_freep) struct json *content = json_new_object();
    return call(context, PAY_QUERY, "/api/query", content, trade, out, err);
}

static enum err_code refund(void *context, const char *trade, int64_t amount_fen,
                            struct payment_fact *out, struct err *err)
{
    AUTO(json_freep) struct json *content = json_new_object();
    json_add_integer(content, "amount_fen", amount_fen);
    return call(context, PAY_REFUND, "/api/refund", content, trade, out, err);
}

static void stop(void *context)
{
    cancel_request(((struct sandbox *)context)->cancel);
}

/* ---- the provider ---- */

static void free_sandbox(struct sandbox *sandbox)
{
    free(sandbox->service_url);
    free(sandbox->ca_file);
    pay_key_free(sandbox->own_key);
    pay_key_free(sandbox->service_key);
    cancel_free(sandbox->cancel);
    free(sandbox);
}

enum err_code payment_sandbox_new(const struct payment_sandbox_options *options,
                                  struct payment_provider **out, struct err *err)
{
    const char *url = options->service_url;
    if (!pay_http_url_is_valid(url, PAYMENT_URL_BYTES_MAX) || url[strlen(url) - 1] == '/')
        return err_set(err, ERR_CONFIG, "the service's address is not https://HOST[:PORT]");
    struct sandbox *sandbox = memory_new(sizeof *sandbox);
    sandbox->provider = (struct payment_provider){
        .name = "sandbox",
        .context = sandbox,
        .page = make_page,
        .notification = read_notification,
        .query = query,
        .refund = refund,
        .stop = stop,
    };
    sandbox->service_url = memory_text(url);
    sandbox->ca_file = memory_text(options->ca_file);
    if (pay_key_read_private(options->own_key_file, &sandbox->own_key, err) != ERR_NONE ||
        pay_key_read_public(options->service_key_file, &sandbox->service_key, err) != ERR_NONE ||
        cancel_new(&sandbox->cancel, err) != ERR_NONE) {
        free_sandbox(sandbox);
        return err_add(err, "open the payment service's client");
    }
    *out = &sandbox->provider;
    return ERR_NONE;
}

void payment_sandbox_free(struct payment_provider *provider)
{
    if (provider != NULL)
        free_sandbox(provider->context);
}

void payment_sandbox_freep(struct payment_provider **provider)
{
    payment_sandbox_free(*provider);
    *provider = NULL;
}
