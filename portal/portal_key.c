#include "portal/portal_key.h"

#include <stdlib.h>

#include "base/clock.h"
#include "portal/portal_audit.h"
#include "portal/portal_certificate.h"
#include "portal/portal_search.h"

static enum err_code check_text(const char *what, const char *text, size_t limit_bytes,
                                struct err *err)
{
    size_t length = strlen(text);
    if (length == 0 || length > limit_bytes)
        return err_set(err, ERR_FIELD_VALUE, "%s: %zu bytes, 1 to %zu are allowed", what, length,
                       limit_bytes);
    return ERR_NONE;
}

enum err_code portal_organisation_add(struct portal *portal, const char *name, int64_t *out_id,
                                      struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    if (check_text("name", name, PORTAL_NAME_BYTES_MAX, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_db_run(portal->db, "INSERT INTO organisation (name, created_utc) VALUES (?, ?)",
                      PORTAL_VALUES(PORTAL_TEXT(name), PORTAL_INTEGER(clock_now_utc())),
                      err) != ERR_NONE)
        return err_add(err, "add the organisation");
    int64_t id = portal_db_last_id(portal->db);
    if (portal_audit_add(portal, "organisation.added", name, "", err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "add the organisation");
    *out_id = id;
    return ERR_NONE;
}

static struct json *organisation_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    json_add_integer(json, "id", portal_query_integer(query, 0));
    json_add_text(json, "name", portal_query_text(query, 1));
    return json;
}

enum err_code portal_organisation_list(struct portal *portal, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, "SELECT id, name FROM organisation ORDER BY id",
                        PORTAL_NO_VALUES, &query, err) != ERR_NONE)
        return err->code;
    return portal_query_list(query, organisation_json, out, err);
}

static enum err_code id_of(struct portal *portal, const char *sql,
                           const struct portal_value *values, size_t count, int64_t *out,
                           struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, sql, values, count, &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err->code;
    *out = portal_query_integer(query, 0);
    return ERR_NONE;
}

/* The holder's id; a new one is added. */
static enum err_code holder_id(struct portal *portal, const struct portal_key_new *new,
                               int64_t *out, struct err *err)
{
    int64_t organisation = 0;
    if (id_of(portal, "SELECT id FROM organisation WHERE name = ?",
              PORTAL_VALUES(PORTAL_TEXT(new->organisation)), &organisation, err) != ERR_NONE)
        return err_add(err, "find the organisation \"%s\"", new->organisation);
    if (portal_db_run(portal->db,
                      "INSERT INTO holder (organisation_id, name, created_utc) VALUES (?, ?, ?) "
                      "ON CONFLICT DO NOTHING",
                      PORTAL_VALUES(PORTAL_INTEGER(organisation), PORTAL_TEXT(new->holder),
                                    PORTAL_INTEGER(clock_now_utc())),
                      err) != ERR_NONE)
        return err_add(err, "add the holder");
    return id_of(portal, "SELECT id FROM holder WHERE organisation_id = ? AND name = ?",
                 PORTAL_VALUES(PORTAL_INTEGER(organisation), PORTAL_TEXT(new->holder)), out, err);
}

/* single: the key's only certificate may be for both. */
static enum err_code check_usage(const struct cert *cert, enum cert_usage wanted, bool single,
                                 struct err *err)
{
    enum cert_usage usage = cert_peek(cert)->usage;
    if (usage != wanted && !(single && usage == CERT_USAGE_BOTH))
        return err_set(err, ERR_CERT_USAGE, "the %s certificate has another key usage",
                       wanted == CERT_USAGE_SIGN ? "signing" : "encryption");
    return ERR_NONE;
}

static enum err_code check_new(const struct portal_key_new *new, struct err *err)
{
    if (check_text("serial", new->serial, PORTAL_SERIAL_BYTES_MAX, err) != ERR_NONE ||
        check_text("holder", new->holder, PORTAL_NAME_BYTES_MAX, err) != ERR_NONE ||
        check_text("profile", new->profile, PORTAL_PROFILE_BYTES_MAX, err) != ERR_NONE ||
        check_usage(new->sign_cert, CERT_USAGE_SIGN, new->encrypt_cert == NULL, err) != ERR_NONE)
        return err->code;
    if (new->encrypt_cert == NULL)
        return ERR_NONE;
    if (check_usage(new->encrypt_cert, CERT_USAGE_ENCRYPT, false, err) != ERR_NONE)
        return err->code;
    if (!cert_same_subject(new->sign_cert, new->encrypt_cert))
        return err_set(err, ERR_CERT_SUBJECT, "the two certificates have different subjects");
    return ERR_NONE;
}

static enum err_code add_certificate(struct portal *portal, int64_t key_id, const struct cert *cert,
                                     struct err *err)
{
    if (cert == NULL)
        return ERR_NONE;
    int64_t id = 0;
    struct portal_certificate_new new = {
        .key_id = key_id, .cert = cert, .status = PORTAL_CERTIFICATE_ACTIVE};
    return portal_certificate_add(portal, &new, &id, err);
}

/* Inside the caller's transaction. */
static enum err_code insert_key(struct portal *portal, const struct portal_key_new *new,
                                int64_t *out_id, struct err *err)
{
    int64_t holder = 0;
    if (holder_id(portal, new, &holder, err) != ERR_NONE ||
        portal_db_run(portal->db,
                      "INSERT INTO key (serial, number, profile, holder_id, created_utc) "
                      "VALUES (?, ?, ?, ?, ?)",
                      PORTAL_VALUES(PORTAL_TEXT(new->serial),
                                    PORTAL_TEXT(new->number == NULL ? "" : new->number),
                                    PORTAL_TEXT(new->profile), PORTAL_INTEGER(holder),
                                    PORTAL_INTEGER(clock_now_utc())),
                      err) != ERR_NONE)
        return err->code;
    int64_t id = portal_db_last_id(portal->db);
    if (portal_audit_add(portal, "key.added", new->serial, new->holder, err) != ERR_NONE ||
        add_certificate(portal, id, new->sign_cert, err) != ERR_NONE ||
        add_certificate(portal, id, new->encrypt_cert, err) != ERR_NONE ||
        portal_search_put_key(portal, id, err) != ERR_NONE)
        return err->code;
    *out_id = id;
    return ERR_NONE;
}

enum err_code portal_key_add(struct portal *portal, const struct portal_key_new *new,
                             int64_t *out_id, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    int64_t id = 0;
    if (check_new(new, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        insert_key(portal, new, &id, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "add the key %s", new->serial);
    *out_id = id;
    return ERR_NONE;
}

enum err_code portal_key_find(struct portal *portal, const char *serial, int64_t *out_id,
                              struct err *err)
{
    if (id_of(portal, "SELECT id FROM key WHERE serial = ?", PORTAL_VALUES(PORTAL_TEXT(serial)),
              out_id, err) != ERR_NONE)
        return err_add(err, "find the key %s", serial);
    return ERR_NONE;
}

enum err_code portal_key_load(struct portal *portal, int64_t id, struct portal_key **out,
                              struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT serial, profile, organisation.name FROM key "
                        "JOIN holder ON holder.id = holder_id "
                        "JOIN organisation ON organisation.id = organisation_id WHERE key.id = ?",
                        PORTAL_VALUES(PORTAL_INTEGER(id)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "load the key");
    struct portal_key *key = memory_new(sizeof *key);
    *key = (struct portal_key){
        .id = id,
        .serial = memory_text(portal_query_text(query, 0)),
        .profile = memory_text(portal_query_text(query, 1)),
        .organisation = memory_text(portal_query_text(query, 2)),
    };
    *out = key;
    return ERR_NONE;
}

void portal_key_free(struct portal_key *key)
{
    if (key == NULL)
        return;
    free(key->serial);
    free(key->profile);
    free(key->organisation);
    free(key);
}

void portal_key_freep(struct portal_key **key)
{
    portal_key_free(*key);
    *key = NULL;
}

static struct json *key_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    json_add_text(json, "holder", portal_query_text(query, 0));
    json_add_text(json, "organisation", portal_query_text(query, 1));
    json_add_text(json, "number", portal_query_text(query, 2));
    json_add_text(json, "serial", portal_query_text(query, 3));
    json_add_text(json, "profile", portal_query_text(query, 4));
    if (portal_query_is_null(query, 5))
        json_add_text(json, "not_after", NULL);
    else
        json_add_utc(json, "not_after", portal_query_integer(query, 5));
    return json;
}

/* serial NULL: all. */
static enum err_code query_keys(struct portal *portal, const char *serial,
                                struct portal_query **out, struct err *err)
{
    return portal_db_query(portal->db,
                           "SELECT holder.name, organisation.name, key.number, key.serial, "
                           "profile, certificate.not_after_utc FROM key "
                           "JOIN holder ON holder.id = holder_id "
                           "JOIN organisation ON organisation.id = organisation_id "
                           "LEFT JOIN certificate ON key_id = key.id AND status = 'active' "
                           "AND usage = 'sign' WHERE key.serial = coalesce(?, key.serial) "
                           "ORDER BY key.id",
                           PORTAL_VALUES(PORTAL_TEXT(serial)), out, err);
}

enum err_code portal_key_list(struct portal *portal, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (query_keys(portal, NULL, &query, err) != ERR_NONE)
        return err->code;
    return portal_query_list(query, key_json, out, err);
}

enum err_code portal_key_show(struct portal *portal, const char *serial, struct json **out,
                              struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (query_keys(portal, serial, &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the key %s", serial);
    *out = key_json(query);
    return ERR_NONE;
}
