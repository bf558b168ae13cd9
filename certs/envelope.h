/* SM2EnvelopedKey: an encryption key pair on its way from the key manager into a container.
 * Source: GM/T 0009 7.4 (GB/T 35276 7.4). */
#pragma once

#include "certs/cert.h"

#define ENVELOPE_BYTES_MAX 1024
/* cipher_id. Source: GM/T 0006. */
#define ENVELOPE_SM1_ECB 0x101
#define ENVELOPE_SM4_ECB 0x401

/* Fixed-width fields, as keys want them. */
struct envelope {
    uint32_t cipher_id; /* ENVELOPE_SM4_ECB or ENVELOPE_SM1_ECB */
    uint8_t c1_x[32], c1_y[32], c3[32], c2[16];
    uint8_t public_x[32], public_y[32];
    uint8_t encrypted_private[32];
};

/* Strict: lengths, points on the curve, ECB of 32 bytes (64 with the key in one half is accepted, see
 * docs/standards/sm2.md), nothing behind the end. ERR_ENVELOPE, ERR_DER_TRAILING. */
MUST_CHECK enum err_code envelope_parse(struct span der, struct envelope *out, struct err *err);
/* The envelope carries the key of this encryption certificate. ERR_ENVELOPE_KEY. */
MUST_CHECK enum err_code envelope_check(const struct envelope *envelope,
                                        const struct cert *encrypt_cert, struct err *err);
/* For the key manager: envelopes private_key (32 bytes, its point public_x, public_y) to the signing
 * key recipient (DER SubjectPublicKeyInfo). ERR_ENVELOPE_KEY when the halves don't belong together,
 * ERR_CERT_PUBLIC_KEY when recipient is no key of SM2. */
MUST_CHECK enum err_code envelope_make(struct span private_key, const uint8_t public_x[32],
                                       const uint8_t public_y[32], struct span recipient,
                                       struct bytes **out, struct err *err);
/* The DER of these fields; the private key has 32 bytes in it. The caller frees. */
struct bytes *envelope_encode(const struct envelope *envelope);
