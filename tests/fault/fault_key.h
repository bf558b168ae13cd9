/* The virtual key of a scene, as a bidder gets it: personalised by the portal's CA, with the secrets that the portal
 * derives. */
#pragma once

#include "certs/cert.h"
#include "portal/portal.h"
#include "token/virtual/virtual_card.h"

struct fault_key {
    const char *profile; /* of the virtual key */
    const char *registered; /* its profile in the portal's register */
    const char *management; /* PIV: the cipher of the management key; NULL: a GM/T 0017 key */
    const char *serial;
    enum virtual_pair_kind kind;
    enum cert_algorithm algorithm;
    const char *issuer; /* of the portal's CAs, as its files are called */
    bool dual; /* a signing and an encryption certificate; else one for both */
};

/* folder: of the case. locked: the user has no try left. Also makes it known to the portal. Ends the process when
 * that fails. The card lives in memory; the caller frees. */
struct virtual_card *fault_key_make(const struct fault_key *key, struct portal *portal,
                                    const char *folder, bool locked);
