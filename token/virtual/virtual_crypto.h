/* The symmetric half of the card: the key of a PIN, its blocks, its MAC. */
#pragma once

#include "base/span.h"
#include "token/virtual/virtual_profile.h"

#define VIRTUAL_CIPHER_BYTES 16 /* block and key of SM4 */
#define VIRTUAL_CHALLENGE_BYTES 8
#define VIRTUAL_MAC_BYTES 4

/* K of this PIN (at most 16 bytes). */
void virtual_crypto_pin_key(enum virtual_pin_hash hash, struct span pin,
                            uint8_t out[VIRTUAL_CIPHER_BYTES]);
/* SM4-ECB over whole blocks; in and out may be the same. */
void virtual_crypto_encrypt(const uint8_t key[VIRTUAL_CIPHER_BYTES], struct span in, uint8_t *out);
void virtual_crypto_decrypt(const uint8_t key[VIRTUAL_CIPHER_BYTES], struct span in, uint8_t *out);
/* SM4 CBC-MAC from IV = challenge and zeros, padded with 80 and zeros: its first four bytes. */
void virtual_crypto_mac(const uint8_t key[VIRTUAL_CIPHER_BYTES],
                        const uint8_t challenge[VIRTUAL_CHALLENGE_BYTES], struct span input,
                        bool extra_block, uint8_t out[VIRTUAL_MAC_BYTES]);
/* The value inside a decrypted block; the empty span when the block is malformed. ZEROS: the value
 * ends before the first zero, behind which there are only zeros. */
struct span virtual_crypto_unwrap(enum virtual_block block, struct span plain);
/* SM3 of Z and the message, where Z binds the signer's id. Source: GB/T 32918.2, Z and e; the curve's
 * constants are those of GB/T 32918.5. */
void virtual_crypto_sm2_digest(const uint8_t public_key[64], struct span id, struct span message,
                               uint8_t out[32]);
void virtual_crypto_random(uint8_t *out, size_t len);
bool virtual_crypto_equal(const void *a, const void *b, size_t len);
void virtual_crypto_wipe(void *at, size_t len);
