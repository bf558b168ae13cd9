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

static void the_confirmation_makes_it_current_once(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *der = seals_extended(world, &extension);
    clock_set_for_test(FIXTURE_NOW + 2 * PORTAL_JOB_TTL_S);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", der),
                     ERR_NONE);
    seals_check_states(world, extension.key, "superseded,current");
    int64_t lines = world_count(world->portal, "SELECT count(*) FROM audit");
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", der),
                     ERR_NONE);
    assert_true(world_count(world->portal, "SELECT count(*) FROM audit") == lines);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "failed", NULL),
                     ERR_SEAL_STATE);
    seals_check_states(world, extension.key, "superseded,current");
    clock_set_for_test(FIXTURE_NOW);
}

static void a_failure_keeps_the_old_and_the_next_job_gets_the_same(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *der = seals_extended(world, &extension);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "failed", NULL),
                     ERR_NONE);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "failed", NULL),
                     ERR_NONE);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", der),
                     ERR_SEAL_STATE);
    seals_check_states(world, extension.key, "current,issued");
    portal_job_free(extension.job);
    extension.job = world_key_job(world, extension.key, PORTAL_KIND_EXTEND_SEAL);
    AUTO(bytes_freep) struct bytes *again = seals_extended(world, &extension);
    assert_true(span_equal(span_bytes(der), span_bytes(again)));
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", again),
                     ERR_NONE);
    seals_check_states(world, extension.key, "superseded,current");
}

static void a_wrong_confirmation_changes_nothing(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    assert_int_equal(
        seals_confirm_by(world, extension.job, extension.key->sign, "written", extension.present),
        ERR_SEAL_STATE);
    AUTO(bytes_freep) struct bytes *der = seals_extended(world, &extension);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->encrypt, "written", der),
                     ERR_PROOF);
    assert_int_equal(
        seals_confirm_by(world, extension.job, extension.key->sign, "written", extension.present),
        ERR_PROOF);
    uint8_t digest[32];
    proof_sha256(span_bytes(der), digest);
    const struct portal_confirmation bare = {"written", SPAN_ARRAY(digest), SPAN_NONE};
    struct err err = ERR_INIT;
    assert_int_equal(portal_confirm(world->portal, extension.job, &bare, &err), ERR_FIELD_MISSING);
    seals_check_states(world, extension.key, "current,issued");
}

/* A job of last year that confirms late must not bring its seal back, whether or not the new one is there
 * already. */
static void a_late_confirmation_does_not_bring_an_old_seal_back(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *der = seals_extended(world, &extension);
    world_renew(world, extension.key);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", der),
                     ERR_SEAL_STATE);
    seals_check_states(world, extension.key, "current,issued");
    AUTO(portal_job_freep)
    struct portal_job *next = world_key_job(world, extension.key, PORTAL_KIND_EXTEND_SEAL);
    AUTO(bytes_freep) struct bytes *newest = NULL;
    assert_int_equal(seals_extend_by(world, next, extension.key->sign, extension.present, &newest),
                     ERR_NONE);
    assert_int_equal(seals_confirm_by(world, next, extension.key->sign, "written", newest),
                     ERR_NONE);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", der),
                     ERR_SEAL_STATE);
    seals_check_states(world, extension.key, "superseded,superseded,current");
}

static void what_was_confirmed_stays_acknowledged_after_the_next_renewal(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *der = seals_extended(world, &extension);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", der),
                     ERR_NONE);
    world_renew(world, extension.key);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", der),
                     ERR_NONE);
    seals_check_states(world, extension.key, "superseded,current");
}

/* The journalled proof is by the key pair of then: it is understood, and the answer says why it is too
 * late, instead of a proof that seems forged. */
static void a_late_confirmation_by_a_replaced_key_pair_is_told_apart(void **state)
{
    struct world *world = *state;
    AUTO(seals_extension_done) struct seals_extension extension = seals_begin(world);
    AUTO(bytes_freep) struct bytes *der = seals_extended(world, &extension);
    AUTO(fixture_key_freep) struct fixture_key *fresh = fixture_key_new(CERT_SM2, 0);
    AUTO(memory_freep) char *order = world_order(world, extension.key, true, true);
    AUTO(portal_job_freep) struct portal_job *renewal = world_job(world, extension.key, order);
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    struct err err = ERR_INIT;
    world_must(world_request(world, renewal, extension.key, fresh, &issue, &err), &err);
    world_must(world_confirm(world, renewal, fresh, "written", issue, &err), &err);
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "written", der),
                     ERR_SEAL_STATE);
    assert_int_equal(seals_confirm_by(world, extension.job, fresh, "written", der), ERR_PROOF);
    seals_check_states(world, extension.key, "current,issued");
    /* That nothing was written is still worth knowing. */
    assert_int_equal(seals_confirm_by(world, extension.job, extension.key->sign, "failed", NULL),
                     ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_confirmation_makes_it_current_once),
        cmocka_unit_test(a_failure_keeps_the_old_and_the_next_job_gets_the_same),
        cmocka_unit_test(a_wrong_confirmation_changes_nothing),
        cmocka_unit_test(a_late_confirmation_does_not_bring_an_old_seal_back),
        cmocka_unit_test(what_was_confirmed_stays_acknowledged_after_the_next_renewal),
        cmocka_unit_test(a_late_confirmation_by_a_replaced_key_pair_is_told_apart),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
