/* Jobs: what a redeemed ticket allows one key to do. docs/protocol/platform.md is the contract.
 *
 * A job's secret is derived from the portal's job key and the job's id, so that the same ticket can be
 * given the same secret again although none is stored. */
#pragma once

#include "portal/portal.h"
#include "portal/portal_key.h"
#include "portal/portal_order.h"

#define PORTAL_JOB_TTL_S 3600 /* a person may look for the PIN, but not until tomorrow */
#define PORTAL_JOB_ID_BYTES 16
#define PORTAL_JOB_CHALLENGE_BYTES 32

/* A job with what it is about; owned. */
struct portal_job {
    char *id; /* 32 lower-case hexadecimal digits */
    char *kind;
    struct bytes *challenge;
    char *outcome; /* "", "written", "failed" */
    int64_t expires_utc;
    struct portal_key *key;
    char *number; /* what a person calls it: of the order, or of the reset request */
    struct portal_order *order; /* of check and renew; else NULL */
    /* With an order: the least end of the new certificate; of the issued one once there is one. */
    int64_t not_after_utc;
    int64_t reset_id; /* the request of a PIN reset; else 0 */
    char *seal_identity; /* of the seal that the ticket names; NULL: none */
    int64_t seal_id; /* the extended seal that the job got; 0: none yet */
};
void portal_job_free(struct portal_job *job);
void portal_job_freep(struct portal_job **job);

/* The one-time ticket against a job; the same ticket and serial get the same job until it expires.
 * ERR_TICKET_UNKNOWN, _EXPIRED, _USED, ERR_WRONG_TOKEN, ERR_ORDER_NOT_APPROVED (an order, a reset
 * request): the ticket is then as it was. */
MUST_CHECK enum err_code portal_job_redeem(struct portal *portal, const char *ticket,
                                           const char *serial, struct portal_job **out,
                                           struct err *err);
/* The bearer secret, text; the caller frees. */
MUST_CHECK enum err_code portal_job_secret(struct portal *portal, const char *id, char **out,
                                           struct err *err);
/* The job of this id if the secret is its own. ERR_JOB_UNKNOWN, ERR_JOB_FORBIDDEN. */
MUST_CHECK enum err_code portal_job_authorise(struct portal *portal, const char *id,
                                              const char *secret, struct portal_job **out,
                                              struct err *err);

/* proof_message(label, ...) of this job over body, signed by this certificate's key: ERR_PROOF when it is
 * not. */
MUST_CHECK enum err_code portal_job_check_proof(const struct portal_job *job, const char *label,
                                                struct span body, struct span proof,
                                                const struct cert *by, struct err *err);
/* Whether something new may still be asked for: ERR_TICKET_KIND when it is of another kind, ERR_JOB_EXPIRED,
 * ERR_JOB_CONFLICT when it ended as failed. */
MUST_CHECK enum err_code portal_job_check(const struct portal_job *job, const char *kind,
                                          struct err *err);
/* Notes the job's end, in the caller's transaction. outcome: "written", "failed". */
MUST_CHECK enum err_code portal_job_end(struct portal *portal, const struct portal_job *job,
                                        const char *outcome, struct err *err);
