/* SM2 public keys and signatures in their several forms, and signing through a signer. */
#pragma once

#include "certs/signer.h"

/* The default distinguishing identifier. Source: GM/T 0009 10. */
#define SM2_DEFAULT_ID "1234567812345678"

/* DER SubjectPublicKeyInfo of the point (x, y); ERR_CERT_PUBLIC_KEY when it is not on the curve. */
MUST_CHECK enum err_code sm2_public_key(const uint8_t x[32], const uint8_t y[32],
                                        struct bytes **out, struct err *err);
/* The same for RSA: modulus big-endian. */
MUST_CHECK enum err_code rsa_public_key(struct span modulus, uint32_t exponent, struct bytes **out,
                                        struct err *err);
/* e = SM3(Z || message) with the default identifier. Source: GB/T 32918.2 5.5 and 6.1. */
MUST_CHECK enum err_code sm2_message_digest(struct span public_key, struct span message,
                                            uint8_t out[32], struct err *err);
/* r || s as DER SM2Signature and back. ERR_SIGNATURE. Source: GM/T 0009 7.3. */
MUST_CHECK enum err_code sm2_signature_to_der(struct span raw, struct bytes **out, struct err *err);
MUST_CHECK enum err_code sm2_signature_from_der(struct span der, uint8_t out[64], struct err *err);

/* Signs a message: digest, signer, encoding; the form that cert_verify takes. */
MUST_CHECK enum err_code signer_sign_message(const struct signer *signer, struct span message,
                                             struct bytes **out, struct err *err);
