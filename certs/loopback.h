/* The certificate that the agent makes for itself, and nothing else: what a user's browsers may be made to trust without being asked.
 * Pure: bytes in, verdict out. */
#pragma once

#include "base/err.h"
#include "base/span.h"

/* One of ours takes less than 600. */
#define LOOPBACK_BYTES_MAX 2048
/* Browsers take no longer one. Source: CA/Browser Forum baseline requirements 6.3.2. */
#define LOOPBACK_DAYS_MAX 398

/* Whether it can vouch for nothing but localhost, 127.0.0.1 and ::1: exactly these names, CA:FALSE, for a TLS server's
 * signatures alone, ECDSA on P-256 with SHA-256, signed by itself, at most LOOPBACK_DAYS_MAX, no extension that we don't know.
 * Whether it is valid now is not looked at. ERR_CERT_NOT_LOOPBACK. */
MUST_CHECK enum err_code loopback_check(struct span der, struct err *err);
