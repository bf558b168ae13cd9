#include "portal/portal_issued.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "certs/cert.h"
#include "world.h"

static int reset_clock(void **state)
{
    clock_set_for_test(FIXTURE_NOW);
    return 0;
}

static void find(struct world *world, const char *number, struct portal_issued **out)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    struct err err = ERR_INIT;
    world_must(portal_order_load(world->portal, number, &order, &err), &err);
    world_must(portal_issued_find(world->portal, order, out, &err), &err);
}

static void an_order_has_what_was_issued_and_did_not_fail(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *order = world_order(world, key, false, true);
    AUTO(portal_job_freep) struct portal_job *job = world_job(world, key, order);
    AUTO(portal_issued_freep) struct portal_issued *before = NULL;
    AUTO(portal_issued_freep) struct portal_issued *given = NULL;
    AUTO(portal_issued_freep) struct portal_issued *found = NULL;
    AUTO(portal_issued_freep) struct portal_issued *failed = NULL;
    struct err err = ERR_INIT;
    find(world, order, &before);
    assert_null(before);
    world_must(world_request(world, job, key, key->sign, &given, &err), &err);
    find(world, order, &found);
    assert_int_equal(found->id, given->id);
    assert_false(found->confirmed);
    assert_true(span_equal(span_bytes(found->sign_cert), span_bytes(given->sign_cert)));
    world_must(world_confirm(world, job, key->sign, "failed", NULL, &err), &err);
    find(world, order, &failed);
    assert_null(failed);
}

static void what_the_key_has_written_is_confirmed(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *order = world_order(world, key, false, true);
    AUTO(portal_job_freep) struct portal_job *job = world_job(world, key, order);
    AUTO(portal_issued_freep) struct portal_issued *given = NULL;
    AUTO(portal_issued_freep) struct portal_issued *found = NULL;
    struct err err = ERR_INIT;
    world_must(world_request(world, job, key, key->sign, &given, &err), &err);
    world_must(world_confirm(world, job, key->sign, "written", given, &err), &err);
    find(world, order, &found);
    assert_true(found->confirmed);
}

static void the_end_is_that_of_what_was_issued(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *number = world_order(world, key, false, true);
    AUTO(portal_job_freep) struct portal_job *job = world_job(world, key, number);
    AUTO(portal_issued_freep) struct portal_issued *given = NULL;
    AUTO(cert_freep) struct cert *cert = NULL;
    struct err err = ERR_INIT;
    int64_t end = 0;
    world_must(world_request(world, job, key, key->sign, &given, &err), &err);
    world_must(cert_parse(span_bytes(given->sign_cert), &cert, &err), &err);
    clock_set_for_test(FIXTURE_NOW + 86400);
    world_must(portal_issued_end(world->portal, job->order, &end, &err), &err);
    assert_true(end == cert_peek(cert)->not_after_utc);
}

static void months_are_the_calendars(void **state)
{
    static const struct {
        const char *from;
        int64_t months;
        const char *to;
    } cases[] = {
        {"2026-11-22T14:30:00Z", 12, "2027-11-22T14:30:00Z"},
        {"2024-02-29T00:00:00Z", 12, "2025-02-28T00:00:00Z"},
        {"2023-02-28T23:59:59Z", 12, "2024-02-28T23:59:59Z"},
        {"2026-01-31T00:00:00Z", 1, "2026-02-28T00:00:00Z"},
        {"2026-12-31T12:00:00Z", 2, "2027-02-28T12:00:00Z"},
        {"2099-11-30T00:00:00Z", 3, "2100-02-28T00:00:00Z"},
        {"2026-11-22T14:30:00Z", 60, "2031-11-22T14:30:00Z"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t from = 0;
        int64_t to = 0;
        assert_true(clock_parse_utc(cases[i].from, &from) && clock_parse_utc(cases[i].to, &to));
        assert_true(portal_issued_add_months(from, cases[i].months) == to);
    }
}

static void an_expired_key_starts_now(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, -3);
    AUTO(memory_freep) char *order = world_order(world, key, false, true);
    AUTO(portal_job_freep) struct portal_job *job = world_job(world, key, order);
    assert_true(job->not_after_utc == portal_issued_add_months(FIXTURE_NOW, 12));
}

#define TEST(test) cmocka_unit_test_setup(test, reset_clock)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_order_has_what_was_issued_and_did_not_fail),
        TEST(what_the_key_has_written_is_confirmed),
        TEST(the_end_is_that_of_what_was_issued),
        TEST(months_are_the_calendars),
        TEST(an_expired_key_starts_now),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
