/* Digests of certificates in a seal's list. */
#pragma once

#include "base/span.h"

/* What a seal maker of ours writes. */
#define SEAL_DIGEST_NAME "SM3"
#define SEAL_DIGEST_BYTES 32

/* SM3, or SHA-256 where the name says so (names and OIDs, in either case). The name is "of the maker's
 * own" in the standard, so every other one stands for the standard's own digest, SM3.
 * Source: GB/T 38540-2020, CertDigestObj. */
void seal_digest(const char *name, struct span bytes, uint8_t out[SEAL_DIGEST_BYTES]);
