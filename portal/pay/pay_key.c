#include "portal/pay/pay_key.h"

#include <openssl/pem.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "certs/ossl.h"
#include "portal/portal_x509.h"

#define SHA256_BYTES 32
/* Label, two lengths, and the longest message (PAY_MESSAGE_BYTES_MAX). */
#define SIGNED_BYTES_MAX 8192

struct pay_key {
    EVP_PKEY *key;
    char id[2 * SHA256_BYTES + 1];
};

static enum err_code id_of(const EVP_PKEY *key, char out[2 * SHA256_BYTES + 1], struct err *err)
{
    uint8_t digest[SHA256_BYTES];
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);
    bool done =
        length > 0 && EVP_Digest(der, (size_t)length, digest, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    if (!done)
        return ossl_failed(err, ERR_CRYPTO, "digest a public key");
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return ERR_NONE;
}

/* Takes the key over, also when it fails. */
static enum err_code wrap(EVP_PKEY *key, struct pay_key **out, struct err *err)
{
    AUTO(pay_key_freep) struct pay_key *made = memory_new(sizeof *made);
    made->key = key;
    if (!EVP_PKEY_is_a(key, "ED25519"))
        return err_set(err, ERR_CONFIG, "not an Ed25519 key");
    if (id_of(key, made->id, err) != ERR_NONE)
        return err->code;
    *out = TAKE(made);
    return ERR_NONE;
}

enum err_code pay_key_make(const char *path, struct err *err)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (key == NULL)
        return ossl_failed(err, ERR_CRYPTO, "make an Ed25519 key");
    return portal_x509_write_key(path, key, err);
}

enum err_code pay_key_read_private(const char *path, struct pay_key **out, struct err *err)
{
    EVP_PKEY *key = NULL;
    if (portal_x509_read_key(path, &key, err) != ERR_NONE || wrap(key, out, err) != ERR_NONE)
        return err_add(err, "%s", path);
    return ERR_NONE;
}

enum err_code pay_key_from_pem(struct span pem, struct pay_key **out, struct err *err)
{
    AUTO(ossl_bio_freep)
    BIO *bio = pem.len > PAY_PEM_BYTES_MAX ? NULL : BIO_new_mem_buf(pem.at, (int)pem.len);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    if (key == NULL)
        return ossl_failed(err, ERR_CONFIG, "read a public key");
    return wrap(key, out, err);
}

enum err_code pay_key_read_public(const char *path, struct pay_key **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *pem = NULL;
    if (file_read(path, PAY_PEM_BYTES_MAX, &pem, err) != ERR_NONE ||
        pay_key_from_pem(span_bytes(pem), out, err) != ERR_NONE)
        return err_add(err, "%s", path);
    return ERR_NONE;
}

void pay_key_free(struct pay_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->key);
    free(key);
}

void pay_key_freep(struct pay_key **key)
{
    pay_key_free(*key);
    *key = NULL;
}

const char *pay_key_id(const struct pay_key *key)
{
    return key->id;
}

enum err_code pay_key_public_pem(const struct pay_key *key, char **out, struct err *err)
{
    AUTO(ossl_bio_freep) BIO *bio = BIO_new(BIO_s_mem());
    char *at = NULL;
    if (bio == NULL || PEM_write_bio_PUBKEY(bio, key->key) != 1)
        return ossl_failed(err, ERR_CRYPTO, "write a public key");
    long length = BIO_get_mem_data(bio, &at);
    *out = memory_printf("%.*s", (int)length, at);
    return ERR_NONE;
}

/* ---- signatures ---- */

static enum err_code signed_bytes(const char *label, struct span message, struct buf *out,
                                  struct err *err)
{
    buf_add_u32_be(out, (uint32_t)strlen(label));
    buf_add_text(out, label);
    buf_add_u32_be(out, (uint32_t)message.len);
    buf_add(out, message);
    if (out->bad)
        return err_set(err, ERR_HTTP_TOO_LARGE, "a payment message of %zu bytes", message.len);
    return ERR_NONE;
}

enum err_code pay_key_sign(const struct pay_key *key, const char *label, struct span message,
                           uint8_t out[PAY_SIGNATURE_BYTES], struct err *err)
{
    AUTO(buf_done) struct buf input = BUF_INIT(SIGNED_BYTES_MAX);
    AUTO(ossl_md_ctx_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t length = PAY_SIGNATURE_BYTES;
    if (signed_bytes(label, message, &input, err) != ERR_NONE)
        return err->code;
    if (context == NULL || EVP_DigestSignInit(context, NULL, NULL, NULL, key->key) != 1 ||
        EVP_DigestSign(context, out, &length, input.at, input.len) != 1)
        return ossl_failed(err, ERR_CRYPTO, "sign a payment message");
    return ERR_NONE;
}

enum err_code pay_key_verify(const struct pay_key *key, const char *label, struct span message,
                             struct span signature, struct err *err)
{
    AUTO(buf_done) struct buf input = BUF_INIT(SIGNED_BYTES_MAX);
    AUTO(ossl_md_ctx_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (signed_bytes(label, message, &input, err) != ERR_NONE)
        return err->code;
    if (context == NULL || EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->key) != 1)
        return ossl_failed(err, ERR_CRYPTO, "verify a payment message");
    if (signature.len != PAY_SIGNATURE_BYTES ||
        EVP_DigestVerify(context, signature.at, signature.len, input.at, input.len) != 1)
        return ossl_failed(err, ERR_PAYMENT_SIGNATURE, "the signature is wrong");
    return ERR_NONE;
}
