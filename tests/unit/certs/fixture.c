#include "fixture.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the four above */
#include <cmocka.h>

#include "base/hex.h"
#include "certs/cert.h"
#include "certs/curve_signature.h"
#include "certs/public_key.h"
#include "certs/sm2.h"

static enum err_code sign_on_curve(const struct fixture_key *self, struct span digest,
                                   struct bytes **out)
{
    uint8_t der[120];
    size_t length = sizeof der;
    struct err err = ERR_INIT;
    enum cert_algorithm algorithm = self->signer.algorithm;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(self->key, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, der, &length, digest.at, digest.len), 1);
    EVP_PKEY_CTX_free(ctx);
    *out = bytes_new_size(2 * public_key_coordinate_bytes(algorithm));
    return curve_signature_from_der(algorithm, span_of(der, length), (*out)->at, &err);
}

static enum err_code sign_rsa(EVP_PKEY *key, struct span info, struct bytes **out)
{
    size_t length = 512;
    struct bytes *signature = bytes_new_size(length);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1);
    assert_int_equal(EVP_PKEY_sign(ctx, signature->at, &length, info.at, info.len), 1);
    EVP_PKEY_CTX_free(ctx);
    *out = bytes_new(span_of(signature->at, length));
    bytes_free(signature);
    return ERR_NONE;
}

static enum err_code sign(void *self, struct span input, struct bytes **out, struct err *err)
{
    struct fixture_key *key = self;
    key->calls++;
    if (key->refuse_with != ERR_NONE)
        return err_set_foreign(err, key->refuse_with, 0x63C2, "the token said no");
    return key->signer.algorithm == CERT_RSA ? sign_rsa(key->key, input, out)
                                             : sign_on_curve(key, input, out);
}

struct fixture_key *fixture_key_from(EVP_PKEY *evp, enum cert_algorithm algorithm)
{
    struct fixture_key *key = memory_new(sizeof *key);
    uint8_t *der = NULL;
    assert_non_null(evp);
    int length = i2d_PUBKEY(evp, &der);
    assert_true(length > 0);
    key->key = evp;
    key->public_key = bytes_new(span_of(der, (size_t)length));
    OPENSSL_free(der);
    key->signer = (struct signer){algorithm, span_bytes(key->public_key), sign, key};
    return key;
}

struct fixture_key *fixture_key_new(enum cert_algorithm algorithm, unsigned bits)
{
    static const char *const curves[CERT_ALGORITHM_COUNT] = {
        [CERT_P256] = "P-256", [CERT_P384] = "P-384"};
    EVP_PKEY *key = algorithm == CERT_RSA   ? EVP_RSA_gen(bits)
                    : algorithm == CERT_SM2 ? EVP_PKEY_Q_keygen(NULL, NULL, "SM2")
                                            : EVP_EC_gen(curves[algorithm]);
    return fixture_key_from(key, algorithm);
}

void fixture_key_free(struct fixture_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->key);
    bytes_free(key->public_key);
    free(key);
}

void fixture_key_freep(struct fixture_key **key)
{
    fixture_key_free(*key);
    *key = NULL;
}

static void add_text(X509_NAME *name, int nid, const char *text)
{
    if (text != NULL)
        assert_int_equal(X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
                                                    (const unsigned char *)text, -1, -1, 0),
                         1);
}

static X509_NAME *make_name(const char *organisation, const char *common_name)
{
    X509_NAME *name = X509_NAME_new();
    add_text(name, NID_countryName, "CN");
    add_text(name, NID_organizationName, organisation);
    add_text(name, NID_commonName, common_name);
    return name;
}

struct bytes *fixture_name(const char *organisation, const char *common_name)
{
    X509_NAME *name = make_name(organisation, common_name);
    uint8_t *der = NULL;
    int length = i2d_X509_NAME(name, &der);
    assert_true(length > 0);
    struct bytes *bytes = bytes_new(span_of(der, (size_t)length));
    OPENSSL_free(der);
    X509_NAME_free(name);
    return bytes;
}

static void add_extension(X509 *x509, const char *name, const char *value)
{
    if (value == NULL)
        return;
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, NULL, x509, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&ctx);
    X509_EXTENSION *extension = X509V3_EXT_nconf(NULL, &ctx, name, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(x509, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static void set_names(X509 *x509, const struct fixture_cert *wish)
{
    X509_NAME *subject = make_name(wish->organisation, wish->common_name);
    assert_int_equal(X509_set_subject_name(x509, subject), 1);
    if (wish->issuer_key == NULL) {
        assert_int_equal(X509_set_issuer_name(x509, subject), 1);
    } else {
        const uint8_t *at = wish->issuer.at;
        X509 *issuer = d2i_X509(NULL, &at, (long)wish->issuer.len);
        assert_non_null(issuer);
        assert_int_equal(X509_set_issuer_name(x509, X509_get_subject_name(issuer)), 1);
        X509_free(issuer);
    }
    X509_NAME_free(subject);
}

static void sign_cert(X509 *x509, const struct fixture_cert *wish)
{
    const struct fixture_key *key = wish->issuer_key != NULL ? wish->issuer_key : wish->key;
    bool sm2 = key->signer.algorithm == CERT_SM2;
    const char *digest =
        wish->digest != NULL ? wish->digest : public_key_digest(key->signer.algorithm);
    const char *id = wish->sm2_id != NULL ? wish->sm2_id : SM2_DEFAULT_ID;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx;
    assert_int_equal(
        EVP_DigestSignInit(ctx, &key_ctx, EVP_get_digestbyname(digest), NULL, key->key), 1);
    if (sm2)
        assert_int_equal(EVP_PKEY_CTX_set1_id(key_ctx, id, (int)strlen(id)), 1);
    assert_true(X509_sign_ctx(x509, ctx) > 0);
    EVP_MD_CTX_free(ctx);
}

struct bytes *fixture_cert(const struct fixture_cert *wish)
{
    static long serial = 0x1000;
    int64_t before =
        wish->not_before_utc != 0 ? wish->not_before_utc : FIXTURE_NOW - 30 * FIXTURE_DAY;
    int64_t after = wish->not_after_utc != 0 ? wish->not_after_utc : FIXTURE_NOW + 30 * FIXTURE_DAY;
    X509 *x509 = X509_new();
    assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial), 1);
    assert_non_null(ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)before));
    assert_non_null(ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)after));
    set_names(x509, wish);
    assert_int_equal(X509_set_pubkey(x509, wish->key->key), 1);
    add_extension(x509, "basicConstraints", wish->basic_constraints);
    add_extension(x509, "keyUsage", wish->key_usage);
    if (wish->extra_oid != NULL)
        add_extension(x509, wish->extra_oid, wish->extra_value);
    sign_cert(x509, wish);
    uint8_t *der = NULL;
    int length = i2d_X509(x509, &der);
    assert_true(length > 0);
    struct bytes *bytes = bytes_new(span_of(der, (size_t)length));
    OPENSSL_free(der);
    X509_free(x509);
    return bytes;
}

struct bytes *fixture_ca(const char *name, const struct fixture_key *key,
                         const struct fixture_key *issuer_key, struct span issuer)
{
    return fixture_cert(&(struct fixture_cert){
        .organisation = "测试机构",
        .common_name = name,
        .key = key,
        .issuer_key = issuer_key,
        .issuer = issuer,
        .basic_constraints = "critical,CA:TRUE",
        .key_usage = "critical,keyCertSign,cRLSign",
    });
}

struct bytes *fixture_end(const char *name, const struct fixture_key *key,
                          const struct fixture_key *issuer_key, struct span issuer)
{
    return fixture_cert(&(struct fixture_cert){
        .organisation = "阳光建设有限公司",
        .common_name = name,
        .key = key,
        .issuer_key = issuer_key,
        .issuer = issuer,
        .key_usage = "critical,digitalSignature,nonRepudiation",
    });
}

struct cert *fixture_parse(struct span der)
{
    struct err err = ERR_INIT;
    struct cert *cert = NULL;
    if (cert_parse(der, &cert, &err) != ERR_NONE)
        fail_msg("%s: %s", err_code_text(err.code), err.detail);
    return cert;
}

char *fixture_pem(const struct span *ders, size_t count)
{
    char *all = memory_text("");
    for (size_t i = 0; i < count; i++) {
        struct cert *cert = fixture_parse(ders[i]);
        char *pem = cert_pem(cert);
        char *longer = memory_printf("%s%s", all, pem);
        free(pem);
        free(all);
        cert_free(cert);
        all = longer;
    }
    return all;
}

struct bytes *fixture_hex(const char *hex)
{
    struct bytes *bytes = hex_decode(hex);
    assert_non_null(bytes);
    return bytes;
}

int fixture_no_errors_left(void **state)
{
    unsigned long left = ERR_peek_error();
    (void)state;
    if (left != 0)
        print_error("left in OpenSSL's queue: %s\n", ERR_error_string(left, NULL));
    ERR_clear_error();
    return left == 0 ? 0 : -1;
}
