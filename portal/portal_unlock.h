/* What a key is told with its administrator PIN, computed from the key's challenge on the platform's
 * side, so that the PIN never leaves it. Pure; one row of data for each kind of key.
 *
 * GM/T 0017-2012 keys differ in how they use the PIN: where each choice was seen stands in
 * token/gmt0017/README.md. A wrong one costs an administrator try, so an unknown key is refused. */
#pragma once

#include "base/secret.h"
#include "base/span.h"

#define PORTAL_UNLOCK_CHALLENGE_BYTES 8 /* of GenRandom */
#define PORTAL_UNLOCK_APPLICATION_BYTES 2 /* opaque, as the key gave it */
#define PORTAL_UNLOCK_PIN_BYTES_MAX 16 /* of GM/T 0017 */

/* What is enciphered: a challenge, or a new PIN. */
enum portal_unlock_block {
    PORTAL_UNLOCK_ZEROS, /* value, then zeros up to one block */
    PORTAL_UNLOCK_LENGTH, /* length (2, little-endian), value, 80, zeros */
};

/* What the MAC of UnblockPIN covers. */
enum portal_unlock_mac {
    PORTAL_UNLOCK_MAC_COMMAND, /* header, Lc (2, without the MAC), Le 0000, data */
    PORTAL_UNLOCK_MAC_PIN, /* the new PIN in clear */
};

struct portal_unlock_profile {
    const char *name; /* as the agent's profiles are named */
    const char *pin_hash; /* K is the first 16 bytes of this digest of the PIN */
    bool pin_padded; /* the PIN is filled up with zeros to 16 bytes before */
    bool needs_login; /* UnblockPIN wants the administrator logged in */
    enum portal_unlock_block verify_block;
    enum portal_unlock_block new_pin_block;
    enum portal_unlock_mac mac;
    bool mac_extra_block; /* when 80 ends a block, one of zeros follows */
    const char *initial_pin; /* what the user's PIN is reset to */
};

/* NULL when there is none of this name. */
const struct portal_unlock_profile *portal_unlock_profile_find(const char *name);

/* What came from the key. */
struct portal_unlock_request {
    uint8_t challenge[PORTAL_UNLOCK_CHALLENGE_BYTES];
    uint8_t application[PORTAL_UNLOCK_APPLICATION_BYTES];
};

/* The administrator's cryptogram for VerifyPIN, one block. ERR_FIELD_VALUE (PIN's length), ERR_CRYPTO,
 * ERR_NO_LOCKED_MEMORY. */
MUST_CHECK enum err_code portal_unlock_login(const struct portal_unlock_profile *profile,
                                             const struct secret *admin_pin,
                                             const struct portal_unlock_request *request,
                                             struct bytes **out, struct err *err);
/* The data of UnblockPIN behind the application id: the enciphered initial PIN and its MAC. */
MUST_CHECK enum err_code portal_unlock_pin(const struct portal_unlock_profile *profile,
                                           const struct secret *admin_pin,
                                           const struct portal_unlock_request *request,
                                           struct bytes **out, struct err *err);
