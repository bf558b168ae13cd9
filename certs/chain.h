/* Trusted roots, and building a path from a certificate to one of them. Pure. */
#pragma once

#include "certs/cert.h"

#define CHAIN_ROOTS_MAX 64
#define CHAIN_INTERMEDIATES_MAX 8

struct chain_roots;

/* PEM with one or more self-signed CA certificates (SM2 or RSA). ERR_DER when one is broken,
 * ERR_CERT_USAGE when one is no CA, ERR_CONFIG when there is none. */
MUST_CHECK enum err_code chain_roots_from_pem(struct span pem, struct chain_roots **out,
                                              struct err *err);
void chain_roots_free(struct chain_roots *roots);
void chain_roots_freep(struct chain_roots **roots);

/* Checks that cert chains to a root through the given CA certificates, that every signature is right
 * (SM2 with the default identifier), every CA is one (basic constraints, path length, key usage), and
 * all are valid at now_utc. ERR_CERT_UNTRUSTED, ERR_CERT_TIME, ERR_CERT_USAGE.
 * Source: RFC 5280 6.1; GM/T 0015. */
MUST_CHECK enum err_code chain_check(const struct cert *cert, const struct span *intermediates,
                                     size_t count, const struct chain_roots *roots, int64_t now_utc,
                                     struct err *err);
