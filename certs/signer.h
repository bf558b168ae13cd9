/* A signing key that lives elsewhere (on a key), as certs sees it. */
#pragma once

#include "base/err.h"
#include "base/span.h"

/* SM2 with SM3; RSA (2048 to 4096 bits) and P-256 with SHA-256; P-384 with SHA-384. */
enum cert_algorithm { CERT_SM2, CERT_RSA, CERT_P256, CERT_P384, CERT_ALGORITHM_COUNT };

struct signer {
    enum cert_algorithm algorithm;
    struct span public_key; /* DER SubjectPublicKeyInfo, borrowed */
    /* SM2: input is e (32 bytes), the answer r || s (64 bytes). P-256 and P-384: the digest (32, 48) and
     * r || s (64, 96). RSA: input is a DigestInfo, the answer the PKCS#1 v1.5 signature. The error it sets
     * is handed on unchanged. */
    enum err_code (*sign)(void *self, struct span input, struct bytes **out, struct err *err);
    void *self;
};
