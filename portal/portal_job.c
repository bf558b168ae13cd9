#include "portal/portal_job.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "certs/ossl.h"
#include "portal/portal_audit.h"
#include "portal/portal_issue.h"
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
    portal_order_free(job->order);
    free(job);
}

void portal_job_freep(struct portal_job **job)
{
    portal_job_free(*job);
    *job = NULL;
}

static enum err_code load(struct portal *portal, const char *id, struct portal_job **out,
                          struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT kind, challenge, outcome, expires_utc, order_number FROM job "
                        "WHERE id = ?",
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
    if (portal_order_load(portal, portal_query_text(query, 4), &job->order, err) != ERR_NONE ||
        portal_issue_end(portal, job->order, &job->not_after_utc, err) != ERR_NONE)
        return err_add(err, "load the job");
    *out = TAKE(job);
    return ERR_NONE;
}

/* ---- redeeming ---- */

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
    *out = TAKE(job);
    return ERR_NONE;
}

static enum err_code check_first_redeem(const struct portal_ticket *ticket,
                                        const struct portal_order *order, const char *serial,
                                        struct err *err)
{
    if (ticket->expires_utc <= clock_now_utc())
        return err_set(err, ERR_TICKET_EXPIRED, "the ticket has expired");
    if (strcmp(order->serial, serial) != 0)
        return err_set(err, ERR_WRONG_TOKEN, "the order %s is for the key %s", order->number,
                       order->serial);
    if (strcmp(ticket->kind, PORTAL_KIND_RENEW) == 0 && order->state != PORTAL_ORDER_APPROVED)
        return err_set(err, ERR_ORDER_NOT_APPROVED, "the order %s is in %s", order->number,
                       portal_order_state_text(order->state));
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code insert_job(struct portal *portal, const struct portal_ticket *ticket,
                                const char *id, struct err *err)
{
    uint8_t challenge[PORTAL_JOB_CHALLENGE_BYTES];
    if (RAND_bytes(challenge, sizeof challenge) != 1)
        return ossl_failed(err, ERR_CRYPTO, "draw a challenge");
    int64_t now = clock_now_utc();
    return portal_db_run(portal->db,
                         "INSERT INTO job (id, order_number, kind, challenge, created_utc, "
                         "expires_utc) VALUES (?, ?, ?, ?, ?, ?)",
                         PORTAL_VALUES(PORTAL_TEXT(id), PORTAL_TEXT(ticket->order_number),
                                       PORTAL_TEXT(ticket->kind),
                                       PORTAL_BLOB(SPAN_ARRAY(challenge)), PORTAL_INTEGER(now),
                                       PORTAL_INTEGER(now + PORTAL_JOB_TTL_S)),
                         err);
}

/* Inside the caller's transaction. */
static enum err_code redeem_first(struct portal *portal, const struct portal_ticket *ticket,
                                  const char *serial, struct portal_job **out, struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    AUTO(memory_freep) char *id = hex_random(PORTAL_JOB_ID_BYTES);
    if (portal_order_load(portal, ticket->order_number, &order, err) != ERR_NONE ||
        check_first_redeem(ticket, order, serial, err) != ERR_NONE ||
        insert_job(portal, ticket, id, err) != ERR_NONE ||
        portal_ticket_redeemed(portal, ticket, id, serial, err) != ERR_NONE ||
        portal_audit_add(portal, "ticket.redeemed", ticket->order_number, ticket->kind, err) !=
            ERR_NONE)
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
