/* How a virtual PIV token behaves where real ones differ: one row of data per kind of token.
 *
 * SP 800-73-4 leaves points open, and makers add commands; each member is one such point. Tests build
 * profiles of their own to reach every choice. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "token/virtual/virtual_piv_crypto.h"

/* Commands that makers added; a token has all of a group or none. */
enum virtual_piv_extension {
    VIRTUAL_PIV_NO_EXTENSION = 0,
    VIRTUAL_PIV_VERSION = 1 << 0, /* GET VERSION */
    VIRTUAL_PIV_SERIAL = 1 << 1, /* GET SERIAL */
    VIRTUAL_PIV_METADATA = 1 << 2, /* GET METADATA; policies at GENERATE */
    VIRTUAL_PIV_MOVE = 1 << 3, /* MOVE KEY, DELETE KEY */
    VIRTUAL_PIV_RETRIES = 1 << 4, /* SET PIN RETRIES */
};

/* What "PIN always" asks for before a signature. */
enum virtual_piv_always {
    VIRTUAL_PIV_ALWAYS_USED_UP, /* a VERIFY since the last signature of such a key */
    VIRTUAL_PIV_ALWAYS_BEFORE, /* VERIFY right before the signature, nothing in between */
};

/* GET DATA of an object that was emptied with 53 00. */
enum virtual_piv_emptied { VIRTUAL_PIV_EMPTIED_MISSING, VIRTUAL_PIV_EMPTIED_EMPTY };

struct virtual_piv_profile {
    const char *name;
    unsigned extensions; /* enum virtual_piv_extension */
    uint8_t version[3]; /* of GET VERSION */
    enum virtual_piv_management management; /* of tokens that are made without saying which */

    /* Transport */
    bool extended_length;
    bool answer_on_request; /* without Le nothing but 61xx is answered */
    bool selected_by_power; /* the PIV application need not be selected */

    /* Objects */
    size_t object_bytes_max; /* of one object, without its 53 and length */
    size_t space_bytes; /* of all */
    bool any_object; /* also others than those of SP 800-73-4 Part 1 Table 3 */
    enum virtual_piv_emptied emptied;
    bool written_in_blocks; /* each block of a long PUT DATA takes effect as it comes */

    /* Keys */
    uint8_t retired_slots; /* from 82 on */
    uint16_t retired_generate; /* status of GENERATE there: 9000 where it works */
    uint16_t retired_sign; /* of a signature there; key agreement always works */
    bool p384;
    bool sm2; /* with an algorithm id of the token's own */

    /* PIN and management key */
    uint8_t pin_tries;
    uint8_t puk_tries;
    enum virtual_piv_always always;
    uint16_t wrong_management; /* status of a wrong answer to the challenge */
};

/* NULL when there is no profile of this name. */
const struct virtual_piv_profile *virtual_piv_profile_find(const char *name);
/* NULL past the end. */
const struct virtual_piv_profile *virtual_piv_profile_at(size_t index);
/* Whether it makes key pairs of this kind. */
bool virtual_piv_profile_makes(const struct virtual_piv_profile *profile,
                               enum virtual_pair_kind kind);
bool virtual_piv_profile_has(const struct virtual_piv_profile *profile,
                             enum virtual_piv_extension extension);
