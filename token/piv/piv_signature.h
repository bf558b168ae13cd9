/* The forms of what is signed and of signatures. */
#pragma once

#include "token/piv/piv.h"

#define PIV_SIGNATURE_BYTES_MAX 256 /* RSA-2048; also of what is given to it */

/* What the card gets to sign: a digest as it is, a DigestInfo padded to the modulus. ERR_FIELD_VALUE for
 * a digest of another length than the algorithm's. Source: SP 800-73-4 Part 2 A.3, RFC 8017 9.2. */
MUST_CHECK enum err_code piv_signature_input(enum token_algorithm algorithm, struct span input,
                                             struct buf *out, struct err *err);
/* The card's answer as token_sign gives it: RSA's as it is; of curves SEQUENCE {r, s} as r || s.
 * ERR_TOKEN_ANSWER when it is none. */
MUST_CHECK enum err_code piv_signature_output(enum token_algorithm algorithm, struct span answer,
                                              struct bytes **out, struct err *err);
