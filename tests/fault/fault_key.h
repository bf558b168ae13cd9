/* The virtual key of a scene, as a bidder gets it: personalised by the portal's CA, with the secrets that the portal
 * derives. */
#pragma once

#include "certs/cert.h"
#include "portal/portal.h"
#include "token/virtual/virtual_objects.h"

struct fault_key {
    const char *profile; /* of the virtual key, and in the portal's register */
    enum virtual_pair_kind kind;
    enum cert_algorithm algorithm;
    const char *issuer; /* of the portal's CAs, as its files are called */
    bool dual; /* a signing and an encryption certificate; else one for both */
};

/* folder: of the case. Also makes it known to the portal. Ends the process when that fails. The caller
 * frees. */
struct virtual_objects *fault_key_make(const struct fault_key *key, struct portal *portal,
                                       const char *folder, const char *serial);
