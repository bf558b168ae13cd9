/* 已有CA: a user's keys as JSON, for the pages (docs/protocol/web.md). */
#pragma once

#include "portal/portal.h"
#include "portal/portal_page.h"

struct portal_key_filter {
    int64_t organisation_id; /* 0: all */
    const char *search; /* see portal_search.h; NULL or "": none */
};
/* A page of the keys in the order in which they were registered: {items, next, previous}.
 * ERR_FIELD_VALUE (search). */
MUST_CHECK enum err_code portal_key_page(struct portal *portal,
                                         const struct portal_key_filter *filter,
                                         const struct portal_page *page, struct json **out,
                                         struct err *err);
/* {serial, number, holder, organisation, algorithm, not_after, due, seals: [{name, valid_until, bound}],
 * renewed}. due: in the window before the end, or in the grace after it. bound: the seal is for the
 * certificate in force. renewed: when a key confirmed the last renewal, or null. algorithm and not_after are
 * null when no certificate is in force. ERR_NO_SUCH_RECORD, also for another organisation's key. */
MUST_CHECK enum err_code portal_key_view(struct portal *portal, const char *serial,
                                         int64_t organisation_id, struct json **out,
                                         struct err *err);
