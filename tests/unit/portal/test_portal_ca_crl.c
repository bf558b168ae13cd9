#include "portal/portal_ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "certs/ossl.h"
#include "certs/public_key.h"
#include "world.h"

static void crl_freep(X509_CRL **crl)
{
    X509_CRL_free(*crl);
}

static X509_CRL *read_pem(const char *pem)
{
    AUTO(ossl_bio_freep) BIO *bio = BIO_new_mem_buf(pem, -1);
    X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
    assert_non_null(crl);
    return crl;
}

static X509_CRL *make(struct world *world, enum cert_algorithm authority, const char *serial,
                      const char *reason)
{
    AUTO(portal_ca_crl_freep) struct portal_ca_crl *crl = NULL;
    AUTO(memory_freep) char *pem = NULL;
    struct err err = ERR_INIT;
    world_must(portal_ca_crl_new(world->portal->ca, authority, 7, &crl, &err), &err);
    if (serial != NULL)
        world_must(portal_ca_crl_add(crl, serial, FIXTURE_NOW - 60, reason, &err), &err);
    world_must(portal_ca_crl_sign(crl, &pem, &err), &err);
    return read_pem(pem);
}

/* The whole DER is SEQUENCE { tbs, algorithm, signature }; the project's verifier knows one identifier. */
static void check_signature(struct world *world, X509_CRL *crl, enum cert_algorithm algorithm)
{
    AUTO(cert_freep)
    struct cert *issuing = fixture_parse(portal_ca_issuing(world->portal->ca, algorithm));
    const ASN1_BIT_STRING *signature = NULL;
    uint8_t *tbs = NULL;
    struct err err = ERR_INIT;
    int length = i2d_re_X509_CRL_tbs(crl, &tbs);
    X509_CRL_get0_signature(crl, &signature, NULL);
    world_must(cert_verify(issuing, span_of(tbs, (size_t)length),
                           span_of(signature->data, (size_t)signature->length), &err),
               &err);
    OPENSSL_free(tbs);
}

static void both_authorities_sign_theirs(void **state)
{
    for (enum cert_algorithm algorithm = CERT_SM2; algorithm < PORTAL_CA_COUNT; algorithm++) {
        AUTO(crl_freep) X509_CRL *crl = make(*state, algorithm, "6A01", "superseded");
        check_signature(*state, crl, algorithm);
        assert_int_equal(X509_CRL_get_version(crl), X509_CRL_VERSION_2);
        assert_int_equal(ASN1_TIME_cmp_time_t(X509_CRL_get0_lastUpdate(crl), FIXTURE_NOW), 0);
        assert_int_equal(ASN1_TIME_cmp_time_t(X509_CRL_get0_nextUpdate(crl),
                                              FIXTURE_NOW + PORTAL_CA_CRL_DAYS * FIXTURE_DAY),
                         0);
    }
}

static void an_entry_has_serial_time_and_reason(void **state)
{
    AUTO(crl_freep) X509_CRL *crl = make(*state, CERT_SM2, "6A01", "superseded");
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
    assert_int_equal(sk_X509_REVOKED_num(entries), 1);
    const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, 0);
    assert_int_equal(ASN1_INTEGER_get(X509_REVOKED_get0_serialNumber(entry)), 0x6A01);
    assert_int_equal(
        ASN1_TIME_cmp_time_t(X509_REVOKED_get0_revocationDate(entry), FIXTURE_NOW - 60), 0);
    ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    assert_int_equal(ASN1_ENUMERATED_get(reason), 4);
    ASN1_ENUMERATED_free(reason);
}

static void an_unknown_reason_is_left_out(void **state)
{
    AUTO(crl_freep) X509_CRL *crl = make(*state, CERT_SM2, "01", "because");
    const X509_REVOKED *entry = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl), 0);
    assert_int_equal(X509_REVOKED_get_ext_count(entry), 0);
}

static void number_and_issuer_are_named(void **state)
{
    AUTO(crl_freep) X509_CRL *crl = make(*state, CERT_SM2, NULL, NULL);
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    assert_int_equal(ASN1_INTEGER_get(number), 7);
    assert_true(X509_CRL_get_ext_by_NID(crl, NID_authority_key_identifier, -1) >= 0);
    assert_null(X509_CRL_get_REVOKED(crl));
    ASN1_INTEGER_free(number);
}

static void a_serial_that_is_no_number_is_refused(void **state)
{
    static const char *const serials[] = {"", "xyz", "6A0G", "-5x"};
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(serials); i++) {
        AUTO(portal_ca_crl_freep) struct portal_ca_crl *crl = NULL;
        struct err err = ERR_INIT;
        world_must(portal_ca_crl_new(world->portal->ca, CERT_SM2, 1, &crl, &err), &err);
        assert_int_equal(portal_ca_crl_add(crl, serials[i], FIXTURE_NOW, "", &err), ERR_CRYPTO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_authorities_sign_theirs),
        cmocka_unit_test(an_entry_has_serial_time_and_reason),
        cmocka_unit_test(an_unknown_reason_is_left_out),
        cmocka_unit_test(number_and_issuer_are_named),
        cmocka_unit_test(a_serial_that_is_no_number_is_refused),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
