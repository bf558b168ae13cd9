#include "portal/portal_job.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "certs/ossl.h"
#include "certs/proof.h"
#include "portal/portal_audit.h"
#include "portal/portal_issued.h"
#include "portal/portal_reset.h"
#include "portal/portal_seal.h"
#include "portal/portal_secret_file.h"
#include "portal/portal_ticket.h"

void portal_job_free(struct portal_job *job)
{
    if (job == NULL)
        return;
    free(job->id);
    free(job->kind);
    bytes_free(job->challenge);
    free(job->outcome);
    portal_key_free(job->key);
    free(job->number);
    free(job->seal_identity);
    portal_order_free(job->order);
    free(job);
}

void portal_job_freep(struct portal_job **job)
{
    portal_job_free(*job);
    *job = NULL;
}

static enum err_code load_order(struct portal *portal, const char *number, struct portal_job *job,
                                struct err *err)
{
    job->number = memory_text(number);
    if (portal_order_load(portal, number, &job->order, err) != ERR_NONE)
        return err->code;
    return portal_issued_end(portal, job->order, &job->not_after_utc, err);
}

/* What the job is about. order_number NULL: the key alone. */
static enum err_code load_subject(struct portal *portal, int64_t key_id, const char *order_number,
                                  struct portal_job *job, struct err *err)
{
    if (portal_key_load(portal, key_id, &job->key, err) != ERR_NONE)
        return err->code;
    if (order_number != NULL)
        return load_order(portal, order_number, job, err);
    if (job->reset_id != 0) {
        job->number = portal_reset_number(job->reset_id);
        return ERR_NONE;
    }
    return portal_seal_order(portal, key_id, &job->number, err);
}

static enum err_code load(struct portal *portal, const char *id, struct portal_job **out,
                          struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT kind, challenge, outcome, expires_utc, order_number, key_id, "
                        "reset_id, seal_id, seal_identity FROM job WHERE id = ?",
                        PORTAL_VALUES(PORTAL_TEXT(id)), &query, err) != ERR_NONE)
        return err->code;
    bool row = false;
    if (portal_query_next(query, &row, err) != ERR_NONE)
        return err->code;
    if (!row)
        return err_set(err, ERR_JOB_UNKNOWN, "no such job");
    AUTO(portal_job_freep) struct portal_job *job = memory_new(sizeof *job);
    job->id = memory_text(id);
    job->kind = memory_text(portal_query_text(query, 0));
    job->challenge = bytes_new(portal_query_blob(query, 1));
    job->outcome = memory_text(portal_query_text(query, 2));
    job->expires_utc = portal_query_integer(query, 3);
    job->reset_id = portal_query_integer(query, 6);
    job->seal_id = portal_query_integer(query, 7);
    if (!portal_query_is_null(query, 8))
        job->seal_identity = memory_text(portal_query_text(query, 8));
    const char *order = portal_query_is_null(query, 4) ? NULL : portal_query_text(query, 4);
    if (load_subject(portal, portal_query_integer(query, 5), order, job, err) != ERR_NONE)
        return err_add(err, "load the job");
    *out = TAKE(job);
    return ERR_NONE;
}

/* ---- redeeming ---- */

/* A renewal's: it may have been approved and not be so any more. */
static enum err_code check_order(struct portal *portal, const struct portal_ticket *ticket,
                                 struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    if (strcmp(ticket->kind, PORTAL_KIND_RENEW) != 0)
        return ERR_NONE;
    if (portal_order_load(portal, ticket->order_number, &order, err) != ERR_NONE)
        return err->code;
    if (order->state != PORTAL_ORDER_APPROVED)
        return err_set(err, ERR_ORDER_NOT_APPROVED, "the order %s is in %s", order->number,
                       portal_order_state_text(order->state));
    return ERR_NONE;
}

/* A ticket that was redeemed before is good for the same key while its job is under way. */
static enum err_code redeem_again(struct portal *portal, const struct portal_ticket *ticket,
                                  const char *serial, struct portal_job **out, struct err *err)
{
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    if (strcmp(ticket->redeemed_serial, serial) != 0)
        return err_set(err, ERR_TICKET_USED, "the ticket was redeemed for another key");
    if (load(portal, ticket->job_id, &job, err) != ERR_NONE)
        return err->code;
    if (job->outcome[0] != '\0' || job->expires_utc <= clock_now_utc())
        return err_set(err, ERR_TICKET_USED, "the ticket's job is over");
    if (check_order(portal, ticket, err) != ERR_NONE)
        return err->code;
    *out = TAKE(job);
    return ERR_NONE;
}

static enum err_code check_first_redeem(struct portal *portal, const struct portal_ticket *ticket,
                                        const struct portal_key *key, const char *serial,
                                        struct err *err)
{
    if (ticket->expires_utc <= clock_now_utc())
        return err_set(err, ERR_TICKET_EXPIRED, "the ticket has expired");
    if (strcmp(key->serial, serial) != 0)
        return err_set(err, ERR_WRONG_TOKEN, "the ticket is for the key %s", key->serial);
    return ticket->reset_id != 0 ? portal_reset_check_approved(portal, ticket->reset_id, err)
                                 : check_order(portal, ticket, err);
}

/* Inside the caller's transaction. */
static enum err_code insert_job(struct portal *portal, const struct portal_ticket *ticket,
                                const char *id, struct err *err)
{
    uint8_t challenge[PORTAL_JOB_CHALLENGE_BYTES];
    if (RAND_bytes(challenge, sizeof challenge) != 1)
        return ossl_failed(err, ERR_CRYPTO, "draw a challenge");
    int64_t now = clock_now_utc();
    return portal_db_run(
        portal->db,
        "INSERT INTO job (id, key_id, order_number, reset_id, seal_identity, kind, challenge, "
        "created_utc, expires_utc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        PORTAL_VALUES(PORTAL_TEXT(id), PORTAL_INTEGER(ticket->key_id),
                      PORTAL_TEXT(ticket->order_number),
                      ticket->reset_id == 0 ? PORTAL_NULL : PORTAL_INTEGER(ticket->reset_id),
                      PORTAL_TEXT(ticket->seal_identity), PORTAL_TEXT(ticket->kind),
                      PORTAL_BLOB(SPAN_ARRAY(challenge)), PORTAL_INTEGER(now),
                      PORTAL_INTEGER(now + PORTAL_JOB_TTL_S)),
        err);
}

/* Inside the caller's transaction. */
static enum err_code redeem_first(struct portal *portal, const struct portal_ticket *ticket,
                                  const char *serial, struct portal_job **out, struct err *err)
{
    AUTO(portal_key_freep) struct portal_key *key = NULL;
    AUTO(memory_freep) char *id = hex_random(PORTAL_JOB_ID_BYTES);
    if (portal_key_load(portal, ticket->key_id, &key, err) != ERR_NONE ||
        check_first_redeem(portal, ticket, key, serial, err) != ERR_NONE ||
        insert_job(portal, ticket, id, err) != ERR_NONE ||
        portal_ticket_redeemed(portal, ticket, id, serial, err) != ERR_NONE ||
        portal_audit_add(portal, "ticket.redeemed",
                         ticket->order_number == NULL ? serial : ticket->order_number, ticket->kind,
                         err) != ERR_NONE)
        return err->code;
    return load(portal, id, out, err);
}

enum err_code portal_job_redeem(struct portal *portal, const char *ticket_text, const char *serial,
                                struct portal_job **out, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(portal_ticket_freep) struct portal_ticket *ticket = NULL;
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_ticket_find(portal, ticket_text, &ticket, err) != ERR_NONE)
        return err_add(err, "redeem a ticket");
    enum err_code result = ticket->job_id == NULL ? redeem_first(portal, ticket, serial, &job, err)
                                                  : redeem_again(portal, ticket, serial, &job, err);
    if (result != ERR_NONE || portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "redeem a ticket");
    *out = TAKE(job);
    return ERR_NONE;
}

/* ---- the bearer secret ---- */

enum err_code portal_job_secret(struct portal *portal, const char *id, char **out, struct err *err)
{
    AUTO(secret_freep) struct secret *secret = NULL;
    if (portal_secret_derive(portal->job_key, "ukey-portal job secret v1", span_text(id), &secret,
                             err) != ERR_NONE)
        return err->code;
    *out = hex_encode(secret_peek(secret));
    return ERR_NONE;
}

enum err_code portal_job_authorise(struct portal *portal, const char *id, const char *secret,
                                   struct portal_job **out, struct err *err)
{
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    AUTO(memory_freep) char *wanted = NULL;
    if (load(portal, id, &job, err) != ERR_NONE ||
        portal_job_secret(portal, id, &wanted, err) != ERR_NONE)
        return err->code;
    size_t length = strlen(wanted);
    if (strlen(secret) != length || CRYPTO_memcmp(secret, wanted, length) != 0)
        return err_set(err, ERR_JOB_FORBIDDEN, "not this job's secret");
    *out = TAKE(job);
    return ERR_NONE;
}

/* ---- a job's life ---- */

enum err_code portal_job_check(const struct portal_job *job, const char *kind, struct err *err)
{
    if (strcmp(job->kind, kind) != 0)
        return err_set(err, ERR_TICKET_KIND, "a job of kind %s is not for this", job->kind);
    if (job->expires_utc <= clock_now_utc())
        return err_set(err, ERR_JOB_EXPIRED, "the job has expired");
    if (strcmp(job->outcome, "failed") == 0)
        return err_set(err, ERR_JOB_CONFLICT, "the job ended as failed");
    return ERR_NONE;
}

enum err_code portal_job_check_proof(const struct portal_job *job, const char *label,
                                     struct span body, struct span proof, const struct cert *by,
                                     struct err *err)
{
    AUTO(bytes_freep) struct bytes *message = NULL;
    if (proof_message(label, job->id, span_bytes(job->challenge), body, &message, err) != ERR_NONE)
        return err->code;
    if (cert_verify(by, span_bytes(message), proof, err) == ERR_NONE)
        return ERR_NONE;
    err_add(err, "%s", label);
    return err->code = ERR_PROOF;
}

enum err_code portal_job_end(struct portal *portal, const struct portal_job *job,
                             const char *outcome, struct err *err)
{
    if (portal_db_run(portal->db, "UPDATE job SET outcome = ? WHERE id = ?",
                      PORTAL_VALUES(PORTAL_TEXT(outcome), PORTAL_TEXT(job->id)), err) != ERR_NONE)
        return err_add(err, "store the outcome");
    return ERR_NONE;
}
