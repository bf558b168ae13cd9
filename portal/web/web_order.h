/* What the pages' subjects share: what a request asks for, who sees which record, how an order is shown. */
#pragma once

#include "portal/portal_order.h"
#include "portal/portal_page.h"
#include "portal/web/web.h"

/* Whose records the user sees: 0 for all. ERR_ROLE for a bidder of no organisation. */
MUST_CHECK enum err_code web_scope(const struct web_call *call, int64_t *out_organisation_id,
                                   struct err *err);
/* The order of the address, if the user may see it. ERR_NO_SUCH_RECORD. */
MUST_CHECK enum err_code web_order_of(const struct web_call *call, struct portal_order **out,
                                      struct err *err);
/* Answers with the order as it is now. */
MUST_CHECK enum err_code web_order_answer(const struct web_call *call, const char *number,
                                          struct web_answer *out, struct err *err);
/* after, before and limit of the address. */
MUST_CHECK enum err_code web_page_of(const struct web_call *call, enum portal_page_list list,
                                     struct portal_page *out, struct err *err);
/* A parameter of the address; NULL when it is absent or empty. Borrowed. */
const char *web_query(const struct web_call *call, const char *name);
/* Of a step that takes nothing but its address. ERR_FIELD_UNKNOWN. */
MUST_CHECK enum err_code web_no_fields(const struct web_call *call, struct err *err);
/* Answers 201 with a ticket that the agent redeems: {ticket, kind, serial, expires}. */
void web_ticket_answer(const char *ticket, const char *kind, const char *serial,
                       struct web_answer *out);
