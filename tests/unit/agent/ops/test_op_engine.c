/* How an operation moves: cancelling, and a key that is pulled out. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static void cancel_now(void *context)
{
    struct ops_world *world = context;
    struct err err = ERR_INIT;
    assert_int_equal(ops_cancel(world->ops, world->id, "https://other.example", &err),
                     ERR_OPERATION_UNKNOWN);
    assert_int_equal(ops_cancel(world->ops, world->id, OPS_WORLD_ORIGIN, &err), ERR_NONE);
}

static void a_cancelled_operation_withdraws_its_dialog(void **state)
{
    struct ops_world *world = *state;
    world->person.answers[0] = NULL;
    world->on_waiting_user = cancel_now;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(operation), "cancelled");
    struct err err = ERR_INIT;
    assert_int_equal(ops_cancel(world->ops, world->id, OPS_WORLD_ORIGIN, &err),
                     ERR_OPERATION_TOO_LATE);
}

static void pull_out(void *context)
{
    struct ops_world *world = context;
    world->keys.count = 0;
    ops_keys_changed(world->ops);
    world->keys.count = 1;
}

static void pulling_the_key_out_closes_the_dialog(void **state)
{
    struct ops_world *world = *state;
    world->person.answers[0] = NULL;
    world->on_waiting_user = pull_out;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(operation), "failed");
    assert_string_equal(ops_world_code(operation), "key-removed");
}

/* The wish may come before the thread has looked for its key. */
static void a_wish_to_cancel_may_come_at_once(void **state)
{
    struct ops_world *world = *state;
    for (int i = 0; i < 100; i++) {
        struct err err = ERR_INIT;
        const struct ops_start start = {.kind = "check", .origin = OPS_WORLD_ORIGIN};
        assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
        (void)(ops_cancel(world->ops, world->id, OPS_WORLD_ORIGIN, &err) == ERR_NONE);
        AUTO(json_freep) struct json *operation = ops_world_run_until_over(world);
        assert_string_not_equal(ops_world_state(operation), "failed");
    }
}

/* The wish was taken while the platform answered; the step behind it can't be cancelled itself. */
static void a_wish_that_was_taken_holds_in_the_next_step(void **state)
{
    struct ops_world *world = *state;
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    world->platform.on_request = cancel_now;
    world->platform.on_request_context = world;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(operation), "cancelled");
    assert_int_equal(world->platform.confirmed, 0);
    ops_world_assert_unchanged(world, before);
}

static struct {
    struct ops_world *world;
    struct loop_timer *timer;
    char id[OPS_ID_BYTES];
} second;

static void look_after_second(void *context)
{
    struct ops_world *world = second.world;
    (void)context;
    if (ops_operation_over(world->ops, second.id, NULL))
        world->person.holds = false;
    else
        loop_timer_set(second.timer, deadline_in_ms(5));
}

static void start_second(void *context)
{
    struct err err = ERR_INIT;
    const struct ops_start start = {.kind = "check", .origin = OPS_WORLD_ORIGIN};
    second.world = context;
    assert_int_equal(ops_start(second.world->ops, &start, second.id, &err), ERR_NONE);
    second.timer = loop_timer_new(second.world->loop, look_after_second, NULL);
    loop_timer_set(second.timer, deadline_in_ms(5));
}

/* Two that use one card close its application for each other. */
static void a_second_operation_leaves_the_key_of_the_first_alone(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    world->person.holds = true;
    world->on_waiting_user = start_second;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    loop_timer_free(second.timer);
    assert_string_equal(ops_world_code(operation), "none");
    AUTO(json_freep) struct json *other = NULL;
    assert_int_equal(ops_operation_json(world->ops, second.id, NULL, LANG_ZH, &other, &err),
                     ERR_NONE);
    assert_string_equal(ops_world_code(other), "key-busy");
}

static void forget_keys(void *context, struct json *array)
{
    (void)context;
    json_free(array);
}

/* A page asks for the keys and starts at once. */
static void an_operation_waits_for_a_reading_of_its_key(void **state)
{
    struct ops_world *world = *state;
    world->keys.next_fault = "delay 4 200";
    ops_read_tokens(world->ops, LANG_ZH, forget_keys, NULL);
    while (world->keys.next_fault != NULL)
        usleep(1000);
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    assert_string_equal(ops_world_state(operation), "done");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(a_cancelled_operation_withdraws_its_dialog),
        OPS_WORLD_TEST(pulling_the_key_out_closes_the_dialog),
        OPS_WORLD_TEST(a_wish_to_cancel_may_come_at_once),
        OPS_WORLD_TEST(a_wish_that_was_taken_holds_in_the_next_step),
        OPS_WORLD_TEST(a_second_operation_leaves_the_key_of_the_first_alone),
        OPS_WORLD_TEST(an_operation_waits_for_a_reading_of_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
