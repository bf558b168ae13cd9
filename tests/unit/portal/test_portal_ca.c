#include "portal/portal_ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <openssl/x509v3.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "certs/chain.h"
#include "certs/ossl.h"
#include "world.h"

static struct fixture_key *sm2_key, *rsa_key, *nist_keys[2];

static int setup(void **state)
{
    sm2_key = fixture_key_new(CERT_SM2, 0);
    rsa_key = fixture_key_new(CERT_RSA, 2048);
    nist_keys[0] = fixture_key_new(CERT_P256, 0);
    nist_keys[1] = fixture_key_new(CERT_P384, 0);
    return world_setup(state);
}

static int teardown(void **state)
{
    fixture_key_freep(&sm2_key);
    fixture_key_freep(&rsa_key);
    fixture_key_freep(&nist_keys[0]);
    fixture_key_freep(&nist_keys[1]);
    return world_teardown(state);
}

static void check_chain(struct world *world, const struct cert *cert)
{
    AUTO(memory_freep) char *path = memory_printf("%s/ca/roots.pem", world->folder);
    AUTO(bytes_freep) struct bytes *pem = NULL;
    AUTO(chain_roots_freep) struct chain_roots *roots = NULL;
    struct err err = ERR_INIT;
    struct span issuing = portal_ca_issuing(world->portal->ca, cert_peek(cert)->algorithm);
    world_must(file_read(path, 65536, &pem, &err), &err);
    world_must(chain_roots_from_pem(span_bytes(pem), &roots, &err), &err);
    world_must(chain_check(cert, &issuing, 1, roots, FIXTURE_NOW, &err), &err);
}

static void check_issued(struct world *world, const struct fixture_key *key, enum cert_usage usage)
{
    AUTO(cert_freep) struct cert *cert = world_cert(world, key, usage, "张三", 30);
    const struct cert_facts *facts = cert_peek(cert);
    enum cert_algorithm authority = CERT_RSA;
    assert_int_equal(facts->usage, usage);
    assert_int_equal(facts->algorithm, key->signer.algorithm);
    assert_true(span_equal(facts->public_key, span_bytes(key->public_key)));
    assert_string_equal(facts->common_name, "张三");
    assert_true(facts->not_after_utc == FIXTURE_NOW + (int64_t)30 * FIXTURE_DAY);
    check_chain(world, cert);
    assert_true(portal_ca_issued(world->portal->ca, facts->der, &authority));
    assert_int_equal(authority, portal_ca_authority_of(key->signer.algorithm));
}

static void certificates_chain_and_say_what_they_are_for(void **state)
{
    check_issued(*state, sm2_key, CERT_USAGE_SIGN);
    check_issued(*state, sm2_key, CERT_USAGE_ENCRYPT);
    check_issued(*state, rsa_key, CERT_USAGE_SIGN);
    check_issued(*state, rsa_key, CERT_USAGE_ENCRYPT);
    for (size_t i = 0; i < ARRAY_SIZE(nist_keys); i++) {
        check_issued(*state, nist_keys[i], CERT_USAGE_SIGN);
        check_issued(*state, nist_keys[i], CERT_USAGE_ENCRYPT);
    }
}

static void extensions_are_as_the_profile_demands(void **state)
{
    AUTO(cert_freep)
    struct cert *cert = world_cert(*state, sm2_key, CERT_USAGE_ENCRYPT, "张三", 30);
    const uint8_t *at = cert_peek(cert)->der.at;
    AUTO(ossl_x509_freep) X509 *x509 = d2i_X509(NULL, &at, (long)cert_peek(cert)->der.len);
    assert_int_equal(X509_get_key_usage(x509),
                     KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT | KU_KEY_AGREEMENT);
    int usage = X509_get_ext_by_NID(x509, NID_key_usage, -1);
    int constraints = X509_get_ext_by_NID(x509, NID_basic_constraints, -1);
    assert_int_equal(X509_EXTENSION_get_critical(X509_get_ext(x509, usage)), 1);
    assert_true(constraints >= 0);
    assert_int_equal(X509_check_ca(x509), 0);
    assert_non_null(X509_get0_subject_key_id(x509));
    assert_non_null(X509_get0_authority_key_id(x509));
}

static void a_signing_certificate_signs_and_nothing_else(void **state)
{
    AUTO(cert_freep) struct cert *cert = world_cert(*state, rsa_key, CERT_USAGE_SIGN, "张三", 30);
    const uint8_t *at = cert_peek(cert)->der.at;
    AUTO(ossl_x509_freep) X509 *x509 = d2i_X509(NULL, &at, (long)cert_peek(cert)->der.len);
    assert_int_equal(X509_get_key_usage(x509), KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
}

/* Only where the key can agree on keys, and only where it is the holder's one certificate. */
static void a_single_certificate_of_a_curve_agrees_on_keys(void **state)
{
    const struct world *world = *state;
    const struct {
        const struct fixture_key *key;
        bool single, seal_maker, agrees;
    } cases[] = {
        {nist_keys[0], true, false, true},   {nist_keys[1], true, false, true},
        {nist_keys[0], false, false, false}, {nist_keys[0], true, true, false},
        {rsa_key, true, false, false},       {sm2_key, true, false, false},
    };
    AUTO(bytes_freep) struct bytes *subject = fixture_name("O", "CN");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct portal_ca_order order = {.subject_der = span_bytes(subject),
                                              .public_key = span_bytes(cases[i].key->public_key),
                                              .usage = CERT_USAGE_SIGN,
                                              .not_before_utc = FIXTURE_NOW,
                                              .not_after_utc = FIXTURE_NOW + 1,
                                              .seal_maker = cases[i].seal_maker,
                                              .single = cases[i].single};
        AUTO(bytes_freep) struct bytes *der = NULL;
        struct err err = ERR_INIT;
        world_must(portal_ca_issue(world->portal->ca, &order, &der, &err), &err);
        AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(der));
        assert_int_equal(cert_peek(cert)->usage,
                         cases[i].agrees ? CERT_USAGE_BOTH : CERT_USAGE_SIGN);
    }
}

static void authorities_have_names(void **state)
{
    (void)state;
    static const char *const names[PORTAL_CA_COUNT] = {"sm2", "rsa", "p256"};
    enum cert_algorithm authority = CERT_ALGORITHM_COUNT;
    for (size_t i = 0; i < PORTAL_CA_COUNT; i++) {
        assert_string_equal(portal_ca_authority_text((enum cert_algorithm)i), names[i]);
        assert_true(portal_ca_authority_from_text(names[i], &authority));
        assert_int_equal(authority, i);
        assert_int_equal(portal_ca_authority_of((enum cert_algorithm)i), i);
    }
    assert_int_equal(portal_ca_authority_of(CERT_P384), CERT_P256);
    assert_false(portal_ca_authority_from_text("p384", &authority));
    assert_false(portal_ca_authority_from_text("rsa2048", &authority));
}

static void nothing_outlives_its_issuer(void **state)
{
    struct world *world = *state;
    AUTO(bytes_freep) struct bytes *subject = fixture_name("O", "CN");
    AUTO(cert_freep)
    struct cert *issuing = fixture_parse(portal_ca_issuing(world->portal->ca, CERT_SM2));
    int64_t end = cert_peek(issuing)->not_after_utc;
    for (int64_t after = end - 1; after <= end + 1; after++) {
        AUTO(bytes_freep) struct bytes *der = NULL;
        struct err err = ERR_INIT;
        struct portal_ca_order order = {span_bytes(subject), span_bytes(sm2_key->public_key),
                                        CERT_USAGE_SIGN, FIXTURE_NOW, after};
        enum err_code code = portal_ca_issue(world->portal->ca, &order, &der, &err);
        assert_int_equal(code, after > end ? ERR_CONFIG : ERR_NONE);
    }
}

static void broken_orders_are_refused(void **state)
{
    struct world *world = *state;
    AUTO(bytes_freep) struct bytes *subject = fixture_name("O", "CN");
    const uint8_t junk[] = {0x30, 0x03, 0x02, 0x01, 0x05};
    struct portal_ca_order bad_key = {span_bytes(subject), SPAN_ARRAY(junk), CERT_USAGE_SIGN,
                                      FIXTURE_NOW, FIXTURE_NOW + 1};
    struct portal_ca_order bad_subject = {SPAN_ARRAY(junk), span_bytes(sm2_key->public_key),
                                          CERT_USAGE_SIGN, FIXTURE_NOW, FIXTURE_NOW + 1};
    struct bytes *der = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(portal_ca_issue(world->portal->ca, &bad_key, &der, &err), ERR_CERT_ALGORITHM);
    assert_int_equal(portal_ca_issue(world->portal->ca, &bad_subject, &der, &err), ERR_CRYPTO);
    assert_null(der);
}

static void another_portals_certificate_is_not_ours(void **state)
{
    struct world *world = *state;
    void *other = NULL;
    assert_int_equal(world_setup(&other), 0);
    AUTO(cert_freep) struct cert *cert = world_cert(other, sm2_key, CERT_USAGE_SIGN, "张三", 30);
    enum cert_algorithm authority;
    assert_false(portal_ca_issued(world->portal->ca, cert_peek(cert)->der, &authority));
    assert_false(portal_ca_issued(world->portal->ca, SPAN_NONE, &authority));
    world_teardown(&other);
}

static void a_key_of_another_ca_is_found_at_opening(void **state)
{
    void *other_state = NULL;
    assert_int_equal(world_setup(&other_state), 0);
    struct world *other = other_state;
    AUTO(memory_freep) char *key = memory_printf("%s/ca/sm2-issuing.key", other->folder);
    AUTO(memory_freep) char *root_key = memory_printf("%s/ca/sm2-root.key", other->folder);
    AUTO(portal_ca_freep) struct portal_ca *ca = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(rename(root_key, key), 0);
    assert_int_equal(portal_ca_open(other->folder, &ca, &err), ERR_CONFIG);
    assert_int_equal(unlink(key), 0);
    assert_int_equal(portal_ca_open(other->folder, &ca, &err), ERR_FILE_MISSING);
    assert_null(ca);
    world_teardown(&other_state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_chain_and_say_what_they_are_for),
        cmocka_unit_test(extensions_are_as_the_profile_demands),
        cmocka_unit_test(a_signing_certificate_signs_and_nothing_else),
        cmocka_unit_test(a_single_certificate_of_a_curve_agrees_on_keys),
        cmocka_unit_test(authorities_have_names),
        cmocka_unit_test(nothing_outlives_its_issuer),
        cmocka_unit_test(broken_orders_are_refused),
        cmocka_unit_test(another_portals_certificate_is_not_ours),
        cmocka_unit_test(a_key_of_another_ca_is_found_at_opening),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
