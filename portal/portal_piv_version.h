/* Which of its derived secrets a PIV token has, by number, and an operator's word about it. A row is never deleted, so
 * that no number is given twice. */
#pragma once

#include "base/json.h"
#include "portal/portal.h"

/* Above it an operator has mistyped. */
#define PORTAL_PIV_MANAGEMENT_MAX 1000
/* The latest answers that an operator is shown. */
#define PORTAL_PIV_ANSWERS_SHOWN 10

struct portal_piv_version {
    int64_t puk; /* what the token has, or had before it took the given one */
    int64_t
        given; /* what it has if it took an answer of whose end nothing is known; 0: none is under way */
    int64_t highest; /* that was ever given */
    int64_t settled; /* the newest unblock_answer whose end is known; 0: none */
    int64_t management; /* of its management key */
};

/* Version 1 of both where nothing is noted. */
MUST_CHECK enum err_code portal_piv_version_load(struct portal *portal, int64_t key_id,
                                                 struct portal_piv_version *out, struct err *err);
/* The same for a key that need not be registered yet: who makes a key asks before. */
MUST_CHECK enum err_code portal_piv_version_find(struct portal *portal, const char *serial,
                                                 struct portal_piv_version *out, struct err *err);
/* Inside the caller's transaction. */
MUST_CHECK enum err_code portal_piv_version_store(struct portal *portal, int64_t key_id,
                                                  const struct portal_piv_version *version,
                                                  struct err *err);

/* For an operator: {serial, puk, puk_given or null, puk_highest, management, answers: the latest
 * PORTAL_PIV_ANSWERS_SHOWN, newest first: {at, reset, puk, next, refused, outcome}}. ERR_NO_SUCH_RECORD;
 * ERR_PROFILE_UNKNOWN unless it is a PIV token. */
MUST_CHECK enum err_code portal_piv_version_show(struct portal *portal, const char *serial,
                                                 struct json **out, struct err *err);
struct portal_piv_setting {
    int64_t puk; /* that the token has for certain; 0: as noted */
    int64_t management; /* 0: as noted */
};
/* By an operator who has the token in hand: overtakes all that was given before, whatever is told of it later. Audited.
 * ERR_NO_SUCH_RECORD, ERR_PROFILE_UNKNOWN; ERR_FIELD_VALUE unless the PUK is at most one above the highest and the
 * management key at most PORTAL_PIV_MANAGEMENT_MAX. */
MUST_CHECK enum err_code portal_piv_version_set(struct portal *portal, const char *serial,
                                                const struct portal_piv_setting *setting,
                                                struct err *err);
