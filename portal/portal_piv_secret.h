/* What a PIV token is written to and unblocked with, derived from the portal's master secret and the token's
 * serial: none is stored, and one that became known says nothing about the others. */
#pragma once

#include "portal/portal.h"

#define PORTAL_PIV_PROFILE "piv" /* as such keys are registered */
#define PORTAL_PIV_PUK_BYTES 8 /* Source: SP 800-73-4 part 2, 2.4.3 */

/* A cipher of the management key. Source: SP 800-78-4, table 6-2. */
struct portal_piv_cipher {
    const char *name; /* "3des", "aes128", "aes192", "aes256" */
    const char *openssl; /* its name there, one block at a time */
    const char *label; /* of the derivation */
    size_t key_bytes;
    size_t block_bytes; /* of a challenge */
};
/* NULL when there is none of this name. */
const struct portal_piv_cipher *portal_piv_cipher_find(const char *name);

/* HMAC-SM3(master, label || 0 || serial || 0 || version || block), label "piv-management/v1/" and the cipher's name:
 * the first bytes of block 1; the version is the key's own (portal_piv_version.h). 3DES keys get odd parity; while two of their three parts are equal or one is weak the
 * next block is taken. Version and block are numbers of 4 bytes. ERR_FIELD_VALUE (serial). */
MUST_CHECK enum err_code portal_piv_management_key(const struct portal *portal, const char *serial,
                                                   int64_t version,
                                                   const struct portal_piv_cipher *cipher,
                                                   struct secret **out, struct err *err);
/* Whether all three parts are good. Source: SP 800-67 rev. 2, 3.3.2. */
bool portal_piv_3des_key_good(const uint8_t key[24]);
/* The same with the label "piv-puk/v1" and the PUK's version: 8 decimal digits, each from the next byte below 250. */
MUST_CHECK enum err_code portal_piv_puk(const struct portal *portal, const char *serial,
                                        int64_t version, struct secret **out, struct err *err);
/* What proves the management key to the token: its challenge, one block, enciphered. ERR_FIELD_VALUE (its length). */
MUST_CHECK enum err_code portal_piv_encipher(const struct portal_piv_cipher *cipher,
                                             const struct secret *key, struct span challenge,
                                             struct bytes **out, struct err *err);

/* Of the management key's cipher, for a token that says told: a challenge of 16 bytes is that of any AES, and a token
 * that doesn't say which is told as "aes128". Then it is what the token's secrets were last shown for. */
MUST_CHECK enum err_code portal_piv_cipher_choose(struct portal *portal, const char *serial,
                                                  const struct portal_piv_cipher *told,
                                                  const struct portal_piv_cipher **out,
                                                  struct err *err);

/* For whoever makes a key, noted in the audit trail without them. */
struct portal_piv_secrets {
    struct secret *management_key;
    struct secret *puk;
};
void portal_piv_secrets_done(struct portal_piv_secrets *secrets);
/* puk_version 0: the present one. ERR_FIELD_VALUE (serial, or a PUK that the key was never to have). */
MUST_CHECK enum err_code portal_piv_secrets_show(struct portal *portal, const char *serial,
                                                 const struct portal_piv_cipher *cipher,
                                                 int64_t puk_version,
                                                 struct portal_piv_secrets *out, struct err *err);
