/* Which PUK a PIV token is sent: each reset replaces it by the next one, which is noted before it is sent. While nothing
 * is known of the end of an answer every further one is the same, so that the token has one of two: the present one or
 * the given one (docs/adr/0015-two-puks.md). */
#pragma once

#include "portal/portal_job.h"

/* Tries of a PUK that can't be asked for its tries. Source: the default of the known implementations. */
#define PORTAL_PIV_PUK_TRIES 3

struct portal_piv_puk {
    int64_t version; /* that the key is taken to have */
    int64_t next; /* that it is to get */
};

/* Inside the caller's transaction: what an answer to this key is made of, noted. */
MUST_CHECK enum err_code portal_piv_puk_choose(struct portal *portal, const struct portal_job *job,
                                               struct portal_piv_puk *out, struct err *err);
/* Notes that the key took the PUK of this job's last answer for wrong, in a transaction of its own: it cost a try
 * whatever becomes of the next answer. It is believed once a job, and where another answer of unknown end may have
 * given the key the next PUK: then that is the present one. Else ERR_ADMIN_PIN_LOW, since no other is left. Told again
 * it changes nothing. ERR_FIELD_VALUE when there was no answer. */
MUST_CHECK enum err_code portal_piv_puk_refused(struct portal *portal, const struct portal_job *job,
                                                struct err *err);
/* Tries that are left at least of a PUK that can't be asked: PORTAL_PIV_PUK_TRIES without each answer that may have been
 * wrong since the PUK was right. */
MUST_CHECK enum err_code portal_piv_puk_tries(struct portal *portal, int64_t key_id,
                                              int64_t *out_tries, struct err *err);
/* Inside the caller's transaction: the key took this answer (a row of unblock_answer). Of one that has been overtaken
 * only the audit tells. */
MUST_CHECK enum err_code portal_piv_puk_commit(struct portal *portal, const struct portal_job *job,
                                               int64_t answer_id, struct err *err);
