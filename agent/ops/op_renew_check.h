/* What must hold of everything that the platform issued before a byte is written to the key. Pure. */
#pragma once

#include "agent/remote/remote.h"
#include "certs/cert.h"
#include "certs/chain.h"
#include "certs/envelope.h"

struct op_renew_expected {
    const struct remote_job *job;
    bool new_pair; /* else the present key is kept */
    const struct chain_roots *roots;
    struct span public_key; /* that the request was for: DER SubjectPublicKeyInfo */
    const struct cert *old_sign;
    const struct cert *old_encrypt; /* NULL: none */
    int64_t now_utc;
};

/* ERR_PLATFORM_ANSWER (parts missing or too many), ERR_DER*, ERR_CERT_*, ERR_ENVELOPE*; *out_not_after_utc
 * is the new end. */
MUST_CHECK enum err_code op_renew_check(const struct op_renew_expected *expected,
                                        const struct remote_issued *issued,
                                        int64_t *out_not_after_utc, struct err *err);
