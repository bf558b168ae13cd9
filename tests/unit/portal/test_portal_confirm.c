#include "portal/portal_confirm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "certs/proof.h"
#include "portal/portal_certificate.h"
#include "portal/portal_ticket.h"
#include "world.h"

/* A renewal up to the confirmation. */
struct renewal {
    struct world_key *key;
    char *order;
    struct portal_job *job;
    struct fixture_key *fresh;
    struct portal_issued *issue;
};

static void renewal_done(struct renewal *renewal)
{
    world_key_freep(&renewal->key);
    free(renewal->order);
    portal_job_free(renewal->job);
    fixture_key_free(renewal->fresh);
    portal_issued_free(renewal->issue);
}

static struct renewal begin(struct world *world)
{
    struct err err = ERR_INIT;
    struct renewal renewal = {.key = world_key_new(world, CERT_SM2, true, 20)};
    renewal.order = world_order(world, renewal.key, true, true);
    renewal.job = world_job(world, renewal.key, renewal.order);
    renewal.fresh = fixture_key_new(CERT_SM2, 0);
    world_must(world_request(world, renewal.job, renewal.key, renewal.fresh, &renewal.issue, &err),
               &err);
    return renewal;
}

static int reset_clock(void **state)
{
    clock_set_for_test(FIXTURE_NOW);
    return 0;
}

/* "active,active,issued,issued": the key's certificates in the order of their registration. */
static void check_statuses(struct world *world, const struct renewal *renewal, const char *wanted)
{
    AUTO(json_freep) struct json *list = NULL;
    struct err err = ERR_INIT;
    world_must(portal_certificate_list(world->portal, renewal->key->serial, &list, &err), &err);
    AUTO(memory_freep) char *found = memory_text("");
    for (size_t i = 0; i < json_count(list); i++) {
        AUTO(memory_freep) char *before = found;
        found = memory_printf("%s%s%s", before, i == 0 ? "" : ",",
                              json_text_of(json_member(json_item(list, i), "status")));
    }
    assert_string_equal(found, wanted);
}

static enum err_code confirm(struct world *world, const struct renewal *renewal,
                             const struct fixture_key *by, const char *outcome)
{
    struct err err = ERR_INIT;
    return world_confirm(world, renewal->job, by, outcome, renewal->issue, &err);
}

static void only_the_confirmation_brings_the_new_into_force(void **state)
{
    AUTO(renewal_done) struct renewal renewal = begin(*state);
    check_statuses(*state, &renewal, "active,active,issued,issued");
    assert_int_equal(confirm(*state, &renewal, renewal.fresh, "written"), ERR_NONE);
    check_statuses(*state, &renewal, "revoked,revoked,active,active");
}

static void repeating_it_is_acknowledged_and_changes_nothing(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    assert_int_equal(confirm(world, &renewal, renewal.fresh, "written"), ERR_NONE);
    int64_t lines = world_count(world->portal, "SELECT count(*) FROM audit");
    assert_int_equal(confirm(world, &renewal, renewal.fresh, "written"), ERR_NONE);
    assert_true(world_count(world->portal, "SELECT count(*) FROM audit") == lines);
    check_statuses(world, &renewal, "revoked,revoked,active,active");
}

static void a_failure_revokes_the_new_and_keeps_the_old(void **state)
{
    AUTO(renewal_done) struct renewal renewal = begin(*state);
    assert_int_equal(confirm(*state, &renewal, renewal.key->sign, "failed"), ERR_NONE);
    check_statuses(*state, &renewal, "active,active,revoked,revoked");
}

/* The job as the next request loads it. */
static void reload(struct world *world, struct renewal *renewal)
{
    AUTO(memory_freep) char *secret = NULL;
    AUTO(memory_freep) char *id = memory_text(renewal->job->id);
    struct err err = ERR_INIT;
    portal_job_freep(&renewal->job);
    world_must(portal_job_secret(world->portal, id, &secret, &err), &err);
    world_must(portal_job_authorise(world->portal, id, secret, &renewal->job, &err), &err);
}

static void an_outcome_is_final(void **state)
{
    AUTO(renewal_done) struct renewal written = begin(*state);
    assert_int_equal(confirm(*state, &written, written.fresh, "written"), ERR_NONE);
    reload(*state, &written);
    assert_int_equal(confirm(*state, &written, written.fresh, "failed"), ERR_ORDER_STATE);
    check_statuses(*state, &written, "revoked,revoked,active,active");
    AUTO(renewal_done) struct renewal failed = begin(*state);
    assert_int_equal(confirm(*state, &failed, failed.key->sign, "failed"), ERR_NONE);
    reload(*state, &failed);
    assert_int_equal(confirm(*state, &failed, failed.fresh, "written"), ERR_ORDER_STATE);
    assert_int_equal(confirm(*state, &failed, failed.key->sign, "failed"), ERR_NONE);
    check_statuses(*state, &failed, "active,active,revoked,revoked");
}

static void it_comes_through_after_the_jobs_end(void **state)
{
    AUTO(renewal_done) struct renewal renewal = begin(*state);
    clock_set_for_test(renewal.job->expires_utc + (int64_t)30 * FIXTURE_DAY);
    assert_int_equal(confirm(*state, &renewal, renewal.fresh, "written"), ERR_NONE);
    check_statuses(*state, &renewal, "revoked,revoked,active,active");
}

static void the_wrong_key_confirms_nothing(void **state)
{
    AUTO(renewal_done) struct renewal renewal = begin(*state);
    assert_int_equal(confirm(*state, &renewal, renewal.key->sign, "written"), ERR_PROOF);
    assert_int_equal(confirm(*state, &renewal, renewal.fresh, "failed"), ERR_PROOF);
    check_statuses(*state, &renewal, "active,active,issued,issued");
}

static enum err_code send(struct world *world, const struct renewal *renewal,
                          const struct fixture_key *by, const char *outcome, struct span digest,
                          const uint8_t signed_digest[32])
{
    AUTO(bytes_freep)
    struct bytes *proof = world_confirm_proof(renewal->job, by, outcome, signed_digest);
    struct portal_confirmation confirmation = {outcome, digest, span_bytes(proof)};
    struct err err = ERR_INIT;
    return portal_confirm(world->portal, renewal->job, &confirmation, &err);
}

static void something_else_that_was_written_is_refused(void **state)
{
    AUTO(renewal_done) struct renewal renewal = begin(*state);
    uint8_t sign_only[32];
    uint8_t right[32];
    const uint8_t zeros[32] = {0};
    proof_written_digest(span_bytes(renewal.issue->sign_cert), SPAN_NONE, sign_only);
    proof_written_digest(span_bytes(renewal.issue->sign_cert),
                         span_bytes(renewal.issue->encrypt_cert), right);
    assert_int_equal(
        send(*state, &renewal, renewal.fresh, "written", SPAN_ARRAY(sign_only), sign_only),
        ERR_PROOF);
    assert_int_equal(send(*state, &renewal, renewal.fresh, "written", SPAN_ARRAY(zeros), zeros),
                     ERR_PROOF);
    assert_int_equal(send(*state, &renewal, renewal.fresh, "written", SPAN_ARRAY(right), zeros),
                     ERR_PROOF);
    check_statuses(*state, &renewal, "active,active,issued,issued");
}

static void the_form_is_checked(void **state)
{
    AUTO(renewal_done) struct renewal renewal = begin(*state);
    uint8_t digest[33] = {0};
    const struct fixture_key *by = renewal.key->sign;
    digest[32] = 1;
    assert_int_equal(send(*state, &renewal, by, "Written", span_of(digest, 32), digest),
                     ERR_FIELD_VALUE);
    assert_int_equal(send(*state, &renewal, by, "", span_of(digest, 32), digest), ERR_FIELD_VALUE);
    assert_int_equal(send(*state, &renewal, by, "failed", span_of(digest, 31), digest),
                     ERR_FIELD_VALUE);
    assert_int_equal(send(*state, &renewal, by, "failed", span_of(digest, 33), digest),
                     ERR_FIELD_VALUE);
    assert_int_equal(send(*state, &renewal, by, "failed", span_of(digest + 1, 32), digest + 1),
                     ERR_FIELD_VALUE);
    check_statuses(*state, &renewal, "active,active,issued,issued");
}

static void without_an_issue_there_is_nothing_to_confirm(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = {.key = world_key_new(world, CERT_SM2, true, 20)};
    const uint8_t zeros[32] = {0};
    renewal.order = world_order(world, renewal.key, false, true);
    renewal.job = world_job(world, renewal.key, renewal.order);
    assert_int_equal(send(world, &renewal, renewal.key->sign, "written", SPAN_ARRAY(zeros), zeros),
                     ERR_ORDER_STATE);
    assert_int_equal(send(world, &renewal, renewal.key->sign, "failed", SPAN_ARRAY(zeros), zeros),
                     ERR_ORDER_STATE);
    check_statuses(world, &renewal, "active,active");
}

static void a_confirmed_order_ends_the_tickets_use(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = {.key = world_key_new(world, CERT_SM2, true, 20)};
    AUTO(portal_job_freep) struct portal_job *none = NULL;
    struct err err = ERR_INIT;
    renewal.order = world_order(world, renewal.key, false, true);
    AUTO(memory_freep) char *ticket = world_ticket(world, renewal.order, "renew");
    world_must(portal_job_redeem(world->portal, ticket, renewal.key->serial, &renewal.job, &err),
               &err);
    world_must(
        world_request(world, renewal.job, renewal.key, renewal.key->sign, &renewal.issue, &err),
        &err);
    assert_int_equal(confirm(world, &renewal, renewal.key->sign, "written"), ERR_NONE);
    assert_int_equal(portal_job_redeem(world->portal, ticket, renewal.key->serial, &none, &err),
                     ERR_TICKET_USED);
}

static void a_late_word_for_an_older_order_took_the_newer_certificates_out_of_force(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal older = {.key = world_key_new(world, CERT_SM2, true, 20)};
    struct renewal newer = {.key = older.key};
    struct err err = ERR_INIT;
    struct renewal *const both[] = {&older, &newer};
    for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
        both[i]->order = world_order(world, older.key, false, true);
        both[i]->job = world_job(world, older.key, both[i]->order);
        world_must(
            world_request(world, both[i]->job, older.key, older.key->sign, &both[i]->issue, &err),
            &err);
    }
    assert_int_equal(confirm(world, &newer, newer.key->sign, "written"), ERR_NONE);
    check_statuses(world, &older, "revoked,revoked,issued,issued,active,active");
    assert_int_equal(confirm(world, &older, older.key->sign, "written"), ERR_ORDER_STATE);
    check_statuses(world, &older, "revoked,revoked,issued,issued,active,active");
    assert_int_equal(confirm(world, &newer, newer.key->sign, "written"), ERR_NONE);
    assert_int_equal(confirm(world, &older, older.key->sign, "failed"), ERR_NONE);
    check_statuses(world, &older, "revoked,revoked,revoked,revoked,active,active");
    newer.key = NULL; /* the older's */
    renewal_done(&newer);
}

#define T(test) cmocka_unit_test_setup(test, reset_clock)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(only_the_confirmation_brings_the_new_into_force),
        T(repeating_it_is_acknowledged_and_changes_nothing),
        T(a_failure_revokes_the_new_and_keeps_the_old),
        T(an_outcome_is_final),
        T(it_comes_through_after_the_jobs_end),
        T(the_wrong_key_confirms_nothing),
        T(something_else_that_was_written_is_refused),
        T(the_form_is_checked),
        T(without_an_issue_there_is_nothing_to_confirm),
        T(a_confirmed_order_ends_the_tickets_use),
        T(a_late_word_for_an_older_order_took_the_newer_certificates_out_of_force),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
