/* PKCS#10 certificate requests: made with a key that lives on a token, and checked by a CA. */
#pragma once

#include "certs/cert.h"

#define CSR_BYTES_MAX 4096

/* A request for subject (DER Name) and the signer's public key. Source: RFC 2986 4; GM/T 0092 (SM2). */
MUST_CHECK enum err_code csr_make(struct span subject_der, const struct signer *signer,
                                  struct bytes **out, struct err *err);

struct csr;
struct csr_facts {
    enum cert_algorithm algorithm;
    struct span public_key; /* DER SubjectPublicKeyInfo */
    struct span subject_der;
};
/* Reads it strictly and verifies its own signature. ERR_CSR, ERR_DER_TRAILING, ERR_SIGNATURE. */
MUST_CHECK enum err_code csr_parse(struct span der, struct csr **out, struct err *err);
const struct csr_facts *csr_peek(const struct csr *csr);
void csr_free(struct csr *csr);
void csr_freep(struct csr **csr);
