/* Making a PIV token for a bidder: a signature key in 9C with its certificate, PIN, PUK, management key. */
#pragma once

#include "token/virtual/virtual_issuer.h"
#include "token/virtual/virtual_piv_objects.h"

struct virtual_piv_wish {
    const struct virtual_piv_profile *profile;
    const char *serial;
    const char *label; /* NULL: none */
    const char *pin; /* 6 to 8 characters */
    const char *puk; /* likewise */
    enum virtual_piv_management cipher; /* 0: the profile's */
    struct span management_key; /* empty: the one that makers ship */
    enum virtual_pair_kind kind; /* RSA, P-256 or P-384 */
    struct virtual_subject subject;
};

/* Fails with ERR_FIELD_VALUE (what the profile does not allow) and as virtual_issuer_sign. */
MUST_CHECK enum err_code virtual_piv_make(const struct virtual_piv_wish *wish,
                                          const struct virtual_issuer *issuer,
                                          struct virtual_piv_objects **out, struct err *err);
/* Puts a pair and its certificate into a slot and the slot's object, as a renewal would. The pair is
 * taken over on success. Fails with ERR_TOKEN_NO_SPACE. */
MUST_CHECK enum err_code virtual_piv_make_slot(struct virtual_piv_objects *objects,
                                               uint8_t reference, struct virtual_pair *pair,
                                               struct span certificate, struct err *err);
