#include "portal/portal_command_payment.h"

#include "portal/pay/payment_settings.h"
#include "portal/portal_command.h"
#include "portal/portal_payment.h"

/* Of one reconciliation; what is left is for the next one. */
#define RECONCILE_MAX 256

enum err_code portal_command_payment_key(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(memory_freep) char *pem = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        payment_settings_merchant_key(portal, &pem, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_text(json, "merchant_key", pem);
    return portal_command_print(json);
}

enum err_code portal_command_payment_configure(const struct portal_arguments *arguments,
                                               struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(memory_freep) char *pem = NULL;
    const struct payment_settings settings = {
        .provider = portal_arguments_get(arguments, "provider"),
        .service_url = portal_arguments_get(arguments, "service"),
        .service_key_file = portal_arguments_get(arguments, "service-key"),
        .service_ca_file = portal_arguments_get(arguments, "service-ca"),
    };
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        payment_settings_configure(portal, &settings, err) != ERR_NONE ||
        payment_settings_merchant_key(portal, &pem, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_text(json, "provider", settings.provider);
    json_add_text(json, "service", settings.service_url);
    json_add_text(json, "merchant_key", pem);
    return portal_command_print(json);
}

enum err_code portal_command_payment_list(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *list = NULL;
    bool strays = portal_arguments_has(arguments, "strays");
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        (strays ? portal_payment_strays(portal, &list, err)
                : portal_payment_list(portal, portal_arguments_get(arguments, "order"), &list,
                                      err)) != ERR_NONE)
        return err->code;
    return portal_command_print(list);
}

/* ---- asking the service ---- */

static enum err_code open_provider(struct portal *portal, struct payment_provider **out,
                                   struct err *err)
{
    if (payment_settings_open(portal, out, err) != ERR_NONE)
        return err->code;
    return *out == NULL ? err_set(err, ERR_PAYMENT_OFF, "see \"payment configure\"") : ERR_NONE;
}

/* Asks about one payment, or for its refund when that is due, and applies the answer. */
static enum err_code ask(struct portal *portal, const struct payment_provider *provider,
                         const struct portal_payment *payment, struct err *err)
{
    AUTO(payment_fact_done) struct payment_fact fact = {0};
    if (strcmp(payment->provider, provider->name) != 0)
        return err_set(err, ERR_PAYMENT_OFF, "%s went through %s", payment->trade,
                       payment->provider);
    if (payment->state == PORTAL_PAYMENT_REFUND_DUE) {
        if (provider->refund(provider->context, payment->trade, payment->received_fen, &fact,
                             err) != ERR_NONE)
            return err->code;
    } else if (provider->query(provider->context, payment->trade, &fact, err) != ERR_NONE) {
        return err->code;
    }
    return portal_payment_apply(portal, provider->name, &fact, err);
}

static enum err_code print_payment(struct portal *portal, const char *trade, struct err *err)
{
    AUTO(portal_payment_freep) struct portal_payment *payment = NULL;
    if (portal_payment_load(portal, trade, &payment, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_text(json, "trade", payment->trade);
    json_add_text(json, "order", payment->order_number);
    json_add_integer(json, "amount_fen", payment->amount_fen);
    json_add_integer(json, "received_fen", payment->received_fen);
    json_add_text(json, "state", portal_payment_state_text(payment->state));
    json_add_text(json, "reason", payment->reason);
    return portal_command_print(json);
}

static enum err_code ask_and_print(struct portal *portal, const char *trade, struct err *err)
{
    AUTO(payment_settings_closep) struct payment_provider *provider = NULL;
    AUTO(portal_payment_freep) struct portal_payment *payment = NULL;
    if (open_provider(portal, &provider, err) != ERR_NONE ||
        portal_payment_load(portal, trade, &payment, err) != ERR_NONE ||
        ask(portal, provider, payment, err) != ERR_NONE)
        return err->code;
    return print_payment(portal, trade, err);
}

enum err_code portal_command_payment_query(const struct portal_arguments *arguments,
                                           struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE)
        return err->code;
    return ask_and_print(portal, portal_arguments_get(arguments, "trade"), err);
}

/* Noted first: where the service can't be reached now, the server goes on asking. */
enum err_code portal_command_payment_refund(const struct portal_arguments *arguments,
                                            struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    const char *trade = portal_arguments_get(arguments, "trade");
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_payment_refund(portal, trade, portal_arguments_get(arguments, "reason"), err) !=
            ERR_NONE)
        return err->code;
    return ask_and_print(portal, trade, err);
}

static struct json *reconciled(struct portal *portal, const struct payment_provider *provider,
                               const struct portal_payment *payment)
{
    AUTO(portal_payment_freep) struct portal_payment *after = NULL;
    struct json *json = json_new_object();
    struct err err = ERR_INIT;
    json_add_text(json, "trade", payment->trade);
    json_add_text(json, "before", portal_payment_state_text(payment->state));
    if (ask(portal, provider, payment, &err) != ERR_NONE)
        json_add_text(json, "error", err_code_text(err.code));
    err = ERR_INIT;
    if (portal_payment_load(portal, payment->trade, &after, &err) == ERR_NONE)
        json_add_text(json, "state", portal_payment_state_text(after->state));
    return json;
}

/* Everything that waits or is due for refund, whenever its next question would be. */
enum err_code portal_command_payment_reconcile(const struct portal_arguments *arguments,
                                               struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(payment_settings_closep) struct payment_provider *provider = NULL;
    struct portal_payment *due[RECONCILE_MAX];
    size_t count = 0;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        open_provider(portal, &provider, err) != ERR_NONE ||
        portal_payment_due(portal, provider->name, INT64_MAX, RECONCILE_MAX, due, &count, err) !=
            ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *list = json_new_array();
    for (size_t i = 0; i < count; i++) {
        json_append(list, reconciled(portal, provider, due[i]));
        portal_payment_free(due[i]);
    }
    return portal_command_print(list);
}
