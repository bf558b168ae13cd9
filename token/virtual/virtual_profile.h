/* How a virtual key behaves where real GM/T 0017-2012 keys differ: one row of data per kind of key.
 *
 * The standard leaves points open and vendors deviate from it; each member is one such point. Tests
 * build profiles of their own to reach every choice. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How K, the key of the PIN commands, is made from a PIN: the first 16 bytes of this hash. */
enum virtual_pin_hash {
    VIRTUAL_HASH_SHA1_PADDED, /* SHA-1 of the PIN filled up with zeros to 16 bytes */
    VIRTUAL_HASH_SHA1, /* SHA-1 of the PIN alone */
    VIRTUAL_HASH_SM3, /* SM3 of the PIN alone */
};

/* What is encrypted to prove or to carry a PIN. */
enum virtual_block {
    VIRTUAL_BLOCK_ZEROS, /* the value, then zeros */
    VIRTUAL_BLOCK_LENGTH, /* length (2, little-endian), the value, 80, zeros; at least the 80 */
};

/* What the MAC of ChangeDevAuthKey, ChangePIN and UnblockPIN covers. */
enum virtual_mac_input {
    VIRTUAL_MAC_M1, /* header, Lc (2, big-endian, without the MAC), Le 0000, data */
    VIRTUAL_MAC_M2, /* header, Lc (2, little-endian, with the MAC), Le 0000, data */
    VIRTUAL_MAC_M3, /* header, Lc (3 bytes as sent, with the MAC), data */
    VIRTUAL_MAC_M4, /* the new PIN or key in clear */
};

/* How long a challenge of GenRandom serves. It never outlives the power or another GenRandom. */
enum virtual_challenge {
    VIRTUAL_CHALLENGE_NEXT_COMMAND,
    VIRTUAL_CHALLENGE_ONE_USE,
    VIRTUAL_CHALLENGE_UNTIL_REPLACED,
};

/* Le of commands whose answer has a length of its own. */
enum virtual_le {
    VIRTUAL_LE_EXACT, /* must be there, and 0000 or the exact length */
    VIRTUAL_LE_ENOUGH, /* may be missing; when there, 0000 or at least the length */
    VIRTUAL_LE_IGNORED, /* anything */
};

/* An empty list of names. */
enum virtual_empty_list { VIRTUAL_EMPTY_NOTHING, VIRTUAL_EMPTY_ONE_NUL, VIRTUAL_EMPTY_TWO_NULS };

/* OpenApplication of an application that is open. */
enum virtual_reopen {
    VIRTUAL_REOPEN_REFUSED,
    VIRTUAL_REOPEN_KEEPS_LOGIN,
    VIRTUAL_REOPEN_ENDS_LOGIN
};

/* Order of the fields of ImportECCKeyPair. */
enum virtual_import_order {
    VIRTUAL_IMPORT_ISSUED, /* the text of 2012 as issued */
    VIRTUAL_IMPORT_DRAFT, /* an older draft, which some keys follow */
};

struct virtual_profile {
    const char *name;
    /* What GetDevInfo says: at most 64 bytes each. */
    const char *manufacturer;
    const char *issuer;
    const char *application; /* that ukey-sim create makes */

    /* Data */
    bool little_endian; /* integers and ids inside data; Lc, Le and the status never are */
    uint8_t name_width; /* of the fixed name fields of CreateApplication and CreateFile; bytes */
    enum virtual_import_order import_order;
    enum virtual_empty_list empty_list;
    enum virtual_le le;
    uint16_t dev_info_le; /* the only Le that GetDevInfo takes; 0: as the others */
    size_t part_bytes; /* longer answers come in parts of this size, status 6A9E; 0: whole */

    /* PIN */
    enum virtual_pin_hash pin_hash;
    enum virtual_block verify_block;
    enum virtual_block new_pin_block;
    enum virtual_mac_input mac_input;
    bool mac_extra_block; /* when 80 ends a block, one block of zeros more is covered */
    bool mac_miss_costs_try;
    bool unblock_needs_admin_login;
    bool last_miss_is_63c0; /* the miss that locks answers 63C0; else 6983 already */
    bool default_means_original; /* default PIN: equal to the first one; else: never changed */
    enum virtual_challenge challenge;
    uint8_t pin_min; /* bytes */
    uint8_t pin_max;
    uint8_t user_tries;
    uint8_t admin_tries;

    /* State */
    enum virtual_reopen reopen;
    bool close_ends_login;
    bool new_pair_drops_certificate;
    uint16_t unknown_application; /* status: 6A88 or 6A8B */
    uint16_t closed_container; /* status: 6A94 or 698A */

    /* Room */
    uint32_t space_bytes;
    uint16_t data_bytes_max; /* of one command */
    uint8_t applications_max;
    uint8_t containers_max; /* per application */
    uint8_t certificates_max;
    uint16_t files_max;
};

/* NULL when there is no profile of this name. */
const struct virtual_profile *virtual_profile_find(const char *name);
/* NULL past the end. */
const struct virtual_profile *virtual_profile_at(size_t index);
