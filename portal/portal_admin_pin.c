#include "portal/portal_admin_pin.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/hex.h"
#include "portal/portal_audit.h"
#include "portal/portal_secret_file.h"

/* Of the master secret: what tells it from another one. */
#define SETTING_CHECK "admin_pin_check"
#define CHECK_BYTES 8

#define DERIVE_LABEL "pin-admin/v1"
/* Of the keys' PINs; the next one when a master secret became known and all keys are made anew. */
#define PIN_VERSION 1
#define CONTEXT_BYTES_MAX (PORTAL_SERIAL_BYTES_MAX + 5)

/* 32 characters, so that five bits choose one evenly; without 0, 1, I and O. */
static const char alphabet[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/* ---- the master secret ---- */

static char *master_path(const struct portal *portal)
{
    return memory_printf("%s/secrets/admin-pin.key", portal->folder);
}

static enum err_code check_of(const struct secret *master, char **out, struct err *err)
{
    AUTO(secret_freep) struct secret *derived = NULL;
    if (portal_secret_derive(master, "pin-admin/check", SPAN_NONE, &derived, err) != ERR_NONE)
        return err->code;
    *out = hex_encode(span_part(secret_peek(derived), 0, CHECK_BYTES));
    return ERR_NONE;
}

/* *out is NULL when none was ever made. */
static enum err_code noted_check(struct portal *portal, char **out, struct err *err)
{
    char *noted = NULL;
    if (portal_db_setting(portal->db, SETTING_CHECK, &noted, err) != ERR_NONE) {
        if (err->code != ERR_NO_SUCH_RECORD)
            return err->code;
        *err = ERR_INIT;
    }
    *out = noted;
    return ERR_NONE;
}

enum err_code portal_admin_pin_make(struct portal *portal, struct err *err)
{
    AUTO(memory_freep) char *noted = NULL;
    AUTO(memory_freep) char *check = NULL;
    AUTO(memory_freep) char *folder = file_join(portal->folder, "secrets");
    AUTO(memory_freep) char *path = master_path(portal);
    AUTO(secret_freep) struct secret *master = NULL;
    if (noted_check(portal, &noted, err) != ERR_NONE)
        return err->code;
    if (noted != NULL)
        return ERR_NONE;
    if (file_make_folder(folder, 0700, err) != ERR_NONE ||
        portal_secret_file_make(path, err) != ERR_NONE ||
        portal_secret_file_read(path, &master, err) != ERR_NONE ||
        check_of(master, &check, err) != ERR_NONE ||
        portal_db_set_setting(portal->db, SETTING_CHECK, check, err) != ERR_NONE)
        return err_add(err, "make the administrator PINs' master secret");
    return portal_audit_add(portal, "admin-pin.master-made", check, "", err);
}

static enum err_code make_if_never_made(struct portal *portal, struct err *err)
{
    AUTO(memory_freep) char *noted = NULL;
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    if (noted_check(portal, &noted, err) != ERR_NONE || noted != NULL)
        return err->code;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_admin_pin_make(portal, err) != ERR_NONE)
        return err->code;
    return portal_transaction_commit(&transaction, err);
}

enum err_code portal_admin_pin_open(struct portal *portal, struct err *err)
{
    AUTO(memory_freep) char *path = master_path(portal);
    AUTO(memory_freep) char *noted = NULL;
    AUTO(memory_freep) char *check = NULL;
    AUTO(secret_freep) struct secret *master = NULL;
    if (make_if_never_made(portal, err) != ERR_NONE ||
        noted_check(portal, &noted, err) != ERR_NONE ||
        portal_secret_file_read(path, &master, err) != ERR_NONE ||
        check_of(master, &check, err) != ERR_NONE)
        return err_add(err, "open the administrator PINs' master secret");
    if (noted == NULL || strcmp(noted, check) != 0)
        return err_set(err, ERR_CONFIG, "%s: not the secret that was made here; restore it", path);
    portal->admin_pin_key = TAKE(master);
    return ERR_NONE;
}

/* ---- a key's PIN ---- */

static enum err_code derive_bytes(const struct portal *portal, const char *serial,
                                  struct secret **out, struct err *err)
{
    AUTO(buf_done) struct buf context = BUF_INIT(CONTEXT_BYTES_MAX);
    size_t length = strlen(serial);
    if (length == 0 || length > PORTAL_SERIAL_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "serial: %zu bytes, 1 to %d are allowed", length,
                       PORTAL_SERIAL_BYTES_MAX);
    buf_add_text(&context, serial);
    buf_add_u8(&context, 0);
    buf_add_u32_be(&context, PIN_VERSION);
    return portal_secret_derive(portal->admin_pin_key, DERIVE_LABEL, buf_span(&context), out, err);
}

enum err_code portal_admin_pin_derive(const struct portal *portal, const char *serial,
                                      struct secret **out, struct err *err)
{
    AUTO(secret_freep) struct secret *bytes = NULL;
    AUTO(secret_freep) struct secret *pin = NULL;
    if (derive_bytes(portal, serial, &bytes, err) != ERR_NONE ||
        secret_new(PORTAL_ADMIN_PIN_CHARACTERS, &pin, err) != ERR_NONE)
        return err_add(err, "derive an administrator PIN");
    for (size_t i = 0; i < PORTAL_ADMIN_PIN_CHARACTERS; i++)
        secret_room(pin)[i] = (uint8_t)alphabet[secret_peek(bytes).at[i] % 32];
    secret_set_length(pin, PORTAL_ADMIN_PIN_CHARACTERS);
    *out = TAKE(pin);
    return ERR_NONE;
}

enum err_code portal_admin_pin_show(struct portal *portal, const char *serial, struct secret **out,
                                    struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(secret_freep) struct secret *pin = NULL;
    if (portal_admin_pin_derive(portal, serial, &pin, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_audit_add(portal, "admin-pin.shown", serial, "", err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "show an administrator PIN");
    *out = TAKE(pin);
    return ERR_NONE;
}
