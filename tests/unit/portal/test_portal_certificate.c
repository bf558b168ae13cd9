#include "portal/portal_certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <openssl/pem.h>

#include "base/clock.h"
#include "certs/ossl.h"
#include "world.h"

static enum err_code move(struct world *world, int64_t id, enum portal_certificate_status to)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct err err = ERR_INIT;
    world_must(portal_transaction_begin(&transaction, world->portal->db, &err), &err);
    enum err_code code = portal_certificate_move(world->portal, id, to, "superseded", &err);
    if (code == ERR_NONE)
        world_must(portal_transaction_commit(&transaction, &err), &err);
    return code;
}

/* A certificate of a key that has one in force, so this one can be issued only. */
static int64_t add_issued(struct world *world, const struct world_key *key)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(cert_freep)
    struct cert *cert = world_cert(world, key->sign, CERT_USAGE_SIGN, WORLD_HOLDER, 400);
    struct portal_certificate_new new = {
        .key_id = key->id, .cert = cert, .status = PORTAL_CERTIFICATE_ISSUED};
    struct err err = ERR_INIT;
    int64_t id = 0;
    world_must(portal_transaction_begin(&transaction, world->portal->db, &err), &err);
    world_must(portal_certificate_add(world->portal, &new, &id, &err), &err);
    world_must(portal_transaction_commit(&transaction, &err), &err);
    return id;
}

static int64_t active_id(struct world *world, const struct world_key *key)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    struct err err = ERR_INIT;
    int64_t id = 0;
    world_must(portal_certificate_active(world->portal, key->id, CERT_USAGE_SIGN, &cert, &id, &err),
               &err);
    return id;
}

static void every_move_is_in_the_table_or_refused(void **state)
{
    static const struct {
        enum portal_certificate_status to;
        bool from_issued, from_active, from_revoked;
    } moves[] = {
        {PORTAL_CERTIFICATE_ISSUED, false, false, false},
        {PORTAL_CERTIFICATE_ACTIVE, true, false, false},
        {PORTAL_CERTIFICATE_REVOKED, true, true, false},
    };
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(moves); i++) {
        AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
        int64_t active = active_id(world, key);
        int64_t issued = add_issued(world, key);
        enum portal_certificate_status to = moves[i].to;
        assert_int_equal(move(world, active, to) == ERR_NONE, moves[i].from_active);
        assert_int_equal(move(world, active, PORTAL_CERTIFICATE_REVOKED) == ERR_NONE,
                         to != PORTAL_CERTIFICATE_REVOKED);
        assert_int_equal(move(world, active, to), ERR_ORDER_STATE);
        assert_int_equal(move(world, issued, to) == ERR_NONE, moves[i].from_issued);
    }
}

static void one_certificate_of_a_usage_is_in_force(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    int64_t issued = add_issued(world, key);
    assert_int_equal(move(world, issued, PORTAL_CERTIFICATE_ACTIVE), ERR_RECORD_EXISTS);
    assert_int_equal(move(world, active_id(world, key), PORTAL_CERTIFICATE_REVOKED), ERR_NONE);
    assert_int_equal(move(world, issued, PORTAL_CERTIFICATE_ACTIVE), ERR_NONE);
    assert_true(active_id(world, key) == issued);
}

static void what_is_not_there_is_said_so(void **state)
{
    struct world *world = *state;
    AUTO(cert_freep) struct cert *cert = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(
        portal_certificate_active(world->portal, 99999, CERT_USAGE_SIGN, &cert, NULL, &err),
        ERR_NO_SUCH_RECORD);
    assert_int_equal(portal_certificate_load(world->portal, 99999, &cert, &err),
                     ERR_NO_SUCH_RECORD);
    assert_int_equal(move(world, 99999, PORTAL_CERTIFICATE_REVOKED), ERR_NO_SUCH_RECORD);
    assert_null(cert);
}

static void a_cas_certificate_is_no_holders(void **state)
{
    struct world *world = *state;
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(cert_freep)
    struct cert *ca = fixture_parse(portal_ca_issuing(world->portal->ca, CERT_SM2));
    struct portal_certificate_new new = {.key_id = 1, .cert = ca};
    struct err err = ERR_INIT;
    int64_t id = 0;
    world_must(portal_transaction_begin(&transaction, world->portal->db, &err), &err);
    assert_int_equal(portal_certificate_add(world->portal, &new, &id, &err), ERR_CERT_USAGE);
}

static void the_list_can_be_of_one_key(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(json_freep) struct json *one = NULL;
    AUTO(json_freep) struct json *all = NULL;
    AUTO(json_freep) struct json *none = NULL;
    struct err err = ERR_INIT;
    world_must(portal_certificate_list(world->portal, key->serial, &one, &err), &err);
    world_must(portal_certificate_list(world->portal, NULL, &all, &err), &err);
    world_must(portal_certificate_list(world->portal, "nobody's", &none, &err), &err);
    assert_int_equal(json_count(one), 2);
    assert_true(json_count(all) > 2);
    assert_int_equal(json_count(none), 0);
    const struct json *sign = json_item(one, 0);
    assert_string_equal(json_text_of(json_member(sign, "serial")), key->serial);
    assert_string_equal(json_text_of(json_member(sign, "usage")), "sign");
    assert_string_equal(json_text_of(json_member(sign, "status")), "active");
    assert_string_equal(json_text_of(json_member(sign, "authority")), "sm2");
}

static int entries(struct world *world, enum cert_algorithm authority, long *out_number)
{
    AUTO(memory_freep) char *pem = NULL;
    struct err err = ERR_INIT;
    world_must(portal_certificate_crl(world->portal, authority, &pem, &err), &err);
    AUTO(ossl_bio_freep) BIO *bio = BIO_new_mem_buf(pem, -1);
    X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
    ASN1_INTEGER *number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    int count = sk_X509_REVOKED_num(X509_CRL_get_REVOKED(crl));
    *out_number = ASN1_INTEGER_get(number);
    ASN1_INTEGER_free(number);
    X509_CRL_free(crl);
    return count < 0 ? 0 : count;
}

static void revoked_ones_stand_in_their_authoritys_list(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *sm2 = world_key_new(world, CERT_SM2, false, 20);
    AUTO(world_key_freep) struct world_key *rsa = world_key_new(world, CERT_RSA, false, 20);
    long first = 0;
    long second = 0;
    long ignored = 0;
    int sm2_before = entries(world, CERT_SM2, &first);
    int rsa_before = entries(world, CERT_RSA, &ignored);
    assert_int_equal(move(world, active_id(world, sm2), PORTAL_CERTIFICATE_REVOKED), ERR_NONE);
    assert_int_equal(entries(world, CERT_SM2, &second), sm2_before + 1);
    assert_int_equal(entries(world, CERT_RSA, &ignored), rsa_before);
    assert_int_equal(second, first + 1);
    assert_int_equal(move(world, active_id(world, rsa), PORTAL_CERTIFICATE_REVOKED), ERR_NONE);
    assert_int_equal(entries(world, CERT_RSA, &ignored), rsa_before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_move_is_in_the_table_or_refused),
        cmocka_unit_test(one_certificate_of_a_usage_is_in_force),
        cmocka_unit_test(what_is_not_there_is_said_so),
        cmocka_unit_test(a_cas_certificate_is_no_holders),
        cmocka_unit_test(the_list_can_be_of_one_key),
        cmocka_unit_test(revoked_ones_stand_in_their_authoritys_list),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
