#include "portal/portal_seal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "certs/proof.h"
#include "portal/portal_audit.h"
#include "portal/portal_certificate.h"
#include "portal/portal_seal_record.h"

#define IDENTITY_BYTES 16

/* Source: PNG specification (ISO/IEC 15948), 5.2. */
static const uint8_t png_signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

/* ---- the record ---- */

enum err_code portal_seal_record(struct portal *portal, const struct portal_seal_record *record,
                                 struct span der, int64_t *out_id, struct err *err)
{
    AUTO(seal_freep) struct seal *seal = NULL;
    uint8_t sha256[32];
    if (seal_parse(der, &seal, err) != ERR_NONE)
        return err_add(err, "read our own seal");
    const struct seal_facts *facts = seal_peek(seal);
    int64_t now = clock_now_utc();
    proof_sha256(der, sha256);
    if (portal_db_run(
            portal->db,
            "INSERT INTO seal (key_id, certificate_id, predecessor_id, state, identity, name, "
            "version, valid_until_utc, sha256, der, created_utc, changed_utc) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            PORTAL_VALUES(PORTAL_INTEGER(record->key_id), PORTAL_INTEGER(record->certificate_id),
                          record->predecessor_id == 0 ? PORTAL_NULL
                                                      : PORTAL_INTEGER(record->predecessor_id),
                          PORTAL_TEXT(record->state), PORTAL_TEXT(facts->id),
                          PORTAL_TEXT(facts->name), PORTAL_INTEGER(facts->version),
                          PORTAL_INTEGER(facts->valid_until_utc), PORTAL_BLOB(SPAN_ARRAY(sha256)),
                          PORTAL_BLOB(der), PORTAL_INTEGER(now), PORTAL_INTEGER(now)),
            err) != ERR_NONE)
        return err_add(err, "record a seal");
    *out_id = portal_db_last_id(portal->db);
    AUTO(memory_freep) char *event = memory_printf("seal.%s", record->state);
    AUTO(memory_freep) char *hash = hex_encode(SPAN_ARRAY(sha256));
    return portal_audit_add(portal, event, facts->id, hash, err);
}

static struct json *seal_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    AUTO(memory_freep) char *hash = hex_encode(portal_query_blob(query, 6));
    json_add_text(json, "serial", portal_query_text(query, 0));
    json_add_text(json, "id", portal_query_text(query, 1));
    json_add_text(json, "name", portal_query_text(query, 2));
    json_add_integer(json, "version", portal_query_integer(query, 3));
    json_add_text(json, "state", portal_query_text(query, 4));
    json_add_utc(json, "not_after", portal_query_integer(query, 5));
    json_add_text(json, "sha256", hash);
    json_add_text(json, "certificate", portal_query_text(query, 7));
    return json;
}

enum err_code portal_seal_list(struct portal *portal, const char *serial, struct json **out,
                               struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT key.serial, identity, seal.name, version, seal.state, "
                        "valid_until_utc, seal.sha256, certificate.serial_number FROM seal "
                        "JOIN key ON key.id = seal.key_id "
                        "JOIN certificate ON certificate.id = certificate_id "
                        "WHERE key.serial = coalesce(?, key.serial) ORDER BY seal.id",
                        PORTAL_VALUES(PORTAL_TEXT(serial)), &query, err) != ERR_NONE)
        return err_add(err, "list the seals");
    return portal_query_list(query, seal_json, out, err);
}

enum err_code portal_seal_check_made_for(struct portal *portal, int64_t key_id,
                                         const char *identity, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(portal->db, "SELECT 1 FROM seal WHERE key_id = ? AND identity = ?",
                        PORTAL_VALUES(PORTAL_INTEGER(key_id), PORTAL_TEXT(identity)), &query,
                        err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "find the seal");
    return row ? ERR_NONE
               : err_set(err, ERR_NO_SUCH_RECORD, "no seal of this identity was made for the key");
}

enum err_code portal_seal_order(struct portal *portal, int64_t key_id, char **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(portal->db,
                        "SELECT order_number FROM certificate WHERE key_id = ? "
                        "AND usage = 'sign' AND status = 'active' AND order_number IS NOT NULL",
                        PORTAL_VALUES(PORTAL_INTEGER(key_id)), &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "find the order of the key's certificate");
    *out = memory_text(row ? portal_query_text(query, 0) : "-");
    return ERR_NONE;
}

/* ---- the first one ---- */

static enum err_code check_new(const struct portal_seal_new *new, struct err *err)
{
    if (new->name[0] == '\0')
        return err_set(err, ERR_FIELD_VALUE, "name: empty");
    if (new->picture.len > PORTAL_SEAL_PICTURE_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "picture: %zu bytes, at most %d are allowed",
                       new->picture.len, PORTAL_SEAL_PICTURE_BYTES_MAX);
    if (!span_equal(span_part(new->picture, 0, sizeof png_signature), SPAN_ARRAY(png_signature)))
        return err_set(err, ERR_FIELD_VALUE, "picture: not a PNG");
    if (new->width_mm < 1 || new->width_mm > SEAL_PICTURE_MM_MAX || new->height_mm < 1 ||
        new->height_mm > SEAL_PICTURE_MM_MAX)
        return err_set(err, ERR_FIELD_VALUE, "width, height: 1 to %d mm are allowed",
                       SEAL_PICTURE_MM_MAX);
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code make_first(struct portal *portal, const struct portal_seal_new *new,
                                struct bytes **out, struct err *err)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    AUTO(memory_freep) char *identity = hex_random(IDENTITY_BYTES);
    struct portal_seal_record record = {.state = "current"};
    if (portal_key_find(portal, new->serial, &record.key_id, err) != ERR_NONE ||
        portal_certificate_active(portal, record.key_id, CERT_USAGE_SIGN, &cert,
                                  &record.certificate_id, err) != ERR_NONE)
        return err->code;
    const struct cert_facts *facts = cert_peek(cert);
    const struct seal_wish wish = {
        .version = new->version,
        .id = identity,
        .name = new->name,
        .type = new->type,
        .valid_until_utc = facts->not_after_utc,
        .list = new->list,
        .holder_count = 1,
        .holders = &facts->der,
        .picture_type = "PNG",
        .picture = new->picture,
        .picture_width_mm = new->width_mm,
        .picture_height_mm = new->height_mm,
    };
    int64_t id = 0;
    if (portal_seal_maker_seal(portal->seal_maker, &wish, out, err) != ERR_NONE)
        return err->code;
    return portal_seal_record(portal, &record, span_bytes(*out), &id, err);
}

enum err_code portal_seal_add(struct portal *portal, const struct portal_seal_new *new,
                              struct bytes **out, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(bytes_freep) struct bytes *der = NULL;
    if (check_new(new, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        make_first(portal, new, &der, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "make the first seal");
    *out = TAKE(der);
    return ERR_NONE;
}
