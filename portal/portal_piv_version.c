#include "portal/portal_piv_version.h"

#include "base/clock.h"
#include "portal/portal_audit.h"
#include "portal/portal_key.h"
#include "portal/portal_piv_secret.h"
#include "portal/portal_reset.h"

static const struct portal_piv_version at_first = {.puk = 1, .highest = 1, .management = 1};

/* ---- the table ---- */

enum err_code portal_piv_version_load(struct portal *portal, int64_t key_id,
                                      struct portal_piv_version *out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(portal->db,
                        "SELECT puk, given, highest, settled, management FROM piv_version "
                        "WHERE key_id = ?",
                        PORTAL_VALUES(PORTAL_INTEGER(key_id)), &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "look for a PIV token's versions");
    *out = at_first;
    if (row)
        *out = (struct portal_piv_version){
            .puk = portal_query_integer(query, 0),
            .given = portal_query_integer(query, 1),
            .highest = portal_query_integer(query, 2),
            .settled = portal_query_integer(query, 3),
            .management = portal_query_integer(query, 4),
        };
    return ERR_NONE;
}

enum err_code portal_piv_version_find(struct portal *portal, const char *serial,
                                      struct portal_piv_version *out, struct err *err)
{
    int64_t key_id = 0;
    if (portal_db_number(portal->db, "SELECT id FROM key WHERE serial = ?",
                         PORTAL_VALUES(PORTAL_TEXT(serial)), &key_id, err) != ERR_NONE)
        return err->code;
    return portal_piv_version_load(portal, key_id, out, err);
}

enum err_code portal_piv_version_store(struct portal *portal, int64_t key_id,
                                       const struct portal_piv_version *version, struct err *err)
{
    if (portal_db_run(
            portal->db,
            "INSERT INTO piv_version (key_id, puk, given, highest, settled, management, "
            "changed_utc) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (key_id) "
            "DO UPDATE SET puk = ?2, given = ?3, highest = ?4, settled = ?5, "
            "management = ?6, changed_utc = ?7",
            PORTAL_VALUES(PORTAL_INTEGER(key_id), PORTAL_INTEGER(version->puk),
                          version->given == 0 ? PORTAL_NULL : PORTAL_INTEGER(version->given),
                          PORTAL_INTEGER(version->highest), PORTAL_INTEGER(version->settled),
                          PORTAL_INTEGER(version->management), PORTAL_INTEGER(clock_now_utc())),
            err) != ERR_NONE)
        return err_add(err, "note a PIV token's versions");
    return ERR_NONE;
}

/* ---- an operator's look ---- */

static enum err_code find_token(struct portal *portal, const char *serial, int64_t *out_id,
                                struct err *err)
{
    AUTO(portal_key_freep) struct portal_key *key = NULL;
    int64_t id = 0;
    if (portal_key_find(portal, serial, &id, err) != ERR_NONE ||
        portal_key_load(portal, id, &key, err) != ERR_NONE)
        return err->code;
    if (strcmp(key->profile, PORTAL_PIV_PROFILE) != 0)
        return err_set(err, ERR_PROFILE_UNKNOWN, "the key is registered with the profile %s",
                       key->profile);
    *out_id = id;
    return ERR_NONE;
}

static struct json *answer_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    AUTO(memory_freep) char *number = portal_reset_number(portal_query_integer(query, 1));
    json_add_utc(json, "at", portal_query_integer(query, 0));
    json_add_text(json, "reset", number);
    json_add_integer(json, "puk", portal_query_integer(query, 2));
    json_add_integer(json, "next", portal_query_integer(query, 3));
    json_add_bool(json, "refused", portal_query_integer(query, 4) != 0);
    json_add_text(json, "outcome", portal_query_text(query, 5));
    return json;
}

static enum err_code list_answers(struct portal *portal, int64_t key_id, struct json **out,
                                  struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(
            portal->db,
            "SELECT at_utc, reset_id, puk_from, puk_version, refused, outcome "
            "FROM unblock_answer JOIN job ON job.id = job_id "
            "WHERE unblock_answer.key_id = ? AND puk_version IS NOT NULL "
            "ORDER BY unblock_answer.id DESC LIMIT ?",
            PORTAL_VALUES(PORTAL_INTEGER(key_id), PORTAL_INTEGER(PORTAL_PIV_ANSWERS_SHOWN)), &query,
            err) != ERR_NONE)
        return err->code;
    return portal_query_list(query, answer_json, out, err);
}

enum err_code portal_piv_version_show(struct portal *portal, const char *serial, struct json **out,
                                      struct err *err)
{
    struct portal_piv_version version = {0};
    struct json *answers = NULL;
    int64_t key_id = 0;
    if (find_token(portal, serial, &key_id, err) != ERR_NONE ||
        portal_piv_version_load(portal, key_id, &version, err) != ERR_NONE ||
        list_answers(portal, key_id, &answers, err) != ERR_NONE)
        return err_add(err, "show a PIV token's versions");
    struct json *json = json_new_object();
    json_add_text(json, "serial", serial);
    json_add_integer(json, "puk", version.puk);
    if (version.given == 0)
        json_add_text(json, "puk_given", NULL);
    else
        json_add_integer(json, "puk_given", version.given);
    json_add_integer(json, "puk_highest", version.highest);
    json_add_integer(json, "management", version.management);
    json_add(json, "answers", answers);
    *out = json;
    return ERR_NONE;
}

/* ---- an operator's word ---- */

static enum err_code check_setting(const struct portal_piv_version *before,
                                   const struct portal_piv_setting *setting, struct err *err)
{
    if (setting->puk < 0 || setting->puk > before->highest + 1)
        return err_set(err, ERR_FIELD_VALUE, "puk: not 1 to %lld, one above the highest",
                       (long long)before->highest + 1);
    if (setting->management < 0 || setting->management > PORTAL_PIV_MANAGEMENT_MAX)
        return err_set(err, ERR_FIELD_VALUE, "management: not 1 to %d", PORTAL_PIV_MANAGEMENT_MAX);
    return ERR_NONE;
}

/* Inside the caller's transaction: the PUK that the token has for certain. */
static enum err_code settle_puk(struct portal *portal, int64_t key_id, int64_t puk,
                                struct portal_piv_version *version, struct err *err)
{
    version->puk = puk;
    version->given = 0;
    if (puk > version->highest)
        version->highest = puk;
    return portal_db_number(portal->db, "SELECT max(id) FROM unblock_answer WHERE key_id = ?",
                            PORTAL_VALUES(PORTAL_INTEGER(key_id)), &version->settled, err);
}

static char *describe(const struct portal_piv_version *before,
                      const struct portal_piv_version *after)
{
    return memory_printf("PUK %lld (given: %lld) to %lld, management key %lld to %lld",
                         (long long)before->puk, (long long)before->given, (long long)after->puk,
                         (long long)before->management, (long long)after->management);
}

/* Inside the caller's transaction. */
static enum err_code apply_setting(struct portal *portal, int64_t key_id, const char *serial,
                                   const struct portal_piv_setting *setting, struct err *err)
{
    struct portal_piv_version before = {0};
    if (portal_piv_version_load(portal, key_id, &before, err) != ERR_NONE ||
        check_setting(&before, setting, err) != ERR_NONE)
        return err->code;
    struct portal_piv_version after = before;
    if (setting->management != 0)
        after.management = setting->management;
    if (setting->puk != 0 && settle_puk(portal, key_id, setting->puk, &after, err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep) char *detail = describe(&before, &after);
    if (portal_piv_version_store(portal, key_id, &after, err) != ERR_NONE)
        return err->code;
    return portal_audit_add(portal, "piv-versions.set", serial, detail, err);
}

enum err_code portal_piv_version_set(struct portal *portal, const char *serial,
                                     const struct portal_piv_setting *setting, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    int64_t key_id = 0;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        find_token(portal, serial, &key_id, err) != ERR_NONE ||
        apply_setting(portal, key_id, serial, setting, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "set a PIV token's versions");
    return ERR_NONE;
}
