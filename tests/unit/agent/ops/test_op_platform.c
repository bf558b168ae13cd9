/* What keeps trying until the platform has heard of it. */
#include "agent/ops/op_platform.h"
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* How long it is watched that nothing happens. */
#define QUIET_MS 200

static void an_unconfirmed_renewal_keeps_trying(void **state)
{
    struct ops_world *world = *state;
    world->platform.confirm_failures = 1;
    world->platform.confirm_fails_with = ERR_PLATFORM_UNREACHABLE;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(operation), "done");
    assert_string_equal(ops_world_code(operation), "none");
    assert_int_equal(world->platform.confirmed, 1);
}

static void stop_when_unconfirmed(void *context, const struct ops_change *change)
{
    struct ops_world *world = context;
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    if (change->event != OPS_OPERATION_CHANGED ||
        ops_operation_json(world->ops, change->id, NULL, LANG_ZH, &json, &err) != ERR_NONE)
        return;
    if (strcmp(ops_world_state(json), "unconfirmed") == 0)
        loop_stop(world->loop);
}

static void an_unconfirmed_renewal_is_confirmed_after_a_restart(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    world->platform.confirm_failures = 1;
    world->platform.confirm_fails_with = ERR_PLATFORM_UNREACHABLE;
    const struct ops_start start = {.kind = "renew", .ticket = "t", .origin = OPS_WORLD_ORIGIN};
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
    ops_observe(world->ops, stop_when_unconfirmed, world);
    assert_int_equal(loop_run(world->loop, &err), ERR_NONE);
    ops_freep(&world->ops);
    world->keys.count = 0; /* neither key nor person is needed */
    ops_world_open(world);
    AUTO(json_freep) struct json *operation = ops_world_run_until_over(world);
    assert_string_equal(ops_world_state(operation), "done");
    assert_int_equal(world->platform.confirmed, 1);
    assert_int_equal(world->person.asked, 1);
    world->keys.count = 1;
}

static void pauses_grow_are_bounded_and_heed_the_platform(void **state)
{
    (void)state;
    static const int64_t grown_s[] = {2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
    for (size_t i = 0; i < ARRAY_SIZE(grown_s); i++)
        assert_int_equal(op_platform_confirm_pause_ms((int64_t)i + 1, 0), grown_s[i] * 1000);
    assert_int_equal(op_platform_confirm_pause_ms(INT64_MAX, 0), 300000);
    assert_int_equal(op_platform_confirm_pause_ms(1, 7), 7000);
    assert_int_equal(op_platform_confirm_pause_ms(9, 7), 300000);
    assert_int_equal(op_platform_confirm_pause_ms(1, 3600), 3600000);
    assert_int_equal(op_platform_confirm_pause_ms(1, 3601), 3600000);
}

static void stop_loop(void *loop)
{
    loop_stop(loop);
}

/* Until it is unconfirmed, and the agent is gone. */
static void leave_unconfirmed(struct ops_world *world, int retry_after_s)
{
    struct err err = ERR_INIT;
    world->platform.confirm_failures = 1;
    world->platform.confirm_fails_with = ERR_PLATFORM_FAILED;
    world->platform.confirm_retry_after_s = retry_after_s;
    const struct ops_start start = {.kind = "renew", .ticket = "t", .origin = OPS_WORLD_ORIGIN};
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
    ops_observe(world->ops, stop_when_unconfirmed, world);
    assert_int_equal(loop_run(world->loop, &err), ERR_NONE);
    ops_freep(&world->ops);
}

static void check_not_asked(struct ops_world *world)
{
    struct err err = ERR_INIT;
    struct json *json = NULL;
    struct loop_timer *timer = loop_timer_new(world->loop, stop_loop, world->loop);
    ops_world_open(world);
    loop_timer_set(timer, deadline_in_ms(QUIET_MS));
    assert_int_equal(loop_run(world->loop, &err), ERR_NONE);
    loop_timer_free(timer);
    assert_int_equal(ops_operation_json(world->ops, world->id, NULL, LANG_ZH, &json, &err),
                     ERR_NONE);
    assert_string_equal(ops_world_state(json), "unconfirmed");
    assert_int_equal(world->platform.confirmed, 0);
    json_free(json);
    ops_freep(&world->ops);
}

static void check_confirmed(struct ops_world *world)
{
    ops_world_open(world);
    AUTO(json_freep) struct json *operation = ops_world_run_until_over(world);
    assert_string_equal(ops_world_state(operation), "done");
    assert_int_equal(world->platform.confirmed, 1);
}

static void a_platform_that_wants_an_hour_gets_it_over_a_restart(void **state)
{
    struct ops_world *world = *state;
    leave_unconfirmed(world, 3600);
    clock_set_for_test(FIXTURE_NOW + 3000);
    check_not_asked(world);
    clock_set_for_test(FIXTURE_NOW + 3600);
    check_confirmed(world);
}

/* A clock that was wrong at the first attempt must not keep the platform waiting for days. */
static void a_clock_that_was_set_back_delays_nothing(void **state)
{
    struct ops_world *world = *state;
    leave_unconfirmed(world, 3600);
    clock_set_for_test(FIXTURE_NOW - 86400);
    check_confirmed(world);
}

/* Its roots could not be read for once, or an administrator took it out for a while. */
static void an_unconfirmed_renewal_outlives_a_platform_that_is_not_configured(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    world->platform.confirm_failures = 1;
    world->platform.confirm_fails_with = ERR_PLATFORM_UNREACHABLE;
    const struct ops_start start = {.kind = "renew", .ticket = "t", .origin = OPS_WORLD_ORIGIN};
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
    ops_observe(world->ops, stop_when_unconfirmed, world);
    assert_int_equal(loop_run(world->loop, &err), ERR_NONE);
    ops_freep(&world->ops);
    world->unlisted = true;
    ops_world_open(world);
    AUTO(json_freep) struct json *left = NULL;
    assert_int_equal(
        ops_operation_json(world->ops, world->id, OPS_WORLD_ORIGIN, LANG_ZH, &left, &err),
        ERR_NONE);
    assert_string_equal(ops_world_state(left), "unconfirmed");
    ops_freep(&world->ops);
    world->unlisted = false;
    ops_world_open(world);
    AUTO(json_freep) struct json *operation = ops_world_run_until_over(world);
    assert_string_equal(ops_world_state(operation), "done");
    assert_int_equal(world->platform.confirmed, 1);
}

/* An outage lasts for days. */
static void the_key_can_be_used_while_the_platform_is_out(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    world->platform.confirm_failures = 1000;
    world->platform.confirm_fails_with = ERR_PLATFORM_UNREACHABLE;
    const struct ops_start start = {.kind = "renew", .ticket = "t", .origin = OPS_WORLD_ORIGIN};
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
    ops_observe(world->ops, stop_when_unconfirmed, world);
    assert_int_equal(loop_run(world->loop, &err), ERR_NONE);
    AUTO(json_freep) struct json *check = ops_world_run(world, "check", NULL);
    assert_string_equal(ops_world_code(check), "none");
}

static void certificates_that_take_time_are_waited_for(void **state)
{
    struct ops_world *world = *state;
    world->platform.pendings = 1;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(operation), "done");
    assert_int_equal(world->platform.requested, 2);
    assert_int_equal(world->platform.issued, 1);
}

/* The platform's last word ends it; the key keeps what was written. */
static void a_refused_confirmation_is_told(void **state)
{
    struct ops_world *world = *state;
    world->platform.confirm_failures = 1;
    world->platform.confirm_fails_with = ERR_JOB_UNKNOWN;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(operation), "failed");
    assert_string_equal(ops_world_code(operation), "job-unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(an_unconfirmed_renewal_keeps_trying),
        OPS_WORLD_TEST(an_unconfirmed_renewal_is_confirmed_after_a_restart),
        cmocka_unit_test(pauses_grow_are_bounded_and_heed_the_platform),
        OPS_WORLD_TEST(a_platform_that_wants_an_hour_gets_it_over_a_restart),
        OPS_WORLD_TEST(a_clock_that_was_set_back_delays_nothing),
        OPS_WORLD_TEST(an_unconfirmed_renewal_outlives_a_platform_that_is_not_configured),
        OPS_WORLD_TEST(the_key_can_be_used_while_the_platform_is_out),
        OPS_WORLD_TEST(certificates_that_take_time_are_waited_for),
        OPS_WORLD_TEST(a_refused_confirmation_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
