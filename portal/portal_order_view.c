#include "portal/portal_order_view.h"

#include "base/buf.h"
#include "base/hex.h"
#include "portal/portal_attachment.h"
#include "portal/portal_invoice.h"
#include "portal/portal_issued.h"
#include "portal/portal_payment.h"
#include "portal/portal_search.h"

#define SQL_BYTES_MAX 2048
#define VALUES_MAX 8

static void add_utc_or_null(struct json *json, const char *name, const struct portal_query *query,
                            int column)
{
    if (portal_query_is_null(query, column))
        json_add_text(json, name, NULL);
    else
        json_add_utc(json, name, portal_query_integer(query, column));
}

/* ---- for the administrator's commands ---- */

#define COMMAND_COLUMNS \
    "SELECT o.number, key.serial, organisation.name, o.months, o.fee_fen, o.paid_utc, o.state, " \
    "o.key_policy, o.algorithm, o.dual, o.fee_kind, o.reason, o.created_utc, o.changed_utc, " \
    "holder.name, " \
    "(SELECT issue.state FROM issue WHERE order_number = o.number AND issue.state <> 'failed') " \
    "FROM renewal_order o JOIN key ON key.id = o.key_id JOIN holder ON holder.id = key.holder_id " \
    "JOIN organisation ON organisation.id = o.organisation_id "

static struct json *command_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    json_add_text(json, "order", portal_query_text(query, 0));
    json_add_text(json, "serial", portal_query_text(query, 1));
    json_add_text(json, "organisation", portal_query_text(query, 2));
    json_add_text(json, "holder", portal_query_text(query, 14));
    json_add_text(json, "fee_kind", portal_query_text(query, 10));
    json_add_integer(json, "months", portal_query_integer(query, 3));
    json_add_integer(json, "fee_fen", portal_query_integer(query, 4));
    json_add_text(json, "payment", portal_query_is_null(query, 5) ? "未支付" : "已支付");
    json_add_text(json, "state", portal_query_text(query, 6));
    json_add_text(json, "reason", portal_query_text(query, 11));
    json_add_text(json, "key", portal_query_text(query, 7));
    json_add_text(json, "algorithm", portal_query_text(query, 8));
    json_add_bool(json, "dual", portal_query_integer(query, 9) != 0);
    json_add_text(json, "issue",
                  portal_query_is_null(query, 15) ? NULL : portal_query_text(query, 15));
    json_add_utc(json, "created", portal_query_integer(query, 12));
    json_add_utc(json, "changed", portal_query_integer(query, 13));
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

/* 流程审批记录, oldest first. */
static enum err_code records(struct portal *portal, const char *number, struct json **out,
                             struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT at_utc, actor, action, from_state, to_state, reason "
                        "FROM approval_record WHERE order_number = ? ORDER BY id",
                        PORTAL_VALUES(PORTAL_TEXT(number)), &query, err) != ERR_NONE)
        return err_add(err, "find the approval records");
    return portal_query_list(query, record_json, out, err);
}

enum err_code portal_order_show(struct portal *portal, const char *number, struct json **out,
                                struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *order = NULL;
    struct json *list = NULL;
    if (portal_db_query(portal->db, COMMAND_COLUMNS "WHERE o.number = ?",
                        PORTAL_VALUES(PORTAL_TEXT(number)), &order, err) != ERR_NONE ||
        portal_query_one(order, err) != ERR_NONE || records(portal, number, &list, err) != ERR_NONE)
        return err_add(err, "find the order %.*s", PORTAL_ORDER_NUMBER_BYTES_MAX, number);
    struct json *json = command_json(order);
    json_add(json, "records", list);
    *out = json;
    return ERR_NONE;
}

enum err_code portal_order_list(struct portal *portal, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, COMMAND_COLUMNS "ORDER BY o.number", PORTAL_NO_VALUES, &query,
                        err) != ERR_NONE)
        return err->code;
    return portal_query_list(query, command_json, out, err);
}

/* ---- the pages' fields ---- */

#define PAGE_COLUMNS \
    "SELECT o.revision, o.number, organisation.name, holder.name, key.serial, o.fee_kind, " \
    "o.months, o.fee_fen, o.paid_utc IS NOT NULL, o.state, o.changed_utc, issue.changed_utc, " \
    "o.reason "
/* In this order of loops: the list's index first, then what belongs to each row. */
#define PAGE_JOINS \
    "CROSS JOIN key ON key.id = o.key_id CROSS JOIN holder ON holder.id = key.holder_id " \
    "CROSS JOIN organisation ON organisation.id = o.organisation_id " \
    "LEFT JOIN issue ON issue.order_number = o.number AND issue.state <> 'failed' " \
    "AND issue.state = 'confirmed' "

static bool is_possible(const struct portal_order *order, enum portal_order_action action)
{
    struct err err = ERR_INIT;
    if (portal_order_check(order, action, &err) != ERR_NONE)
        return false;
    return action != PORTAL_ORDER_SUBMIT || order->invoice_complete;
}

static enum err_code row_json(void *context, const struct portal_query *query, struct json **out,
                              struct err *err)
{
    struct portal_order order = {
        .paid = portal_query_integer(query, 8) != 0,
        .renewed_utc = portal_query_integer(query, 11),
    };
    if (!portal_order_state_from_text(portal_query_text(query, 9), &order.state))
        return err_set(err, ERR_DATABASE, "an order in no state");
    struct json *json = json_new_object();
    json_add_text(json, "number", portal_query_text(query, 1));
    json_add_text(json, "organisation", portal_query_text(query, 2));
    json_add_text(json, "holder", portal_query_text(query, 3));
    json_add_text(json, "serial", portal_query_text(query, 4));
    json_add_text(json, "fee_kind", portal_query_text(query, 5));
    json_add_integer(json, "months", portal_query_integer(query, 6));
    json_add_integer(json, "fee_fen", portal_query_integer(query, 7));
    json_add_bool(json, "paid", order.paid);
    json_add_text(json, "state", portal_order_state_text(order.state));
    json_add_utc(json, "changed", portal_query_integer(query, 10));
    json_add_bool(json, "renewable", is_possible(&order, PORTAL_ORDER_RENEW));
    add_utc_or_null(json, "renewed", query, 11);
    *out = json;
    return ERR_NONE;
}

/* ---- the pages' list ---- */

struct statement {
    struct buf sql;
    struct portal_value values[VALUES_MAX];
    size_t count;
};

static void add_part(struct statement *statement, const char *sql, struct portal_value value)
{
    buf_add_text(&statement->sql, sql);
    statement->values[statement->count++] = value;
}

static void add_filters(struct statement *statement, const struct portal_order_filter *filter)
{
    if (filter->organisation_id != 0)
        add_part(statement, "AND o.organisation_id = ? ", PORTAL_INTEGER(filter->organisation_id));
    if (filter->state != NULL)
        add_part(statement, "AND o.state = ? ", PORTAL_TEXT(filter->state));
    if (filter->payment != PORTAL_ORDER_ANY_PAYMENT)
        add_part(statement, "AND (o.paid_utc IS NOT NULL) = ? ",
                 PORTAL_INTEGER(filter->payment == PORTAL_ORDER_PAID_ONLY));
}

/* The filters as words of the index, so that it passes over what doesn't fit. */
static enum err_code search_expression(const struct portal_order_filter *filter, char **out,
                                       struct err *err)
{
    AUTO(memory_freep)
    char *organisation = memory_printf("o%lld", (long long)filter->organisation_id);
    AUTO(memory_freep)
    char *state_hex = hex_encode(filter->state != NULL ? span_text(filter->state) : SPAN_NONE);
    AUTO(memory_freep) char *state = memory_printf("s%s", state_hex);
    const char *scopes[3] = {0};
    size_t count = 0;
    if (filter->organisation_id != 0)
        scopes[count++] = organisation;
    if (filter->state != NULL)
        scopes[count++] = state;
    if (filter->payment != PORTAL_ORDER_ANY_PAYMENT)
        scopes[count++] = filter->payment == PORTAL_ORDER_PAID_ONLY ? "p1" : "p0";
    return portal_search_expression(filter->search, scopes, count, out, err);
}

static enum err_code query_page(struct portal *portal, const struct portal_order_filter *filter,
                                const struct portal_page *page, struct portal_query **out,
                                struct err *err)
{
    AUTO(memory_freep) char *expression = NULL;
    bool searches = filter->search != NULL && filter->search[0] != '\0';
    if (searches && search_expression(filter, &expression, err) != ERR_NONE)
        return err->code;
    const char *key = searches ? "order_search.rowid" : "o.revision";
    AUTO(memory_freep)
    char *from = memory_printf("AND %s %s ? ", key, page->backwards ? ">" : "<");
    AUTO(memory_freep)
    char *order = memory_printf("ORDER BY %s %s LIMIT ?", key, page->backwards ? "ASC" : "DESC");
    struct statement statement = {.sql = BUF_INIT(SQL_BYTES_MAX)};
    buf_add_text(&statement.sql, PAGE_COLUMNS);
    if (searches)
        add_part(&statement,
                 "FROM order_search CROSS JOIN renewal_order o ON o.revision = "
                 "order_search.rowid " PAGE_JOINS "WHERE order_search MATCH ? ",
                 PORTAL_TEXT(expression));
    else
        buf_add_text(&statement.sql, "FROM renewal_order o " PAGE_JOINS "WHERE 1 ");
    add_filters(&statement, filter);
    if (page->from != 0)
        add_part(&statement, from, PORTAL_INTEGER(page->from));
    add_part(&statement, order, PORTAL_INTEGER(page->limit + 1));
    buf_add_u8(&statement.sql, '\0');
    enum err_code code = portal_db_query(portal->db, (const char *)buf_span(&statement.sql).at,
                                         statement.values, statement.count, out, err);
    buf_done(&statement.sql);
    return code;
}

enum err_code portal_order_page(struct portal *portal, const struct portal_order_filter *filter,
                                const struct portal_page *page, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    enum portal_order_state state;
    if (filter->state != NULL && !portal_order_state_from_text(filter->state, &state))
        return err_set(err, ERR_FIELD_VALUE, "state: none of the manual's words");
    if (query_page(portal, filter, page, &query, err) != ERR_NONE ||
        portal_page_collect(page, query, row_json, NULL, out, err) != ERR_NONE)
        return err_add(err, "list the orders");
    return ERR_NONE;
}

/* ---- the pages' form ---- */

static struct json *can_json(const struct portal_order *order, int actions)
{
    static const struct {
        enum portal_order_action action;
        const char *name;
    } names[] = {
        {PORTAL_ORDER_PAY, "pay"},         {PORTAL_ORDER_REFRESH, "refresh"},
        {PORTAL_ORDER_SUBMIT, "submit"},   {PORTAL_ORDER_EDIT, "edit"},
        {PORTAL_ORDER_MONTHS, "months"},   {PORTAL_ORDER_RENEW, "renew"},
        {PORTAL_ORDER_APPROVE, "approve"}, {PORTAL_ORDER_REJECT, "reject"},
    };
    struct json *json = json_new_object();
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        json_add_bool(json, names[i].name,
                      (actions & 1 << names[i].action) != 0 && is_possible(order, names[i].action));
    return json;
}

/* null when the key has no certificate to go on from. */
static enum err_code add_not_after(struct portal *portal, const struct portal_order *order,
                                   struct json *json, struct err *err)
{
    int64_t end_utc = 0;
    if (portal_issued_end(portal, order, &end_utc, err) == ERR_NONE) {
        json_add_utc(json, "not_after", end_utc);
        return ERR_NONE;
    }
    if (err->code != ERR_NO_SUCH_RECORD)
        return err->code;
    *err = ERR_INIT;
    json_add_text(json, "not_after", NULL);
    return ERR_NONE;
}

static enum err_code add_parts(struct portal *portal, const struct portal_order *order,
                               struct json *json, struct err *err)
{
    struct json *invoice = NULL;
    struct json *attachments = NULL;
    struct json *approvals = NULL;
    struct json *payments = NULL;
    if (portal_invoice_show(portal, order->number, &invoice, err) != ERR_NONE)
        return err->code;
    if (invoice == NULL)
        json_add_text(json, "invoice", NULL);
    else
        json_add(json, "invoice", invoice);
    if (portal_attachment_list(portal, order->number, &attachments, err) != ERR_NONE)
        return err->code;
    json_add(json, "attachments", attachments);
    if (records(portal, order->number, &approvals, err) != ERR_NONE)
        return err->code;
    json_add(json, "approvals", approvals);
    if (portal_payment_list(portal, order->number, &payments, err) != ERR_NONE)
        return err->code;
    json_add(json, "payments", payments);
    return add_not_after(portal, order, json, err);
}

enum err_code portal_order_view(struct portal *portal, const struct portal_order *order,
                                int actions, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    AUTO(json_freep) struct json *json = NULL;
    if (portal_db_query(portal->db,
                        PAGE_COLUMNS "FROM renewal_order o " PAGE_JOINS "WHERE o.number = ?",
                        PORTAL_VALUES(PORTAL_TEXT(order->number)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE || row_json(NULL, query, &json, err) != ERR_NONE)
        return err_add(err, "show the order");
    json_add_text(json, "reason", portal_query_text(query, 12));
    json_add(json, "can", can_json(order, actions));
    if (add_parts(portal, order, json, err) != ERR_NONE)
        return err_add(err, "show the order");
    *out = TAKE(json);
    return ERR_NONE;
}
