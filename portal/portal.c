#include "portal/portal.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "portal/portal_admin_pin.h"
#include "portal/portal_audit.h"
#include "portal/portal_search.h"
#include "portal/portal_secret_file.h"
#include "portal/portal_tls.h"

#define SETTING_NAME "name" /* the last thing that init writes: it stands for a whole portal */

static char *database_path(const char *folder)
{
    return file_join(folder, "portal.db");
}

static char *job_key_path(const char *folder)
{
    return file_join(folder, "job.key");
}

static enum err_code open_database(const char *folder, const char *actor, struct portal **out,
                                   struct err *err)
{
    AUTO(portal_freep) struct portal *portal = memory_new(sizeof *portal);
    AUTO(memory_freep) char *path = database_path(folder);
    portal->folder = memory_text(folder);
    portal->actor = memory_text(actor);
    if (portal_db_open(path, &portal->db, err) != ERR_NONE)
        return err->code;
    *out = TAKE(portal);
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code make_seal_maker(struct portal *portal, const char *name, struct err *err)
{
    if (portal_seal_maker_make(portal->folder, name, portal->ca, err) != ERR_NONE)
        return err->code;
    return portal_audit_add(portal, "seal-maker.made", name, "", err);
}

/* Inside the caller's transaction, which keeps a second init out. */
static enum err_code make_parts(struct portal *portal, const char *name, const char *host,
                                struct err *err)
{
    AUTO(memory_freep) char *present = NULL;
    if (portal_db_setting(portal->db, SETTING_NAME, &present, err) == ERR_NONE)
        return err_set(err, ERR_RECORD_EXISTS, "%s already holds the portal \"%s\"", portal->folder,
                       present);
    if (err->code != ERR_NO_SUCH_RECORD)
        return err->code;
    *err = ERR_INIT;
    AUTO(memory_freep) char *job_key = job_key_path(portal->folder);
    if (portal_tls_make(portal->folder, host, err) != ERR_NONE ||
        portal_ca_make(portal->folder, name, err) != ERR_NONE ||
        portal_key_manager_make(portal->folder, err) != ERR_NONE ||
        portal_secret_file_make(job_key, err) != ERR_NONE ||
        portal_admin_pin_make(portal, err) != ERR_NONE ||
        portal_ca_open(portal->folder, &portal->ca, err) != ERR_NONE ||
        make_seal_maker(portal, name, err) != ERR_NONE ||
        portal_db_set_setting(portal->db, SETTING_NAME, name, err) != ERR_NONE)
        return err->code;
    return portal_audit_add(portal, "portal.made", name, host, err);
}

enum err_code portal_init(const char *folder, const char *name, const char *host, const char *actor,
                          struct err *err)
{
    size_t length = strlen(name);
    if (length == 0 || length > PORTAL_NAME_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "name: %zu bytes, 1 to %d are allowed", length,
                       PORTAL_NAME_BYTES_MAX);
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    if (file_make_folder(folder, 0700, err) != ERR_NONE ||
        open_database(folder, actor, &portal, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        make_parts(portal, name, host, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "make a portal in %s", folder);
    return ERR_NONE;
}

enum err_code portal_open(const char *folder, const char *actor, struct portal **out,
                          struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(memory_freep) char *path = database_path(folder);
    if (access(path, F_OK) != 0)
        return err_set(err, ERR_FILE_MISSING, "%s: run \"ukey-portal init\" first", path);
    if (open_database(folder, actor, &portal, err) != ERR_NONE)
        return err->code;
    if (portal_db_setting(portal->db, SETTING_NAME, &portal->name, err) == ERR_NO_SUCH_RECORD)
        return err_set(err, ERR_CONFIG, "%s: init was interrupted, run it again", folder);
    if (portal->name == NULL)
        return err->code;
    *out = TAKE(portal);
    return ERR_NONE;
}

/* Looks again under the lock: two programs may start at once. */
static enum err_code make_missing_seal_maker(struct portal *portal, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_seal_maker_open(portal->folder, &portal->seal_maker, err) != ERR_FILE_MISSING)
        return err->code;
    *err = ERR_INIT;
    if (make_seal_maker(portal, portal->name, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err->code;
    return portal_seal_maker_open(portal->folder, &portal->seal_maker, err);
}

static enum err_code open_seal_maker(struct portal *portal, struct err *err)
{
    if (portal_seal_maker_open(portal->folder, &portal->seal_maker, err) != ERR_FILE_MISSING)
        return err->code;
    *err = ERR_INIT;
    return make_missing_seal_maker(portal, err);
}

/* Looks again under the lock, like the seal maker's. */
static enum err_code make_missing_ca(struct portal *portal, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    bool made = false;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_ca_make_missing(portal->folder, portal->name, &made, err) != ERR_NONE ||
        (made && portal_audit_add(portal, "ca.made", "p256", "", err) != ERR_NONE))
        return err->code;
    return portal_transaction_commit(&transaction, err);
}

static enum err_code open_ca(struct portal *portal, struct err *err)
{
    if (portal_ca_open(portal->folder, &portal->ca, err) != ERR_FILE_MISSING)
        return err->code;
    *err = ERR_INIT;
    if (make_missing_ca(portal, err) != ERR_NONE)
        return err->code;
    return portal_ca_open(portal->folder, &portal->ca, err);
}

enum err_code portal_open_keys(struct portal *portal, struct err *err)
{
    AUTO(memory_freep) char *job_key = job_key_path(portal->folder);
    if (open_ca(portal, err) != ERR_NONE ||
        portal_key_manager_open(portal->folder, &portal->key_manager, err) != ERR_NONE ||
        portal_secret_file_read(job_key, &portal->job_key, err) != ERR_NONE ||
        open_seal_maker(portal, err) != ERR_NONE ||
        portal_admin_pin_open(portal, err) != ERR_NONE ||
        portal_search_catch_up(portal, err) != ERR_NONE)
        return err_add(err, "open the portal's keys");
    return ERR_NONE;
}

void portal_set_actor(struct portal *portal, const char *actor)
{
    free(portal->actor);
    portal->actor = memory_text(actor);
}

void portal_free(struct portal *portal)
{
    if (portal == NULL)
        return;
    portal_ca_free(portal->ca);
    portal_key_manager_free(portal->key_manager);
    portal_seal_maker_free(portal->seal_maker);
    secret_free(portal->job_key);
    secret_free(portal->admin_pin_key);
    portal_db_free(portal->db);
    free(portal->folder);
    free(portal->name);
    free(portal->actor);
    free(portal);
}

void portal_freep(struct portal **portal)
{
    portal_free(*portal);
    *portal = NULL;
}
