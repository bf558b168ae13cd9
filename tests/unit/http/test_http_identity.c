#include "http/http_identity.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define NOW 1800000000
#define DAY 86400

struct identity {
    struct bytes *cert;
    struct secret *key;
};

static void identity_done(struct identity *identity)
{
    bytes_freep(&identity->cert);
    secret_freep(&identity->key);
}

static struct identity make(void)
{
    struct err err = ERR_INIT;
    struct identity identity = {0};
    assert_int_equal(http_identity_make(NOW, &identity.cert, &identity.key, &err), ERR_NONE);
    return identity;
}

static X509 *parse(const struct identity *identity)
{
    BIO *bio = BIO_new_mem_buf(identity->cert->at, (int)identity->cert->len);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(cert);
    return cert;
}

static enum err_code check(struct span cert, struct span key, int64_t now, int days)
{
    struct err err = ERR_INIT;
    return http_identity_check(cert, key, now, days, &err);
}

static void test_makes_a_leaf_for_this_computer(void **state)
{
    AUTO(identity_done) struct identity identity = make();
    X509 *cert = parse(&identity);
    int critical = 0;
    assert_int_equal(X509_check_ca(cert), 0);
    assert_int_equal(X509_get_key_usage(cert), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(cert), XKU_SSL_SERVER);
    BASIC_CONSTRAINTS *constraints = X509_get_ext_d2i(cert, NID_basic_constraints, &critical, NULL);
    assert_non_null(constraints);
    assert_int_equal(critical, 1);
    assert_int_equal(constraints->ca, 0);
    BASIC_CONSTRAINTS_free(constraints);
    ASN1_BIT_STRING_free(X509_get_ext_d2i(cert, NID_key_usage, &critical, NULL));
    assert_int_equal(critical, 1);
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(names), 3);
    GENERAL_NAMES_free(names);
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(cert)), 256);
    assert_int_equal(X509_get0_serialNumber(cert)->length, 16);
    X509_free(cert);
}

static void test_differs_every_time(void **state)
{
    AUTO(identity_done) struct identity one = make();
    AUTO(identity_done) struct identity two = make();
    X509 *cert_one = parse(&one);
    X509 *cert_two = parse(&two);
    assert_int_not_equal(
        ASN1_INTEGER_cmp(X509_get0_serialNumber(cert_one), X509_get0_serialNumber(cert_two)), 0);
    assert_int_not_equal(EVP_PKEY_eq(X509_get0_pubkey(cert_one), X509_get0_pubkey(cert_two)), 1);
    X509_free(cert_one);
    X509_free(cert_two);
}

static void test_tells_good_from_old(void **state)
{
    static const struct {
        int64_t now;
        int days;
        enum err_code code;
    } cases[] = {
        {NOW, 30, ERR_NONE},
        {NOW - 3599, 30, ERR_NONE},
        {NOW - 3601, 30, ERR_TLS}, /* not valid yet */
        {NOW - 3600 + (397 - 30) * (int64_t)DAY - 1, 30, ERR_NONE},
        {NOW - 3600 + (397 - 30) * (int64_t)DAY, 30, ERR_TLS},
        {NOW + 400 * (int64_t)DAY, 0, ERR_TLS},
    };
    AUTO(identity_done) struct identity identity = make();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(check(span_bytes(identity.cert), secret_peek(identity.key), cases[i].now,
                               cases[i].days),
                         cases[i].code);
}

static void test_refuses_what_does_not_fit(void **state)
{
    AUTO(identity_done) struct identity one = make();
    AUTO(identity_done) struct identity two = make();
    struct span cert = span_bytes(one.cert);
    struct span key = secret_peek(one.key);
    assert_int_equal(check(cert, secret_peek(two.key), NOW, 30), ERR_TLS);
    assert_int_equal(check(SPAN_NONE, key, NOW, 30), ERR_TLS);
    assert_int_equal(check(cert, SPAN_NONE, NOW, 30), ERR_TLS);
    assert_int_equal(check(key, cert, NOW, 30), ERR_TLS);
    for (size_t length = 0; length < cert.len - 1; length += 7)
        assert_int_equal(check(span_of(cert.at, length), key, NOW, 30), ERR_TLS);
}

static void test_no_two_are_called_alike(void **state)
{
    AUTO(identity_done) struct identity one = make();
    AUTO(identity_done) struct identity other = make();
    X509 *a = parse(&one);
    X509 *b = parse(&other);
    char name[64];
    assert_int_not_equal(X509_NAME_cmp(X509_get_subject_name(a), X509_get_subject_name(b)), 0);
    assert_true(
        X509_NAME_get_text_by_NID(X509_get_subject_name(a), NID_commonName, name, sizeof name) > 0);
    assert_int_equal(strncmp(name, HTTP_IDENTITY_NAME " ", strlen(HTTP_IDENTITY_NAME) + 1), 0);
    X509_free(a);
    X509_free(b);
}

static void test_tells_when_it_ends(void **state)
{
    struct err err = ERR_INIT;
    int64_t end = 0;
    AUTO(identity_done) struct identity identity = make();
    assert_int_equal(http_identity_end(span_bytes(identity.cert), &end, &err), ERR_NONE);
    assert_int_equal(end, NOW - 3600 + HTTP_IDENTITY_DAYS * (int64_t)DAY);
    assert_int_equal(http_identity_end(span_text("none"), &end, &err), ERR_TLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_makes_a_leaf_for_this_computer),
        cmocka_unit_test(test_differs_every_time),
        cmocka_unit_test(test_tells_good_from_old),
        cmocka_unit_test(test_refuses_what_does_not_fit),
        cmocka_unit_test(test_no_two_are_called_alike),
        cmocka_unit_test(test_tells_when_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
