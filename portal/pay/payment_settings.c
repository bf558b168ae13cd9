#include "portal/pay/payment_settings.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "portal/pay/pay_http.h"
#include "portal/pay/pay_key.h"
#include "portal/pay/payment_sandbox.h"
#include "portal/portal_audit.h"

#define CA_BYTES_MAX 65536
#define SANDBOX "sandbox"

/* The files of one portal; owned. */
struct files {
    char *own_key;
    char *service_key;
    char *service_ca;
};

static struct files files_of(const struct portal *portal)
{
    return (struct files){
        .own_key = memory_printf("%s/payment/merchant.key", portal->folder),
        .service_key = memory_printf("%s/payment/service.pem", portal->folder),
        .service_ca = memory_printf("%s/payment/service-ca.pem", portal->folder),
    };
}

static void files_done(struct files *files)
{
    free(files->own_key);
    free(files->service_key);
    free(files->service_ca);
}

/* ---- our key ---- */

static enum err_code make_key(struct portal *portal, const char *path, struct err *err)
{
    AUTO(memory_freep) char *folder = file_join(portal->folder, "payment");
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    if (file_make_folder(folder, 0700, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE)
        return err->code;
    if (access(path, F_OK) == 0) /* another process was quicker */
        return ERR_NONE;
    if (portal_audit_add(portal, "payment.key-made", "", "", err) != ERR_NONE ||
        pay_key_make(path, err) != ERR_NONE)
        return err->code;
    return portal_transaction_commit(&transaction, err);
}

enum err_code payment_settings_merchant_key(struct portal *portal, char **out, struct err *err)
{
    AUTO(files_done) struct files files = files_of(portal);
    AUTO(pay_key_freep) struct pay_key *key = NULL;
    if (access(files.own_key, F_OK) != 0 && make_key(portal, files.own_key, err) != ERR_NONE)
        return err_add(err, "make the merchant's key");
    if (pay_key_read_private(files.own_key, &key, err) != ERR_NONE)
        return err->code;
    return pay_key_public_pem(key, out, err);
}

/* ---- configuring ---- */

/* Both are read before one is written. */
static enum err_code copy_files(const struct payment_settings *settings, const struct files *files,
                                struct err *err)
{
    AUTO(bytes_freep) struct bytes *key = NULL;
    AUTO(bytes_freep) struct bytes *ca = NULL;
    if (file_read(settings->service_key_file, PAY_PEM_BYTES_MAX, &key, err) != ERR_NONE ||
        (settings->service_ca_file != NULL &&
         file_read(settings->service_ca_file, CA_BYTES_MAX, &ca, err) != ERR_NONE) ||
        file_write_atomic(files->service_key, span_bytes(key), 0644, err) != ERR_NONE)
        return err->code;
    if (ca != NULL)
        return file_write_atomic(files->service_ca, span_bytes(ca), 0644, err);
    unlink(files->service_ca);
    return ERR_NONE;
}

static enum err_code check(const struct payment_settings *settings, struct err *err)
{
    AUTO(pay_key_freep) struct pay_key *key = NULL;
    if (strcmp(settings->provider, SANDBOX) != 0)
        return err_set(err, ERR_USAGE, "--provider: only " SANDBOX " is built in");
    size_t length = strlen(settings->service_url);
    if (!pay_http_url_is_valid(settings->service_url, PAYMENT_URL_BYTES_MAX) ||
        pay_http_origin_bytes(settings->service_url) != length)
        return err_set(err, ERR_USAGE, "--service: not https://HOST[:PORT]");
    return pay_key_read_public(settings->service_key_file, &key, err);
}

enum err_code payment_settings_configure(struct portal *portal,
                                         const struct payment_settings *settings, struct err *err)
{
    AUTO(files_done) struct files files = files_of(portal);
    AUTO(memory_freep) char *pem = NULL;
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    if (check(settings, err) != ERR_NONE ||
        payment_settings_merchant_key(portal, &pem, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_db_set_setting(portal->db, "payment_provider", settings->provider, err) !=
            ERR_NONE ||
        portal_db_set_setting(portal->db, "payment_service_url", settings->service_url, err) !=
            ERR_NONE ||
        portal_audit_add(portal, "payment.configured", settings->provider, settings->service_url,
                         err) != ERR_NONE ||
        copy_files(settings, &files, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "configure the payment service");
    return ERR_NONE;
}

/* ---- opening ---- */

enum err_code payment_settings_open(struct portal *portal, struct payment_provider **out,
                                    struct err *err)
{
    AUTO(files_done) struct files files = files_of(portal);
    AUTO(memory_freep) char *provider = NULL;
    AUTO(memory_freep) char *url = NULL;
    if (portal_db_setting(portal->db, "payment_provider", &provider, err) != ERR_NONE) {
        if (err->code != ERR_NO_SUCH_RECORD)
            return err->code;
        *err = ERR_INIT;
        *out = NULL;
        return ERR_NONE;
    }
    if (strcmp(provider, SANDBOX) != 0)
        return err_set(err, ERR_CONFIG, "there is no payment provider %s", provider);
    if (portal_db_setting(portal->db, "payment_service_url", &url, err) != ERR_NONE)
        return err->code;
    const struct payment_sandbox_options options = {
        .service_url = url,
        .ca_file = access(files.service_ca, F_OK) == 0 ? files.service_ca : NULL,
        .own_key_file = files.own_key,
        .service_key_file = files.service_key,
    };
    return payment_sandbox_new(&options, out, err);
}

void payment_settings_close(struct payment_provider *provider)
{
    payment_sandbox_free(provider);
}

void payment_settings_closep(struct payment_provider **provider)
{
    payment_settings_close(*provider);
    *provider = NULL;
}
