/* How often a user may change something, in the table of portal_login.h's limits: bounds what one user adds
 * to the audit trail, which is kept for ever. */
#pragma once

#include "portal/portal.h"

#define PORTAL_CHANGES_WINDOW_S 60
#define PORTAL_CHANGES_MAX 120 /* in a window: two clicks a second, which nobody keeps up */

/* Counts one change of the user. ERR_HTTP_TOO_MANY with *out_retry_after_s: it is not to be made. */
MUST_CHECK enum err_code portal_change_limit_count(struct portal *portal, int64_t user_id,
                                                   int *out_retry_after_s, struct err *err);
