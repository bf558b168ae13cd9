/* Signing through a signer in three steps: what OpenSSL's provider and a plain message share. */
#pragma once

#include "certs/ossl.h"
#include "certs/signer.h"

/* RSA of RSA_BITS_MAX. */
#define SIGNING_BYTES_MAX 512

/* A digest that the message is to be added to with EVP_DigestUpdate; of SM2 it already holds Z.
 * The caller frees it. */
MUST_CHECK enum err_code signing_start(const struct signer *signer, EVP_MD_CTX **out,
                                       struct err *err);
/* Ends the digest and asks the signer, once. The signature is as cert_verify takes it. An error of the
 * signer is handed on unchanged; ERR_SIGNATURE when its answer has no possible form. */
MUST_CHECK enum err_code signing_finish(const struct signer *signer, EVP_MD_CTX *digest,
                                        struct bytes **out, struct err *err);
