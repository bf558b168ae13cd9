#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "certs/proof.h"
#include "portal/portal_seal.h"
#include "portal/portal_ticket.h"
#include "seals.h"
#include "world.h"

static void the_same_seal_ends_later_and_is_bound_to_the_new_certificate(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *der = seals_extended(world, &extension);
    AUTO(seal_freep) struct seal *present = seals_parsed(extension.present);
    AUTO(seal_freep) struct seal *next = seals_parsed(der);
    struct err err = ERR_INIT;
    world_must(seal_check_extension(present, next, &err), &err);
    assert_true(seal_binds(next, extension.key->sign_cert));
    assert_false(seal_binds(present, extension.key->sign_cert));
    assert_true(seal_peek(next)->valid_until_utc ==
                cert_peek(extension.key->sign_cert)->not_after_utc);
    seals_check_states(world, extension.key, "current,issued");
}

static void version_and_list_stay_what_they_are(void **state)
{
    static const struct {
        enum seal_version version;
        enum seal_list list;
    } cases[] = {{SEAL_V1, SEAL_LIST_CERTIFICATES},
                 {SEAL_V4, SEAL_LIST_CERTIFICATES},
                 {SEAL_V4, SEAL_LIST_DIGESTS}};
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(seals_extension_done)
        struct seals_extension extension = {.key = world_key_new(world, CERT_SM2, true, 20)};
        struct portal_seal_new wish = seals_wish_for(extension.key);
        struct err err = ERR_INIT;
        wish.version = cases[i].version;
        wish.list = cases[i].list;
        wish.type = 3;
        world_must(portal_seal_add(world->portal, &wish, &extension.present, &err), &err);
        world_renew(world, extension.key);
        extension.job = world_key_job(world, extension.key, PORTAL_KIND_EXTEND_SEAL);
        AUTO(bytes_freep) struct bytes *der = seals_extended(world, &extension);
        AUTO(seal_freep) struct seal *next = seals_parsed(der);
        assert_int_equal(seal_peek(next)->version, cases[i].version);
        assert_int_equal(seal_peek(next)->list, cases[i].list);
        assert_int_equal(seal_peek(next)->type, 3);
        assert_true(seal_binds(next, extension.key->sign_cert));
    }
}

/* What PIV tokens have: their certificates stand in the list, or their digests, and they prove themselves. */
static void holders_of_other_algorithms_have_seals_too(void **state)
{
    static const enum cert_algorithm algorithms[] = {CERT_P256, CERT_P384, CERT_RSA};
    static const enum seal_list lists[] = {SEAL_LIST_CERTIFICATES, SEAL_LIST_DIGESTS};
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(algorithms) * ARRAY_SIZE(lists); i++) {
        enum cert_algorithm algorithm = algorithms[i / ARRAY_SIZE(lists)];
        AUTO(seals_extension_done)
        struct seals_extension extension = {.key = world_piv_key_new(world, algorithm, 20)};
        struct portal_seal_new wish = seals_wish_for(extension.key);
        struct err err = ERR_INIT;
        wish.list = lists[i % ARRAY_SIZE(lists)];
        world_must(portal_seal_add(world->portal, &wish, &extension.present, &err), &err);
        world_renew(world, extension.key);
        extension.job = world_key_job(world, extension.key, PORTAL_KIND_EXTEND_SEAL);
        AUTO(fixture_key_freep) struct fixture_key *stranger = fixture_key_new(algorithm, 2048);
        assert_int_equal(seals_extend_by(world, extension.job, stranger, extension.present, NULL),
                         ERR_PROOF);
        AUTO(bytes_freep) struct bytes *der = seals_extended(world, &extension);
        AUTO(seal_freep) struct seal *next = seals_parsed(der);
        assert_true(seal_binds(next, extension.key->sign_cert));
        assert_int_equal(seals_confirm_by(world, extension.job, stranger, "written", der),
                         ERR_PROOF);
        assert_int_equal(
            seals_confirm_by(world, extension.job, extension.key->sign, "written", der), ERR_NONE);
        seals_check_states(world, extension.key, "superseded,current");
    }
}

static void repeating_it_gives_the_same_bytes_in_any_job_of_the_renewal(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *first = seals_extended(world, &extension);
    clock_set_for_test(FIXTURE_NOW + 100);
    AUTO(bytes_freep) struct bytes *again = seals_extended(world, &extension);
    assert_true(span_equal(span_bytes(first), span_bytes(again)));
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", first),
                     ERR_NONE);
    portal_job_free(extension.job);
    extension.job = world_key_job(world, extension.key, PORTAL_KIND_EXTEND_SEAL);
    AUTO(bytes_freep) struct bytes *later = seals_extended(world, &extension);
    assert_true(span_equal(span_bytes(first), span_bytes(later)));
    seals_check_states(world, extension.key, "superseded,current");
    clock_set_for_test(FIXTURE_NOW);
}

static void before_the_renewal_is_confirmed_there_is_nothing_to_extend(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(bytes_freep) struct bytes *present = seals_first(world, key);
    AUTO(portal_job_freep)
    struct portal_job *job = world_key_job(world, key, PORTAL_KIND_EXTEND_SEAL);
    assert_string_equal(job->number, "-");
    assert_int_equal(seals_extend_by(world, job, key->sign, present, NULL), ERR_RENEW_FIRST);
    seals_check_states(world, key, "current");
}

/* The key signs with its new pair already, the platform does not know. */
static void an_unconfirmed_renewal_must_be_confirmed_first(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(memory_freep) char *order = world_order(world, extension.key, true, true);
    AUTO(portal_job_freep) struct portal_job *renewal = world_job(world, extension.key, order);
    AUTO(fixture_key_freep) struct fixture_key *fresh = fixture_key_new(CERT_SM2, 0);
    AUTO(fixture_key_freep) struct fixture_key *stranger = fixture_key_new(CERT_SM2, 0);
    struct err err = ERR_INIT;
    world_must(world_request(world, renewal, extension.key, fresh, NULL, &err), &err);
    assert_int_equal(seals_extend_by(world, extension.job, fresh, extension.present, NULL),
                     ERR_RENEW_FIRST);
    assert_int_equal(seals_extend_by(world, extension.job, stranger, extension.present, NULL),
                     ERR_PROOF);
}

/* An agent whose disk was full did not note its success, and goes on with the job. */
static void a_job_gives_its_own_seal_again_when_the_key_has_it(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *der = seals_extended(world, &extension);
    AUTO(memory_freep) char *id = memory_text(extension.job->id);
    AUTO(memory_freep) char *secret = NULL;
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", der),
                     ERR_NONE);
    struct err err = ERR_INIT;
    world_must(portal_job_secret(world->portal, id, &secret, &err), &err);
    portal_job_freep(&extension.job);
    world_must(portal_job_authorise(world->portal, id, secret, &extension.job, &err), &err);
    AUTO(bytes_freep) struct bytes *again = NULL;
    assert_int_equal(seals_extend_by(world, extension.job, extension.key->sign, der, &again),
                     ERR_NONE);
    assert_true(span_equal(span_bytes(der), span_bytes(again)));
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", der),
                     ERR_NONE);
    seals_check_states(world, extension.key, "superseded,current");
}

static void an_extended_seal_is_not_extended_without_another_renewal(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *der = seals_extended(world, &extension);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", der),
                     ERR_NONE);
    AUTO(portal_job_freep)
    struct portal_job *job = world_key_job(world, extension.key, PORTAL_KIND_EXTEND_SEAL);
    assert_int_equal(seals_extend_by(world, job, extension.key->sign, der, NULL),
                     ERR_SEAL_EXTENDED);
    world_renew(world, extension.key);
    AUTO(bytes_freep) struct bytes *next = NULL;
    assert_int_equal(seals_extend_by(world, job, extension.key->sign, der, &next), ERR_NONE);
    assert_int_equal(seals_confirm_by(world, job, extension.key->sign, "written", next), ERR_NONE);
    seals_check_states(world, extension.key, "superseded,superseded,current");
}

static void only_the_keys_signing_key_proves(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(portal_job_freep)
    struct portal_job *other = world_key_job(world, extension.key, PORTAL_KIND_EXTEND_SEAL);
    assert_int_equal(
        seals_extend_by(world, extension.job, extension.key->encrypt, extension.present, NULL),
        ERR_PROOF);
    /* A proof for another job. */
    AUTO(bytes_freep)
    struct bytes *proof =
        world_seal_proof(other, extension.key->sign, span_bytes(extension.present));
    const struct portal_seal_request request = {span_bytes(extension.present), span_bytes(proof)};
    AUTO(bytes_freep) struct bytes *der = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(portal_seal_extend(world->portal, extension.job, &request, &der, &err),
                     ERR_PROOF);
    seals_check_states(world, extension.key, "current");
}

/* Also one of the same holder: the proof is by the key that asks, and says nothing about the other. */
static void a_seal_of_another_key_is_refused(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(world_key_freep) struct world_key *other = world_key_new(world, CERT_SM2, true, 20);
    AUTO(bytes_freep) struct bytes *foreign = seals_first(world, other);
    assert_int_equal(seals_extend_by(world, extension.job, extension.key->sign, foreign, NULL),
                     ERR_SEAL_UNKNOWN);
    seals_check_states(world, extension.key, "current");
    seals_check_states(world, other, "current");
}

/* The agent could not remove the old file: the next renewal's job may bring either. */
static void a_file_that_stayed_behind_gets_the_same_extension(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *second = seals_extended(world, &extension);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", second),
                     ERR_NONE);
    world_renew(world, extension.key);
    AUTO(portal_job_freep)
    struct portal_job *old_job = world_key_job(world, extension.key, PORTAL_KIND_EXTEND_SEAL);
    AUTO(portal_job_freep)
    struct portal_job *new_job = world_key_job(world, extension.key, PORTAL_KIND_EXTEND_SEAL);
    AUTO(bytes_freep) struct bytes *by_old = NULL;
    AUTO(bytes_freep) struct bytes *by_new = NULL;
    assert_int_equal(
        seals_extend_by(world, old_job, extension.key->sign, extension.present, &by_old), ERR_NONE);
    assert_int_equal(seals_extend_by(world, new_job, extension.key->sign, second, &by_new),
                     ERR_NONE);
    assert_true(span_equal(span_bytes(by_old), span_bytes(by_new)));
    seals_check_states(world, extension.key, "superseded,current,issued");
    AUTO(seal_freep) struct seal *third = seals_parsed(by_old);
    AUTO(seal_freep) struct seal *first = seals_parsed(extension.present);
    struct err err = ERR_INIT;
    world_must(seal_check_extension(first, third, &err), &err);
}

/* Whoever goes past the search above is stopped by the register itself. */
static void the_register_holds_one_of_an_identity_for_a_certificate(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *der = seals_extended(world, &extension);
    struct err err = ERR_INIT;
    assert_int_equal(
        portal_db_run(world->portal->db,
                      "INSERT INTO seal (key_id, certificate_id, predecessor_id, state, identity, "
                      "name, version, valid_until_utc, sha256, der, created_utc, changed_utc) "
                      "SELECT key_id, certificate_id, id, state, identity, name, version, "
                      "valid_until_utc, x'00', der, 0, 0 FROM seal WHERE state = 'issued' "
                      "AND key_id = ?",
                      PORTAL_VALUES(PORTAL_INTEGER(extension.key->id)), &err),
        ERR_RECORD_EXISTS);
}

/* Given, never confirmed, and yet on the key: it stands for its identity when the next renewal came. */
static void an_unconfirmed_seal_can_be_extended(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *unconfirmed = seals_extended(world, &extension);
    AUTO(bytes_freep) struct bytes *next = NULL;
    AUTO(portal_job_freep)
    struct portal_job *job = world_key_job(world, extension.key, PORTAL_KIND_EXTEND_SEAL);
    AUTO(bytes_freep) struct bytes *again = NULL;
    assert_int_equal(seals_extend_by(world, job, extension.key->sign, unconfirmed, &again),
                     ERR_NONE);
    assert_true(span_equal(span_bytes(again), span_bytes(unconfirmed)));
    portal_job_freep(&job);
    world_renew(world, extension.key);
    job = world_key_job(world, extension.key, PORTAL_KIND_EXTEND_SEAL);
    assert_int_equal(seals_extend_by(world, job, extension.key->sign, unconfirmed, &next),
                     ERR_NONE);
    assert_int_equal(seals_confirm_by(world, job, extension.key->sign, "written", next), ERR_NONE);
    seals_check_states(world, extension.key, "superseded,superseded,current");
}

/* Else the maker would put its name under whatever picture the holder brings. */
static void a_seal_that_was_not_made_here_is_refused_to_the_byte(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *forged = bytes_new(span_bytes(extension.present));
    uint8_t *picture = memmem(forged->at, forged->len, seals_png, sizeof seals_png);
    assert_non_null(picture);
    picture[9] ^= 1;
    assert_int_equal(seals_extend_by(world, extension.job, extension.key->sign, forged, NULL),
                     ERR_SEAL_UNKNOWN);
}

static void what_is_no_seal_is_refused(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *nothing = bytes_new(SPAN_NONE);
    AUTO(bytes_freep)
    struct bytes *cut = bytes_new(span_of(extension.present->at, extension.present->len - 1));
    assert_int_equal(seals_extend_by(world, extension.job, extension.key->sign, nothing, NULL),
                     ERR_SEAL_FORMAT);
    assert_int_equal(seals_extend_by(world, extension.job, extension.key->sign, cut, NULL),
                     ERR_SEAL_FORMAT);
}

static void a_job_gets_one_seal(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(bytes_freep) struct bytes *first = seals_first(world, key);
    AUTO(bytes_freep) struct bytes *second = seals_first(world, key);
    world_renew(world, key);
    AUTO(portal_job_freep)
    struct portal_job *job = world_key_job(world, key, PORTAL_KIND_EXTEND_SEAL);
    assert_int_equal(seals_extend_by(world, job, key->sign, first, NULL), ERR_NONE);
    assert_int_equal(seals_extend_by(world, job, key->sign, second, NULL), ERR_JOB_CONFLICT);
    seals_check_states(world, key, "current,current,issued");
}

static struct portal_job *job_for_seal(struct world *world, const struct world_key *key,
                                       const struct bytes *der)
{
    AUTO(seal_freep) struct seal *seal = seals_parsed(der);
    AUTO(memory_freep) char *ticket = NULL;
    struct portal_job *job = NULL;
    struct err err = ERR_INIT;
    world_must(portal_ticket_add_for_seal(world->portal, key->serial, seal_peek(seal)->id, 300,
                                          &ticket, &err),
               &err);
    world_must(portal_job_redeem(world->portal, ticket, key->serial, &job, &err), &err);
    return job;
}

static void a_job_that_names_a_seal_is_for_that_one(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(bytes_freep) struct bytes *unit = seals_first(world, key);
    AUTO(bytes_freep) struct bytes *person = seals_first(world, key);
    world_renew(world, key);
    AUTO(portal_job_freep) struct portal_job *job = job_for_seal(world, key, person);
    AUTO(bytes_freep) struct bytes *der = NULL;
    assert_int_equal(seals_extend_by(world, job, key->sign, unit, NULL), ERR_JOB_CONFLICT);
    seals_check_states(world, key, "current,current");
    assert_int_equal(seals_extend_by(world, job, key->sign, person, &der), ERR_NONE);
    assert_int_equal(seals_confirm_by(world, job, key->sign, "written", der), ERR_NONE);
    seals_check_states(world, key, "current,superseded,current");
}

static void a_job_that_is_over_or_of_another_kind_gets_none(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(memory_freep) char *order = world_order(world, extension.key, false, true);
    AUTO(portal_job_freep) struct portal_job *renewal = world_job(world, extension.key, order);
    assert_int_equal(seals_extend_by(world, renewal, extension.key->sign, extension.present, NULL),
                     ERR_TICKET_KIND);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "failed", NULL),
                     ERR_NONE);
    assert_int_equal(seals_extend(world, &extension, NULL), ERR_JOB_CONFLICT);
    AUTO(portal_job_freep)
    struct portal_job *late = world_key_job(world, extension.key, PORTAL_KIND_EXTEND_SEAL);
    clock_set_for_test(FIXTURE_NOW + PORTAL_JOB_TTL_S);
    assert_int_equal(seals_extend_by(world, late, extension.key->sign, extension.present, NULL),
                     ERR_JOB_EXPIRED);
    clock_set_for_test(FIXTURE_NOW);
}

static void a_job_for_a_renewed_key_names_its_order(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    assert_null(extension.job->order);
    assert_int_equal(strlen(extension.job->number), 14);
    assert_string_equal(extension.job->key->organisation, WORLD_ORGANISATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seal_ends_later_and_is_bound_to_the_new_certificate),
        cmocka_unit_test(version_and_list_stay_what_they_are),
        cmocka_unit_test(holders_of_other_algorithms_have_seals_too),
        cmocka_unit_test(repeating_it_gives_the_same_bytes_in_any_job_of_the_renewal),
        cmocka_unit_test(before_the_renewal_is_confirmed_there_is_nothing_to_extend),
        cmocka_unit_test(an_unconfirmed_renewal_must_be_confirmed_first),
        cmocka_unit_test(a_job_gives_its_own_seal_again_when_the_key_has_it),
        cmocka_unit_test(an_extended_seal_is_not_extended_without_another_renewal),
        cmocka_unit_test(only_the_keys_signing_key_proves),
        cmocka_unit_test(a_seal_of_another_key_is_refused),
        cmocka_unit_test(a_file_that_stayed_behind_gets_the_same_extension),
        cmocka_unit_test(the_register_holds_one_of_an_identity_for_a_certificate),
        cmocka_unit_test(an_unconfirmed_seal_can_be_extended),
        cmocka_unit_test(a_seal_that_was_not_made_here_is_refused_to_the_byte),
        cmocka_unit_test(what_is_no_seal_is_refused),
        cmocka_unit_test(a_job_gets_one_seal),
        cmocka_unit_test(a_job_that_names_a_seal_is_for_that_one),
        cmocka_unit_test(a_job_that_is_over_or_of_another_kind_gets_none),
        cmocka_unit_test(a_job_for_a_renewed_key_names_its_order),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
