/* The cryptography around a PIN: keys, cryptograms and authentication codes in the variants that
 * profiles choose from. Pure; the one place in token/ that knows OpenSSL.
 * Source: GM/T 0017-2012 (VerifyPIN, ChangePIN, UnblockPIN); README.md lists the variants. */
#pragma once

#include "base/secret.h"
#include "token/gmt0017/gmt0017_profile.h"

#define GMT0017_PIN_KEY_BYTES 16
#define GMT0017_VERIFY_BYTES 16
/* A PIN of 16 bytes, its length before it and at least one byte of padding behind it: two blocks. */
#define GMT0017_NEW_PIN_BYTES_MAX 32
#define GMT0017_MAC_BYTES 4

/* The SM4 key that a PIN stands for. */
MUST_CHECK enum err_code gmt0017_pin_key(const struct gmt0017_profile *profile,
                                         const struct secret *pin, struct secret **out,
                                         struct err *err);
/* What VerifyPIN sends: the challenge under the key. */
MUST_CHECK enum err_code gmt0017_pin_verify(const struct gmt0017_profile *profile,
                                            const struct secret *key,
                                            const uint8_t challenge[GMT0017_CHALLENGE_BYTES],
                                            uint8_t out[GMT0017_VERIFY_BYTES], struct err *err);
/* A new PIN under the key: 16 or 32 bytes. */
MUST_CHECK enum err_code gmt0017_pin_wrap(const struct gmt0017_profile *profile,
                                          const struct secret *key, const struct secret *new_pin,
                                          uint8_t out[GMT0017_NEW_PIN_BYTES_MAX], size_t *out_bytes,
                                          struct err *err);
/* The authentication code of a command with this header (CLA INS P1 P2) and these data (without the
 * code). new_pin: the one that the data carry. */
MUST_CHECK enum err_code gmt0017_pin_mac(const struct gmt0017_profile *profile,
                                         const struct secret *key,
                                         const uint8_t challenge[GMT0017_CHALLENGE_BYTES],
                                         const uint8_t header[4], struct span data,
                                         const struct secret *new_pin,
                                         uint8_t out[GMT0017_MAC_BYTES], struct err *err);
