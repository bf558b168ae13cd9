#include "token/virtual/virtual_issuer.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

#include "base/file.h"
#include "base/memory.h"

/* One certificate or key in PEM. */
#define PEM_BYTES_MAX (64 * 1024)
#define SERIAL_BYTES 16
/* Without it OpenSSL signs with an empty id, which nobody else does. Source: GM/T 0009-2012. */
#define SM2_ID "1234567812345678"

struct virtual_issuer {
    X509 *certificate;
    EVP_PKEY *key;
};

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static void free_certificate(X509 **certificate)
{
    X509_free(*certificate);
}

static void free_digest(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

static void free_extension(X509_EXTENSION **extension)
{
    X509_EXTENSION_free(*extension);
}

static void free_number(BIGNUM **number)
{
    BN_free(*number);
}

static enum err_code crypto_error(struct err *err, enum err_code code, const char *doing)
{
    char text[160] = "no reason given";
    unsigned long reason = ERR_peek_last_error();
    if (reason != 0)
        ERR_error_string_n(reason, text, sizeof text);
    ERR_clear_error();
    return err_set(err, code, "%s: %s", doing, text);
}

static BIO *open_text(const char *path, struct bytes **text, struct err *err)
{
    if (file_read(path, PEM_BYTES_MAX, text, err) != ERR_NONE)
        return NULL;
    BIO *bio = BIO_new_mem_buf((*text)->at, (int)(*text)->len);
    if (bio == NULL)
        crypto_error(err, ERR_CRYPTO, "read PEM");
    return bio;
}

static enum err_code read_certificate(const char *path, X509 **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *text = NULL;
    AUTO(free_bio) BIO *bio = open_text(path, &text, err);
    if (bio == NULL)
        return err->code;
    *out = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    return *out != NULL ? ERR_NONE : crypto_error(err, ERR_DER, path);
}

/* Never asks for a pass phrase. */
static int no_phrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

static enum err_code read_key(const char *path, EVP_PKEY **out, struct err *err)
{
    AUTO(virtual_pair_wipe_der) struct bytes *text = NULL;
    AUTO(free_bio) BIO *bio = open_text(path, &text, err);
    if (bio == NULL)
        return err->code;
    *out = PEM_read_bio_PrivateKey(bio, NULL, no_phrase, NULL);
    return *out != NULL ? ERR_NONE : crypto_error(err, ERR_DER, path);
}

enum err_code virtual_issuer_open(const char *certificate_path, const char *key_path,
                                  struct virtual_issuer **out, struct err *err)
{
    AUTO(virtual_issuer_freep) struct virtual_issuer *issuer = memory_new(sizeof *issuer);
    if (read_certificate(certificate_path, &issuer->certificate, err) != ERR_NONE ||
        read_key(key_path, &issuer->key, err) != ERR_NONE)
        return err->code;
    if (X509_check_private_key(issuer->certificate, issuer->key) != 1)
        return crypto_error(err, ERR_CERT_PUBLIC_KEY, "the issuer's certificate and key");
    *out = TAKE(issuer);
    return ERR_NONE;
}

void virtual_issuer_free(struct virtual_issuer *issuer)
{
    if (issuer == NULL)
        return;
    X509_free(issuer->certificate);
    EVP_PKEY_free(issuer->key);
    free(issuer);
}

void virtual_issuer_freep(struct virtual_issuer **issuer)
{
    virtual_issuer_free(*issuer);
    *issuer = NULL;
}

static bool set_serial(X509 *certificate)
{
    uint8_t serial[SERIAL_BYTES];
    if (RAND_bytes(serial, sizeof serial) != 1)
        return false;
    serial[0] = (serial[0] & 0x7F) | 0x40; /* positive, and always of the same length */
    AUTO(free_number) BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    return number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
}

static bool set_times(X509 *certificate, const struct virtual_subject *subject)
{
    return ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)subject->not_before_utc) !=
               NULL &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)subject->not_after_utc) != NULL;
}

static bool add_name(X509_NAME *name, const char *field, int type, const char *value)
{
    return X509_NAME_add_entry_by_txt(name, field, type, (const unsigned char *)value, -1, -1, 0) ==
           1;
}

static bool set_subject(X509 *certificate, const struct virtual_subject *subject)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    return add_name(name, "C", MBSTRING_ASC, "CN") &&
           add_name(name, "O", MBSTRING_UTF8, subject->organisation) &&
           add_name(name, "CN", MBSTRING_UTF8, subject->holder);
}

static const char *usage_text(enum virtual_usage usage, const struct virtual_pair *pair)
{
    switch (usage) {
    case VIRTUAL_USAGE_ENCRYPT:
        return "critical,keyEncipherment,dataEncipherment,keyAgreement";
    case VIRTUAL_USAGE_SIGN:
        return "critical,digitalSignature,nonRepudiation";
    case VIRTUAL_USAGE_BOTH:
        break;
    }
    return virtual_pair_kind(pair) == VIRTUAL_PAIR_RSA
               ? "critical,digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment"
               : "critical,digitalSignature,nonRepudiation,keyAgreement";
}

static bool add_extensions(X509 *certificate, X509 *issuer, const char *usage)
{
    const struct {
        int nid;
        const char *value;
    } wanted[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, usage},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid:always"},
    };
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        AUTO(free_extension)
        X509_EXTENSION *extension =
            X509V3_EXT_conf_nid(NULL, &context, wanted[i].nid, wanted[i].value);
        if (extension == NULL || X509_add_ext(certificate, extension, -1) != 1)
            return false;
    }
    return true;
}

static bool sign(X509 *certificate, EVP_PKEY *key)
{
    AUTO(free_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL; /* owned by context */
    bool sm2 = EVP_PKEY_is_a(key, "SM2");
    if (context == NULL ||
        EVP_DigestSignInit(context, &key_context, sm2 ? EVP_sm3() : EVP_sha256(), NULL, key) != 1)
        return false;
    if (sm2 && EVP_PKEY_CTX_set1_id(key_context, SM2_ID, sizeof SM2_ID - 1) != 1)
        return false;
    return X509_sign_ctx(certificate, context) > 0;
}

enum err_code virtual_issuer_sign(const struct virtual_issuer *issuer,
                                  const struct virtual_pair *pair,
                                  const struct virtual_subject *subject, enum virtual_usage usage,
                                  struct bytes **out, struct err *err)
{
    AUTO(free_certificate) X509 *certificate = X509_new();
    if (certificate == NULL || !set_serial(certificate) || !set_times(certificate, subject) ||
        X509_set_version(certificate, X509_VERSION_3) != 1 ||
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer->certificate)) != 1 ||
        X509_set_pubkey(certificate, virtual_pair_peek(pair)) != 1)
        return crypto_error(err, ERR_CRYPTO, "make a certificate");
    if (!set_subject(certificate, subject))
        return crypto_error(err, ERR_FIELD_VALUE, "the subject's names");
    if (!add_extensions(certificate, issuer->certificate, usage_text(usage, pair)) ||
        !sign(certificate, issuer->key))
        return crypto_error(err, ERR_CRYPTO, "sign a certificate");
    unsigned char *der = NULL;
    int length = i2d_X509(certificate, &der);
    if (length <= 0)
        return crypto_error(err, ERR_CRYPTO, "encode a certificate");
    *out = bytes_new(span_of(der, (size_t)length));
    OPENSSL_free(der);
    return ERR_NONE;
}
