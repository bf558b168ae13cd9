/* ukey-pay: the sandbox payment service. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "portal/pay/sandbox_server.h"
#include "portal/pay/sandbox_trade.h"
#include "portal/portal_cli.h"
#include "portal/portal_test_hooks.h"

#define PAYEE_DEFAULT "阳光采购服务平台"

static enum err_code print(const struct json *json)
{
    AUTO(memory_freep) char *text = json_print(json);
    puts(text);
    return ERR_NONE;
}

static enum err_code trust(const struct portal_arguments *arguments, struct err *err)
{
    return sandbox_folder_trust(arguments->folder, portal_arguments_get(arguments, "portal-key"),
                                portal_arguments_get(arguments, "portal-ca"),
                                portal_arguments_get(arguments, "payee"), err);
}

static enum err_code print_files(const struct portal_arguments *arguments)
{
    AUTO(json_freep) struct json *json = json_new_object();
    AUTO(memory_freep) char *key = memory_printf("%s/service.pem", arguments->folder);
    AUTO(memory_freep) char *ca = memory_printf("%s/tls/ca.pem", arguments->folder);
    json_add_text(json, "folder", arguments->folder);
    json_add_text(json, "service_key", key);
    json_add_text(json, "service_ca", ca);
    return print(json);
}

static enum err_code run_init(const struct portal_arguments *arguments, struct err *err)
{
    if (sandbox_folder_init(arguments->folder, portal_arguments_get(arguments, "host"), err) !=
        ERR_NONE)
        return err->code;
    if (portal_arguments_has(arguments, "portal-key") && trust(arguments, err) != ERR_NONE)
        return err->code;
    return print_files(arguments);
}

static enum err_code run_trust(const struct portal_arguments *arguments, struct err *err)
{
    if (trust(arguments, err) != ERR_NONE)
        return err->code;
    return print_files(arguments);
}

static enum err_code run_service(const struct portal_arguments *arguments, struct err *err)
{
    return sandbox_server_run(arguments->folder, portal_arguments_get(arguments, "listen"),
                              portal_arguments_get(arguments, "portal"), err);
}

static enum err_code run_control(const struct portal_arguments *arguments, struct err *err)
{
    const char *notify = portal_arguments_get(arguments, "notify");
    AUTO(json_freep) struct json *json = json_new_object();
    if (sandbox_folder_set_notify(arguments->folder, notify, err) != ERR_NONE)
        return err->code;
    json_add_text(json, "notify", notify);
    return print(json);
}

/* Who has a trade's token can pay it. */
static void append(void *context, const struct sandbox_trade *trade)
{
    struct json *json = json_new_object();
    json_add_text(json, "trade", trade->trade);
    json_add_text(json, "service_trade", trade->service_trade);
    json_add_text(json, "subject", trade->subject);
    json_add_integer(json, "amount_fen", trade->amount_fen);
    json_add_text(json, "state", payment_state_text(trade->state));
    json_add_utc(json, "since", trade->since_utc);
    json_add_bool(json, "notify", trade->notify);
    json_append(context, json);
}

static enum err_code run_list(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(json_freep) struct json *list = json_new_array();
    if (sandbox_trade_each(arguments->folder, append, list, err) != ERR_NONE)
        return err->code;
    return print(list);
}

static const struct portal_command commands[] = {
    {"init",
     "makes the service's keys and TLS identity; with --portal-key it trusts the merchant too",
     {{"host", "HOST", false, "127.0.0.1"},
      {"portal-key", "PEM", false, NULL},
      {"portal-ca", "PEM", false, NULL},
      {"payee", "NAME", false, PAYEE_DEFAULT}},
     run_init},
    {"trust",
     "takes orders of this merchant, and of no other",
     {{"portal-key", "PEM", true, NULL},
      {"portal-ca", "PEM", false, NULL},
      {"payee", "NAME", false, PAYEE_DEFAULT}},
     run_trust},
    {"run",
     "serves the payment page and the merchant's calls until SIGTERM",
     {{"listen", "HOST:PORT", false, "127.0.0.1:0"}, {"portal", "ORIGIN", false, NULL}},
     run_service},
    {"control",
     "what becomes of notifications from now on",
     {{"notify", "normal|lost|late|doubled", true, NULL}},
     run_control},
    {"list", "lists the payments", {{NULL}}, run_list},
};

/* "ukey-pay: payment-closed: 该笔支付已关闭 (detail)", and what to do on a line of its own. */
static int fail(const struct err *err)
{
    enum lang lang = text_lang_from_environment();
    fprintf(stderr, "ukey-pay: %s: %s (%s)\n%s\n", err_code_text(err->code),
            text_in(err_title(err->code), lang), err->detail, text_in(err_remedy(err->code), lang));
    return 1;
}

int main(int argc, char **argv)
{
    struct portal_arguments arguments = {0};
    struct err err = ERR_INIT;
    umask(077);
    portal_test_hooks_init();
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts("ukey-pay " UKEYD_VERSION) < 0;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        portal_cli_help("ukey-pay", commands, ARRAY_SIZE(commands));
        return 0;
    }
    if (portal_cli_parse(commands, ARRAY_SIZE(commands), argc, argv, &arguments, &err) !=
            ERR_NONE ||
        arguments.command->run(&arguments, &err) != ERR_NONE)
        return fail(&err);
    return fflush(stdout) == 0 ? 0 : 1;
}
