#include "portal/portal_order.h"

#include <stdlib.h>

#include "base/clock.h"
#include "portal/portal_audit.h"
#include "portal/portal_certificate.h"
#include "portal/portal_key.h"

/* 支付费用 of twelve months where the setting "fee_fen_per_year" is absent. */
#define FEE_FEN_PER_YEAR_DEFAULT 20000
/* More orders of one day don't fit the number's six digits. */
#define ORDERS_PER_DAY_MAX 999999

static const char *const state_texts[PORTAL_ORDER_STATE_COUNT] = {
    [PORTAL_ORDER_EDITING] = "编辑中",
    [PORTAL_ORDER_REVIEW] = "待审核",
    [PORTAL_ORDER_APPROVED] = "审核通过",
    [PORTAL_ORDER_REJECTED] = "审核不通过",
};

static const char *const action_texts[PORTAL_ORDER_ACTION_COUNT] = {
    [PORTAL_ORDER_PAY] = "网上支付",
    [PORTAL_ORDER_SUBMIT] = "提交信息",
    [PORTAL_ORDER_APPROVE] = "审核通过",
    [PORTAL_ORDER_REJECT] = "审核不通过",
};

/* Every step that an order can take; what isn't here is refused. */
static const struct transition {
    enum portal_order_action action;
    enum portal_order_state from, to;
    bool paid; /* what must hold before: an order is paid once, and nothing is submitted unpaid */
} transitions[] = {
    {PORTAL_ORDER_PAY, PORTAL_ORDER_EDITING, PORTAL_ORDER_EDITING, false},
    {PORTAL_ORDER_SUBMIT, PORTAL_ORDER_EDITING, PORTAL_ORDER_REVIEW, true},
    {PORTAL_ORDER_SUBMIT, PORTAL_ORDER_REJECTED, PORTAL_ORDER_REVIEW, true},
    {PORTAL_ORDER_APPROVE, PORTAL_ORDER_REVIEW, PORTAL_ORDER_APPROVED, true},
    {PORTAL_ORDER_REJECT, PORTAL_ORDER_REVIEW, PORTAL_ORDER_REJECTED, true},
};

const char *portal_order_state_text(enum portal_order_state state)
{
    return state_texts[state];
}

const char *portal_order_algorithm_text(enum cert_algorithm algorithm)
{
    return algorithm == CERT_SM2 ? "sm2" : "rsa2048";
}

/* ---- adding ---- */

/* A kept key must be there and of the algorithm that is asked for. */
static enum err_code check_kept(struct portal *portal, int64_t key_id, enum cert_usage usage,
                                enum cert_algorithm algorithm, struct err *err)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    const char *what = usage == CERT_USAGE_SIGN ? "signing" : "encryption";
    if (portal_certificate_active(portal, key_id, usage, &cert, NULL, err) != ERR_NONE)
        return err->code == ERR_NO_SUCH_RECORD
                   ? err_set(err, ERR_POLICY, "the key has no %s certificate in force", what)
                   : err->code;
    if (cert_peek(cert)->algorithm != algorithm)
        return err_set(err, ERR_POLICY, "the kept %s key is of another algorithm", what);
    return ERR_NONE;
}

static enum err_code check_policy(struct portal *portal, int64_t key_id,
                                  const struct portal_order_policy *policy, struct err *err)
{
    if (policy->replace_key && policy->dual && policy->algorithm == CERT_RSA)
        return err_set(err, ERR_POLICY,
                       "no enveloped form of an RSA encryption key is known to the keys");
    if (policy->replace_key) {
        AUTO(cert_freep) struct cert *present = NULL;
        if (portal_certificate_active(portal, key_id, CERT_USAGE_SIGN, &present, NULL, err) !=
            ERR_NONE)
            return err_set(err, ERR_POLICY, "the key has no signing certificate in force");
        return ERR_NONE;
    }
    if (check_kept(portal, key_id, CERT_USAGE_SIGN, policy->algorithm, err) != ERR_NONE)
        return err->code;
    return policy->dual ? check_kept(portal, key_id, CERT_USAGE_ENCRYPT, policy->algorithm, err)
                        : ERR_NONE;
}

/* 支付费用 in fen, rounded up. */
static enum err_code fee_of(struct portal *portal, int64_t months, int64_t *out_fen,
                            struct err *err)
{
    AUTO(memory_freep) char *setting = NULL;
    if (portal_db_setting(portal->db, "fee_fen_per_year", &setting, err) != ERR_NONE &&
        err->code != ERR_NO_SUCH_RECORD)
        return err->code;
    *err = ERR_INIT;
    int64_t per_year = setting == NULL ? FEE_FEN_PER_YEAR_DEFAULT : strtoll(setting, NULL, 10);
    *out_fen = (per_year * months + 11) / 12;
    return ERR_NONE;
}

/* The day and a count: 20261122000001. Inside a transaction, so that no two are alike. */
static enum err_code next_number(struct portal *portal, char **out, struct err *err)
{
    char now[CLOCK_TEXT_BYTES];
    clock_format_utc(clock_now_utc(), now);
    AUTO(memory_freep) char *day = memory_printf("%.4s%.2s%.2s", now, now + 5, now + 8);
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT coalesce(max(CAST(substr(number, 9) AS INTEGER)), 0) + 1 "
                        "FROM renewal_order WHERE substr(number, 1, 8) = ?",
                        PORTAL_VALUES(PORTAL_TEXT(day)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the next order number");
    int64_t count = portal_query_integer(query, 0);
    if (count > ORDERS_PER_DAY_MAX)
        return err_set(err, ERR_HTTP_TOO_MANY, "%d orders today", ORDERS_PER_DAY_MAX);
    *out = memory_printf("%s%06lld", day, (long long)count);
    return ERR_NONE;
}

/* Inside the caller's transaction. */
static enum err_code insert_order(struct portal *portal, const struct portal_order_new *new,
                                  char **out_number, struct err *err)
{
    int64_t key_id = 0;
    int64_t fee_fen = 0;
    AUTO(memory_freep) char *number = NULL;
    if (portal_key_find(portal, new->serial, &key_id, err) != ERR_NONE ||
        check_policy(portal, key_id, &new->policy, err) != ERR_NONE ||
        fee_of(portal, new->months, &fee_fen, err) != ERR_NONE ||
        next_number(portal, &number, err) != ERR_NONE)
        return err->code;
    if (portal_db_run(
            portal->db,
            "INSERT INTO renewal_order (number, key_id, fee_kind, months, fee_fen, state, "
            "key_policy, algorithm, dual, created_utc, changed_utc) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            PORTAL_VALUES(PORTAL_TEXT(number), PORTAL_INTEGER(key_id),
                          PORTAL_TEXT(PORTAL_ORDER_FEE_KIND), PORTAL_INTEGER(new->months),
                          PORTAL_INTEGER(fee_fen), PORTAL_TEXT(state_texts[PORTAL_ORDER_EDITING]),
                          PORTAL_TEXT(new->policy.replace_key ? "replace" : "keep"),
                          PORTAL_TEXT(portal_order_algorithm_text(new->policy.algorithm)),
                          PORTAL_INTEGER(new->policy.dual), PORTAL_INTEGER(clock_now_utc()),
                          PORTAL_INTEGER(clock_now_utc())),
            err) != ERR_NONE ||
        portal_audit_add(portal, "order.added", number, new->serial, err) != ERR_NONE)
        return err->code;
    *out_number = TAKE(number);
    return ERR_NONE;
}

enum err_code portal_order_add(struct portal *portal, const struct portal_order_new *new,
                               char **out_number, struct err *err)
{
    if (new->months < 1 || new->months > PORTAL_ORDER_MONTHS_MAX)
        return err_set(err, ERR_FIELD_VALUE, "months: 1 to %d are allowed",
                       PORTAL_ORDER_MONTHS_MAX);
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(memory_freep) char *number = NULL;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        insert_order(portal, new, &number, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "add an order");
    *out_number = TAKE(number);
    return ERR_NONE;
}

/* ---- loading ---- */

/* Columns of order_of and order_json. */
#define ORDER_COLUMNS \
    "SELECT o.number, o.key_id, key.serial, organisation.name, o.months, o.fee_fen, o.paid_utc, " \
    "o.state, o.key_policy, o.algorithm, o.dual, o.fee_kind, o.reason, o.created_utc, " \
    "o.changed_utc, holder.name, " \
    "(SELECT issue.state FROM issue WHERE order_number = o.number AND issue.state <> 'failed') " \
    "FROM renewal_order o JOIN key ON key.id = o.key_id JOIN holder ON holder.id = key.holder_id " \
    "JOIN organisation ON organisation.id = holder.organisation_id "

static enum portal_order_state state_from_text(const char *text)
{
    size_t state = 0;
    while (state + 1 < ARRAY_SIZE(state_texts) && strcmp(state_texts[state], text) != 0)
        state++;
    return (enum portal_order_state)state;
}

static enum err_code find_order(struct portal *portal, const char *number,
                                struct portal_query **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, ORDER_COLUMNS "WHERE o.number = ?",
                        PORTAL_VALUES(PORTAL_TEXT(number)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the order %.*s", PORTAL_ORDER_NUMBER_BYTES_MAX, number);
    *out = TAKE(query);
    return ERR_NONE;
}

enum err_code portal_order_load(struct portal *portal, const char *number,
                                struct portal_order **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (find_order(portal, number, &query, err) != ERR_NONE)
        return err->code;
    struct portal_order *order = memory_new(sizeof *order);
    *order = (struct portal_order){
        .number = memory_text(portal_query_text(query, 0)),
        .key_id = portal_query_integer(query, 1),
        .serial = memory_text(portal_query_text(query, 2)),
        .organisation = memory_text(portal_query_text(query, 3)),
        .months = portal_query_integer(query, 4),
        .fee_fen = portal_query_integer(query, 5),
        .paid = !portal_query_is_null(query, 6),
        .state = state_from_text(portal_query_text(query, 7)),
        .policy = {.replace_key = strcmp(portal_query_text(query, 8), "replace") == 0,
                   .algorithm =
                       strcmp(portal_query_text(query, 9), "sm2") == 0 ? CERT_SM2 : CERT_RSA,
                   .dual = portal_query_integer(query, 10) != 0},
    };
    *out = order;
    return ERR_NONE;
}

void portal_order_free(struct portal_order *order)
{
    if (order == NULL)
        return;
    free(order->number);
    free(order->serial);
    free(order->organisation);
    free(order);
}

void portal_order_freep(struct portal_order **order)
{
    portal_order_free(*order);
    *order = NULL;
}

/* ---- acting ---- */

static const struct transition *transition_for(enum portal_order_action action,
                                               const struct portal_order *order)
{
    for (size_t i = 0; i < ARRAY_SIZE(transitions); i++)
        if (transitions[i].action == action && transitions[i].from == order->state &&
            transitions[i].paid == order->paid)
            return &transitions[i];
    return NULL;
}

static enum err_code record(struct portal *portal, const struct portal_order *order,
                            const struct transition *transition, const char *reason,
                            struct err *err)
{
    const char *action = action_texts[transition->action];
    if (portal_db_run(portal->db,
                      "INSERT INTO approval_record (order_number, actor, action, from_state, "
                      "to_state, reason, at_utc) VALUES (?, ?, ?, ?, ?, ?, ?)",
                      PORTAL_VALUES(PORTAL_TEXT(order->number), PORTAL_TEXT(portal->actor),
                                    PORTAL_TEXT(action), PORTAL_TEXT(state_texts[transition->from]),
                                    PORTAL_TEXT(state_texts[transition->to]), PORTAL_TEXT(reason),
                                    PORTAL_INTEGER(clock_now_utc())),
                      err) != ERR_NONE)
        return err_add(err, "record the step");
    static const char *const events[PORTAL_ORDER_ACTION_COUNT] = {
        [PORTAL_ORDER_PAY] = "order.paid",
        [PORTAL_ORDER_SUBMIT] = "order.submitted",
        [PORTAL_ORDER_APPROVE] = "order.approved",
        [PORTAL_ORDER_REJECT] = "order.rejected",
    };
    return portal_audit_add(portal, events[transition->action], order->number, reason, err);
}

/* The one place where an order changes. Inside the caller's transaction. */
static enum err_code enter(struct portal *portal, const char *number,
                           enum portal_order_action action, const char *reason, struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    if (portal_order_load(portal, number, &order, err) != ERR_NONE)
        return err->code;
    const struct transition *transition = transition_for(action, order);
    if (transition == NULL)
        return err_set(err, ERR_ORDER_STATE, "%s is not possible in %s (%s)", action_texts[action],
                       state_texts[order->state], order->paid ? "已支付" : "未支付");
    int64_t now = clock_now_utc();
    bool pays = action == PORTAL_ORDER_PAY;
    if (portal_db_run(portal->db,
                      "UPDATE renewal_order SET state = ?, reason = ?, changed_utc = ?, "
                      "paid_utc = coalesce(paid_utc, ?) WHERE number = ?",
                      PORTAL_VALUES(PORTAL_TEXT(state_texts[transition->to]), PORTAL_TEXT(reason),
                                    PORTAL_INTEGER(now), pays ? PORTAL_INTEGER(now) : PORTAL_NULL,
                                    PORTAL_TEXT(number)),
                      err) != ERR_NONE)
        return err->code;
    return record(portal, order, transition, reason, err);
}

enum err_code portal_order_act(struct portal *portal, const char *number,
                               enum portal_order_action action, const char *reason, struct err *err)
{
    if (strlen(reason) > PORTAL_ORDER_REASON_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "reason: at most %d bytes",
                       PORTAL_ORDER_REASON_BYTES_MAX);
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        enter(portal, number, action, reason, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "%s", action_texts[action]);
    return ERR_NONE;
}

/* ---- showing ---- */

static struct json *order_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    json_add_text(json, "order", portal_query_text(query, 0));
    json_add_text(json, "serial", portal_query_text(query, 2));
    json_add_text(json, "organisation", portal_query_text(query, 3));
    json_add_text(json, "holder", portal_query_text(query, 15));
    json_add_text(json, "fee_kind", portal_query_text(query, 11));
    json_add_integer(json, "months", portal_query_integer(query, 4));
    json_add_integer(json, "fee_fen", portal_query_integer(query, 5));
    json_add_text(json, "payment", portal_query_is_null(query, 6) ? "未支付" : "已支付");
    json_add_text(json, "state", portal_query_text(query, 7));
    json_add_text(json, "reason", portal_query_text(query, 12));
    json_add_text(json, "key", portal_query_text(query, 8));
    json_add_text(json, "algorithm", portal_query_text(query, 9));
    json_add_bool(json, "dual", portal_query_integer(query, 10) != 0);
    json_add_text(json, "issue",
                  portal_query_is_null(query, 16) ? NULL : portal_query_text(query, 16));
    json_add_utc(json, "created", portal_query_integer(query, 13));
    json_add_utc(json, "changed", portal_query_integer(query, 14));
    return json;
}

static struct json *record_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    json_add_utc(json, "at", portal_query_integer(query, 0));
    json_add_text(json, "actor", portal_query_text(query, 1));
    json_add_text(json, "action", portal_query_text(query, 2));
    json_add_text(json, "from", portal_query_text(query, 3));
    json_add_text(json, "to", portal_query_text(query, 4));
    json_add_text(json, "reason", portal_query_text(query, 5));
    return json;
}

enum err_code portal_order_show(struct portal *portal, const char *number, struct json **out,
                                struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *order = NULL;
    AUTO(portal_query_freep) struct portal_query *records = NULL;
    struct json *list = NULL;
    if (find_order(portal, number, &order, err) != ERR_NONE ||
        portal_db_query(portal->db,
                        "SELECT at_utc, actor, action, from_state, to_state, reason "
                        "FROM approval_record WHERE order_number = ? ORDER BY id",
                        PORTAL_VALUES(PORTAL_TEXT(number)), &records, err) != ERR_NONE ||
        portal_query_list(records, record_json, &list, err) != ERR_NONE)
        return err->code;
    struct json *json = order_json(order);
    json_add(json, "records", list);
    *out = json;
    return ERR_NONE;
}

enum err_code portal_order_list(struct portal *portal, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, ORDER_COLUMNS "ORDER BY o.number", PORTAL_NO_VALUES, &query,
                        err) != ERR_NONE)
        return err->code;
    return portal_query_list(query, order_json, out, err);
}
