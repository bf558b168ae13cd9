#include "http/http_identity.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/hex.h"

#define SECONDS_PER_DAY 86400
/* For clocks that are put right after the certificate was made. */
#define BACKDATED_SECONDS 3600
/* Source: CA/Browser Forum baseline requirements ask for 64 random bits; we take 127. */
#define SERIAL_BYTES 16
#define NAME_NUMBER_BYTES 4
#define NAMES "DNS:localhost,IP:127.0.0.1,IP:::1"

static void key_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void cert_freep(X509 **cert)
{
    X509_free(*cert);
}

static void bio_freep(BIO **bio)
{
    BIO_free(*bio);
}

static void number_freep(BIGNUM **number)
{
    BN_free(*number);
}

static enum err_code failed(struct err *err, enum err_code code, const char *doing)
{
    unsigned long cause = ERR_get_error();
    ERR_clear_error();
    return err_set_foreign(err, code, (long)cause, "%s", doing);
}

/* Positive, and always of the same length. */
static bool set_serial(X509 *cert)
{
    uint8_t bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return false;
    bytes[0] = (bytes[0] & 0x7F) | 0x40;
    AUTO(number_freep) BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    return number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
}

/* No two are called alike: certificate databases order by subject. */
static bool set_name(X509 *cert)
{
    X509_NAME *name = X509_get_subject_name(cert);
    AUTO(memory_freep) char *number = hex_random(NAME_NUMBER_BYTES);
    AUTO(memory_freep) char *text = memory_printf(HTTP_IDENTITY_NAME " %s", number);
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)text, -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(cert, name) == 1;
}

static bool set_validity(X509 *cert, int64_t now_utc)
{
    int64_t from = now_utc - BACKDATED_SECONDS;
    return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)from) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(cert),
                         (time_t)(from + HTTP_IDENTITY_DAYS * (int64_t)SECONDS_PER_DAY)) != NULL;
}

static bool add_extensions(X509 *cert)
{
    static const struct {
        int nid;
        const char *value;
    } extensions[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_alt_name, NAMES},
        {NID_subject_key_identifier, "hash"},
    };
    X509V3_CTX context;
    X509V3_set_ctx(&context, cert, cert, NULL, NULL, 0);
    for (size_t i = 0; i < ARRAY_SIZE(extensions); i++) {
        X509_EXTENSION *extension =
            X509V3_EXT_conf_nid(NULL, &context, extensions[i].nid, extensions[i].value);
        bool added = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
        X509_EXTENSION_free(extension);
        if (!added)
            return false;
    }
    return true;
}

static X509 *make_cert(EVP_PKEY *key, int64_t now_utc)
{
    AUTO(cert_freep) X509 *cert = X509_new();
    if (cert == NULL || X509_set_version(cert, X509_VERSION_3) != 1 || !set_serial(cert) ||
        !set_name(cert) || !set_validity(cert, now_utc) || X509_set_pubkey(cert, key) != 1 ||
        !add_extensions(cert) || X509_sign(cert, key, EVP_sha256()) == 0)
        return NULL;
    return TAKE(cert);
}

static struct bytes *cert_to_pem(X509 *cert)
{
    AUTO(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    if (bio == NULL || PEM_write_bio_X509(bio, cert) != 1)
        return NULL;
    long length = BIO_get_mem_data(bio, &text);
    return bytes_new(span_of(text, (size_t)length));
}

/* Through OpenSSL's own secure or wiped memory, into ours. */
static enum err_code key_to_pem(EVP_PKEY *key, struct secret **out, struct err *err)
{
    AUTO(secret_freep) struct secret *secret = NULL;
    AUTO(bio_freep) BIO *bio = BIO_new(BIO_s_secmem());
    char *text;
    if (bio == NULL || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
        return failed(err, ERR_CRYPTO, "write the key");
    size_t length = (size_t)BIO_get_mem_data(bio, &text);
    if (secret_new(SECRET_BYTES_MAX, &secret, err) != ERR_NONE)
        return err->code;
    if (length > secret_capacity(secret))
        return err_set(err, ERR_CRYPTO, "a key of %zu bytes", length);
    memcpy(secret_room(secret), text, length);
    secret_set_length(secret, length);
    OPENSSL_cleanse(text, length);
    *out = TAKE(secret);
    return ERR_NONE;
}

enum err_code http_identity_make(int64_t now_utc, struct bytes **out_cert_pem,
                                 struct secret **out_key_pem, struct err *err)
{
    AUTO(secret_freep) struct secret *key_pem = NULL;
    AUTO(bytes_freep) struct bytes *cert_pem = NULL;
    AUTO(key_freep) EVP_PKEY *key = EVP_EC_gen("P-256");
    if (key == NULL)
        return failed(err, ERR_CRYPTO, "make the key of the loopback identity");
    AUTO(cert_freep) X509 *cert = make_cert(key, now_utc);
    if (cert != NULL)
        cert_pem = cert_to_pem(cert);
    if (cert_pem == NULL)
        return failed(err, ERR_CRYPTO, "make the certificate of the loopback identity");
    if (key_to_pem(key, &key_pem, err) != ERR_NONE)
        return err->code;
    *out_cert_pem = TAKE(cert_pem);
    *out_key_pem = TAKE(key_pem);
    return ERR_NONE;
}

/* ---- checking ---- */

static int no_pass_phrase(char *into, int size, int writing, void *context)
{
    return -1;
}

static X509 *read_cert(struct span pem)
{
    AUTO(bio_freep) BIO *bio = pem.len > INT_MAX ? NULL : BIO_new_mem_buf(pem.at, (int)pem.len);
    return bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, no_pass_phrase, NULL);
}

static EVP_PKEY *read_key(struct span pem)
{
    AUTO(bio_freep) BIO *bio = pem.len > INT_MAX ? NULL : BIO_new_mem_buf(pem.at, (int)pem.len);
    return bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL);
}

static enum err_code check_form(X509 *cert, struct err *err)
{
    if (X509_check_ca(cert) != 0)
        return err_set(err, ERR_TLS, "the certificate may sign others");
    if (X509_get_key_usage(cert) != KU_DIGITAL_SIGNATURE ||
        X509_get_extended_key_usage(cert) != XKU_SSL_SERVER)
        return err_set(err, ERR_TLS, "the certificate's usage is not a server's");
    if (X509_check_host(cert, "localhost", 0, 0, NULL) != 1 ||
        X509_check_ip_asc(cert, "127.0.0.1", 0) != 1 || X509_check_ip_asc(cert, "::1", 0) != 1)
        return err_set(err, ERR_TLS, "the certificate is not for this computer");
    if (X509_verify(cert, X509_get0_pubkey(cert)) != 1)
        return failed(err, ERR_TLS, "the certificate is not signed by itself");
    return ERR_NONE;
}

enum err_code http_identity_check(struct span cert_pem, struct span key_pem, int64_t now_utc,
                                  int left_days, struct err *err)
{
    AUTO(cert_freep) X509 *cert = read_cert(cert_pem);
    AUTO(key_freep) EVP_PKEY *key = read_key(key_pem);
    time_t now = (time_t)now_utc;
    time_t later = now + (time_t)left_days * SECONDS_PER_DAY;
    if (cert == NULL || key == NULL || X509_check_private_key(cert, key) != 1)
        return failed(err, ERR_TLS, "the certificate and the key don't fit or can't be read");
    if (check_form(cert, err) != ERR_NONE)
        return err->code;
    if (X509_cmp_time(X509_get0_notBefore(cert), &now) >= 0)
        return err_set(err, ERR_TLS, "the certificate is not valid yet");
    if (X509_cmp_time(X509_get0_notAfter(cert), &later) <= 0)
        return err_set(err, ERR_TLS, "the certificate ends within %d days", left_days);
    return ERR_NONE;
}

enum err_code http_identity_end(struct span cert_pem, int64_t *out_utc, struct err *err)
{
    struct tm end;
    AUTO(cert_freep) X509 *cert = read_cert(cert_pem);
    if (cert == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) != 1)
        return failed(err, ERR_TLS, "the certificate can't be read");
    *out_utc = timegm(&end);
    return ERR_NONE;
}
