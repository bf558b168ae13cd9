#include "portal/web/web_order.h"

#include <stdlib.h>

#include "base/clock.h"
#include "portal/portal_invoice.h"
#include "portal/portal_order_new.h"
#include "portal/portal_order_view.h"
#include "portal/portal_ticket.h"
#include "portal/web/web_reader.h"

#define KIND_BYTES_MAX 16

#define BIT(action) (1 << (action))
static const int bidder_actions = BIT(PORTAL_ORDER_PAY) | BIT(PORTAL_ORDER_REFRESH) |
                                  BIT(PORTAL_ORDER_SUBMIT) | BIT(PORTAL_ORDER_EDIT) |
                                  BIT(PORTAL_ORDER_MONTHS) | BIT(PORTAL_ORDER_RENEW);
static const int reviewer_actions = BIT(PORTAL_ORDER_APPROVE) | BIT(PORTAL_ORDER_REJECT);

/* ---- shared ---- */

enum err_code web_scope(const struct web_call *call, int64_t *out_organisation_id, struct err *err)
{
    bool bidder = call->user->role == WEB_BIDDER;
    if (bidder && call->user->organisation_id == 0)
        return err_set(err, ERR_ROLE, "a bidder of no organisation");
    *out_organisation_id = bidder ? call->user->organisation_id : 0;
    return ERR_NONE;
}

enum err_code web_order_of(const struct web_call *call, struct portal_order **out, struct err *err)
{
    int64_t organisation_id = 0;
    if (web_scope(call, &organisation_id, err) != ERR_NONE)
        return err->code;
    return portal_order_load_own(call->web->portal, http_request_segment(call->request, "number"),
                                 organisation_id, out, err);
}

enum err_code web_order_answer(const struct web_call *call, const char *number,
                               struct web_answer *out, struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    int actions = call->user->role == WEB_BIDDER ? bidder_actions : reviewer_actions;
    if (portal_order_load(call->web->portal, number, &order, err) != ERR_NONE)
        return err->code;
    return portal_order_view(call->web->portal, order, actions, &out->json, err);
}

enum err_code web_page_of(const struct web_call *call, enum portal_page_list list,
                          struct portal_page *out, struct err *err)
{
    const struct portal_page_ask ask = {
        .limit = http_request_query(call->request, "limit"),
        .after = http_request_query(call->request, "after"),
        .before = http_request_query(call->request, "before"),
    };
    return portal_page_read(list, &ask, out, err);
}

const char *web_query(const struct web_call *call, const char *name)
{
    const char *text = http_request_query(call->request, name);
    return text != NULL && text[0] != '\0' ? text : NULL;
}

enum err_code web_no_fields(const struct web_call *call, struct err *err)
{
    return json_read(call->body, NULL, 0, JSON_UNKNOWN_REFUSED, err);
}

void web_ticket_answer(const char *ticket, const char *kind, const char *serial,
                       struct web_answer *out)
{
    out->status = 201;
    out->json = json_new_object();
    json_add_text(out->json, "ticket", ticket);
    json_add_text(out->json, "kind", kind);
    json_add_text(out->json, "serial", serial);
    json_add_utc(out->json, "expires", clock_now_utc() + PORTAL_TICKET_TTL_S_DEFAULT);
}

/* ---- the list ---- */

static enum err_code read_payment(const char *text, enum portal_order_payment *out, struct err *err)
{
    if (text == NULL || text[0] == '\0')
        *out = PORTAL_ORDER_ANY_PAYMENT;
    else if (strcmp(text, "true") == 0)
        *out = PORTAL_ORDER_PAID_ONLY;
    else if (strcmp(text, "false") == 0)
        *out = PORTAL_ORDER_UNPAID_ONLY;
    else
        return err_set(err, ERR_FIELD_VALUE, "paid: neither true nor false");
    return ERR_NONE;
}

struct order_list {
    struct portal_order_filter filter;
    struct portal_page page;
    char *state, *search; /* the filter's */
};

static void order_list_free(void *context)
{
    struct order_list *list = context;
    free(list->state);
    free(list->search);
    free(list);
}

static enum err_code read_orders(struct portal *portal, void *context, struct json **out,
                                 struct err *err)
{
    const struct order_list *list = context;
    return portal_order_page(portal, &list->filter, &list->page, out, err);
}

static enum err_code list_orders(const struct web_call *call, struct web_answer *out,
                                 struct err *err)
{
    struct portal_order_filter filter = {
        .state = web_query(call, "state"),
        .search = web_query(call, "search"),
    };
    struct portal_page page;
    if (web_scope(call, &filter.organisation_id, err) != ERR_NONE ||
        read_payment(http_request_query(call->request, "paid"), &filter.payment, err) != ERR_NONE ||
        web_page_of(call, PORTAL_PAGE_ORDERS, &page, err) != ERR_NONE)
        return err->code;
    struct order_list *list = memory_new(sizeof *list);
    *list =
        (struct order_list){filter, page, memory_text(filter.state), memory_text(filter.search)};
    list->filter.state = list->state;
    list->filter.search = list->search;
    const struct web_read read = {read_orders, NULL, order_list_free, list};
    return web_reader_start(call, &read, list->search != NULL, out, err);
}

/* ---- one order ---- */

static enum err_code add_order(const struct web_call *call, struct web_answer *out, struct err *err)
{
    const char *serial = NULL;
    const struct json_field fields[] = {
        {"serial", JSON_TEXT, false, PORTAL_SERIAL_BYTES_MAX, &serial}};
    AUTO(memory_freep) char *number = NULL;
    int64_t organisation_id = 0;
    if (json_read(call->body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE ||
        web_scope(call, &organisation_id, err) != ERR_NONE ||
        portal_order_open(call->web->portal, serial, organisation_id, &number, err) != ERR_NONE)
        return err->code;
    out->status = 201;
    return web_order_answer(call, number, out, err);
}

static enum err_code show_order(const struct web_call *call, struct web_answer *out,
                                struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    if (web_order_of(call, &order, err) != ERR_NONE)
        return err->code;
    return web_order_answer(call, order->number, out, err);
}

struct edit {
    int64_t months; /* 0: as they are */
    const struct json *invoice; /* NULL: as it is */
};

/* Inside the caller's transaction. */
static enum err_code apply(struct portal *portal, const struct portal_order *order,
                           const struct edit *edit, struct err *err)
{
    if (portal_order_check(order, PORTAL_ORDER_EDIT, err) != ERR_NONE)
        return err->code;
    if (edit->months != 0 && edit->months != order->months &&
        (portal_order_check(order, PORTAL_ORDER_MONTHS, err) != ERR_NONE ||
         portal_order_set_months(portal, order->number, edit->months, err) != ERR_NONE))
        return err->code;
    if (edit->invoice != NULL &&
        portal_invoice_put(portal, order->number, edit->invoice, err) != ERR_NONE)
        return err->code;
    return portal_order_touch(portal, order->number, err);
}

static enum err_code edit_order(const struct web_call *call, struct web_answer *out,
                                struct err *err)
{
    struct edit edit = {0};
    const struct json_field fields[] = {
        {"months", JSON_INTEGER, true, PORTAL_ORDER_MONTHS_MAX, &edit.months},
        {"invoice", JSON_OBJECT, true, 0, &edit.invoice},
    };
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    if (json_read(call->body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    if (edit.months == 0 && json_member(call->body, "months") != NULL)
        return err_set(err, ERR_FIELD_VALUE, "months: 1 to %d are allowed",
                       PORTAL_ORDER_MONTHS_MAX);
    if (portal_transaction_begin(&transaction, call->web->portal->db, err) != ERR_NONE ||
        web_order_of(call, &order, err) != ERR_NONE ||
        apply(call->web->portal, order, &edit, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err->code;
    return web_order_answer(call, order->number, out, err);
}

/* ---- steps ---- */

static enum err_code submit_order(const struct web_call *call, struct web_answer *out,
                                  struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    if (web_no_fields(call, err) != ERR_NONE || web_order_of(call, &order, err) != ERR_NONE ||
        portal_order_submit(call->web->portal, order->number, err) != ERR_NONE)
        return err->code;
    return web_order_answer(call, order->number, out, err);
}

static enum err_code decide(const struct web_call *call, enum portal_order_action action,
                            const char *reason, struct web_answer *out, struct err *err)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    if (web_order_of(call, &order, err) != ERR_NONE ||
        portal_order_act(call->web->portal, order->number, action, reason, err) != ERR_NONE)
        return err->code;
    return web_order_answer(call, order->number, out, err);
}

static enum err_code approve_order(const struct web_call *call, struct web_answer *out,
                                   struct err *err)
{
    if (web_no_fields(call, err) != ERR_NONE)
        return err->code;
    return decide(call, PORTAL_ORDER_APPROVE, "", out, err);
}

static enum err_code reject_order(const struct web_call *call, struct web_answer *out,
                                  struct err *err)
{
    const char *reason = NULL;
    const struct json_field fields[] = {
        {"reason", JSON_TEXT, false, PORTAL_ORDER_REASON_BYTES_MAX, &reason}};
    if (json_read(call->body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    if (reason[strspn(reason, " \t\r\n")] == '\0')
        return err_set(err, ERR_FIELD_MISSING, "reason: why is it sent back?");
    return decide(call, PORTAL_ORDER_REJECT, reason, out, err);
}

static enum err_code order_ticket(const struct web_call *call, struct web_answer *out,
                                  struct err *err)
{
    const char *kind = NULL;
    const struct json_field fields[] = {{"kind", JSON_TEXT, false, KIND_BYTES_MAX, &kind}};
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    AUTO(memory_freep) char *ticket = NULL;
    if (json_read(call->body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE ||
        web_order_of(call, &order, err) != ERR_NONE ||
        portal_order_check(order, PORTAL_ORDER_RENEW, err) != ERR_NONE ||
        portal_ticket_add(call->web->portal, order->number, kind, PORTAL_TICKET_TTL_S_DEFAULT,
                          &ticket, err) != ERR_NONE)
        return err->code;
    web_ticket_answer(ticket, kind, order->serial, out);
    return ERR_NONE;
}

#define SEEN_BY (WEB_BIDDER | WEB_REVIEWER)

static const struct web_route routes[] = {
    {HTTP_GET, "/orders", SEEN_BY, list_orders},
    {HTTP_POST, "/orders", WEB_BIDDER, add_order},
    {HTTP_GET, "/orders/{number}", SEEN_BY, show_order},
    {HTTP_PUT, "/orders/{number}", WEB_BIDDER, edit_order},
    {HTTP_POST, "/orders/{number}/submit", WEB_BIDDER, submit_order},
    {HTTP_POST, "/orders/{number}/approve", WEB_REVIEWER, approve_order},
    {HTTP_POST, "/orders/{number}/reject", WEB_REVIEWER, reject_order},
    {HTTP_POST, "/orders/{number}/ticket", WEB_BIDDER, order_ticket},
};
const struct web_table web_order_table = {routes, ARRAY_SIZE(routes)};
