#include "portal/portal_ca_signer.h"

#include <stdlib.h>

#include "certs/ossl.h"
#include "certs/sm2.h"
#include "portal/portal_x509.h"

/* Good beyond 2030, which the CA outlives. Source: NIST SP 800-57 part 1 rev. 5, 5.6.3. */
#define RSA_CA_BITS 3072

struct key_signer {
    struct ca_signer base;
    EVP_PKEY *key;
};

/* OpenSSL's default SM2 identifier is empty: it must be set before the first byte. */
static enum err_code sign_context(const struct key_signer *signer, EVP_MD_CTX *context,
                                  struct err *err)
{
    bool sm2 = EVP_PKEY_is_a(signer->key, "SM2");
    EVP_PKEY_CTX *key_context = NULL;
    if (context == NULL ||
        EVP_DigestSignInit(context, &key_context, sm2 ? EVP_sm3() : EVP_sha256(), NULL,
                           signer->key) != 1 ||
        (sm2 && EVP_PKEY_CTX_set1_id(key_context, SM2_DEFAULT_ID, sizeof SM2_DEFAULT_ID - 1) != 1))
        return ossl_failed(err, ERR_CRYPTO, "start a CA signature");
    return ERR_NONE;
}

static enum err_code sign_certificate(struct ca_signer *base, X509 *x509, struct err *err)
{
    AUTO(ossl_md_ctx_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (sign_context((const struct key_signer *)base, context, err) != ERR_NONE)
        return err->code;
    return X509_sign_ctx(x509, context) > 0 ? ERR_NONE
                                            : ossl_failed(err, ERR_CRYPTO, "sign a certificate");
}

static enum err_code sign_crl(struct ca_signer *base, X509_CRL *crl, struct err *err)
{
    AUTO(ossl_md_ctx_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (sign_context((const struct key_signer *)base, context, err) != ERR_NONE)
        return err->code;
    return X509_CRL_sign_ctx(crl, context) > 0
               ? ERR_NONE
               : ossl_failed(err, ERR_CRYPTO, "sign a revocation list");
}

/* Two INTEGERs of at most 33 bytes in a SEQUENCE. Source: GM/T 0009 7.3. */
#define SM2_SIGNATURE_DER_BYTES_MAX 72
#define SM2_SIGNATURE_RAW_BYTES 64

static enum err_code sign_digest(struct ca_signer *base, struct span e, struct bytes **out,
                                 struct err *err)
{
    const struct key_signer *signer = (const struct key_signer *)base;
    AUTO(ossl_pkey_ctx_freep) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(signer->key, NULL);
    uint8_t der[SM2_SIGNATURE_DER_BYTES_MAX];
    size_t length = sizeof der;
    if (!EVP_PKEY_is_a(signer->key, "SM2"))
        return err_set(err, ERR_CRYPTO, "sign a digest: not an SM2 key");
    if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
        EVP_PKEY_sign(context, der, &length, e.at, e.len) != 1)
        return ossl_failed(err, ERR_CRYPTO, "sign a digest");
    AUTO(bytes_freep) struct bytes *raw = bytes_new_size(SM2_SIGNATURE_RAW_BYTES);
    if (sm2_signature_from_der(span_of(der, length), raw->at, err) != ERR_NONE)
        return err->code;
    *out = TAKE(raw);
    return ERR_NONE;
}

static bool fits(struct ca_signer *base, X509 *ca_certificate)
{
    const struct key_signer *signer = (const struct key_signer *)base;
    return X509_check_private_key(ca_certificate, signer->key) == 1;
}

static void free_signer(struct ca_signer *base)
{
    struct key_signer *signer = (struct key_signer *)base;
    EVP_PKEY_free(signer->key);
    free(signer);
}

static const struct ca_signer_class key_class = {
    .sign_certificate = sign_certificate,
    .sign_crl = sign_crl,
    .sign_digest = sign_digest,
    .fits = fits,
    .free = free_signer,
};

struct ca_signer *ca_signer_from_key(EVP_PKEY *key)
{
    struct key_signer *signer = memory_new(sizeof *signer);
    signer->base.class = &key_class;
    EVP_PKEY_up_ref(key);
    signer->key = key;
    return &signer->base;
}

enum err_code ca_signer_from_file(const char *path, struct ca_signer **out, struct err *err)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    if (portal_x509_read_key(path, &key, err) != ERR_NONE)
        return err_add(err, "open the CA's key");
    *out = ca_signer_from_key(key);
    return ERR_NONE;
}

enum err_code ca_signer_generate(enum cert_algorithm algorithm, EVP_PKEY **out, struct err *err)
{
    EVP_PKEY *key = algorithm == CERT_SM2 ? EVP_PKEY_Q_keygen(NULL, NULL, "SM2")
                    : algorithm == CERT_RSA
                        ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_CA_BITS)
                        : EVP_EC_gen("P-256");
    if (key == NULL)
        return ossl_failed(err, ERR_CRYPTO, "make a CA's key pair");
    *out = key;
    return ERR_NONE;
}

void ca_signer_free(struct ca_signer *signer)
{
    if (signer != NULL)
        signer->class->free(signer);
}

void ca_signer_freep(struct ca_signer **signer)
{
    ca_signer_free(*signer);
    *signer = NULL;
}
