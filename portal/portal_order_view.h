/* Orders as JSON, for people: the administrator's commands, and the pages' list and form
 * (docs/protocol/web.md). */
#pragma once

#include "portal/portal_order.h"
#include "portal/portal_page.h"

/* ---- for the administrator's commands ---- */

/* One order with its 流程审批记录, and all of them without. */
MUST_CHECK enum err_code portal_order_show(struct portal *portal, const char *number,
                                           struct json **out, struct err *err);
MUST_CHECK enum err_code portal_order_list(struct portal *portal, struct json **out,
                                           struct err *err);

/* ---- for the pages ---- */

enum portal_order_payment {
    PORTAL_ORDER_ANY_PAYMENT,
    PORTAL_ORDER_PAID_ONLY,
    PORTAL_ORDER_UNPAID_ONLY
};
struct portal_order_filter {
    int64_t organisation_id; /* 0: all */
    const char *state; /* one of the manual's words; NULL: any */
    enum portal_order_payment payment;
    const char *search; /* see portal_search.h; NULL or "": none */
};
/* A page of the list, newest change first: {items, next, previous}. ERR_FIELD_VALUE (state, search). */
MUST_CHECK enum err_code portal_order_page(struct portal *portal,
                                           const struct portal_order_filter *filter,
                                           const struct portal_page *page, struct json **out,
                                           struct err *err);
/* The list's fields and reason, invoice, attachments, approvals, not_after and can. actions: the steps
 * that the user's role has, as bits 1 << enum portal_order_action; no other is ever true in can. */
MUST_CHECK enum err_code portal_order_view(struct portal *portal, const struct portal_order *order,
                                           int actions, struct json **out, struct err *err);
