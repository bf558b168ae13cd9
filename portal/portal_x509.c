#include "portal/portal_x509.h"

#include <openssl/pem.h>
#include <openssl/rand.h>

#include "base/file.h"
#include "certs/ossl.h"
#include "portal/portal_secret_file.h"

/* A PEM certificate of CERT_BYTES_MAX, or a chain of a few, or an RSA-4096 key. */
#define PEM_BYTES_MAX 65536

static void extension_freep(X509_EXTENSION **extension)
{
    X509_EXTENSION_free(*extension);
}

static enum err_code set_serial(X509 *x509, struct err *err)
{
    uint8_t serial[PORTAL_X509_SERIAL_BYTES];
    if (RAND_bytes(serial, sizeof serial) != 1)
        return ossl_failed(err, ERR_CRYPTO, "draw a serial number");
    serial[0] = (serial[0] & 0x3F) | 0x40; /* positive, and never shorter */
    AUTO(ossl_bn_freep) BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    if (number == NULL || BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) == NULL)
        return ossl_failed(err, ERR_CRYPTO, "set the serial number");
    return ERR_NONE;
}

static enum err_code add_extension(X509 *x509, X509 *issuer,
                                   const struct portal_x509_extension *extension, struct err *err)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    AUTO(extension_freep)
    X509_EXTENSION *made = X509V3_EXT_conf_nid(NULL, &context, extension->nid, extension->value);
    if (made == NULL || X509_add_ext(x509, made, -1) != 1)
        return ossl_failed(err, ERR_CRYPTO, OBJ_nid2sn(extension->nid));
    return ERR_NONE;
}

enum err_code portal_x509_make(const struct portal_x509_template *template, X509 **out,
                               struct err *err)
{
    AUTO(ossl_x509_freep) X509 *x509 = X509_new();
    if (x509 == NULL || X509_set_version(x509, X509_VERSION_3) != 1)
        return ossl_failed(err, ERR_CRYPTO, "make a certificate");
    X509 *issuer = template->issuer == NULL ? x509 : template->issuer;
    if (set_serial(x509, err) != ERR_NONE)
        return err->code;
    if (X509_set_subject_name(x509, template->subject) != 1 ||
        X509_set_issuer_name(x509, X509_get_subject_name(issuer)) != 1 ||
        X509_set_pubkey(x509, template->public_key) != 1 ||
        ASN1_TIME_set(X509_getm_notBefore(x509), (time_t) template->not_before_utc) == NULL ||
        ASN1_TIME_set(X509_getm_notAfter(x509), (time_t) template->not_after_utc) == NULL)
        return ossl_failed(err, ERR_CRYPTO, "fill a certificate");
    for (size_t i = 0; i < template->extension_count; i++)
        if (add_extension(x509, issuer, &template->extensions[i], err) != ERR_NONE)
            return err->code;
    *out = TAKE(x509);
    return ERR_NONE;
}

static int add_attribute(X509_NAME *name, const char *attribute, const char *text)
{
    return X509_NAME_add_entry_by_txt(name, attribute, MBSTRING_UTF8, (const uint8_t *)text, -1, -1,
                                      0);
}

enum err_code portal_x509_name(const char *organisation, const char *common_name, X509_NAME **out,
                               struct err *err)
{
    AUTO(ossl_name_freep) X509_NAME *name = X509_NAME_new();
    if (name == NULL || add_attribute(name, "C", "CN") != 1 ||
        add_attribute(name, "O", organisation) != 1 || add_attribute(name, "CN", common_name) != 1)
        return ossl_failed(err, ERR_CRYPTO, "make a subject");
    *out = TAKE(name);
    return ERR_NONE;
}

enum err_code portal_x509_der(const X509 *x509, struct bytes **out, struct err *err)
{
    int length = i2d_X509(x509, NULL);
    if (length <= 0)
        return ossl_failed(err, ERR_CRYPTO, "encode a certificate");
    struct bytes *bytes = bytes_new_size((size_t)length);
    uint8_t *at = bytes->at;
    i2d_X509(x509, &at);
    *out = bytes;
    return ERR_NONE;
}

/* ---- PEM ---- */

static enum err_code write_memory(const char *path, BIO *bio, mode_t mode, struct err *err)
{
    char *at = NULL;
    long length = BIO_get_mem_data(bio, &at);
    return file_write_atomic(path, span_of(at, length < 0 ? 0 : (size_t)length), mode, err);
}

enum err_code portal_x509_write(const char *path, const X509 *x509, struct err *err)
{
    AUTO(ossl_bio_freep) BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio_X509(bio, x509) != 1)
        return ossl_failed(err, ERR_CRYPTO, "encode a certificate");
    return write_memory(path, bio, 0644, err);
}

enum err_code portal_x509_write_key(const char *path, const EVP_PKEY *key, struct err *err)
{
    AUTO(ossl_bio_freep) BIO *bio = BIO_new(BIO_s_secmem());
    if (bio == NULL || PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
        return ossl_failed(err, ERR_CRYPTO, "encode a key");
    return write_memory(path, bio, 0600, err);
}

static enum err_code open_pem(const char *path, struct bytes **out_bytes, BIO **out,
                              struct err *err)
{
    AUTO(bytes_freep) struct bytes *bytes = NULL;
    if (file_read(path, PEM_BYTES_MAX, &bytes, err) != ERR_NONE)
        return err->code;
    BIO *bio = BIO_new_mem_buf(bytes->at, (int)bytes->len);
    if (bio == NULL)
        return ossl_failed(err, ERR_CRYPTO, path);
    *out_bytes = TAKE(bytes);
    *out = bio;
    return ERR_NONE;
}

enum err_code portal_x509_read(const char *path, X509 **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *bytes = NULL;
    AUTO(ossl_bio_freep) BIO *bio = NULL;
    if (open_pem(path, &bytes, &bio, err) != ERR_NONE)
        return err->code;
    X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (x509 == NULL)
        return ossl_failed(err, ERR_DER, path);
    *out = x509;
    return ERR_NONE;
}

enum err_code portal_x509_read_key(const char *path, EVP_PKEY **out, struct err *err)
{
    AUTO(bytes_wipe_freep) struct bytes *bytes = NULL;
    AUTO(ossl_bio_freep) BIO *bio = NULL;
    if (portal_secret_file_check(path, err) != ERR_NONE ||
        open_pem(path, &bytes, &bio, err) != ERR_NONE)
        return err->code;
    static char no_password[] = ""; /* so that OpenSSL doesn't ask for one on the terminal */
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, no_password);
    if (key == NULL)
        return ossl_failed(err, ERR_CRYPTO, path);
    *out = key;
    return ERR_NONE;
}

static void openssl_freep(uint8_t **memory)
{
    OPENSSL_free(*memory);
}

enum err_code portal_x509_read_der(const char *path, struct bytes **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *bytes = NULL;
    AUTO(ossl_bio_freep) BIO *bio = NULL;
    if (open_pem(path, &bytes, &bio, err) != ERR_NONE)
        return err->code;
    AUTO(openssl_freep) uint8_t *der = NULL;
    long length = 0;
    if (PEM_bytes_read_bio(&der, &length, NULL, PEM_STRING_X509, bio, NULL, NULL) != 1)
        return ossl_failed(err, ERR_DER, path);
    *out = bytes_new(span_of(der, (size_t)length));
    return ERR_NONE;
}
