/* The inside of a seal, for this folder. */
#pragma once

#include "certs/seal_asn1.h"

struct seal {
    struct bytes *der;
    struct seal_parts parts; /* borrows from der */
    char *vendor, *id, *name, *picture_type;
    char *holder_digests[SEAL_HOLDERS_MAX];
    struct seal_facts facts;
};

/* That the maker's certificate made the signature, with the algorithm of its key. ERR_SEAL_SIGNATURE. */
MUST_CHECK enum err_code seal_check_signature(const struct seal *seal, const struct cert *maker,
                                              struct err *err);
