#include "tests/unit/certs/loopback_fixture.h"

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
/* needs the three above */
#include <cmocka.h>

#include "certs/ossl.h"

#define DAY 86400

static const char *or_else(const char *wish, const char *usual)
{
    return wish != NULL ? wish : usual;
}

static void set_name(X509_NAME *name, const char *text)
{
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)text, -1, -1, 0), 1);
}

static void add_extension(X509 *x509, int nid, const char *value)
{
    X509V3_CTX context;
    if (*value == '\0')
        return;
    X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void add_extensions(X509 *x509, const struct loopback_wish *wish)
{
    add_extension(x509, NID_basic_constraints,
                  or_else(wish->basic_constraints, "critical,CA:FALSE"));
    add_extension(x509, NID_key_usage, or_else(wish->key_usage, "critical,digitalSignature"));
    add_extension(x509, NID_ext_key_usage, or_else(wish->extended_key_usage, "serverAuth"));
    add_extension(x509, NID_subject_alt_name,
                  or_else(wish->names, "DNS:localhost,IP:127.0.0.1,IP:::1"));
    add_extension(x509, NID_subject_key_identifier, "hash");
    add_extension(x509, NID_name_constraints, or_else(wish->name_constraints, ""));
}

static struct bytes *der_of(X509 *x509)
{
    int length = i2d_X509(x509, NULL);
    assert_true(length > 0);
    struct bytes *der = bytes_new_size((size_t)length);
    uint8_t *at = der->at;
    assert_int_equal(i2d_X509(x509, &at), length);
    return der;
}

struct bytes *loopback_fixture(const struct loopback_wish *wish)
{
    time_t from = time(NULL) - DAY;
    int64_t seconds = wish->valid_seconds != 0 ? wish->valid_seconds : 397 * DAY;
    const char *curve = or_else(wish->curve, "P-256");
    AUTO(ossl_pkey_freep) EVP_PKEY *key = EVP_EC_gen(curve);
    AUTO(ossl_pkey_freep) EVP_PKEY *other = EVP_EC_gen(curve);
    AUTO(ossl_x509_freep) X509 *x509 = X509_new();
    assert_non_null(key);
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), 4711), 1);
    set_name(X509_get_subject_name(x509), "ukeyd on this computer 01020304");
    set_name(X509_get_issuer_name(x509), or_else(wish->issuer, "ukeyd on this computer 01020304"));
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x509), from));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x509), from + (time_t)seconds));
    assert_int_equal(X509_set_pubkey(x509, key), 1);
    add_extensions(x509, wish);
    const EVP_MD *digest = EVP_get_digestbyname(or_else(wish->digest, "SHA256"));
    assert_true(X509_sign(x509, wish->signed_by_another ? other : key, digest) > 0);
    return der_of(x509);
}
