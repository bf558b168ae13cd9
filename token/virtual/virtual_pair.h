/* A key pair of the card: SM2, RSA-2048, P-256 or P-384, over OpenSSL. */
#pragma once

#include "base/err.h"
#include "base/span.h"

/* Bits of the only RSA size that the card makes. */
#define VIRTUAL_RSA_BITS 2048
#define VIRTUAL_RSA_BYTES (VIRTUAL_RSA_BITS / 8)
/* Coordinate, private key, digest, r and s of SM2. */
#define VIRTUAL_SM2_BYTES 32
/* PKCS#8 of an RSA-2048 key has about 1220 bytes. */
#define VIRTUAL_PAIR_DER_BYTES_MAX 2048

/* The first values are those of GM/T 0017 GetContainerInfo, the last those of SP 800-78-4 Table 6-2. */
enum virtual_pair_kind {
    VIRTUAL_PAIR_NONE = 0,
    VIRTUAL_PAIR_RSA = 1,
    VIRTUAL_PAIR_SM2 = 2,
    VIRTUAL_PAIR_P256 = 0x11,
    VIRTUAL_PAIR_P384 = 0x14,
};

struct virtual_pair;
struct evp_pkey_st;

/* Fails with ERR_CRYPTO. */
MUST_CHECK enum err_code virtual_pair_generate(enum virtual_pair_kind kind,
                                               struct virtual_pair **out, struct err *err);
/* From the private scalar; fails with ERR_CRYPTO when it is not in range. */
MUST_CHECK enum err_code virtual_pair_from_scalar(const uint8_t scalar[VIRTUAL_SM2_BYTES],
                                                  struct virtual_pair **out, struct err *err);
/* PKCS#8, a key of any kind above and nothing behind it; fails with ERR_DER. */
MUST_CHECK enum err_code virtual_pair_from_der(struct span der, struct virtual_pair **out,
                                               struct err *err);
/* PKCS#8, the caller's: wipe it with virtual_pair_wipe_der. */
MUST_CHECK enum err_code virtual_pair_to_der(const struct virtual_pair *pair, struct bytes **out,
                                             struct err *err);
void virtual_pair_wipe_der(struct bytes **der);
void virtual_pair_free(struct virtual_pair *pair);
void virtual_pair_freep(struct virtual_pair **pair);

/* VIRTUAL_PAIR_NONE when pair is NULL. */
enum virtual_pair_kind virtual_pair_kind(const struct virtual_pair *pair);
/* 0 when pair is NULL. */
uint32_t virtual_pair_bits(const struct virtual_pair *pair);
struct evp_pkey_st *virtual_pair_peek(const struct virtual_pair *pair);

/* SM2: X and Y. */
MUST_CHECK enum err_code virtual_pair_point(const struct virtual_pair *pair,
                                            uint8_t out[2 * VIRTUAL_SM2_BYTES], struct err *err);
/* RSA. */
MUST_CHECK enum err_code virtual_pair_modulus(const struct virtual_pair *pair,
                                              uint8_t out[VIRTUAL_RSA_BYTES],
                                              uint32_t *out_exponent, struct err *err);
/* SM2: r and s over e as it is. Fails with ERR_CRYPTO. */
MUST_CHECK enum err_code virtual_pair_sign_sm2(const struct virtual_pair *pair,
                                               const uint8_t e[VIRTUAL_SM2_BYTES],
                                               uint8_t out[2 * VIRTUAL_SM2_BYTES], struct err *err);
/* RSA: PKCS#1 v1.5, input (at most VIRTUAL_RSA_BYTES - 11 bytes) as it is. Fails with ERR_CRYPTO. */
MUST_CHECK enum err_code virtual_pair_sign_rsa(const struct virtual_pair *pair, struct span input,
                                               uint8_t out[VIRTUAL_RSA_BYTES], struct err *err);
/* SM2: DER SM2Cipher (C1 C3 C2); RSA: PKCS#1 v1.5; P-256 and P-384: DER EnvelopedData by key agreement
 * (RFC 5753), as "openssl cms -encrypt" makes it. Fails with ERR_CRYPTO. */
MUST_CHECK enum err_code virtual_pair_decrypt(const struct virtual_pair *pair,
                                              struct span ciphertext, struct bytes **out,
                                              struct err *err);
/* Whether r and s are a signature over e by the key X, Y. */
bool virtual_pair_verify_sm2(const uint8_t point[2 * VIRTUAL_SM2_BYTES],
                             const uint8_t e[VIRTUAL_SM2_BYTES],
                             const uint8_t signature[2 * VIRTUAL_SM2_BYTES]);
/* C1, C3 and C2 as the card carries them, as DER SM2Cipher; fails with ERR_DER. */
MUST_CHECK enum err_code virtual_pair_cipher_der(const uint8_t c1[2 * VIRTUAL_SM2_BYTES],
                                                 const uint8_t c3[VIRTUAL_SM2_BYTES],
                                                 struct span c2, struct bytes **out,
                                                 struct err *err);
