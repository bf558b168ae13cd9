#include "portal/portal_ticket.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "certs/proof.h"
#include "portal/portal_audit.h"
#include "portal/portal_key.h"
#include "portal/portal_order.h"
#include "portal/portal_reset.h"
#include "portal/portal_seal.h"

#define TICKET_RANDOM_BYTES 32

enum subject_kind { FOR_ORDER, FOR_KEY, FOR_RESET };

static const struct {
    const char *name;
    enum subject_kind subject;
} kinds[] = {
    {PORTAL_KIND_CHECK, FOR_ORDER},
    {PORTAL_KIND_RENEW, FOR_ORDER},
    {PORTAL_KIND_EXTEND_SEAL, FOR_KEY},
    {PORTAL_KIND_RESET_PIN, FOR_RESET},
};

/* What a new ticket is for. */
struct subject {
    const char *kind;
    const char *audit; /* the order's number, the key's serial, the request's number */
    const char *order_number; /* NULL: none */
    int64_t key_id;
    int64_t reset_id; /* 0: none */
    const char *seal_identity; /* NULL: none */
};

static bool is_kind(const char *kind, enum subject_kind subject)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(kinds[i].name, kind) == 0)
            return kinds[i].subject == subject;
    return false;
}

static enum err_code check_new(const char *kind, enum subject_kind subject, int64_t ttl_s,
                               struct err *err)
{
    if (!is_kind(kind, subject))
        return err_set(err, ERR_FIELD_VALUE, "kind: not for %s",
                       subject == FOR_ORDER ? "an order" : "a key");
    if (ttl_s < 1 || ttl_s > PORTAL_TICKET_TTL_S_MAX)
        return err_set(err, ERR_FIELD_VALUE, "ttl: 1 to %d seconds are allowed",
                       PORTAL_TICKET_TTL_S_MAX);
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code insert_ticket(struct portal *portal, const struct subject *subject,
                                   int64_t ttl_s, char **out_ticket, struct err *err)
{
    AUTO(memory_freep) char *ticket = hex_random(TICKET_RANDOM_BYTES);
    uint8_t sha256[32];
    proof_sha256(span_text(ticket), sha256);
    int64_t now = clock_now_utc();
    if (portal_db_run(
            portal->db,
            "INSERT INTO ticket (sha256, key_id, order_number, reset_id, seal_identity, kind, "
            "created_utc, expires_utc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            PORTAL_VALUES(PORTAL_BLOB(SPAN_ARRAY(sha256)), PORTAL_INTEGER(subject->key_id),
                          PORTAL_TEXT(subject->order_number),
                          subject->reset_id == 0 ? PORTAL_NULL : PORTAL_INTEGER(subject->reset_id),
                          PORTAL_TEXT(subject->seal_identity), PORTAL_TEXT(subject->kind),
                          PORTAL_INTEGER(now), PORTAL_INTEGER(now + ttl_s)),
            err) != ERR_NONE ||
        portal_audit_add(portal, "ticket.issued", subject->audit, subject->kind, err) != ERR_NONE)
        return err->code;
    *out_ticket = TAKE(ticket);
    return ERR_NONE;
}

enum err_code portal_ticket_add(struct portal *portal, const char *order_number, const char *kind,
                                int64_t ttl_s, char **out_ticket, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    AUTO(memory_freep) char *ticket = NULL;
    struct subject subject = {.kind = kind, .audit = order_number, .order_number = order_number};
    if (check_new(kind, FOR_ORDER, ttl_s, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_order_load(portal, order_number, &order, err) != ERR_NONE)
        return err_add(err, "issue a ticket");
    subject.key_id = order->key_id;
    if (insert_ticket(portal, &subject, ttl_s, &ticket, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "issue a ticket");
    *out_ticket = TAKE(ticket);
    return ERR_NONE;
}

/* identity NULL: no seal is named. */
static enum err_code add_for_key(struct portal *portal, const char *serial, const char *kind,
                                 const char *identity, int64_t ttl_s, char **out_ticket,
                                 struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(memory_freep) char *ticket = NULL;
    struct subject subject = {.kind = kind, .audit = serial, .seal_identity = identity};
    if (check_new(kind, FOR_KEY, ttl_s, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_key_find(portal, serial, &subject.key_id, err) != ERR_NONE ||
        (identity != NULL &&
         portal_seal_check_made_for(portal, subject.key_id, identity, err) != ERR_NONE) ||
        insert_ticket(portal, &subject, ttl_s, &ticket, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "issue a ticket");
    *out_ticket = TAKE(ticket);
    return ERR_NONE;
}

enum err_code portal_ticket_add_for_key(struct portal *portal, const char *serial, const char *kind,
                                        int64_t ttl_s, char **out_ticket, struct err *err)
{
    return add_for_key(portal, serial, kind, NULL, ttl_s, out_ticket, err);
}

enum err_code portal_ticket_add_for_seal(struct portal *portal, const char *serial,
                                         const char *identity, int64_t ttl_s, char **out_ticket,
                                         struct err *err)
{
    return add_for_key(portal, serial, PORTAL_KIND_EXTEND_SEAL, identity, ttl_s, out_ticket, err);
}

/* Another user's request is as if it were not there. */
static enum err_code check_reset(struct portal *portal, int64_t id, const char *user,
                                 int64_t *out_key_id, struct err *err)
{
    AUTO(memory_freep) char *asked = NULL;
    if (portal_reset_subject(portal, id, out_key_id, &asked, err) != ERR_NONE)
        return err->code;
    if (user != NULL && strcmp(user, asked) != 0)
        return err_set(err, ERR_NO_SUCH_RECORD, "no row < find the reset request");
    return portal_reset_check_approved(portal, id, err);
}

enum err_code portal_ticket_add_for_reset(struct portal *portal, int64_t reset_id, const char *user,
                                          int64_t ttl_s, char **out_ticket, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(memory_freep) char *number = portal_reset_number(reset_id);
    AUTO(memory_freep) char *ticket = NULL;
    struct subject subject = {.kind = PORTAL_KIND_RESET_PIN, .audit = number, .reset_id = reset_id};
    if (check_new(subject.kind, FOR_RESET, ttl_s, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        check_reset(portal, reset_id, user, &subject.key_id, err) != ERR_NONE ||
        insert_ticket(portal, &subject, ttl_s, &ticket, err) != ERR_NONE ||
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
                        "SELECT order_number, kind, expires_utc, job_id, redeemed_serial, key_id, "
                        "reset_id, seal_identity FROM ticket WHERE sha256 = ?",
                        PORTAL_VALUES(PORTAL_BLOB(SPAN_ARRAY(sha256))), &query, err) != ERR_NONE)
        return err->code;
    bool row = false;
    if (portal_query_next(query, &row, err) != ERR_NONE)
        return err->code;
    if (!row)
        return err_set(err, ERR_TICKET_UNKNOWN, "no such ticket was issued");
    struct portal_ticket *found = memory_new(sizeof *found);
    *found = (struct portal_ticket){
        .order_number = text_or_null(query, 0),
        .kind = memory_text(portal_query_text(query, 1)),
        .expires_utc = portal_query_integer(query, 2),
        .job_id = text_or_null(query, 3),
        .redeemed_serial = text_or_null(query, 4),
        .key_id = portal_query_integer(query, 5),
        .reset_id = portal_query_integer(query, 6),
        .seal_identity = text_or_null(query, 7),
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
    free(ticket->seal_identity);
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
