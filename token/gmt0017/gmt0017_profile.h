/* In what keys of the GM/T 0017-2012 family differ, as data.
 *
 * A profile is chosen by what a key says of itself, never by trying: a wrong guess costs a PIN try.
 * A key that no profile names gets no command that concerns a PIN. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "token/channel.h"
#include "token/token.h"

/* What of the PIN becomes the key: its first 16 bytes are an SM4 key. */
enum gmt0017_pin_key {
    GMT0017_PIN_KEY_SHA1_PADDED, /* SHA-1 of the PIN, zero-padded to 16 bytes */
    GMT0017_PIN_KEY_SHA1_BARE, /* SHA-1 of the PIN alone */
    GMT0017_PIN_KEY_SM3_BARE, /* SM3 of the PIN alone */
    GMT0017_PIN_KEY_SM3_PADDED, /* SM3 of the PIN, zero-padded to 16 bytes */
};

/* How data are made a whole number of cipher blocks. */
enum gmt0017_block {
    GMT0017_BLOCK_ZEROS, /* data, zeros up to 16 bytes */
    GMT0017_BLOCK_LENGTH, /* length (2 bytes, little-endian), data, 80, zeros */
};

/* What is authenticated in ChangePIN and UnblockPIN. */
enum gmt0017_mac_input {
    GMT0017_MAC_HEADER_LE, /* m1: header, Lc without the MAC (2 bytes), Le 00 00, data */
    GMT0017_MAC_HEADER_LE_LC, /* m2: header, Lc with the MAC (2 bytes, little-endian), Le 00 00, data */
    GMT0017_MAC_AS_SENT, /* m3: header, Lc with the MAC (3 bytes as sent), data */
    GMT0017_MAC_PLAIN_PIN, /* m4: the new PIN in clear */
};

/* A key takes at least this many bytes in one command, and answers with at most 64 KiB. */
#define GMT0017_CHUNK_BYTES_MIN 64
#define GMT0017_CHUNK_BYTES_MAX 32768
/* K is made of 16 bytes, and variants pad a PIN to 16 bytes. */
#define GMT0017_PIN_BYTES_MAX 16
#define GMT0017_CHALLENGE_BYTES 8 /* GenRandom, for VerifyPIN and the like */
#define GMT0017_FILE_NAME_BYTES_MIN 32

struct gmt0017_profile {
    char name[TOKEN_TEXT_BYTES_MAX + 1];
    char model[TOKEN_TEXT_BYTES_MAX + 1]; /* for people */
    /* Which keys: prefixes of what GetDevInfo says, and the ATR in hexadecimal with .. for any byte;
     * an empty label or ATR fits every key. */
    char manufacturer[TOKEN_TEXT_BYTES_MAX + 1];
    char label[TOKEN_TEXT_BYTES_MAX + 1];
    char atr[2 * CHANNEL_ATR_BYTES_MAX + 1];

    bool little_endian; /* integers inside data */
    enum gmt0017_pin_key pin_key;
    enum gmt0017_block verify_block; /* around the challenge */
    enum gmt0017_block new_pin_block; /* around a new PIN */
    enum gmt0017_mac_input mac_input;
    bool mac_extra_block; /* one more block of zeros when the 80 of the padding ends a block */
    size_t pin_bytes_min;
    size_t pin_bytes_max;
    size_t file_name_bytes; /* width of the name in CreateFile */
    size_t read_bytes; /* of file data that one ReadFile asks for: what one answer carries */
    size_t write_bytes; /* of file data in one WriteFile */
    uint16_t continuation; /* status word for "more data, repeat the command"; 0: unknown here */
    bool unblock_needs_admin_login;
    bool
        draft_envelope; /* ImportECCKeyPair in the order of the draft, not of the issued standard */
};

struct gmt0017_profiles {
    size_t count;
    struct gmt0017_profile profile[];
};

/* What a key says of itself, before anything is known about it. */
struct gmt0017_identity {
    char manufacturer[TOKEN_TEXT_BYTES_MAX + 1];
    char label[TOKEN_TEXT_BYTES_MAX + 1];
    struct span atr;
};

/* The built-in profiles: static. */
const struct gmt0017_profile *gmt0017_profile_built_in(size_t *out_count);

/* Whether only keys of this family have the ATR: one of the administrator's profiles (may be NULL) names
 * it, or it is the virtual key's. */
bool gmt0017_profile_knows_atr(const struct gmt0017_profiles *extra, struct span atr);

/* The profile for the key: the first of the administrator's (may be NULL), then the built-in ones.
 * NULL when there is none. The answer lives as long as what it was found in. */
const struct gmt0017_profile *gmt0017_profile_find(const struct gmt0017_profiles *extra,
                                                   const struct gmt0017_identity *identity);
