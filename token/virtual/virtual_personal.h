/* Making a key for a bidder: application, container, key pairs, certificates. */
#pragma once

#include "token/virtual/virtual_issuer.h"
#include "token/virtual/virtual_objects.h"

struct virtual_personal {
    const struct virtual_profile *profile;
    const char *serial;
    const char *label; /* NULL: none */
    const char *pin;
    const char *admin_pin;
    const char *container;
    enum virtual_pair_kind kind;
    bool single; /* no encryption pair */
    struct virtual_subject subject;
};

/* Fails with ERR_FIELD_VALUE (a name or PIN that the profile does not allow) and as
 * virtual_issuer_sign. */
MUST_CHECK enum err_code virtual_personal_make(const struct virtual_personal *wish,
                                               const struct virtual_issuer *issuer,
                                               struct virtual_objects **out, struct err *err);
/* Puts a file onto the first application, in place of one of this name: readable by anyone, writable by
 * the user, as the seals of bidders are. Fails with ERR_FIELD_VALUE (name or length),
 * ERR_TOKEN_NO_SPACE (also when there are too many files). */
MUST_CHECK enum err_code virtual_personal_put_file(struct virtual_objects *objects,
                                                   const char *name, struct span content,
                                                   struct err *err);
/* Everything that may be known about a key, for people and tests: no PIN, no private key. The
 * certificates are in PEM. The caller frees. */
char *virtual_personal_describe(const struct virtual_objects *objects);
/* The pair on the key whose public half is in this certificate (DER or PEM); NULL when there is none. */
const struct virtual_pair *virtual_personal_pair_for(const struct virtual_objects *objects,
                                                     struct span certificate);
