/* Search by a part of a text, for lists that are small or read on a thread of their own. Pure. */
#pragma once

#include "portal/portal_page.h"

#define PORTAL_LIKE_BYTES_MAX 192 /* a name of PORTAL_NAME_BYTES_MAX can be searched for whole */

/* The pattern of "LIKE ? ESCAPE '\'" for texts that hold search; NULL for NULL or "". The caller frees.
 * ERR_FIELD_VALUE. */
MUST_CHECK enum err_code portal_like_pattern(const char *search, char **out, struct err *err);
/* What a sort key that falls is compared with: "< ?", backwards "> ?". */
int64_t portal_like_from(const struct portal_page *page);
