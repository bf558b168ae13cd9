#include "base/clock.h"
#include "certs/proof.h"
#include "portal/portal_audit.h"
#include "portal/portal_certificate.h"
#include "portal/portal_seal.h"
#include "portal/portal_seal_maker.h"
#include "portal/portal_seal_record.h"
#include "portal/portal_ticket.h"

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

enum err_code portal_seal_check_renewed(struct portal *portal, int64_t key_id, struct err *err)
{
    AUTO(active_done) struct active active = {0};
    return load_active(portal, key_id, &active, err) == ERR_NONE
               ? check_renewed(portal, active.id, err)
               : err->code;
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

/* The identity that the seal on the key stands for. The job's own seal may be there already, when an agent did not
 * hear that it was acknowledged: it is given again; so is one that nobody confirmed, to any job. */
static enum err_code find_identity(struct portal *portal, const struct portal_job *job,
                                   struct span der, int64_t active_id, char **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    uint8_t sha256[32];
    bool row = false;
    proof_sha256(der, sha256);
    if (portal_db_query(
            portal->db,
            "SELECT identity, certificate_id, id, state FROM seal WHERE sha256 = ? AND key_id = ?",
            PORTAL_VALUES(PORTAL_BLOB(SPAN_ARRAY(sha256)), PORTAL_INTEGER(job->key->id)), &query,
            err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "find the present seal");
    if (!row)
        return err_set(err, ERR_SEAL_UNKNOWN, "no such seal was made for this key");
    bool is_current = strcmp(portal_query_text(query, 3), "current") == 0;
    if (portal_query_integer(query, 1) == active_id && is_current &&
        portal_query_integer(query, 2) != job->seal_id)
        return err_set(err, ERR_SEAL_EXTENDED, "the seal is bound to the certificate in force");
    const char *identity = portal_query_text(query, 0);
    if (job->seal_identity != NULL && strcmp(job->seal_identity, identity) != 0)
        return err_set(err, ERR_JOB_CONFLICT, "the job is for the seal %s", job->seal_identity);
    *out = memory_text(identity);
    return ERR_NONE;
}

struct found {
    int64_t id; /* 0: none */
    struct bytes *der;
};

static void found_done(struct found *found)
{
    bytes_freep(&found->der);
}

static enum err_code find_one(struct portal *portal, const char *sql,
                              const struct portal_value *values, size_t count, struct found *out,
                              struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(portal->db, sql, values, count, &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "find a seal of the identity");
    if (row)
        *out =
            (struct found){portal_query_integer(query, 0), bytes_new(portal_query_blob(query, 1))};
    return ERR_NONE;
}

static enum err_code find_extension(struct portal *portal, const char *identity,
                                    int64_t certificate_id, struct found *out, struct err *err)
{
    return find_one(portal,
                    "SELECT id, der FROM seal WHERE identity = ? AND certificate_id = ? "
                    "AND state <> 'superseded'",
                    PORTAL_VALUES(PORTAL_TEXT(identity), PORTAL_INTEGER(certificate_id)), out, err);
}

static enum err_code find_current(struct portal *portal, const char *identity, struct found *out,
                                  struct err *err)
{
    return find_one(portal, "SELECT id, der FROM seal WHERE identity = ? AND state = 'current'",
                    PORTAL_VALUES(PORTAL_TEXT(identity)), out, err);
}

static enum err_code make_extension(struct portal *portal, const struct seal *current,
                                    const struct cert *cert, struct bytes **out, struct err *err)
{
    const struct seal_facts *facts = seal_peek(current);
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
        return err_set(err, ERR_SEAL_EXTENDED, "the seal ends with the certificate in force");
    return portal_seal_maker_seal(portal->seal_maker, &wish, out, err);
}

/* Inside the caller's transaction. */
static enum err_code extend_current(struct portal *portal, const struct portal_job *job,
                                    const char *identity, const struct active *active,
                                    struct found *out, struct err *err)
{
    AUTO(found_done) struct found current = {0};
    AUTO(seal_freep) struct seal *seal = NULL;
    AUTO(found_done) struct found made = {0};
    if (find_current(portal, identity, &current, err) != ERR_NONE)
        return err->code;
    if (current.id == 0)
        return err_set(err, ERR_DATABASE, "no current seal of the identity %s", identity);
    const struct portal_seal_record record = {job->key->id, active->id, current.id, "issued"};
    if (seal_parse(span_bytes(current.der), &seal, err) != ERR_NONE ||
        make_extension(portal, seal, active->cert, &made.der, err) != ERR_NONE ||
        portal_seal_record(portal, &record, span_bytes(made.der), &made.id, err) != ERR_NONE)
        return err->code;
    *out = (struct found){made.id, TAKE(made.der)};
    return ERR_NONE;
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
                            const struct portal_seal_request *request, struct bytes **out,
                            struct err *err)
{
    AUTO(active_done) struct active active = {0};
    AUTO(memory_freep) char *identity = NULL;
    AUTO(found_done) struct found next = {0};
    if (load_active(portal, job->key->id, &active, err) != ERR_NONE ||
        check_key(portal, job, request, &active, err) != ERR_NONE ||
        find_identity(portal, job, request->seal, active.id, &identity, err) != ERR_NONE ||
        find_extension(portal, identity, active.id, &next, err) != ERR_NONE ||
        (next.id == 0 && extend_current(portal, job, identity, &active, &next, err) != ERR_NONE) ||
        bind_to_job(portal, job, next.id, err) != ERR_NONE)
        return err->code;
    *out = TAKE(next.der);
    return ERR_NONE;
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
        extend(portal, job, request, &der, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "the seal of job %s", job->id);
    *out = TAKE(der);
    return ERR_NONE;
}

/* ---- confirmation ---- */

/* The job's seal, and the certificate that it is bound to. */
struct given {
    struct bytes *sha256;
    struct cert *cert;
    int64_t certificate_id;
};

static void given_done(struct given *given)
{
    bytes_free(given->sha256);
    cert_free(given->cert);
}

static enum err_code load_given(struct portal *portal, int64_t seal_id, struct given *out,
                                struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, "SELECT sha256, certificate_id FROM seal WHERE id = ?",
                        PORTAL_VALUES(PORTAL_INTEGER(seal_id)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the job's seal");
    out->sha256 = bytes_new(portal_query_blob(query, 0));
    out->certificate_id = portal_query_integer(query, 1);
    return portal_certificate_load(portal, out->certificate_id, &out->cert, err);
}

/* A job that got no seal can only have failed: by the key's present certificate. */
static enum err_code check_confirmation(struct portal *portal, const struct portal_job *job,
                                        const struct portal_confirmation *confirmation,
                                        const struct active *active, int64_t *out_certificate_id,
                                        struct err *err)
{
    AUTO(given_done) struct given given = {0};
    bool written = portal_confirm_is_written(confirmation);
    if (job->seal_id == 0)
        return written ? err_set(err, ERR_SEAL_STATE, "no seal was made for the job")
                       : portal_confirm_check_proof(job, confirmation, active->cert, err);
    if (load_given(portal, job->seal_id, &given, err) != ERR_NONE ||
        portal_confirm_check_proof(job, confirmation, given.cert, err) != ERR_NONE)
        return err->code;
    if (written && !span_equal(span_bytes(given.sha256), confirmation->digest))
        return err_set(err, ERR_PROOF, "the digest is not that of the job's seal");
    *out_certificate_id = given.certificate_id;
    return ERR_NONE;
}

/* Another job of the same renewal may have done it before. */
static enum err_code make_current(struct portal *portal, int64_t seal_id, struct err *err)
{
    int64_t now = clock_now_utc();
    if (portal_db_run(
            portal->db,
            "UPDATE seal SET state = 'superseded', changed_utc = ? WHERE id <> ? "
            "AND state <> 'superseded' "
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
    int64_t certificate_id = 0;
    if (load_active(portal, job->key->id, &active, err) != ERR_NONE ||
        check_confirmation(portal, job, confirmation, &active, &certificate_id, err) != ERR_NONE)
        return err->code;
    if (strcmp(job->outcome, confirmation->outcome) == 0)
        return ERR_NONE;
    if (job->outcome[0] != '\0')
        return err_set(err, ERR_SEAL_STATE, "the key confirmed before that it was %s",
                       job->outcome);
    if (written && certificate_id != active.id)
        return err_set(err, ERR_SEAL_STATE, "a later certificate than the seal's is in force");
    if (portal_job_end(portal, job, confirmation->outcome, err) != ERR_NONE ||
        (written && make_current(portal, job->seal_id, err) != ERR_NONE))
        return err->code;
    return portal_audit_add(portal, written ? "seal.confirmed" : "seal.failed", job->key->serial,
                            job->number, err);
}
