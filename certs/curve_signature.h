/* Signatures by keys on a curve in their two forms: r || s as keys give them, and the DER SEQUENCE of two
 * INTEGERs that certificates carry. */
#pragma once

#include "certs/signer.h"

/* r || s of P-384. */
#define CURVE_SIGNATURE_RAW_BYTES_MAX 96

/* raw: r || s, each as long as the curve's order (32, 48). ERR_SIGNATURE when it has another length or a number is
 * not in 1 to n - 1. Source: GM/T 0009 7.3; RFC 3279 2.2.3. */
MUST_CHECK enum err_code curve_signature_to_der(enum cert_algorithm algorithm, struct span raw,
                                                struct bytes **out, struct err *err);
/* Back; out has room for 64 or 96 bytes. */
MUST_CHECK enum err_code curve_signature_from_der(enum cert_algorithm algorithm, struct span der,
                                                  uint8_t *out, struct err *err);
