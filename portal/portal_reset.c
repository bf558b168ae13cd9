#include "portal/portal_reset.h"

#include "base/clock.h"
#include "portal/portal_audit.h"
#include "portal/portal_key.h"

#define SETTING_APPROVAL "reset_approval"
#define APPROVED_BY_POLICY "policy"

char *portal_reset_number(int64_t id)
{
    return memory_printf("R%06lld", (long long)id);
}

/* ---- the policy ---- */

static const char *const approvals[PORTAL_RESET_APPROVAL_COUNT] = {"automatic", "reviewer"};

const char *portal_reset_approval_text(enum portal_reset_approval approval)
{
    return approvals[approval];
}

enum err_code portal_reset_policy(struct portal *portal, enum portal_reset_approval *out,
                                  struct err *err)
{
    AUTO(memory_freep) char *text = NULL;
    if (portal_db_setting(portal->db, SETTING_APPROVAL, &text, err) == ERR_NO_SUCH_RECORD) {
        *err = ERR_INIT;
        *out = PORTAL_RESET_AUTOMATIC;
        return ERR_NONE;
    }
    for (size_t i = 0; text != NULL && i < ARRAY_SIZE(approvals); i++)
        if (strcmp(approvals[i], text) == 0) {
            *out = (enum portal_reset_approval)i;
            return ERR_NONE;
        }
    return text == NULL ? err->code
                        : err_set(err, ERR_DATABASE, "setting %s: \"%s\"", SETTING_APPROVAL, text);
}

enum err_code portal_reset_set_policy(struct portal *portal, enum portal_reset_approval approval,
                                      struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    const char *text = approvals[approval];
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_db_set_setting(portal->db, SETTING_APPROVAL, text, err) != ERR_NONE ||
        portal_audit_add(portal, "reset.policy", SETTING_APPROVAL, text, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "set who approves PIN resets");
    return ERR_NONE;
}

/* ---- one request ---- */

struct record {
    int64_t key_id;
    char *user;
    char *state; /* "expired" also before anybody has noted it */
};

static void record_done(struct record *record)
{
    memory_freep(&record->user);
    memory_freep(&record->state);
}

static enum err_code load(struct portal *portal, int64_t id, struct record *out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT key_id, user, CASE WHEN state = 'approved' AND expires_utc <= ? "
                        "THEN 'expired' ELSE state END FROM reset_request WHERE id = ?",
                        PORTAL_VALUES(PORTAL_INTEGER(clock_now_utc()), PORTAL_INTEGER(id)), &query,
                        err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the reset request");
    out->key_id = portal_query_integer(query, 0);
    out->user = memory_text(portal_query_text(query, 1));
    out->state = memory_text(portal_query_text(query, 2));
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code move(struct portal *portal, int64_t id, const char *from, const char *to,
                          const char *detail, struct err *err)
{
    AUTO(memory_freep) char *number = portal_reset_number(id);
    AUTO(memory_freep) char *event = memory_printf("reset.%s", to);
    if (portal_db_run(portal->db,
                      "UPDATE reset_request SET state = ?, changed_utc = ? "
                      "WHERE id = ? AND state = ?",
                      PORTAL_VALUES(PORTAL_TEXT(to), PORTAL_INTEGER(clock_now_utc()),
                                    PORTAL_INTEGER(id), PORTAL_TEXT(from)),
                      err) != ERR_NONE)
        return err->code;
    if (portal_db_changed(portal->db) != 1)
        return err_set(err, ERR_RESET_STATE, "%s is not %s", number, from);
    return portal_audit_add(portal, event, number, detail, err);
}

/* Inside the caller's transaction: notes the approvals of all keys that have ended. */
static enum err_code expire(struct portal *portal, struct err *err)
{
    for (bool more = true; more;) {
        AUTO(portal_query_freep) struct portal_query *query = NULL;
        if (portal_db_query(portal->db,
                            "SELECT id FROM reset_request WHERE state = 'approved' "
                            "AND expires_utc <= ? LIMIT 1",
                            PORTAL_VALUES(PORTAL_INTEGER(clock_now_utc())), &query,
                            err) != ERR_NONE ||
            portal_query_next(query, &more, err) != ERR_NONE)
            return err_add(err, "find the approvals that have ended");
        int64_t id = more ? portal_query_integer(query, 0) : 0;
        portal_query_freep(&query);
        if (more && move(portal, id, "approved", "expired", "", err) != ERR_NONE)
            return err->code;
    }
    return ERR_NONE;
}

/* ---- asking ---- */

static enum err_code check_user(const char *user, struct err *err)
{
    size_t length = strlen(user);
    if (length == 0 || length > PORTAL_NAME_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "user: %zu bytes, 1 to %d are allowed", length,
                       PORTAL_NAME_BYTES_MAX);
    return ERR_NONE;
}

/* A key of another organisation is as if it were not there. */
static enum err_code find_key(struct portal *portal, const struct portal_reset_wish *wish,
                              int64_t *out_id, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(
            portal->db,
            "SELECT key.id FROM key JOIN holder ON holder.id = key.holder_id "
            "WHERE key.serial = ?1 AND ?2 IN (0, holder.organisation_id)",
            PORTAL_VALUES(PORTAL_TEXT(wish->serial), PORTAL_INTEGER(wish->organisation_id)), &query,
            err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the key %s", wish->serial);
    *out_id = portal_query_integer(query, 0);
    return ERR_NONE;
}

/* *out_id: 0 when there is none. Of states that are as they say: expire() ran before. */
static enum err_code newest(struct portal *portal, int64_t key_id, const char *user,
                            const char *or_state, struct portal_reset_noted *out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(
            portal->db,
            "SELECT id, state FROM reset_request WHERE key_id = ? AND user = ? "
            "AND state IN ('approved', ?) ORDER BY id DESC LIMIT 1",
            PORTAL_VALUES(PORTAL_INTEGER(key_id), PORTAL_TEXT(user), PORTAL_TEXT(or_state)), &query,
            err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "find the user's request");
    bool approved = row && strcmp(portal_query_text(query, 1), "approved") == 0;
    *out = (struct portal_reset_noted){row ? portal_query_integer(query, 0) : 0,
                                       approved ? "approved" : "requested"};
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code approve_by(struct portal *portal, int64_t id, const char *by, struct err *err)
{
    if (move(portal, id, "requested", "approved", by, err) != ERR_NONE)
        return err->code;
    return portal_db_run(
        portal->db, "UPDATE reset_request SET approved_by = ?, expires_utc = ? WHERE id = ?",
        PORTAL_VALUES(PORTAL_TEXT(by), PORTAL_INTEGER(clock_now_utc() + PORTAL_RESET_APPROVAL_S),
                      PORTAL_INTEGER(id)),
        err);
}

/* Inside the caller's transaction. */
static enum err_code insert(struct portal *portal, int64_t key_id,
                            const struct portal_reset_wish *wish, int64_t *out_id, struct err *err)
{
    int64_t now = clock_now_utc();
    if (portal_db_run(portal->db,
                      "INSERT INTO reset_request (key_id, user, state, created_utc, changed_utc) "
                      "VALUES (?, ?, 'requested', ?, ?)",
                      PORTAL_VALUES(PORTAL_INTEGER(key_id), PORTAL_TEXT(wish->user),
                                    PORTAL_INTEGER(now), PORTAL_INTEGER(now)),
                      err) != ERR_NONE)
        return err->code;
    *out_id = portal_db_last_id(portal->db);
    AUTO(memory_freep) char *number = portal_reset_number(*out_id);
    AUTO(memory_freep) char *detail = memory_printf("%s %s", wish->serial, wish->user);
    return portal_audit_add(portal, "reset.requested", number, detail, err);
}

/* Inside the caller's transaction. */
static enum err_code note(struct portal *portal, const struct portal_reset_wish *wish,
                          struct portal_reset_noted *out, struct err *err)
{
    enum portal_reset_approval approval;
    int64_t key_id = 0;
    if (find_key(portal, wish, &key_id, err) != ERR_NONE || expire(portal, err) != ERR_NONE ||
        portal_reset_policy(portal, &approval, err) != ERR_NONE ||
        newest(portal, key_id, wish->user, "requested", out, err) != ERR_NONE)
        return err->code;
    if (out->id == 0 && insert(portal, key_id, wish, &out->id, err) != ERR_NONE)
        return err->code;
    if (approval != PORTAL_RESET_AUTOMATIC || strcmp(out->state, "approved") == 0)
        return ERR_NONE;
    out->state = "approved";
    return approve_by(portal, out->id, APPROVED_BY_POLICY, err);
}

enum err_code portal_reset_request(struct portal *portal, const struct portal_reset_wish *wish,
                                   struct portal_reset_noted *out, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct portal_reset_noted noted = {0};
    if (check_user(wish->user, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        note(portal, wish, &noted, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "ask for a PIN reset");
    *out = noted;
    return ERR_NONE;
}

/* ---- deciding ---- */

/* Inside the caller's transaction. */
static enum err_code reject(struct portal *portal, int64_t id, const char *reason, struct err *err)
{
    if (move(portal, id, "requested", "rejected", reason, err) != ERR_NONE)
        return err->code;
    return portal_db_run(portal->db, "UPDATE reset_request SET reason = ? WHERE id = ?",
                         PORTAL_VALUES(PORTAL_TEXT(reason), PORTAL_INTEGER(id)), err);
}

/* reason NULL: approved. */
static enum err_code decide(struct portal *portal, int64_t id, const char *reason, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(record_done) struct record record = {0};
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        expire(portal, err) != ERR_NONE || load(portal, id, &record, err) != ERR_NONE ||
        (reason == NULL ? approve_by(portal, id, portal->actor, err)
                        : reject(portal, id, reason, err)) != ERR_NONE)
        return err->code;
    return portal_transaction_commit(&transaction, err);
}

enum err_code portal_reset_approve(struct portal *portal, int64_t id, struct err *err)
{
    return decide(portal, id, NULL, err) == ERR_NONE ? ERR_NONE
                                                     : err_add(err, "approve a PIN reset");
}

enum err_code portal_reset_reject(struct portal *portal, int64_t id, const char *reason,
                                  struct err *err)
{
    size_t length = strlen(reason);
    if (length == 0 || length > PORTAL_RESET_REASON_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "reason: %zu bytes, 1 to %d are allowed", length,
                       PORTAL_RESET_REASON_BYTES_MAX);
    return decide(portal, id, reason, err) == ERR_NONE ? ERR_NONE
                                                       : err_add(err, "reject a PIN reset");
}

/* ---- using ---- */

enum err_code portal_reset_find(struct portal *portal, const char *serial, const char *user,
                                int64_t *out_id, struct err *err)
{
    struct portal_reset_noted found = {0};
    int64_t key_id = 0;
    if (portal_key_find(portal, serial, &key_id, err) != ERR_NONE ||
        newest(portal, key_id, user, "approved", &found, err) != ERR_NONE)
        return err->code;
    if (found.id == 0)
        return err_set(err, ERR_ORDER_NOT_APPROVED,
                       "no PIN reset that the user asked for is approved");
    if (portal_reset_check_approved(portal, found.id, err) != ERR_NONE)
        return err->code;
    *out_id = found.id;
    return ERR_NONE;
}

enum err_code portal_reset_check_approved(struct portal *portal, int64_t id, struct err *err)
{
    AUTO(record_done) struct record record = {0};
    if (load(portal, id, &record, err) != ERR_NONE)
        return err->code;
    if (strcmp(record.state, "approved") != 0)
        return err_set(err, ERR_ORDER_NOT_APPROVED, "the reset request is %s", record.state);
    return ERR_NONE;
}

enum err_code portal_reset_subject(struct portal *portal, int64_t id, int64_t *out_key_id,
                                   char **out_user, struct err *err)
{
    AUTO(record_done) struct record record = {0};
    if (load(portal, id, &record, err) != ERR_NONE)
        return err->code;
    *out_key_id = record.key_id;
    *out_user = TAKE(record.user);
    return ERR_NONE;
}

enum err_code portal_reset_finish(struct portal *portal, int64_t id, struct err *err)
{
    AUTO(record_done) struct record record = {0};
    if (expire(portal, err) != ERR_NONE || load(portal, id, &record, err) != ERR_NONE)
        return err->code;
    if (strcmp(record.state, "done") == 0)
        return ERR_NONE;
    bool expired = strcmp(record.state, "expired") == 0;
    return move(portal, id, expired ? "expired" : "approved", "done", "", err);
}
