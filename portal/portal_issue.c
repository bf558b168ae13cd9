#include "portal/portal_issue.h"

#include <string.h>

#include "base/clock.h"
#include "certs/csr.h"
#include "certs/proof.h"
#include "portal/portal_audit.h"
#include "portal/portal_certificate.h"
#include "portal/portal_ticket.h"
#include "portal/portal_x509.h"

/* ---- checking a request ---- */

static enum err_code check_job(const struct portal_job *job, struct err *err)
{
    if (portal_job_check(job, PORTAL_KIND_RENEW, err) != ERR_NONE)
        return err->code;
    if (job->order->state != PORTAL_ORDER_APPROVED)
        return err_set(err, ERR_ORDER_NOT_APPROVED, "the order is in %s",
                       portal_order_state_text(job->order->state));
    return ERR_NONE;
}

/* What is wrong with a request is the agent's fault: one code, whatever the reader called it. */
static enum err_code read_csr(struct span der, struct csr **out, struct err *err)
{
    if (csr_parse(der, out, err) == ERR_NONE)
        return ERR_NONE;
    err_add(err, "read the certificate request");
    return err->code = ERR_CSR;
}

static enum err_code check_proof(const struct portal_job *job,
                                 const struct portal_issue_request *request, const struct cert *by,
                                 struct err *err)
{
    uint8_t sha256[32];
    proof_sha256(request->csr, sha256);
    return portal_job_check_proof(job, PROOF_REQUEST, SPAN_ARRAY(sha256), request->proof, by, err);
}

static enum err_code check_kept(const struct portal_issue_request *request, struct err *err)
{
    if (request->kept != NULL && strcmp(request->kept, PORTAL_ISSUE_KEPT) != 0)
        return err_set(err, ERR_FIELD_VALUE, "kept_key_reason: not a reason that is known");
    return ERR_NONE;
}

static enum err_code check_policy(const struct portal_order_policy *policy,
                                  const struct csr_facts *csr, const struct cert_facts *present,
                                  bool kept, struct err *err)
{
    if (csr->algorithm != policy->algorithm)
        return err_set(err, ERR_CSR, "the order is for %s", cert_algorithm_text(policy->algorithm));
    if (kept && !policy->replace_key)
        return err_set(err, ERR_CSR, "kept_key_reason: the order keeps the present key pair");
    if (!span_equal(csr->subject_der, present->subject_der))
        return err_set(err, ERR_CSR, "the subject is not the present certificate's");
    bool same = span_equal(csr->public_key, present->public_key);
    bool replace = policy->replace_key && !kept;
    if (same == replace)
        return err_set(err, ERR_CSR,
                       replace ? "the order is for a new key pair"
                               : "the present key pair is kept");
    return ERR_NONE;
}

/* ---- issuing ---- */

/* What goes into the row of an issue. */
struct made {
    struct bytes *sign_cert;
    struct bytes *encrypt_cert;
    struct bytes *enveloped_key;
    int64_t sign_id, encrypt_id;
};

static void made_done(struct made *made)
{
    bytes_free(made->sign_cert);
    bytes_free(made->encrypt_cert);
    bytes_free(made->enveloped_key);
}

static enum err_code certify(struct portal *portal, const struct portal_job *job,
                             const struct portal_ca_order *order, struct bytes **out,
                             int64_t *out_id, struct err *err)
{
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(cert_freep) struct cert *cert = NULL;
    if (portal_ca_issue(portal->ca, order, &der, err) != ERR_NONE ||
        cert_parse(span_bytes(der), &cert, err) != ERR_NONE)
        return err->code;
    /* OpenSSL writes the key anew; another encoding of the point would be another certificate. */
    if (!span_equal(cert_peek(cert)->public_key, order->public_key))
        return err_set(err, ERR_CSR, "the public key has an unusual encoding");
    struct portal_certificate_new new = {.key_id = job->order->key_id,
                                         .order_number = job->order->number,
                                         .cert = cert,
                                         .status = PORTAL_CERTIFICATE_ISSUED};
    if (portal_certificate_add(portal, &new, out_id, err) != ERR_NONE)
        return err->code;
    *out = TAKE(der);
    return ERR_NONE;
}

/* The encryption certificate is for a new pair with its envelope, or for the pair that stays. */
static enum err_code encryption_key(struct portal *portal, const struct portal_job *job,
                                    bool replace, struct span sign_key,
                                    struct bytes **out_public_key, struct bytes **out_envelope,
                                    struct err *err)
{
    const struct portal_order *order = job->order;
    if (replace)
        return portal_key_manager_issue(portal->key_manager, portal->db, order->number, sign_key,
                                        out_public_key, out_envelope, err);
    AUTO(cert_freep) struct cert *present = NULL;
    if (portal_certificate_active(portal, order->key_id, CERT_USAGE_ENCRYPT, &present, NULL, err) !=
        ERR_NONE)
        return err_add(err, "find the present encryption certificate");
    *out_public_key = bytes_new(cert_peek(present)->public_key);
    return ERR_NONE;
}

static enum err_code make(struct portal *portal, const struct portal_job *job,
                          const struct csr_facts *csr, bool kept, struct made *made,
                          struct err *err)
{
    bool replace = job->order->policy.replace_key && !kept;
    struct portal_ca_order order = {
        .subject_der = csr->subject_der,
        .public_key = csr->public_key,
        .usage = CERT_USAGE_SIGN,
        .not_before_utc = clock_now_utc() - PORTAL_X509_CLOCK_SKEW_S,
        .not_after_utc = job->not_after_utc,
        .single = !job->order->policy.dual,
    };
    if (certify(portal, job, &order, &made->sign_cert, &made->sign_id, err) != ERR_NONE)
        return err_add(err, "the signing certificate");
    if (!job->order->policy.dual)
        return ERR_NONE;
    AUTO(bytes_freep) struct bytes *public_key = NULL;
    if (encryption_key(portal, job, replace, csr->public_key, &public_key, &made->enveloped_key,
                       err) != ERR_NONE)
        return err->code;
    order.public_key = span_bytes(public_key);
    order.usage = CERT_USAGE_ENCRYPT;
    if (certify(portal, job, &order, &made->encrypt_cert, &made->encrypt_id, err) != ERR_NONE)
        return err_add(err, "the encryption certificate");
    return ERR_NONE;
}

/* The intent stands in the row before anything is signed, and both in one transaction: the index on
 * live issues lets one request in, whatever happens at the same time. */
static enum err_code insert_intent(struct portal *portal, const struct portal_job *job,
                                   struct span public_key, int64_t *out_id, struct err *err)
{
    uint8_t sha256[32];
    proof_sha256(public_key, sha256);
    int64_t now = clock_now_utc();
    if (portal_db_run(portal->db,
                      "INSERT INTO issue (order_number, job_id, public_key_sha256, state, "
                      "created_utc, changed_utc) VALUES (?, ?, ?, 'issued', ?, ?)",
                      PORTAL_VALUES(PORTAL_TEXT(job->order->number), PORTAL_TEXT(job->id),
                                    PORTAL_BLOB(SPAN_ARRAY(sha256)), PORTAL_INTEGER(now),
                                    PORTAL_INTEGER(now)),
                      err) != ERR_NONE)
        return err_add(err, "note the intent to issue");
    *out_id = portal_db_last_id(portal->db);
    return ERR_NONE;
}

static enum err_code issue_new(struct portal *portal, const struct portal_job *job,
                               const struct csr_facts *csr, const char *kept, struct err *err)
{
    AUTO(made_done) struct made made = {0};
    int64_t id = 0;
    if (insert_intent(portal, job, csr->public_key, &id, err) != ERR_NONE ||
        make(portal, job, csr, kept != NULL, &made, err) != ERR_NONE)
        return err_add(err, "issue for the order %s", job->order->number);
    struct portal_value envelope =
        made.enveloped_key == NULL ? PORTAL_NULL : PORTAL_BLOB(span_bytes(made.enveloped_key));
    if (portal_db_run(
            portal->db,
            "UPDATE issue SET sign_certificate_id = ?, encrypt_certificate_id = ?, "
            "enveloped_key = ?, chain = ? WHERE id = ?",
            PORTAL_VALUES(PORTAL_INTEGER(made.sign_id),
                          made.encrypt_id == 0 ? PORTAL_NULL : PORTAL_INTEGER(made.encrypt_id),
                          envelope, PORTAL_BLOB(portal_ca_issuing(portal->ca, csr->algorithm)),
                          PORTAL_INTEGER(id)),
            err) != ERR_NONE)
        return err_add(err, "store what was issued");
    if (kept != NULL && portal_order_note_kept(portal, job->order, kept, err) != ERR_NONE)
        return err->code;
    return portal_audit_add(portal, "order.issued", job->order->number, job->order->serial, err);
}

static bool proves(const struct portal_job *job, const struct portal_issue_request *request,
                   struct span der)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    struct err ignored = ERR_INIT;
    return cert_parse(der, &cert, &ignored) == ERR_NONE &&
           check_proof(job, request, cert, &ignored) == ERR_NONE;
}

/* Written for an order of before, and the platform was not told: the person is told what to do. Without such a
 * certificate the error stays. */
static enum err_code refuse_unconfirmed(struct portal *portal, const struct portal_job *job,
                                        const struct portal_issue_request *request, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err failure = ERR_INIT;
    bool row = false;
    if (portal_db_query(
            portal->db,
            "SELECT der, order_number FROM certificate WHERE key_id = ? AND "
            "usage = 'sign' AND status = 'issued' AND order_number <> ?",
            PORTAL_VALUES(PORTAL_INTEGER(job->order->key_id), PORTAL_TEXT(job->order->number)),
            &query, &failure) != ERR_NONE)
        return err->code;
    while (portal_query_next(query, &row, &failure) == ERR_NONE && row)
        if (proves(job, request, portal_query_blob(query, 0)))
            return err_set(err, ERR_ORDER_BEFORE,
                           "the key proves itself with the certificate of %s",
                           portal_query_text(query, 1));
    return err->code;
}

/* Who must have signed the proof: the certificate in force; or, when the key already holds what was
 * issued and only the confirmation is missing, that one. */
static enum err_code check_proof_of_key(struct portal *portal, const struct portal_job *job,
                                        const struct portal_issue_request *request,
                                        const struct cert *present,
                                        const struct portal_issued *issue, struct err *err)
{
    if (check_proof(job, request, present, err) == ERR_NONE)
        return ERR_NONE;
    if (err->code != ERR_PROOF)
        return err->code;
    if (issue == NULL || !proves(job, request, span_bytes(issue->sign_cert)))
        return refuse_unconfirmed(portal, job, request, err);
    *err = ERR_INIT;
    return ERR_NONE;
}

static enum err_code same_request(const struct portal_issued *issue, struct span public_key,
                                  struct err *err)
{
    uint8_t sha256[32];
    proof_sha256(public_key, sha256);
    if (!span_equal(SPAN_ARRAY(sha256), SPAN_ARRAY(issue->public_key_sha256)))
        return err_set(err, ERR_JOB_CONFLICT, "certificates were issued for another public key");
    return ERR_NONE;
}

/* The job was loaded before the transaction: an operator may have taken the payment back since. */
static enum err_code check_order_now(struct portal *portal, const struct portal_job *job,
                                     struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    if (portal_order_load(portal, job->order->number, &order, err) != ERR_NONE)
        return err->code;
    return portal_order_check(order, PORTAL_ORDER_RENEW, err);
}

/* Inside the caller's transaction. */
static enum err_code answer(struct portal *portal, const struct portal_job *job,
                            const struct portal_issue_request *request, const struct csr *csr,
                            struct portal_issued **out, struct err *err)
{
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    AUTO(cert_freep) struct cert *present = NULL;
    const struct csr_facts *facts = csr_peek(csr);
    if (portal_issued_find(portal, job->order, &issue, err) != ERR_NONE ||
        portal_certificate_active(portal, job->order->key_id, CERT_USAGE_SIGN, &present, NULL,
                                  err) != ERR_NONE ||
        check_proof_of_key(portal, job, request, present, issue, err) != ERR_NONE)
        return err->code;
    if (issue == NULL) {
        if (check_order_now(portal, job, err) != ERR_NONE ||
            check_policy(&job->order->policy, facts, cert_peek(present), request->kept != NULL,
                         err) != ERR_NONE ||
            issue_new(portal, job, facts, request->kept, err) != ERR_NONE ||
            portal_issued_find(portal, job->order, &issue, err) != ERR_NONE)
            return err->code;
    }
    if (same_request(issue, facts->public_key, err) != ERR_NONE)
        return err->code;
    *out = TAKE(issue);
    return ERR_NONE;
}

enum err_code portal_issue_request(struct portal *portal, const struct portal_job *job,
                                   const struct portal_issue_request *request,
                                   struct portal_issued **out, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(csr_freep) struct csr *csr = NULL;
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    if (check_job(job, err) != ERR_NONE || check_kept(request, err) != ERR_NONE ||
        read_csr(request->csr, &csr, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        answer(portal, job, request, csr, &issue, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "the request of job %s", job->id);
    *out = TAKE(issue);
    return ERR_NONE;
}
