/* What a key is told so that its PIN is reset: computed with the administrator PIN, which is derived for
 * the moment of the answer and goes nowhere; and how often. Answers and refusals stand in the audit trail. */
#pragma once

#include "portal/portal_confirm.h"
#include "portal/portal_job.h"

/* Jobs that got an answer, whatever became of them: each may have cost an administrator try. */
#define PORTAL_RESETS_PER_KEY_AND_DAY 3
#define PORTAL_RESETS_PER_USER_AND_MONTH 10
/* Of one job: the log-in and the reset, begun anew twice. */
#define PORTAL_RESET_ANSWERS_PER_JOB 6
/* Times that a PIV token's PUK leaves the platform: each of a day's resets, begun anew twice. */
#define PORTAL_RESET_PUKS_PER_KEY_AND_DAY 9
/* The log-in of a PIV token's PUK has three tries by default: one refusal is forgiven. */
#define PORTAL_RESET_TRIES_STOP_PIV 1
/* With so many administrator tries left or fewer nothing more is computed: the last ones are for an
 * operator who has the key in hand. The agent keeps to the same number. */
#define PORTAL_RESET_TRIES_STOP 3
/* Refusals of one job that are audited: enough to see what is going on, and no way to fill the disk. */
#define PORTAL_RESET_REFUSALS_AUDITED 10

struct portal_reset_question {
    const char *purpose; /* "login", "unblock" */
    struct span challenge;
    struct span application;
    const char *profile;
    int64_t
        administrator_tries; /* left, as the key says; -1: it can't be asked, as some PIV tokens */
    bool refused; /* PIV: the key took the PUK of this job's last answer for wrong */
};
/* Computes the answer for this challenge and counts it. That for a PIV token (profile "piv", no challenge, purpose
 * "unblock") is its PUK, the next one and the initial PIN with FF behind it, 8 bytes each. ERR_FIELD_VALUE (also for a log-in that the
 * profile doesn't need, and for a challenge that this key had before), ERR_PROFILE_UNKNOWN (also when it
 * is not the one that the key is registered with), ERR_ADMIN_PIN_LOW, ERR_RESET_LIMIT,
 * ERR_ORDER_NOT_APPROVED (also when the approval has ended), and what portal_job_check says. */
MUST_CHECK enum err_code portal_reset_answer(struct portal *portal, const struct portal_job *job,
                                             const struct portal_reset_question *question,
                                             struct bytes **out, struct err *err);

/* Inside the caller's transaction. written: the request is done; failed: another job may try again while
 * the approval is good. The digest is of the answer that the key took (SHA-256; for a
 * PIV token of the job's challenge and a byte: 1 for an answer to "refused", else 0): ERR_PROOF when it is of none,
 * ERR_RESET_STATE when there was none or the other outcome was confirmed before. */
MUST_CHECK enum err_code portal_reset_confirm(struct portal *portal, const struct portal_job *job,
                                              const struct portal_confirmation *confirmation,
                                              struct err *err);
