/* A CA's private key behind one interface: a file today, a token or an HSM behind the same table. */
#pragma once

#include <openssl/x509.h>

#include "base/err.h"
#include "base/span.h"
#include "certs/signer.h"

struct ca_signer;

struct ca_signer_class {
    /* Each sets the signature algorithm and the signature of a finished object. ERR_CRYPTO. */
    enum err_code (*sign_certificate)(struct ca_signer *signer, X509 *x509, struct err *err);
    enum err_code (*sign_crl)(struct ca_signer *signer, X509_CRL *crl, struct err *err);
    /* For a seal maker, SM2 alone: r || s (64 bytes) over e (32 bytes). ERR_CRYPTO. */
    enum err_code (*sign_digest)(struct ca_signer *signer, struct span e, struct bytes **out,
                                 struct err *err);
    /* Whether this is the key of the CA's certificate. */
    bool (*fits)(struct ca_signer *signer, X509 *ca_certificate);
    void (*free)(struct ca_signer *signer);
};

/* First member of every kind of signer. */
struct ca_signer {
    const struct ca_signer_class *class;
};

void ca_signer_free(struct ca_signer *signer);
void ca_signer_freep(struct ca_signer **signer);

/* A private key in memory (a reference is taken): SM2 signs with SM3 and the identifier
 * 1234567812345678, RSA and P-256 with SHA-256. */
struct ca_signer *ca_signer_from_key(EVP_PKEY *key);
/* A PEM file. ERR_FILE_MISSING, ERR_CRYPTO. */
MUST_CHECK enum err_code ca_signer_from_file(const char *path, struct ca_signer **out,
                                             struct err *err);
/* A new pair: SM2, RSA of 3072 bits, P-256. The caller frees. ERR_CRYPTO. */
MUST_CHECK enum err_code ca_signer_generate(enum cert_algorithm algorithm, EVP_PKEY **out,
                                            struct err *err);
