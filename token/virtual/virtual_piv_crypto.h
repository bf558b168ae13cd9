/* The cryptography of a PIV token: the management key's cipher, and what key pairs do. */
#pragma once

#include "base/buf.h"
#include "token/virtual/virtual_pair.h"

/* Ciphers of the management key. Source: SP 800-78-4, Table 6-2. */
enum virtual_piv_management {
    VIRTUAL_PIV_3DES = 0x03,
    VIRTUAL_PIV_AES128 = 0x08,
    VIRTUAL_PIV_AES192 = 0x0A,
    VIRTUAL_PIV_AES256 = 0x0C,
};

#define VIRTUAL_PIV_MANAGEMENT_BYTES_MAX 32
#define VIRTUAL_PIV_BLOCK_BYTES_MAX 16
/* Algorithm ids of key pairs besides P-256 and P-384, which have those of enum virtual_pair_kind. */
#define VIRTUAL_PIV_RSA2048 0x07
/* A number of the token's own: SP 800-78-4 has none for SM2. */
#define VIRTUAL_PIV_SM2 0x54

/* Each 0 when there is no such cipher. */
size_t virtual_piv_crypto_key_bytes(enum virtual_piv_management cipher);
size_t virtual_piv_crypto_block_bytes(enum virtual_piv_management cipher);
/* "3des", "aes128", "aes192", "aes256"; NULL when there is no such cipher. */
const char *virtual_piv_crypto_name(enum virtual_piv_management cipher);
/* 0 when there is none of this name. */
enum virtual_piv_management virtual_piv_crypto_find(const char *name);
/* One block with a key of the cipher's length. */
void virtual_piv_crypto_encrypt(enum virtual_piv_management cipher, const uint8_t *key,
                                const uint8_t *in, uint8_t *out);

/* The algorithm id of a kind, and back: 0 and VIRTUAL_PAIR_NONE for what PIV does not know here. */
uint8_t virtual_piv_crypto_algorithm(enum virtual_pair_kind kind);
enum virtual_pair_kind virtual_piv_crypto_kind(uint8_t algorithm);
/* Bytes of a coordinate and of a digest to be signed, or of the modulus. */
size_t virtual_piv_crypto_pair_bytes(enum virtual_pair_kind kind);
/* The public key's fields: 86 point, or 81 modulus and 82 exponent. Source: SP 800-73-4 Part 2,
 * 3.3.2. Each of these returns false when OpenSSL refuses; out then holds part of it. */
bool virtual_piv_crypto_public_key(const struct virtual_pair *pair, struct buf *out);
/* P-256, P-384 and SM2: DER SEQUENCE of r and s over the digest, of SM2 over e, as it is. */
bool virtual_piv_crypto_sign(const struct virtual_pair *pair, struct span digest, struct buf *out);
/* The X coordinate of the product with an uncompressed point; not of SM2. */
bool virtual_piv_crypto_agree(const struct virtual_pair *pair, struct span point, struct buf *out);
/* RSA: the private operation on a block as long as the modulus, and smaller. */
bool virtual_piv_crypto_rsa(const struct virtual_pair *pair, struct span block, struct buf *out);
