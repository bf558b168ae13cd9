#include "token/virtual/virtual_issuer.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "authority.h"
#include "base/file.h"
#include "bench.h"

static const struct virtual_subject subject = {"阳光建设工程有限公司", "张三", 1700000000,
                                               1790000000};

static X509 *issue(const char *cert_path, const char *key_path, enum virtual_pair_kind kind,
                   enum virtual_usage usage, EVP_PKEY **out_issuer_key)
{
    struct err err = ERR_INIT;
    AUTO(virtual_issuer_freep) struct virtual_issuer *issuer = NULL;
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(bytes_freep) struct bytes *pem = NULL;
    assert_int_equal(virtual_issuer_open(cert_path, key_path, &issuer, &err), ERR_NONE);
    assert_int_equal(virtual_pair_generate(kind, &pair, &err), ERR_NONE);
    assert_int_equal(virtual_issuer_sign(issuer, pair, &subject, usage, &der, &err), ERR_NONE);
    const unsigned char *at = der->at;
    X509 *certificate = d2i_X509(NULL, &at, (long)der->len);
    assert_non_null(certificate);
    assert_ptr_equal(at, der->at + der->len);
    assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(certificate), virtual_pair_peek(pair)), 1);
    assert_int_equal(file_read(cert_path, 65536, &pem, &err), ERR_NONE);
    BIO *bio = BIO_new_mem_buf(pem->at, (int)pem->len);
    X509 *issuer_certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    *out_issuer_key = X509_get_pubkey(issuer_certificate);
    X509_free(issuer_certificate);
    return certificate;
}

static void check_id(X509 *certificate, EVP_PKEY *issuer_key, const char *id, int verified)
{
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(value, (const unsigned char *)id, (int)strlen(id));
    X509_set0_distinguishing_id(certificate, value);
    assert_int_equal(X509_verify(certificate, issuer_key) == 1, verified);
}

static void signs_sm2_with_the_usual_id(void **state)
{
    (void)state;
    struct authority authority;
    EVP_PKEY *issuer_key = NULL;
    authority_init(&authority);
    X509 *certificate = issue(authority.sm2_cert, authority.sm2_key, VIRTUAL_PAIR_SM2,
                              VIRTUAL_USAGE_SIGN, &issuer_key);
    assert_int_equal(X509_get_signature_nid(certificate), NID_SM2_with_SM3);
    check_id(certificate, issuer_key, "1234567812345678", 1);
    check_id(certificate, issuer_key, "", 0);
    assert_int_equal(X509_get_key_usage(certificate), KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
    X509_free(certificate);
    EVP_PKEY_free(issuer_key);
    authority_done(&authority);
}

static void writes_subject_times_and_extensions(void **state)
{
    (void)state;
    struct authority authority;
    EVP_PKEY *issuer_key = NULL;
    authority_init(&authority);
    X509 *certificate = issue(authority.rsa_cert, authority.rsa_key, VIRTUAL_PAIR_RSA,
                              VIRTUAL_USAGE_ENCRYPT, &issuer_key);
    assert_int_equal(X509_verify(certificate, issuer_key), 1);
    assert_int_equal(X509_get_signature_nid(certificate), NID_sha256WithRSAEncryption);
    assert_int_equal(X509_get_key_usage(certificate),
                     KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT | KU_KEY_AGREEMENT);
    char *name = X509_NAME_oneline(X509_get_subject_name(certificate), NULL, 0);
    assert_non_null(strstr(name, "/C=CN/O="));
    OPENSSL_free(name);
    time_t not_after = (time_t)subject.not_after_utc;
    time_t not_before = (time_t)subject.not_before_utc;
    assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(certificate), not_after), 0);
    assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notBefore(certificate), not_before), 0);
    static const int critical[] = {NID_basic_constraints, NID_key_usage};
    for (size_t i = 0; i < ARRAY_SIZE(critical); i++) {
        int at = X509_get_ext_by_NID(certificate, critical[i], -1);
        assert_true(at >= 0);
        assert_true(X509_EXTENSION_get_critical(X509_get_ext(certificate, at)));
    }
    assert_false(X509_check_ca(certificate));
    assert_non_null(X509_get0_subject_key_id(certificate));
    assert_non_null(X509_get0_authority_key_id(certificate));
    assert_int_equal(X509_get_version(certificate), X509_VERSION_3);
    X509_free(certificate);
    EVP_PKEY_free(issuer_key);
    authority_done(&authority);
}

static void refuses_files_that_do_not_fit(void **state)
{
    (void)state;
    struct authority authority;
    struct err err = ERR_INIT;
    struct virtual_issuer *issuer = NULL;
    authority_init(&authority);
    assert_int_equal(virtual_issuer_open(authority.sm2_cert, authority.rsa_key, &issuer, &err),
                     ERR_CERT_PUBLIC_KEY);
    assert_int_equal(virtual_issuer_open(authority.state, authority.rsa_key, &issuer, &err),
                     ERR_FILE_MISSING);
    assert_int_equal(virtual_issuer_open(authority.rsa_key, authority.rsa_key, &issuer, &err),
                     ERR_DER);
    assert_int_equal(virtual_issuer_open(authority.rsa_cert, authority.rsa_cert, &issuer, &err),
                     ERR_DER);
    assert_null(issuer);
    authority_done(&authority);
}

static void refuses_names_that_x520_does_not_allow(void **state)
{
    (void)state;
    struct authority authority;
    struct err err = ERR_INIT;
    AUTO(virtual_issuer_freep) struct virtual_issuer *issuer = NULL;
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    struct bytes *der = NULL;
    struct virtual_subject long_name = subject;
    long_name.holder = "12345678901234567890123456789012345678901234567890123456789012345";
    authority_init(&authority);
    assert_int_equal(virtual_issuer_open(authority.sm2_cert, authority.sm2_key, &issuer, &err),
                     ERR_NONE);
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_SM2, &pair, &err), ERR_NONE);
    assert_int_equal(virtual_issuer_sign(issuer, pair, &long_name, VIRTUAL_USAGE_SIGN, &der, &err),
                     ERR_FIELD_VALUE);
    long_name.holder++;
    assert_int_equal(virtual_issuer_sign(issuer, pair, &long_name, VIRTUAL_USAGE_SIGN, &der, &err),
                     ERR_NONE);
    bytes_free(der);
    authority_done(&authority);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_sm2_with_the_usual_id),
        cmocka_unit_test(writes_subject_times_and_extensions),
        cmocka_unit_test(refuses_files_that_do_not_fit),
        cmocka_unit_test(refuses_names_that_x520_does_not_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
