#include "portal/portal_ca_signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <unistd.h>

#include "certs/ossl.h"
#include "certs/public_key.h"
#include "certs/sm2.h"
#include "portal/portal_x509.h"
#include "world.h"

static X509 *unsigned_cert(EVP_PKEY *key)
{
    AUTO(ossl_name_freep) X509_NAME *name = NULL;
    X509 *x509 = NULL;
    struct err err = ERR_INIT;
    world_must(portal_x509_name("O", "CN", &name, &err), &err);
    struct portal_x509_template template = {.subject = name,
                                            .public_key = key,
                                            .not_before_utc = FIXTURE_NOW,
                                            .not_after_utc = FIXTURE_NOW + FIXTURE_DAY};
    world_must(portal_x509_make(&template, &x509, &err), &err);
    return x509;
}

/* The signature over the inner part, checked with the project's own verifier: it knows one identifier. */
static void check_signature(X509 *x509, EVP_PKEY *key, enum cert_algorithm algorithm)
{
    const ASN1_BIT_STRING *signature = NULL;
    uint8_t *inner = NULL;
    int length = i2d_re_X509_tbs(x509, &inner);
    struct err err = ERR_INIT;
    X509_get0_signature(&signature, NULL, x509);
    world_must(public_key_verify(key, algorithm, span_of(inner, (size_t)length),
                                 span_of(signature->data, (size_t)signature->length), &err),
               &err);
    OPENSSL_free(inner);
}

static void sign_and_check(enum cert_algorithm algorithm, int nid)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    struct err err = ERR_INIT;
    world_must(ca_signer_generate(algorithm, &key, &err), &err);
    AUTO(ossl_x509_freep) X509 *x509 = unsigned_cert(key);
    AUTO(ca_signer_freep) struct ca_signer *signer = ca_signer_from_key(key);
    world_must(signer->class->sign_certificate(signer, x509, &err), &err);
    assert_int_equal(X509_get_signature_nid(x509), nid);
    check_signature(x509, key, algorithm);
    assert_true(signer->class->fits(signer, x509));
}

static void sm2_signs_with_sm3_and_the_default_identifier(void **state)
{
    sign_and_check(CERT_SM2, NID_SM2_with_SM3);
}

static void rsa_signs_with_sha256(void **state)
{
    sign_and_check(CERT_RSA, NID_sha256WithRSAEncryption);
    sign_and_check(CERT_P256, NID_ecdsa_with_SHA256);
}

static void a_key_from_a_file_signs_the_same(void **state)
{
    char path[] = "/tmp/ukey-portal-signer-XXXXXX";
    close(mkstemp(path));
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    AUTO(ossl_pkey_freep) EVP_PKEY *other = NULL;
    AUTO(ca_signer_freep) struct ca_signer *signer = NULL;
    struct err err = ERR_INIT;
    world_must(ca_signer_generate(CERT_SM2, &key, &err), &err);
    world_must(ca_signer_generate(CERT_SM2, &other, &err), &err);
    world_must(portal_x509_write_key(path, key, &err), &err);
    world_must(ca_signer_from_file(path, &signer, &err), &err);
    AUTO(ossl_x509_freep) X509 *x509 = unsigned_cert(key);
    AUTO(ossl_x509_freep) X509 *not_its = unsigned_cert(other);
    world_must(signer->class->sign_certificate(signer, x509, &err), &err);
    check_signature(x509, key, CERT_SM2);
    assert_false(signer->class->fits(signer, not_its));
    unlink(path);
    AUTO(ca_signer_freep) struct ca_signer *none = NULL;
    assert_int_equal(ca_signer_from_file(path, &none, &err), ERR_FILE_MISSING);
}

/* r || s over e, as a seal maker needs it. */
static void sm2_signs_a_digest(void **state)
{
    AUTO(fixture_key_freep) struct fixture_key *key = fixture_key_new(CERT_SM2, 0);
    AUTO(ca_signer_freep) struct ca_signer *signer = ca_signer_from_key(key->key);
    AUTO(bytes_freep) struct bytes *raw = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    struct span message = span_text("message");
    struct err err = ERR_INIT;
    uint8_t e[32];
    world_must(sm2_message_digest(span_bytes(key->public_key), message, e, &err), &err);
    world_must(signer->class->sign_digest(signer, SPAN_ARRAY(e), &raw, &err), &err);
    assert_int_equal(raw->len, 64);
    world_must(sm2_signature_to_der(span_bytes(raw), &der, &err), &err);
    world_must(public_key_verify(key->key, CERT_SM2, message, span_bytes(der), &err), &err);
}

static void rsa_signs_no_digest(void **state)
{
    AUTO(fixture_key_freep) struct fixture_key *key = fixture_key_new(CERT_RSA, 2048);
    AUTO(ca_signer_freep) struct ca_signer *signer = ca_signer_from_key(key->key);
    AUTO(bytes_freep) struct bytes *raw = NULL;
    struct err err = ERR_INIT;
    uint8_t e[32] = {0};
    assert_int_equal(signer->class->sign_digest(signer, SPAN_ARRAY(e), &raw, &err), ERR_CRYPTO);
    assert_null(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sm2_signs_with_sm3_and_the_default_identifier),
        cmocka_unit_test(rsa_signs_with_sha256),
        cmocka_unit_test(a_key_from_a_file_signs_the_same),
        cmocka_unit_test(sm2_signs_a_digest),
        cmocka_unit_test(rsa_signs_no_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
