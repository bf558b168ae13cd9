/* The key's word on what became of the certificates that were issued for it. */
#pragma once

#include "portal/portal.h"
#include "portal/portal_job.h"

struct portal_confirmation {
    const char *outcome; /* "written" or "failed" */
    struct span digest; /* 32 bytes: of what was written; zeros when it failed */
    struct span proof; /* by the new signing key, or by the present one when it failed */
};
/* written: the issued certificates come into force and the old ones are revoked; failed: what was issued
 * is revoked and the old ones stay. Repeating changes nothing. Works after the job's end: a key that
 * holds new certificates must be able to say so.
 * ERR_FIELD_VALUE (outcome, digest), ERR_TICKET_KIND, ERR_ORDER_STATE when nothing was issued or the
 * other outcome was confirmed before, ERR_PROOF. */
MUST_CHECK enum err_code portal_confirm(struct portal *portal, const struct portal_job *job,
                                        const struct portal_confirmation *confirmation,
                                        struct err *err);
