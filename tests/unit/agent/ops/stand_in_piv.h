/* What a platform knows of the PIV tokens that it manages, without a database: one management key for all, and a PUK
 * with its successor. */
#pragma once

#include "agent/remote/remote.h"

#define STAND_IN_PIV_PUK "20260101"

struct stand_in_piv {
    const char *puk; /* that it takes for the present one */
    const char *other_puk; /* given when the first was refused; NULL: the same again */
    const char *next_puk;
    bool wrong_key; /* its management key is another one */
    /* What it saw. */
    unsigned managed, unblocked, refused;
    char algorithm[16]; /* of the last challenge */
    int tries; /* of the PUK, as it was told last */
};

void stand_in_piv_init(struct stand_in_piv *piv);
/* The management key for this algorithm ("aes192"), borrowed. */
struct span stand_in_piv_key(const char *algorithm);
/* The answer to purpose manage or unblock. */
MUST_CHECK enum err_code stand_in_piv_answer(struct stand_in_piv *piv,
                                             const struct remote_unblock_request *request,
                                             struct bytes **out, struct err *err);
