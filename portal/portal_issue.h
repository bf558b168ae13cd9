/* Issuing for a job: the checks, the certificates, and the stored answer that every repetition gets
 * again. An order is issued for once, unless the key reported that writing failed. */
#pragma once

#include "portal/portal.h"
#include "portal/portal_issued.h"
#include "portal/portal_job.h"

struct portal_issue_request {
    struct span csr; /* DER PKCS#10 */
    struct span proof; /* by the key's present signing key */
    /* Why the present pair is kept though the order is for a new one; NULL: it is not. */
    const char *kept;
};
/* The one reason that is taken: the token has no place for a second signing key. */
#define PORTAL_ISSUE_KEPT "key-cannot-replace"
/* Issues, or finds what was issued for the same public key. An order for a new pair is met with the present one only
 * for a reason, which then stands among the order's records. ERR_FIELD_VALUE (kept), ERR_TICKET_KIND, ERR_JOB_EXPIRED,
 * ERR_ORDER_NOT_APPROVED, ERR_CSR, ERR_PROOF, ERR_ORDER_BEFORE (the proof is by what was issued for another order and never
 * confirmed), ERR_JOB_CONFLICT. */
MUST_CHECK enum err_code portal_issue_request(struct portal *portal, const struct portal_job *job,
                                              const struct portal_issue_request *request,
                                              struct portal_issued **out, struct err *err);
