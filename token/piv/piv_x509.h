/* What the driver must know of certificates: whose public key is in one, and the placeholder that keeps a
 * new key's place and public key until its certificate comes. Nothing is verified here. */
#pragma once

#include "token/piv/piv.h"

#define PIV_X509_PLACEHOLDER_BYTES_MAX 512

/* False when der is no certificate, or its key is of a kind that we don't serve.
 * Source: RFC 5280 4.1, RFC 5480 2, GB/T 35276 (SM2's curve). */
bool piv_x509_public_key(struct span der, struct token_public_key *out);
/* Whether it is an unsigned certificate. Source: RFC 9925. */
bool piv_x509_is_placeholder(struct span der);
/* Whether a certificate object, of which the end may be missing, begins as one with a placeholder of ours does. */
bool piv_x509_begins_placeholder(struct span object);
/* A certificate that is never valid and unsigned: P-256's fits into one short command. */
void piv_x509_placeholder(const struct token_public_key *key, struct buf *out);
