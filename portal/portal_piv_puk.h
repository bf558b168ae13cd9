/* Which PUK a PIV token has. Each reset replaces it by the next version, and the next one is noted before it is
 * sent: whatever is lost on the way, the key's PUK stays among those that stand here. */
#pragma once

#include "portal/portal_job.h"

/* Tries of a PUK that can't be asked for its tries. Source: the default of the known implementations. */
#define PORTAL_PIV_PUK_TRIES 3

struct portal_piv_puk {
    int64_t version; /* that the key is taken to have */
    int64_t next; /* that it is to get */
};

/* Inside the caller's transaction: chooses for an answer to this job and notes the next version. The newest that the
 * key may have comes first: that of a reset whose confirmation was lost; once it was refused, the confirmed one.
 * ERR_ADMIN_PIN_LOW when none is left. */
MUST_CHECK enum err_code portal_piv_puk_choose(struct portal *portal, const struct portal_job *job,
                                               struct portal_piv_puk *out, struct err *err);
/* Notes that the key took the PUK of this job's last answer for wrong, in a transaction of its own: it cost a try
 * whatever becomes of the next answer. Told again it changes nothing. ERR_FIELD_VALUE when there was no answer. */
MUST_CHECK enum err_code portal_piv_puk_refused(struct portal *portal, const struct portal_job *job,
                                                struct err *err);
/* Tries that are left of a PUK that can't be asked: PORTAL_PIV_PUK_TRIES without the refusals since it was right. */
MUST_CHECK enum err_code portal_piv_puk_tries(struct portal *portal, int64_t key_id,
                                              int64_t *out_tries, struct err *err);
/* Inside the caller's transaction: the key took this version. Of one that a newer confirmed version has overtaken only
 * the audit tells. */
MUST_CHECK enum err_code portal_piv_puk_commit(struct portal *portal, const struct portal_job *job,
                                               int64_t version, struct err *err);
/* Inside the caller's transaction, for whoever makes the key: the version that a key of this serial should have, 1
 * where it is not registered. Where every version was refused the key is made anew: a fresh one. */
MUST_CHECK enum err_code portal_piv_puk_present(struct portal *portal, const char *serial,
                                                int64_t *out_version, struct err *err);
