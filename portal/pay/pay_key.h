/* The Ed25519 keys by which a portal (as the merchant) and the sandbox service sign to each other. Made
 * once, then only read: safe from several threads. */
#pragma once

#include "base/err.h"
#include "base/span.h"

#define PAY_SIGNATURE_BYTES 64 /* Source: RFC 8032 5.1.6 */
#define PAY_PEM_BYTES_MAX 4096 /* of a public key: about 120 */

struct pay_key;

/* A new pair into a PEM file of mode 0600; an old file is replaced. */
MUST_CHECK enum err_code pay_key_make(const char *path, struct err *err);
/* ERR_FILE_MISSING; ERR_CONFIG when others have access to it or it is no Ed25519 key; ERR_CRYPTO. */
MUST_CHECK enum err_code pay_key_read_private(const char *path, struct pay_key **out,
                                              struct err *err);
/* A PEM SubjectPublicKeyInfo. ERR_CONFIG. */
MUST_CHECK enum err_code pay_key_from_pem(struct span pem, struct pay_key **out, struct err *err);
MUST_CHECK enum err_code pay_key_read_public(const char *path, struct pay_key **out,
                                             struct err *err);
void pay_key_free(struct pay_key *key);
void pay_key_freep(struct pay_key **key);

/* SHA-256 of the DER SubjectPublicKeyInfo, 64 lower-case digits: how a message names its recipient. */
const char *pay_key_id(const struct pay_key *key);
/* The public half; the caller frees. ERR_CRYPTO. */
MUST_CHECK enum err_code pay_key_public_pem(const struct pay_key *key, char **out, struct err *err);

/* Over a length-prefixed label and the message, so that what was signed for one purpose is good for no
 * other. ERR_CRYPTO. */
MUST_CHECK enum err_code pay_key_sign(const struct pay_key *key, const char *label,
                                      struct span message, uint8_t out[PAY_SIGNATURE_BYTES],
                                      struct err *err);
/* ERR_PAYMENT_SIGNATURE. */
MUST_CHECK enum err_code pay_key_verify(const struct pay_key *key, const char *label,
                                        struct span message, struct span signature,
                                        struct err *err);
