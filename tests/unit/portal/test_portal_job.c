#include "portal/portal_job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "portal/portal_order_new.h"
#include "portal/portal_ticket.h"
#include "world.h"

static struct world_key *key;
static char *order;

static int setup(void **state)
{
    if (world_setup(state) != 0)
        return -1;
    key = world_key_new(*state, CERT_SM2, true, 20);
    order = world_order(*state, key, false, true);
    return 0;
}

static int teardown(void **state)
{
    free(order);
    world_key_freep(&key);
    return world_teardown(state);
}

static int reset_clock(void **state)
{
    clock_set_for_test(FIXTURE_NOW);
    return 0;
}

static enum err_code redeem(struct world *world, const char *ticket, const char *serial,
                            struct portal_job **out)
{
    struct err err = ERR_INIT;
    return portal_job_redeem(world->portal, ticket, serial, out, &err);
}

static void a_job_says_what_the_order_is_about(void **state)
{
    AUTO(portal_job_freep) struct portal_job *job = world_job(*state, key, order);
    assert_int_equal(strlen(job->id), 32);
    assert_int_equal(job->challenge->len, PORTAL_JOB_CHALLENGE_BYTES);
    assert_string_equal(job->kind, "renew");
    assert_string_equal(job->order->number, order);
    assert_string_equal(job->order->serial, key->serial);
    assert_string_equal(job->order->organisation, WORLD_ORGANISATION);
    assert_true(job->expires_utc == FIXTURE_NOW + PORTAL_JOB_TTL_S);
    /* 20 days were left: 2026-01-21 and twelve months */
    int64_t end = 0;
    assert_true(clock_parse_utc("2027-01-21T00:00:00Z", &end));
    assert_true(job->not_after_utc == end);
}

static void a_job_for_a_key_has_no_order(void **state)
{
    struct world *world = *state;
    int64_t id = world_reset(world, key, "u");
    AUTO(portal_job_freep) struct portal_job *seal = world_key_job(world, key, "extend-seal");
    AUTO(portal_job_freep) struct portal_job *reset = world_key_job(world, key, "reset-pin");
    AUTO(memory_freep) char *number = memory_printf("R%06d", (int)id);
    assert_null(seal->order);
    assert_string_equal(seal->kind, "extend-seal");
    assert_string_equal(seal->key->serial, key->serial);
    assert_string_equal(seal->number, "-");
    assert_true(seal->reset_id == 0 && seal->seal_id == 0);
    assert_null(reset->order);
    assert_true(reset->reset_id == id);
    assert_string_equal(reset->number, number);
}

static void a_keys_ticket_is_for_that_key_alone(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *ticket = NULL;
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    struct err err = ERR_INIT;
    world_must(
        portal_ticket_add_for_key(world->portal, key->serial, "extend-seal", 300, &ticket, &err),
        &err);
    assert_int_equal(redeem(world, ticket, "another", &job), ERR_WRONG_TOKEN);
    clock_set_for_test(FIXTURE_NOW + 300);
    assert_int_equal(redeem(world, ticket, key->serial, &job), ERR_TICKET_EXPIRED);
    clock_set_for_test(FIXTURE_NOW);
    assert_int_equal(redeem(world, ticket, key->serial, &job), ERR_NONE);
}

static void the_same_ticket_and_key_get_the_same_job(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *ticket = world_ticket(world, order, "renew");
    AUTO(portal_job_freep) struct portal_job *first = NULL;
    AUTO(portal_job_freep) struct portal_job *second = NULL;
    int64_t jobs = world_count(world->portal, "SELECT count(*) FROM job");
    assert_int_equal(redeem(world, ticket, key->serial, &first), ERR_NONE);
    clock_set_for_test(FIXTURE_NOW + PORTAL_JOB_TTL_S - 1); /* the ticket's own time is long over */
    assert_int_equal(redeem(world, ticket, key->serial, &second), ERR_NONE);
    assert_string_equal(first->id, second->id);
    assert_true(span_equal(span_bytes(first->challenge), span_bytes(second->challenge)));
    assert_true(first->expires_utc == second->expires_utc);
    assert_true(world_count(world->portal, "SELECT count(*) FROM job") == jobs + 1);
}

static void a_used_ticket_is_for_no_other_key_and_no_later_job(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *ticket = world_ticket(world, order, "renew");
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    AUTO(portal_job_freep) struct portal_job *none = NULL;
    assert_int_equal(redeem(world, ticket, key->serial, &job), ERR_NONE);
    assert_int_equal(redeem(world, ticket, "another", &none), ERR_TICKET_USED);
    clock_set_for_test(job->expires_utc);
    assert_int_equal(redeem(world, ticket, key->serial, &none), ERR_TICKET_USED);
    assert_null(none);
}

static void a_ticket_ends_at_its_second(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *ticket = world_ticket(world, order, "renew");
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    clock_set_for_test(FIXTURE_NOW + 300);
    assert_int_equal(redeem(world, ticket, key->serial, &job), ERR_TICKET_EXPIRED);
    clock_set_for_test(FIXTURE_NOW + 299);
    assert_int_equal(redeem(world, ticket, key->serial, &job), ERR_NONE);
}

static void a_refusal_leaves_the_ticket_good(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *ticket = world_ticket(world, order, "renew");
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    assert_int_equal(redeem(world, ticket, "another", &job), ERR_WRONG_TOKEN);
    assert_int_equal(redeem(world, ticket, "", &job), ERR_WRONG_TOKEN);
    assert_int_equal(redeem(world, ticket, key->serial, &job), ERR_NONE);
}

static void an_order_that_is_not_approved_is_checked_but_not_renewed(void **state)
{
    struct world *world = *state;
    struct portal_order_new new = {key->serial, 12, {false, CERT_SM2, true}};
    AUTO(memory_freep) char *fresh = NULL;
    AUTO(portal_job_freep) struct portal_job *check = NULL;
    AUTO(portal_job_freep) struct portal_job *renew = NULL;
    struct err err = ERR_INIT;
    world_must(portal_order_add(world->portal, &new, &fresh, &err), &err);
    AUTO(memory_freep) char *check_ticket = world_ticket(world, fresh, "check");
    AUTO(memory_freep) char *renew_ticket = world_ticket(world, fresh, "renew");
    assert_int_equal(redeem(world, check_ticket, key->serial, &check), ERR_NONE);
    assert_int_equal(check->order->state, PORTAL_ORDER_EDITING);
    assert_int_equal(redeem(world, renew_ticket, key->serial, &renew), ERR_ORDER_NOT_APPROVED);
    assert_null(renew);
}

static enum err_code authorise(struct world *world, const char *id, const char *secret)
{
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    struct err err = ERR_INIT;
    return portal_job_authorise(world->portal, id, secret, &job, &err);
}

static void a_secret_opens_its_job_only(void **state)
{
    struct world *world = *state;
    AUTO(portal_job_freep) struct portal_job *job = world_job(world, key, order);
    AUTO(portal_job_freep) struct portal_job *other = world_job(world, key, order);
    AUTO(memory_freep) char *secret = NULL;
    AUTO(memory_freep) char *again = NULL;
    struct err err = ERR_INIT;
    world_must(portal_job_secret(world->portal, job->id, &secret, &err), &err);
    world_must(portal_job_secret(world->portal, job->id, &again, &err), &err);
    assert_string_equal(secret, again);
    assert_true(strlen(secret) >= 43);
    AUTO(memory_freep) char *longer = memory_printf("%s0", secret);
    AUTO(memory_freep) char *flipped = memory_text(secret);
    flipped[0] = flipped[0] == '0' ? '1' : '0';
    assert_int_equal(authorise(world, job->id, secret), ERR_NONE);
    assert_int_equal(authorise(world, other->id, secret), ERR_JOB_FORBIDDEN);
    assert_int_equal(authorise(world, job->id, ""), ERR_JOB_FORBIDDEN);
    assert_int_equal(authorise(world, job->id, longer), ERR_JOB_FORBIDDEN);
    assert_int_equal(authorise(world, job->id, flipped), ERR_JOB_FORBIDDEN);
    assert_int_equal(authorise(world, "00000000000000000000000000000000", secret), ERR_JOB_UNKNOWN);
}

static void no_secret_is_stored(void **state)
{
    struct world *world = *state;
    AUTO(portal_job_freep) struct portal_job *job = world_job(world, key, order);
    AUTO(memory_freep) char *secret = NULL;
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    world_must(portal_job_secret(world->portal, job->id, &secret, &err), &err);
    world_must(portal_db_query(
                   world->portal->db, "SELECT count(*) FROM job WHERE hex(challenge) = ? OR id = ?",
                   PORTAL_VALUES(PORTAL_TEXT(secret), PORTAL_TEXT(secret)), &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    assert_int_equal(portal_query_integer(query, 0), 0);
}

#define T(test) cmocka_unit_test_setup(test, reset_clock)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_job_says_what_the_order_is_about),
        T(a_job_for_a_key_has_no_order),
        T(a_keys_ticket_is_for_that_key_alone),
        T(the_same_ticket_and_key_get_the_same_job),
        T(a_used_ticket_is_for_no_other_key_and_no_later_job),
        T(a_ticket_ends_at_its_second),
        T(a_refusal_leaves_the_ticket_good),
        T(an_order_that_is_not_approved_is_checked_but_not_renewed),
        T(a_secret_opens_its_job_only),
        T(no_secret_is_stored),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
