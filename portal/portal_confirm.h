/* The key's word on what became of the certificates or the seal that were made for it, or of a PIN reset. */
#pragma once

#include "portal/portal.h"
#include "portal/portal_job.h"

struct portal_confirmation {
    const char *outcome; /* "written" or "failed" */
    struct span digest; /* 32 bytes: of what was written; zeros when it failed */
    struct span proof; /* by the new signing key, or by the present one; of a PIN reset empty */
};
/* Whether the outcome is "written". */
bool portal_confirm_is_written(const struct portal_confirmation *confirmation);
/* The proof by this certificate's key. ERR_PROOF. */
MUST_CHECK enum err_code portal_confirm_check_proof(const struct portal_job *job,
                                                    const struct portal_confirmation *confirmation,
                                                    const struct cert *by, struct err *err);

/* By the job's kind: what follows, portal_seal_confirm, portal_reset_confirm.
 *
 * written: the issued certificates come into force and the old ones are revoked; failed: what was issued
 * is revoked and the old ones stay. Repeating changes nothing. Works after the job's end: a key that
 * holds new certificates must be able to say so.
 * ERR_FIELD_VALUE (outcome, digest), ERR_FIELD_MISSING and ERR_FIELD_UNKNOWN (proof), ERR_TICKET_KIND, ERR_ORDER_STATE when nothing was issued or the
 * other outcome was confirmed before, ERR_PROOF. */
MUST_CHECK enum err_code portal_confirm(struct portal *portal, const struct portal_job *job,
                                        const struct portal_confirmation *confirmation,
                                        struct err *err);
