#include "portal/portal_ticket.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "certs/proof.h"
#include "portal/portal_audit.h"
#include "portal/portal_order.h"

#define TICKET_RANDOM_BYTES 32

static enum err_code check_new(const char *kind, int64_t ttl_s, struct err *err)
{
    if (strcmp(kind, PORTAL_KIND_CHECK) != 0 && strcmp(kind, PORTAL_KIND_RENEW) != 0)
        return err_set(err, ERR_FIELD_VALUE, "kind: neither check nor renew");
    if (ttl_s < 1 || ttl_s > PORTAL_TICKET_TTL_S_MAX)
        return err_set(err, ERR_FIELD_VALUE, "ttl: 1 to %d seconds are allowed",
                       PORTAL_TICKET_TTL_S_MAX);
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code insert_ticket(struct portal *portal, const char *order_number,
                                   const char *kind, int64_t ttl_s, const char *ticket,
                                   struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    if (portal_order_load(portal, order_number, &order, err) != ERR_NONE)
        return err->code;
    uint8_t sha256[32];
    proof_sha256(span_text(ticket), sha256);
    int64_t now = clock_now_utc();
    if (portal_db_run(portal->db,
                      "INSERT INTO ticket (sha256, order_number, kind, created_utc, expires_utc) "
                      "VALUES (?, ?, ?, ?, ?)",
                      PORTAL_VALUES(PORTAL_BLOB(SPAN_ARRAY(sha256)), PORTAL_TEXT(order_number),
                                    PORTAL_TEXT(kind), PORTAL_INTEGER(now),
                                    PORTAL_INTEGER(now + ttl_s)),
                      err) != ERR_NONE)
        return err->code;
    return portal_audit_add(portal, "ticket.issued", order_number, kind, err);
}

enum err_code portal_ticket_add(struct portal *portal, const char *order_number, const char *kind,
                                int64_t ttl_s, char **out_ticket, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(memory_freep) char *ticket = hex_random(TICKET_RANDOM_BYTES);
    if (check_new(kind, ttl_s, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        insert_ticket(portal, order_number, kind, ttl_s, ticket, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "issue a ticket");
    *out_ticket = TAKE(ticket);
    return ERR_NONE;
}

static char *text_or_null(const struct portal_query *query, int column)
{
    return portal_query_is_null(query, column) ? NULL
                                               : memory_text(portal_query_text(query, column));
}

enum err_code portal_ticket_find(struct portal *portal, const char *ticket,
                                 struct portal_ticket **out, struct err *err)
{
    uint8_t sha256[32];
    proof_sha256(span_text(ticket), sha256);
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT order_number, kind, expires_utc, job_id, redeemed_serial "
                        "FROM ticket WHERE sha256 = ?",
                        PORTAL_VALUES(PORTAL_BLOB(SPAN_ARRAY(sha256))), &query, err) != ERR_NONE)
        return err->code;
    bool row = false;
    if (portal_query_next(query, &row, err) != ERR_NONE)
        return err->code;
    if (!row)
        return err_set(err, ERR_TICKET_UNKNOWN, "no such ticket was issued");
    struct portal_ticket *found = memory_new(sizeof *found);
    *found = (struct portal_ticket){
        .order_number = memory_text(portal_query_text(query, 0)),
        .kind = memory_text(portal_query_text(query, 1)),
        .expires_utc = portal_query_integer(query, 2),
        .job_id = text_or_null(query, 3),
        .redeemed_serial = text_or_null(query, 4),
    };
    memcpy(found->sha256, sha256, sizeof sha256);
    *out = found;
    return ERR_NONE;
}

void portal_ticket_free(struct portal_ticket *ticket)
{
    if (ticket == NULL)
        return;
    free(ticket->order_number);
    free(ticket->kind);
    free(ticket->job_id);
    free(ticket->redeemed_serial);
    free(ticket);
}

void portal_ticket_freep(struct portal_ticket **ticket)
{
    portal_ticket_free(*ticket);
    *ticket = NULL;
}

enum err_code portal_ticket_redeemed(struct portal *portal, const struct portal_ticket *ticket,
                                     const char *job_id, const char *serial, struct err *err)
{
    if (portal_db_run(portal->db,
                      "UPDATE ticket SET job_id = ?, redeemed_serial = ? "
                      "WHERE sha256 = ? AND job_id IS NULL",
                      PORTAL_VALUES(PORTAL_TEXT(job_id), PORTAL_TEXT(serial),
                                    PORTAL_BLOB(SPAN_ARRAY(ticket->sha256))),
                      err) != ERR_NONE)
        return err_add(err, "redeem the ticket");
    if (portal_db_changed(portal->db) != 1)
        return err_set(err, ERR_TICKET_USED, "the ticket was redeemed meanwhile");
    return ERR_NONE;
}
