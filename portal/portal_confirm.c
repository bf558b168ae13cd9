#include "portal/portal_confirm.h"

#include "base/clock.h"
#include "certs/proof.h"
#include "portal/portal_audit.h"
#include "portal/portal_certificate.h"
#include "portal/portal_issued.h"
#include "portal/portal_payment.h"
#include "portal/portal_reset_answer.h"
#include "portal/portal_seal.h"
#include "portal/portal_ticket.h"

#define DIGEST_BYTES 32

static const uint8_t zeros[DIGEST_BYTES];

bool portal_confirm_is_written(const struct portal_confirmation *confirmation)
{
    return strcmp(confirmation->outcome, "written") == 0;
}

enum err_code portal_confirm_check_proof(const struct portal_job *job,
                                         const struct portal_confirmation *confirmation,
                                         const struct cert *by, struct err *err)
{
    AUTO(bytes_freep)
    struct bytes *body = proof_confirmation_body(confirmation->outcome, confirmation->digest.at);
    return portal_job_check_proof(job, PROOF_CONFIRMATION, span_bytes(body), confirmation->proof,
                                  by, err);
}

static enum err_code check_form(const struct portal_confirmation *confirmation, struct err *err)
{
    bool written = portal_confirm_is_written(confirmation);
    if (!written && strcmp(confirmation->outcome, "failed") != 0)
        return err_set(err, ERR_FIELD_VALUE, "outcome: neither written nor failed");
    if (confirmation->digest.len != DIGEST_BYTES)
        return err_set(err, ERR_FIELD_VALUE, "digest: %zu bytes, not %d", confirmation->digest.len,
                       DIGEST_BYTES);
    if (!written && !span_equal(confirmation->digest, SPAN_ARRAY(zeros)))
        return err_set(err, ERR_FIELD_VALUE, "digest: not zeros, although it failed");
    return ERR_NONE;
}

static enum err_code check_written(const struct portal_job *job,
                                   const struct portal_confirmation *confirmation,
                                   const struct portal_issued *issue, struct err *err)
{
    AUTO(cert_freep) struct cert *issued = NULL;
    uint8_t digest[DIGEST_BYTES];
    if (cert_parse(span_bytes(issue->sign_cert), &issued, err) != ERR_NONE ||
        portal_confirm_check_proof(job, confirmation, issued, err) != ERR_NONE)
        return err->code;
    proof_written_digest(span_bytes(issue->sign_cert), span_bytes(issue->encrypt_cert), digest);
    if (!span_equal(confirmation->digest, SPAN_ARRAY(digest)))
        return err_set(err, ERR_PROOF, "the digest is not that of the issued certificates");
    return ERR_NONE;
}

static enum err_code check_failed(struct portal *portal, const struct portal_job *job,
                                  const struct portal_confirmation *confirmation, struct err *err)
{
    AUTO(cert_freep) struct cert *present = NULL;
    if (portal_certificate_active(portal, job->order->key_id, CERT_USAGE_SIGN, &present, NULL,
                                  err) != ERR_NONE)
        return err->code;
    return portal_confirm_check_proof(job, confirmation, present, err);
}

static enum err_code revoke_active(struct portal *portal, int64_t key_id, enum cert_usage usage,
                                   struct err *err)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    int64_t id = 0;
    if (portal_certificate_active(portal, key_id, usage, &cert, &id, err) != ERR_NONE) {
        if (err->code != ERR_NO_SUCH_RECORD)
            return err->code;
        *err = ERR_INIT;
        return ERR_NONE;
    }
    return portal_certificate_move(portal, id, PORTAL_CERTIFICATE_REVOKED, PORTAL_REASON_SUPERSEDED,
                                   err);
}

static enum err_code bring_into_force(struct portal *portal, int64_t key_id, int64_t id,
                                      enum cert_usage usage, struct err *err)
{
    if (id == 0)
        return ERR_NONE;
    if (revoke_active(portal, key_id, usage, err) != ERR_NONE)
        return err->code;
    return portal_certificate_move(portal, id, PORTAL_CERTIFICATE_ACTIVE, "", err);
}

/* A single certificate leaves an encryption certificate of before in force. */
static enum err_code apply_written(struct portal *portal, const struct portal_job *job,
                                   const struct portal_issued *issue, struct err *err)
{
    int64_t key_id = job->order->key_id;
    if (bring_into_force(portal, key_id, issue->sign_id, CERT_USAGE_SIGN, err) != ERR_NONE)
        return err->code;
    return bring_into_force(portal, key_id, issue->encrypt_id, CERT_USAGE_ENCRYPT, err);
}

static enum err_code apply_failed(struct portal *portal, const struct portal_issued *issue,
                                  struct err *err)
{
    if (portal_certificate_move(portal, issue->sign_id, PORTAL_CERTIFICATE_REVOKED,
                                PORTAL_REASON_NEVER_WRITTEN, err) != ERR_NONE)
        return err->code;
    return issue->encrypt_id == 0
               ? ERR_NONE
               : portal_certificate_move(portal, issue->encrypt_id, PORTAL_CERTIFICATE_REVOKED,
                                         PORTAL_REASON_NEVER_WRITTEN, err);
}

static enum err_code store_outcome(struct portal *portal, const struct portal_job *job,
                                   const struct portal_issued *issue, bool written, struct err *err)
{
    const char *outcome = written ? "written" : "failed";
    if (portal_db_run(portal->db, "UPDATE issue SET state = ?, changed_utc = ? WHERE id = ?",
                      PORTAL_VALUES(PORTAL_TEXT(written ? "confirmed" : "failed"),
                                    PORTAL_INTEGER(clock_now_utc()), PORTAL_INTEGER(issue->id)),
                      err) != ERR_NONE ||
        portal_job_end(portal, job, outcome, err) != ERR_NONE)
        return err_add(err, "store the outcome");
    return portal_audit_add(portal, written ? "order.confirmed" : "order.failed",
                            job->order->number, job->order->serial, err);
}

/* A word that comes late must not take back what a later order has brought into force since. */
static enum err_code check_latest(struct portal *portal, const struct portal_job *job,
                                  const struct portal_issued *issue, struct err *err)
{
    AUTO(cert_freep) struct cert *present = NULL;
    int64_t id = 0;
    if (portal_certificate_active(portal, job->order->key_id, CERT_USAGE_SIGN, &present, &id,
                                  err) != ERR_NONE)
        return err->code;
    if (id > issue->sign_id)
        return err_set(err, ERR_ORDER_STATE, "certificates of a later order are in force");
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code confirm_written(struct portal *portal, const struct portal_job *job,
                                     const struct portal_confirmation *confirmation,
                                     const struct portal_issued *issue, struct err *err)
{
    if (issue == NULL)
        return err_set(err, ERR_ORDER_STATE, "nothing is issued for the order");
    if (check_written(job, confirmation, issue, err) != ERR_NONE)
        return err->code;
    if (issue->confirmed)
        return ERR_NONE;
    if (check_latest(portal, job, issue, err) != ERR_NONE ||
        apply_written(portal, job, issue, err) != ERR_NONE)
        return err->code;
    return store_outcome(portal, job, issue, true, err);
}

/* Inside the caller's transaction. */
static enum err_code confirm_failed(struct portal *portal, const struct portal_job *job,
                                    const struct portal_confirmation *confirmation,
                                    const struct portal_issued *issue, struct err *err)
{
    if (check_failed(portal, job, confirmation, err) != ERR_NONE)
        return err->code;
    if (strcmp(job->outcome, "failed") == 0)
        return ERR_NONE;
    if (issue == NULL)
        return err_set(err, ERR_ORDER_STATE, "nothing is issued for the order");
    if (issue->confirmed)
        return err_set(err, ERR_ORDER_STATE, "the key confirmed before that it was written");
    if (apply_failed(portal, issue, err) != ERR_NONE ||
        store_outcome(portal, job, issue, false, err) != ERR_NONE)
        return err->code;
    return portal_payment_not_issued(portal, job->order->number, err);
}

/* Inside the caller's transaction. */
static enum err_code confirm_renewal(struct portal *portal, const struct portal_job *job,
                                     const struct portal_confirmation *confirmation,
                                     struct err *err)
{
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    if (portal_issued_find(portal, job->order, &issue, err) != ERR_NONE)
        return err->code;
    return portal_confirm_is_written(confirmation)
               ? confirm_written(portal, job, confirmation, issue, err)
               : confirm_failed(portal, job, confirmation, issue, err);
}

/* What there is to confirm, each inside the caller's transaction. */
static const struct kind {
    const char *name;
    bool proof; /* a key that can't log in can't prove itself */
    enum err_code (*confirm)(struct portal *portal, const struct portal_job *job,
                             const struct portal_confirmation *confirmation, struct err *err);
} kinds[] = {
    {PORTAL_KIND_RENEW, true, confirm_renewal},
    {PORTAL_KIND_EXTEND_SEAL, true, portal_seal_confirm},
    {PORTAL_KIND_RESET_PIN, false, portal_reset_confirm},
};

static enum err_code find_kind(const struct portal_job *job, const struct kind **out,
                               struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].name, job->kind) == 0) {
            *out = &kinds[i];
            return ERR_NONE;
        }
    return err_set(err, ERR_TICKET_KIND, "a job of kind %s has nothing to confirm", job->kind);
}

static enum err_code check_for_kind(const struct kind *kind,
                                    const struct portal_confirmation *confirmation, struct err *err)
{
    bool given = confirmation->proof.len > 0;
    if (given == kind->proof)
        return ERR_NONE;
    return err_set(err, given ? ERR_FIELD_UNKNOWN : ERR_FIELD_MISSING, "proof");
}

enum err_code portal_confirm(struct portal *portal, const struct portal_job *job,
                             const struct portal_confirmation *confirmation, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    const struct kind *kind = NULL;
    if (check_form(confirmation, err) != ERR_NONE || find_kind(job, &kind, err) != ERR_NONE ||
        check_for_kind(kind, confirmation, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        kind->confirm(portal, job, confirmation, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "the confirmation of job %s", job->id);
    return ERR_NONE;
}
