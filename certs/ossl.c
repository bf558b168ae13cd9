#include "certs/ossl.h"

#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "certs/token_key.h"

static OSSL_LIB_CTX *context;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Without the default provider loaded by name, loading another one would switch it off. The default
 * property keeps the token's algorithms from serving keys that are not on a token. */
static void make_context(void)
{
    context = OSSL_LIB_CTX_new();
    if (context == NULL || OSSL_PROVIDER_load(context, "default") == NULL ||
        OSSL_PROVIDER_add_builtin(context, TOKEN_KEY_PROVIDER, token_key_provider_init) != 1 ||
        OSSL_PROVIDER_load(context, TOKEN_KEY_PROVIDER) == NULL ||
        EVP_set_default_properties(context, "provider=default") != 1) {
        fputs("OpenSSL's default provider can't be loaded\n", stderr);
        abort();
    }
}

OSSL_LIB_CTX *ossl_context(void)
{
    pthread_once(&once, make_context);
    return context;
}

enum err_code ossl_failed(struct err *err, enum err_code code, const char *doing)
{
    unsigned long cause = ERR_peek_last_error();
    const char *reason = cause == 0 ? NULL : ERR_reason_error_string(cause);
    err_set(err, code, "%s: %s", doing, reason != NULL ? reason : "refused");
    ERR_clear_error();
    return code;
}

void ossl_bio_freep(BIO **bio)
{
    BIO_free(*bio);
    *bio = NULL;
}

void ossl_bn_freep(BIGNUM **number)
{
    BN_free(*number);
    *number = NULL;
}

void ossl_bn_clear_freep(BIGNUM **number)
{
    BN_clear_free(*number);
    *number = NULL;
}

void ossl_cipher_ctx_freep(EVP_CIPHER_CTX **ctx)
{
    EVP_CIPHER_CTX_free(*ctx);
    *ctx = NULL;
}

void ossl_cipher_freep(EVP_CIPHER **cipher)
{
    EVP_CIPHER_free(*cipher);
    *cipher = NULL;
}

void ossl_md_ctx_freep(EVP_MD_CTX **ctx)
{
    EVP_MD_CTX_free(*ctx);
    *ctx = NULL;
}

void ossl_md_freep(EVP_MD **md)
{
    EVP_MD_free(*md);
    *md = NULL;
}

void ossl_name_freep(X509_NAME **name)
{
    X509_NAME_free(*name);
    *name = NULL;
}

void ossl_pkey_ctx_freep(EVP_PKEY_CTX **ctx)
{
    EVP_PKEY_CTX_free(*ctx);
    *ctx = NULL;
}

void ossl_pkey_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
    *key = NULL;
}

void ossl_req_freep(X509_REQ **req)
{
    X509_REQ_free(*req);
    *req = NULL;
}

void ossl_store_ctx_freep(X509_STORE_CTX **ctx)
{
    X509_STORE_CTX_free(*ctx);
    *ctx = NULL;
}

void ossl_time_freep(ASN1_TIME **time)
{
    ASN1_TIME_free(*time);
    *time = NULL;
}

void ossl_x509_freep(X509 **x509)
{
    X509_free(*x509);
    *x509 = NULL;
}
