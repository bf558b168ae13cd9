#include "portal/portal_commands.h"

#include <stdio.h>

#include "base/hex.h"
#include "portal/portal_audit.h"
#include "portal/portal_certificate.h"
#include "portal/portal_command.h"
#include "portal/portal_command_account.h"
#include "portal/portal_command_download.h"
#include "portal/portal_command_order.h"
#include "portal/portal_command_payment.h"
#include "portal/portal_command_reset.h"
#include "portal/portal_command_seal.h"
#include "portal/portal_command_ticket.h"
#include "portal/portal_key.h"
#include "portal/portal_order_new.h"
#include "portal/portal_order_view.h"
#include "portal/portal_server.h"
#include "portal/portal_tls.h"
#include "portal/portal_x509.h"

/* ---- the portal ---- */

static enum err_code run_init(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(memory_freep) char *who = portal_command_actor();
    AUTO(json_freep) struct json *json = json_new_object();
    const char *name = portal_arguments_get(arguments, "name");
    if (portal_init(arguments->folder, name, portal_arguments_get(arguments, "host"), who, err) !=
        ERR_NONE)
        return err->code;
    json_add_text(json, "folder", arguments->folder);
    json_add_text(json, "name", name);
    return portal_command_print(json);
}

static enum err_code run_server(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    if (portal_command_open_keys(arguments, &portal, err) != ERR_NONE)
        return err->code;
    const struct portal_server_options options = {
        .listen = portal_arguments_get(arguments, "listen"),
        .origin = portal_arguments_get(arguments, "origin"),
    };
    return portal_server_run(portal, &options, err);
}

static enum err_code run_tls_renew(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    const char *host = portal_arguments_get(arguments, "host");
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_audit_add(portal, "tls.renewed", host, "", err) != ERR_NONE ||
        portal_tls_make(arguments->folder, host, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_text(json, "host", host);
    return portal_command_print(json);
}

/* ---- organisations and keys ---- */

static enum err_code run_organisation_add(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    int64_t id = 0;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_organisation_add(portal, portal_arguments_get(arguments, "name"), &id, err) !=
            ERR_NONE)
        return err->code;
    return portal_command_print_id(id);
}

typedef enum err_code (*lister)(struct portal *portal, struct json **out, struct err *err);

static enum err_code run_list(const struct portal_arguments *arguments, lister list,
                              struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        list(portal, &json, err) != ERR_NONE)
        return err->code;
    return portal_command_print(json);
}

static enum err_code run_organisation_list(const struct portal_arguments *arguments,
                                           struct err *err)
{
    return run_list(arguments, portal_organisation_list, err);
}

static enum err_code run_key_list(const struct portal_arguments *arguments, struct err *err)
{
    return run_list(arguments, portal_key_list, err);
}

static enum err_code run_key_show(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_key_show(portal, portal_arguments_get(arguments, "serial"), &json, err) != ERR_NONE)
        return err->code;
    return portal_command_print(json);
}

/* path NULL: none. */
static enum err_code read_cert(const char *path, struct cert **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *der = NULL;
    if (path == NULL)
        return ERR_NONE;
    if (portal_x509_read_der(path, &der, err) != ERR_NONE ||
        cert_parse(span_bytes(der), out, err) != ERR_NONE)
        return err_add(err, "%s", path);
    return ERR_NONE;
}

static enum err_code run_key_add(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(cert_freep) struct cert *sign = NULL;
    AUTO(cert_freep) struct cert *encrypt = NULL;
    if (read_cert(portal_arguments_get(arguments, "sign-cert"), &sign, err) != ERR_NONE ||
        read_cert(portal_arguments_get(arguments, "encrypt-cert"), &encrypt, err) != ERR_NONE ||
        portal_command_open_keys(arguments, &portal, err) != ERR_NONE)
        return err->code;
    const struct portal_key_new new = {
        .serial = portal_arguments_get(arguments, "serial"),
        .number = portal_arguments_get(arguments, "number"),
        .organisation = portal_arguments_get(arguments, "organisation"),
        .holder = portal_arguments_get(arguments, "holder"),
        .profile = portal_arguments_get(arguments, "profile"),
        .sign_cert = sign,
        .encrypt_cert = encrypt,
    };
    int64_t id = 0;
    if (portal_key_add(portal, &new, &id, err) != ERR_NONE)
        return err->code;
    return portal_command_print_id(id);
}

/* ---- orders ---- */

/* Without --algorithm the key's present one. */
static enum err_code choose_algorithm(const struct portal_arguments *arguments,
                                      struct portal *portal, enum cert_algorithm *out,
                                      struct err *err)
{
    if (portal_arguments_has(arguments, "algorithm"))
        return cert_algorithm_from_text(portal_arguments_get(arguments, "algorithm"), out)
                   ? ERR_NONE
                   : err_set(err, ERR_USAGE, "--algorithm: sm2, rsa2048, p256 or p384");
    AUTO(cert_freep) struct cert *cert = NULL;
    int64_t key_id = 0;
    if (portal_key_find(portal, portal_arguments_get(arguments, "serial"), &key_id, err) !=
            ERR_NONE ||
        portal_certificate_active(portal, key_id, CERT_USAGE_SIGN, &cert, NULL, err) != ERR_NONE)
        return err->code;
    *out = cert_peek(cert)->algorithm;
    return ERR_NONE;
}

static enum err_code run_order_add(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    struct portal_order_new new = {.serial = portal_arguments_get(arguments, "serial"),
                                   .policy.dual = !portal_arguments_has(arguments, "single")};
    AUTO(memory_freep) char *number = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_arguments_integer(arguments, "months", PORTAL_ORDER_MONTHS_MAX, &new.months, err) !=
            ERR_NONE ||
        portal_command_choose(portal_arguments_get(arguments, "key"), "key", "keep", "replace",
                              &new.policy.replace_key, err) != ERR_NONE ||
        choose_algorithm(arguments, portal, &new.policy.algorithm, err) != ERR_NONE ||
        portal_order_add(portal, &new, &number, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_text(json, "order", number);
    json_add_text(json, "state", portal_order_state_text(PORTAL_ORDER_EDITING));
    return portal_command_print(json);
}

static enum err_code show_order(struct portal *portal, const char *number, struct err *err)
{
    AUTO(json_freep) struct json *json = NULL;
    if (portal_order_show(portal, number, &json, err) != ERR_NONE)
        return err->code;
    return portal_command_print(json);
}

static enum err_code act(const struct portal_arguments *arguments, enum portal_order_action action,
                         const char *reason, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    const char *number = portal_arguments_get(arguments, "order");
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_order_act(portal, number, action, reason, err) != ERR_NONE)
        return err->code;
    return show_order(portal, number, err);
}

static enum err_code run_order_pay(const struct portal_arguments *arguments, struct err *err)
{
    return act(arguments, PORTAL_ORDER_PAY, "", err);
}

static enum err_code run_order_submit(const struct portal_arguments *arguments, struct err *err)
{
    return act(arguments, PORTAL_ORDER_SUBMIT, "", err);
}

static enum err_code run_order_approve(const struct portal_arguments *arguments, struct err *err)
{
    return act(arguments, PORTAL_ORDER_APPROVE, portal_arguments_get(arguments, "reason"), err);
}

static enum err_code run_order_reject(const struct portal_arguments *arguments, struct err *err)
{
    return act(arguments, PORTAL_ORDER_REJECT, portal_arguments_get(arguments, "reason"), err);
}

static enum err_code run_order_show(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE)
        return err->code;
    return show_order(portal, portal_arguments_get(arguments, "order"), err);
}

static enum err_code run_order_list(const struct portal_arguments *arguments, struct err *err)
{
    return run_list(arguments, portal_order_list, err);
}

/* ---- certificates ---- */

static enum err_code run_certificate_list(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_certificate_list(portal, portal_arguments_get(arguments, "serial"), &json, err) !=
            ERR_NONE)
        return err->code;
    return portal_command_print(json);
}

static enum err_code run_crl(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(memory_freep) char *pem = NULL;
    enum cert_algorithm authority;
    if (!portal_ca_authority_from_text(portal_arguments_get(arguments, "algorithm"), &authority))
        return err_set(err, ERR_USAGE, "--algorithm: sm2, rsa or p256");
    if (portal_command_open_keys(arguments, &portal, err) != ERR_NONE ||
        portal_certificate_crl(portal, authority, &pem, err) != ERR_NONE)
        return err->code;
    fputs(pem, stdout);
    return ERR_NONE;
}

/* ---- looking after it ---- */

static enum err_code run_audit_verify(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    struct portal_audit_state state = {0};
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_audit_verify(portal, &state, err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep) char *hash = hex_encode(SPAN_ARRAY(state.last_hash));
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_integer(json, "lines", state.count);
    json_add_text(json, "last_hash", hash);
    return portal_command_print(json);
}

static enum err_code run_audit_list(const struct portal_arguments *arguments, struct err *err)
{
    return run_list(arguments, portal_audit_list, err);
}

static enum err_code run_escrow_verify(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    int64_t count = 0;
    if (portal_command_open_keys(arguments, &portal, err) != ERR_NONE ||
        portal_key_manager_verify(portal->key_manager, portal->db, &count, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_integer(json, "keys", count);
    return portal_command_print(json);
}

#define ORDER_OPTION \
    { \
        "order", "NUMBER", true, NULL \
    }
#define REASON_OPTION \
    { \
        "reason", "TEXT", false, "" \
    }

const struct portal_command portal_commands[] = {
    {"init",
     "makes the database, the CAs, the key manager and the TLS identity",
     {{"name", "NAME", false, "阳光采购服务平台"}, {"host", "HOST", false, "127.0.0.1"}},
     run_init},
    {"run",
     "serves the platform API and the pages over HTTPS until SIGTERM",
     {{"listen", "HOST:PORT", false, "127.0.0.1:0"}, {"origin", "URL", false, NULL}},
     run_server},
    {"tls renew",
     "makes a new TLS identity and a new tls/ca.pem; clients must get the new one",
     {{"host", "HOST", false, "127.0.0.1"}},
     run_tls_renew},
    {"organisation add",
     "adds an organisation",
     {{"name", "NAME", true, NULL}},
     run_organisation_add},
    {"organisation list", "lists the organisations", {{NULL}}, run_organisation_list},
    {"user add",
     "adds a user of the pages, who logs in with the password read from standard input",
     {{"login", "LOGIN", true, NULL},
      {"name", "NAME", true, NULL},
      {"role", "bidder|reviewer|administrator", true, NULL},
      {"organisation", "NAME", false, NULL}},
     portal_command_account_add},
    {"user list", "lists the users", {{NULL}}, portal_command_account_list},
    {"user disable",
     "closes an account; its sessions end at once",
     {{"login", "LOGIN", true, NULL}},
     portal_command_account_disable},
    {"user enable",
     "opens a closed account again",
     {{"login", "LOGIN", true, NULL}},
     portal_command_account_enable},
    {"user password",
     "sets a user's password, read from standard input; the user's sessions end",
     {{"login", "LOGIN", true, NULL}},
     portal_command_account_password},
    {"download add",
     "offers a file on the pages; one of the same name is replaced",
     {{"kind", "driver|manual", true, NULL},
      {"file", "FILE", true, NULL},
      {"name", "NAME", false, NULL}},
     portal_command_download_add},
    {"download list",
     "lists the files that the pages offer",
     {{NULL}},
     portal_command_download_list},
    {"download remove",
     "offers a file no more",
     {{"name", "NAME", true, NULL}},
     portal_command_download_remove},
    {"key add",
     "registers a key with the certificates that are on it",
     {{"serial", "SERIAL", true, NULL},
      {"organisation", "NAME", true, NULL},
      {"holder", "NAME", true, NULL},
      {"profile", "NAME", true, NULL},
      {"sign-cert", "PEM", true, NULL},
      {"encrypt-cert", "PEM", false, NULL},
      {"number", "NUMBER", false, NULL}},
     run_key_add},
    {"key list", "lists the keys with holder and validity", {{NULL}}, run_key_list},
    {"key show", "shows one key", {{"serial", "SERIAL", true, NULL}}, run_key_show},
    {"key admin-pin",
     "prints a key's administrator PIN, for whoever personalises it",
     {{"serial", "SERIAL", true, NULL}},
     portal_command_reset_admin_pin},
    {"key piv-secrets",
     "prints a PIV token's management key and PUK, for whoever personalises it",
     {{"serial", "SERIAL", true, NULL},
      {"algorithm", "3des|aes128|aes192|aes256", true, NULL},
      {"puk", "VERSION", false, NULL}},
     portal_command_reset_piv_secrets},
    {"key piv-versions",
     "shows which PUK and management key a PIV token has, or sets what it has for certain",
     {{"serial", "SERIAL", true, NULL},
      {"puk", "VERSION", false, NULL},
      {"management", "VERSION", false, NULL}},
     portal_command_reset_piv_versions},
    {"order add",
     "adds a renewal order; --single: a signing certificate alone",
     {{"serial", "SERIAL", true, NULL},
      {"months", "MONTHS", false, "12"},
      {"key", "keep|replace", false, "keep"},
      {"algorithm", "sm2|rsa2048|p256|p384", false, NULL},
      {"single", NULL, false, NULL}},
     run_order_add},
    {"order tariff",
     "shows or sets the fee per month in fen, and what the pages' new orders are for",
     {{"fee-fen", "FEN", false, NULL},
      {"months", "MONTHS", false, NULL},
      {"key", "keep|replace", false, NULL}},
     portal_command_order_tariff},
    {"order pay", "notes that the fee was paid", {ORDER_OPTION}, run_order_pay},
    {"order submit", "hands the order in for review", {ORDER_OPTION}, run_order_submit},
    {"order approve", "approves the order", {ORDER_OPTION, REASON_OPTION}, run_order_approve},
    {"order reject",
     "refuses the order",
     {ORDER_OPTION, {"reason", "TEXT", true, NULL}},
     run_order_reject},
    {"order show", "shows an order with its approval records", {ORDER_OPTION}, run_order_show},
    {"order list", "lists the orders", {{NULL}}, run_order_list},
    {"ticket add",
     "issues a one-time ticket for an order (check, renew), a key (extend-seal) or an approved "
     "request (reset-pin: --id, or --serial and --user); --ttl in seconds",
     {{"order", "NUMBER", false, NULL},
      {"serial", "SERIAL", false, NULL},
      {"seal", "IDENTITY", false, NULL},
      {"user", "NAME", false, NULL},
      {"id", "ID", false, NULL},
      {"kind", "check|renew|extend-seal|reset-pin", true, NULL},
      {"ttl", "SECONDS", false, "300"}},
     portal_command_ticket_add},
    {"seal make",
     "makes the first seal for a key's certificate; --width and --height in mm",
     {{"serial", "SERIAL", true, NULL},
      {"picture", "PNG", true, NULL},
      {"name", "NAME", true, NULL},
      {"out", "FILE", true, NULL},
      {"type", "NUMBER", false, "1"},
      {"version", "4|1", false, "4"},
      {"list", "certificates|digests", false, "certificates"},
      {"width", "MM", false, "40"},
      {"height", "MM", false, "40"}},
     portal_command_seal_make},
    {"seal list",
     "lists the seals that were made",
     {{"serial", "SERIAL", false, NULL}},
     portal_command_seal_list},
    {"reset add",
     "notes that a user asks for a PIN reset, and approves it where that is the policy",
     {{"serial", "SERIAL", true, NULL}, {"user", "NAME", true, NULL}},
     portal_command_reset_add},
    {"reset approve",
     "allows a PIN reset",
     {{"id", "ID", true, NULL}},
     portal_command_reset_approve},
    {"reset reject",
     "refuses a PIN reset",
     {{"id", "ID", true, NULL}, {"reason", "TEXT", true, NULL}},
     portal_command_reset_reject},
    {"reset policy",
     "shows or sets who approves PIN resets: the platform at the request, or a reviewer",
     {{"approval", "automatic|reviewer", false, NULL}},
     portal_command_reset_policy},
    {"reset list", "lists the requests for PIN resets", {{NULL}}, portal_command_reset_list},
    {"payment key",
     "prints the public key with which this portal signs to payment services",
     {{NULL}},
     portal_command_payment_key},
    {"payment configure",
     "names the payment service; the server takes it up when it starts",
     {{"provider", "sandbox", false, "sandbox"},
      {"service", "URL", true, NULL},
      {"service-key", "PEM", true, NULL},
      {"service-ca", "PEM", false, NULL}},
     portal_command_payment_configure},
    {"payment list",
     "lists the payments; --strays: money under numbers that aren't ours",
     {{"order", "NUMBER", false, NULL}, {"strays", NULL, false, NULL}},
     portal_command_payment_list},
    {"payment query",
     "asks the payment service about a payment",
     {{"trade", "NUMBER", true, NULL}},
     portal_command_payment_query},
    {"payment refund",
     "gives back what was paid; the order stays as it is",
     {{"trade", "NUMBER", true, NULL}, {"reason", "TEXT", true, NULL}},
     portal_command_payment_refund},
    {"payment reconcile",
     "asks about every payment that waits or is due for refund",
     {{NULL}},
     portal_command_payment_reconcile},
    {"certificate list",
     "lists the registered certificates",
     {{"serial", "SERIAL", false, NULL}},
     run_certificate_list},
    {"crl",
     "prints the revocation list, PEM",
     {{"algorithm", "sm2|rsa|p256", true, NULL}},
     run_crl},
    {"audit verify", "checks the audit trail's chain", {{NULL}}, run_audit_verify},
    {"audit list", "prints the audit trail", {{NULL}}, run_audit_list},
    {"escrow verify", "opens every escrowed key once", {{NULL}}, run_escrow_verify},
};
const size_t portal_command_count = ARRAY_SIZE(portal_commands);
