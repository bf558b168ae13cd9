/* CA锁密码重置: who may have a key's PIN reset, how often, and what the key is told for it. The
 * administrator PIN is derived for the moment of the answer and goes nowhere. */
#pragma once

#include "base/json.h"
#include "portal/portal_confirm.h"
#include "portal/portal_job.h"

/* Jobs that got an answer, whatever became of them: each may have cost an administrator try. */
#define PORTAL_RESETS_PER_KEY_AND_DAY 3
#define PORTAL_RESETS_PER_USER_AND_MONTH 10
/* Of one job: the log-in and the reset, begun anew twice. */
#define PORTAL_RESET_ANSWERS_PER_JOB 6
/* With so many administrator tries left or fewer nothing more is computed: the last ones are for an
 * operator who has the key in hand. */
#define PORTAL_RESET_TRIES_STOP 3

/* Notes that the user asks for it. user: who is logged in at the platform. ERR_NO_SUCH_RECORD (key),
 * ERR_FIELD_VALUE (user). */
MUST_CHECK enum err_code portal_reset_add(struct portal *portal, const char *serial,
                                          const char *user, int64_t *out_id, struct err *err);
/* Allows it, once. ERR_NO_SUCH_RECORD, ERR_ORDER_STATE when it was allowed or done before. */
MUST_CHECK enum err_code portal_reset_approve(struct portal *portal, int64_t id, struct err *err);
MUST_CHECK enum err_code portal_reset_list(struct portal *portal, struct json **out,
                                           struct err *err);
/* The key's newest request that is approved and not done. ERR_ORDER_NOT_APPROVED when there is none. */
MUST_CHECK enum err_code portal_reset_approved(struct portal *portal, int64_t key_id,
                                               int64_t *out_id, struct err *err);
/* ERR_ORDER_NOT_APPROVED unless it (still) is approved. */
MUST_CHECK enum err_code portal_reset_check_approved(struct portal *portal, int64_t id,
                                                     struct err *err);
/* What a person calls the request; the caller frees. */
char *portal_reset_number(int64_t id);

struct portal_reset_question {
    const char *purpose; /* "login", "unblock" */
    struct span challenge;
    struct span application;
    const char *profile;
    int64_t administrator_tries; /* left, as the key says */
};
/* Computes the answer for this challenge and counts it. ERR_FIELD_VALUE (also for a log-in that the
 * profile doesn't need, and for a challenge that this key had before), ERR_PROFILE_UNKNOWN (also when it
 * is not the one that the key is registered with), ERR_ADMIN_PIN_LOW, ERR_RESET_LIMIT, and what
 * portal_job_check says. */
MUST_CHECK enum err_code portal_reset_answer(struct portal *portal, const struct portal_job *job,
                                             const struct portal_reset_question *question,
                                             struct bytes **out, struct err *err);

/* Inside the caller's transaction. written: the request is done; failed: it stays approved. The digest
 * is of the answer that the key took: ERR_PROOF when it is of none, ERR_ORDER_STATE when there was none
 * or the other outcome was confirmed before. */
MUST_CHECK enum err_code portal_reset_confirm(struct portal *portal, const struct portal_job *job,
                                              const struct portal_confirmation *confirmation,
                                              struct err *err);
