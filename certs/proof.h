/* What a key signs to prove itself to the platform: labelled, length-prefixed strings, so that no
 * signature can serve for another purpose. docs/protocol/platform.md has the layout.
 *
 * proof = u16 length || label || u16 length || job id || u16 length || challenge || u16 length || body,
 * lengths big-endian, labels ASCII. */
#pragma once

#include "base/err.h"
#include "base/span.h"

#define PROOF_REQUEST "ukeyd-proof/1/request" /* body: SHA-256 of the CSR */
#define PROOF_CONFIRMATION \
    "ukeyd-proof/1/confirmation" /* body: outcome "\n" and the 32-byte digest */
#define PROOF_SEAL "ukeyd-proof/1/seal" /* body: SHA-256 of the present seal */

/* The message to sign; ERR_FIELD_VALUE when a part is longer than 65535 bytes. */
MUST_CHECK enum err_code proof_message(const char *label, const char *job_id, struct span challenge,
                                       struct span body, struct bytes **out, struct err *err);
/* body of a confirmation. */
struct bytes *proof_confirmation_body(const char *outcome, const uint8_t digest[32]);
/* SHA-256 over u16 length || signing certificate || u16 length || encryption certificate (empty when
 * there is none): what was written. */
void proof_written_digest(struct span sign_cert, struct span encrypt_cert, uint8_t out[32]);
void proof_sha256(struct span bytes, uint8_t out[32]);
