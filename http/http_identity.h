/* A loopback server's own identity: a self-signed certificate that can vouch for nothing but itself. */
#pragma once

#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"

#define HTTP_IDENTITY_DAYS 397
/* A P-256 key and its certificate take less than 1 KiB each. */
#define HTTP_IDENTITY_PEM_BYTES_MAX 8192

/* A certificate's common name begins so; a number of its own follows. */
#define HTTP_IDENTITY_NAME "ukeyd on this computer"

/* A fresh ECDSA P-256 key and its certificate: CA:FALSE, digitalSignature, serverAuth, for localhost,
 * 127.0.0.1 and ::1, from an hour before now_utc for HTTP_IDENTITY_DAYS. Both are PEM, the caller's.
 * ERR_CRYPTO, ERR_NO_LOCKED_MEMORY. */
MUST_CHECK enum err_code http_identity_make(int64_t now_utc, struct bytes **out_cert_pem,
                                            struct secret **out_key_pem, struct err *err);
/* Whether both can be read, belong together, are of the form that http_identity_make gives, and will be
 * valid from now_utc for at least left_days more. Fails with ERR_TLS otherwise. */
MUST_CHECK enum err_code http_identity_check(struct span cert_pem, struct span key_pem,
                                             int64_t now_utc, int left_days, struct err *err);
/* When the certificate ends, in seconds since 1970. ERR_TLS when it can't be read. */
MUST_CHECK enum err_code http_identity_end(struct span cert_pem, int64_t *out_utc, struct err *err);
