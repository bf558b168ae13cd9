/* What proves a PIV token's management key to it, so that the agent of a renewal or of a seal's extension may write:
 * the key is derived for the moment of the answer and goes nowhere. Answers stand in the audit trail. */
#pragma once

#include "portal/portal_job.h"

/* Of one job: log-ins for each of its steps, begun anew some times. */
#define PORTAL_MANAGE_ANSWERS_PER_JOB 16
/* Within 24 hours, of all jobs: a renewal that is begun anew, and a seal. */
#define PORTAL_MANAGE_ANSWERS_PER_KEY_AND_DAY 48

struct portal_manage_question {
    struct span challenge; /* of the token, one block */
    const char *algorithm; /* "3des", "aes128", "aes192", "aes256" */
    const char *profile; /* as the agent names it */
};
/* Computes the answer for this challenge and counts it. ERR_TICKET_KIND (neither renew nor extend-seal),
 * ERR_JOB_EXPIRED, ERR_JOB_CONFLICT, ERR_ORDER_NOT_APPROVED, ERR_PROFILE_UNKNOWN (also when the key is registered with
 * another one), ERR_FIELD_VALUE (algorithm, length, a challenge that this key had before), ERR_RENEW_FIRST (extend-seal),
 * ERR_MANAGE_LIMIT (of the job), ERR_MANAGE_DAY_LIMIT (of the key). */
MUST_CHECK enum err_code portal_manage_answer(struct portal *portal, const struct portal_job *job,
                                              const struct portal_manage_question *question,
                                              struct bytes **out, struct err *err);
