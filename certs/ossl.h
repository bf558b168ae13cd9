/* OpenSSL for this folder: a library context of our own, errors, and locals that release themselves.
 *
 * The context holds the default provider and the "tok" provider (certs/token_key.h), and it reads no
 * configuration file. It is made at the first use, so that start-up does not pay for it. Thread-safe. */
#pragma once

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/err.h"

OSSL_LIB_CTX *ossl_context(void);
/* Sets code with OpenSSL's last reason as detail, and empties its queue: what stays there would be taken
 * for a TLS failure by the thread's next SSL_get_error. Returns code. */
enum err_code ossl_failed(struct err *err, enum err_code code, const char *doing);

void ossl_bio_freep(BIO **bio);
void ossl_bn_freep(BIGNUM **number);
void ossl_bn_clear_freep(BIGNUM **number);
void ossl_cipher_ctx_freep(EVP_CIPHER_CTX **ctx);
void ossl_cipher_freep(EVP_CIPHER **cipher);
void ossl_md_ctx_freep(EVP_MD_CTX **ctx);
void ossl_md_freep(EVP_MD **md);
void ossl_name_freep(X509_NAME **name);
void ossl_pkey_ctx_freep(EVP_PKEY_CTX **ctx);
void ossl_pkey_freep(EVP_PKEY **key);
void ossl_req_freep(X509_REQ **req);
void ossl_store_ctx_freep(X509_STORE_CTX **ctx);
void ossl_time_freep(ASN1_TIME **time);
void ossl_x509_freep(X509 **x509);
