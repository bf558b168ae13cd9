#include "portal/portal_seal.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "certs/proof.h"
#include "portal/portal_audit.h"
#include "portal/portal_certificate.h"
#include "portal/portal_ticket.h"

#define IDENTITY_BYTES 16

/* Source: PNG specification (ISO/IEC 15948), 5.2. */
static const uint8_t png_signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

/* The key's signing certificate in force. */
struct active {
    struct cert *cert;
    int64_t id;
};

static void active_done(struct active *active)
{
    cert_free(active->cert);
}

static enum err_code load_active(struct portal *portal, int64_t key_id, struct active *out,
                                 struct err *err)
{
    return portal_certificate_active(portal, key_id, CERT_USAGE_SIGN, &out->cert, &out->id, err);
}

/* ---- the record ---- */

struct record {
    int64_t key_id;
    int64_t certificate_id;
    int64_t predecessor_id; /* 0: none */
    const char *state;
};

/* Inside the caller's transaction. */
static enum err_code insert_seal(struct portal *portal, const struct record *record,
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
    AUTO(active_done) struct active active = {0};
    AUTO(memory_freep) char *identity = hex_random(IDENTITY_BYTES);
    struct record record = {.state = "current"};
    if (portal_key_find(portal, new->serial, &record.key_id, err) != ERR_NONE ||
        load_active(portal, record.key_id, &active, err) != ERR_NONE)
        return err->code;
    const struct cert_facts *facts = cert_peek(active.cert);
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
    record.certificate_id = active.id;
    if (portal_seal_maker_seal(portal->seal_maker, &wish, out, err) != ERR_NONE)
        return err->code;
    return insert_seal(portal, &record, span_bytes(*out), &id, err);
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

/* ---- extending ---- */

static enum err_code check_renewed(struct portal *portal, int64_t certificate_id, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, "SELECT order_number FROM certificate WHERE id = ?",
                        PORTAL_VALUES(PORTAL_INTEGER(certificate_id)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err->code;
    return portal_query_is_null(query, 0)
               ? err_set(err, ERR_RENEW_FIRST, "no renewal of the key was confirmed")
               : ERR_NONE;
}

static enum err_code check_proof(const struct portal_job *job,
                                 const struct portal_seal_request *request, const struct cert *by,
                                 struct err *err)
{
    uint8_t sha256[32];
    proof_sha256(request->seal, sha256);
    return portal_job_check_proof(job, PROOF_SEAL, SPAN_ARRAY(sha256), request->proof, by, err);
}

/* A key that already signs with what was issued, and never confirmed it, must do so first. */
static enum err_code say_unconfirmed(struct portal *portal, const struct portal_job *job,
                                     const struct portal_seal_request *request, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    AUTO(cert_freep) struct cert *issued = NULL;
    struct err other = ERR_INIT;
    bool row = false;
    if (portal_db_query(portal->db,
                        "SELECT der FROM certificate WHERE key_id = ? AND usage = 'sign' "
                        "AND status = 'issued' ORDER BY id DESC LIMIT 1",
                        PORTAL_VALUES(PORTAL_INTEGER(job->key->id)), &query, &other) != ERR_NONE ||
        portal_query_next(query, &row, &other) != ERR_NONE || !row ||
        cert_parse(portal_query_blob(query, 0), &issued, &other) != ERR_NONE ||
        check_proof(job, request, issued, &other) != ERR_NONE)
        return err->code;
    return err_set(err, ERR_RENEW_FIRST, "the key holds a renewal that it did not confirm");
}

static enum err_code check_key(struct portal *portal, const struct portal_job *job,
                               const struct portal_seal_request *request,
                               const struct active *active, struct err *err)
{
    if (check_proof(job, request, active->cert, err) == ERR_PROOF)
        return say_unconfirmed(portal, job, request, err);
    return err->code == ERR_NONE ? check_renewed(portal, active->id, err) : err->code;
}

/* The present seal's row; a seal of the holder's other keys will do. */
static enum err_code find_present(struct portal *portal, const struct portal_job *job,
                                  struct span der, int64_t *out_id, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    uint8_t sha256[32];
    bool row = false;
    proof_sha256(der, sha256);
    if (portal_db_query(
            portal->db,
            "SELECT seal.id FROM seal JOIN key ON key.id = seal.key_id "
            "WHERE seal.sha256 = ? "
            "AND holder_id = (SELECT holder_id FROM key WHERE id = ?)",
            PORTAL_VALUES(PORTAL_BLOB(SPAN_ARRAY(sha256)), PORTAL_INTEGER(job->key->id)), &query,
            err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "find the present seal");
    if (!row)
        return err_set(err, ERR_SEAL_IDENTITY, "no such seal was made for the key's holder");
    *out_id = portal_query_integer(query, 0);
    return ERR_NONE;
}

/* *out stays NULL when it was not extended for this certificate yet. */
static enum err_code find_extension(struct portal *portal, int64_t present_id,
                                    int64_t certificate_id, int64_t *out_id, struct bytes **out,
                                    struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(portal->db,
                        "SELECT id, der FROM seal WHERE predecessor_id = ? AND certificate_id = ?",
                        PORTAL_VALUES(PORTAL_INTEGER(present_id), PORTAL_INTEGER(certificate_id)),
                        &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "find the extended seal");
    if (!row)
        return ERR_NONE;
    *out_id = portal_query_integer(query, 0);
    *out = bytes_new(portal_query_blob(query, 1));
    return ERR_NONE;
}

static enum err_code make_extension(struct portal *portal, const struct seal *present,
                                    const struct cert *cert, struct bytes **out, struct err *err)
{
    const struct seal_facts *facts = seal_peek(present);
    const struct cert_facts *holder = cert_peek(cert);
    const struct seal_wish wish = {
        .version = facts->version,
        .id = facts->id,
        .name = facts->name,
        .type = facts->type,
        .valid_until_utc = holder->not_after_utc,
        .list = facts->list,
        .holder_count = 1,
        .holders = &holder->der,
        .picture_type = facts->picture_type,
        .picture = facts->picture,
        .picture_width_mm = facts->picture_width_mm,
        .picture_height_mm = facts->picture_height_mm,
    };
    if (facts->valid_until_utc >= holder->not_after_utc)
        return err_set(err, ERR_RENEW_FIRST, "the seal ends with the certificate in force");
    return portal_seal_maker_seal(portal->seal_maker, &wish, out, err);
}

/* A job stands for one seal. */
static enum err_code bind_to_job(struct portal *portal, const struct portal_job *job,
                                 int64_t seal_id, struct err *err)
{
    if (job->seal_id == seal_id)
        return ERR_NONE;
    if (job->seal_id != 0)
        return err_set(err, ERR_JOB_CONFLICT, "the job got the extension of another seal");
    return portal_db_run(portal->db, "UPDATE job SET seal_id = ? WHERE id = ?",
                         PORTAL_VALUES(PORTAL_INTEGER(seal_id), PORTAL_TEXT(job->id)), err);
}

/* Inside the caller's transaction. */
static enum err_code extend(struct portal *portal, const struct portal_job *job,
                            const struct portal_seal_request *request, const struct seal *present,
                            struct bytes **out, struct err *err)
{
    AUTO(active_done) struct active active = {0};
    struct record record = {.key_id = job->key->id, .state = "issued"};
    int64_t id = 0;
    if (load_active(portal, job->key->id, &active, err) != ERR_NONE ||
        check_key(portal, job, request, &active, err) != ERR_NONE ||
        find_present(portal, job, request->seal, &record.predecessor_id, err) != ERR_NONE ||
        find_extension(portal, record.predecessor_id, active.id, &id, out, err) != ERR_NONE)
        return err->code;
    record.certificate_id = active.id;
    if (*out == NULL && (make_extension(portal, present, active.cert, out, err) != ERR_NONE ||
                         insert_seal(portal, &record, span_bytes(*out), &id, err) != ERR_NONE))
        return err->code;
    return bind_to_job(portal, job, id, err);
}

enum err_code portal_seal_extend(struct portal *portal, const struct portal_job *job,
                                 const struct portal_seal_request *request, struct bytes **out,
                                 struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(seal_freep) struct seal *present = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    if (portal_job_check(job, PORTAL_KIND_EXTEND_SEAL, err) != ERR_NONE ||
        seal_parse(request->seal, &present, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        extend(portal, job, request, present, &der, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "the seal of job %s", job->id);
    *out = TAKE(der);
    return ERR_NONE;
}

/* ---- confirmation ---- */

static enum err_code check_written(struct portal *portal, const struct portal_job *job,
                                   struct span digest, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, "SELECT sha256 FROM seal WHERE id = ?",
                        PORTAL_VALUES(PORTAL_INTEGER(job->seal_id)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the job's seal");
    if (!span_equal(portal_query_blob(query, 0), digest))
        return err_set(err, ERR_PROOF, "the digest is not that of the job's seal");
    return ERR_NONE;
}

/* Another job of the same renewal may have done it before, and a later renewal may have passed it by. */
static enum err_code make_current(struct portal *portal, int64_t seal_id, struct err *err)
{
    int64_t now = clock_now_utc();
    if (portal_db_run(
            portal->db,
            "UPDATE seal SET state = 'superseded', changed_utc = ? WHERE id <> ? "
            "AND state = 'current' "
            "AND identity = (SELECT identity FROM seal WHERE id = ? AND state = 'issued')",
            PORTAL_VALUES(PORTAL_INTEGER(now), PORTAL_INTEGER(seal_id), PORTAL_INTEGER(seal_id)),
            err) != ERR_NONE ||
        portal_db_run(portal->db,
                      "UPDATE seal SET state = 'current', changed_utc = ? "
                      "WHERE id = ? AND state = 'issued'",
                      PORTAL_VALUES(PORTAL_INTEGER(now), PORTAL_INTEGER(seal_id)), err) != ERR_NONE)
        return err_add(err, "make the seal the current one");
    return ERR_NONE;
}

enum err_code portal_seal_confirm(struct portal *portal, const struct portal_job *job,
                                  const struct portal_confirmation *confirmation, struct err *err)
{
    AUTO(active_done) struct active active = {0};
    bool written = portal_confirm_is_written(confirmation);
    if (job->seal_id == 0 && written)
        return err_set(err, ERR_ORDER_STATE, "no seal was made for the job");
    if (load_active(portal, job->key->id, &active, err) != ERR_NONE ||
        portal_confirm_check_proof(job, confirmation, active.cert, err) != ERR_NONE ||
        (written && check_written(portal, job, confirmation->digest, err) != ERR_NONE))
        return err->code;
    if (strcmp(job->outcome, confirmation->outcome) == 0)
        return ERR_NONE;
    if (job->outcome[0] != '\0')
        return err_set(err, ERR_ORDER_STATE, "the key confirmed before that it was %s",
                       job->outcome);
    if (portal_job_end(portal, job, confirmation->outcome, err) != ERR_NONE ||
        (written && make_current(portal, job->seal_id, err) != ERR_NONE))
        return err->code;
    return portal_audit_add(portal, written ? "seal.confirmed" : "seal.failed", job->key->serial,
                            job->number, err);
}
