/* The register of seals, for the files that make them. */
#pragma once

#include "portal/portal.h"

struct portal_seal_record {
    int64_t key_id;
    int64_t certificate_id;
    int64_t predecessor_id; /* what it extends; 0: none */
    const char *state; /* "issued", "current" */
};
/* Records a seal of our own (DER), in the caller's transaction. ERR_RECORD_EXISTS when the identity has
 * one for this certificate. */
MUST_CHECK enum err_code portal_seal_record(struct portal *portal,
                                            const struct portal_seal_record *record,
                                            struct span der, int64_t *out_id, struct err *err);
