/* Finding the key that is meant. */
#include "agent/ops/op_find.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/agent/ops/ops_world.h"

static void start_check(struct ops_world *world, const char *serial)
{
    struct err err = ERR_INIT;
    const struct ops_start start = {.kind = "check", .token = serial, .origin = OPS_WORLD_ORIGIN};
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
}

static struct json *check(struct ops_world *world, const char *serial)
{
    start_check(world, serial);
    return ops_world_run_until_over(world);
}

static void the_key_is_chosen_by_its_serial(void **state)
{
    static const struct {
        const char *serial, *code;
    } cases[] = {{"KEY1", "none"}, {"KEY2", "none"}, {"KEY3", "wrong-key"}, {NULL, "several-keys"}};
    struct ops_world *world = *state;
    stand_in_keys_add(&world->keys, &world->platform, "KEY2", "longmai", false);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(json_freep) struct json *operation = check(world, cases[i].serial);
        assert_string_equal(ops_world_code(operation), cases[i].code);
    }
}

/* A card that says nothing, in whichever reader, must not keep the person waiting for the key that is
 * meant: it is silent until the operation is over. */
static void a_silent_card_keeps_nobody_waiting(void **state)
{
    static const char *const meant[] = {"KEY2", "KEY1"};
    struct ops_world *world = *state;
    stand_in_keys_add(&world->keys, &world->platform, "KEY2", "gmt0017-2012", false);
    for (size_t i = 0; i < ARRAY_SIZE(meant); i++) {
        world->keys.silent = i + 1;
        AUTO(json_freep) struct json *operation = check(world, meant[i]);
        assert_string_equal(ops_world_code(operation), "none");
        assert_string_equal(ops_world_state(operation), "done");
        world->keys.silent = 0;
    }
}

static void cancel_it(void *context)
{
    struct ops_world *world = context;
    struct err err = ERR_INIT;
    assert_int_equal(ops_cancel(world->ops, world->id, OPS_WORLD_ORIGIN, &err), ERR_NONE);
}

static void the_search_is_cancelled_at_once(void **state)
{
    struct ops_world *world = *state;
    world->keys.silent = 1;
    start_check(world, NULL);
    loop_post(world->loop, cancel_it, world);
    AUTO(json_freep) struct json *operation = ops_world_run_until_over(world);
    assert_string_equal(ops_world_state(operation), "cancelled");
    world->keys.silent = 0;
}

/* Two operations at a time, each for a key of its own, look at both. */
static void two_operations_find_their_keys(void **state)
{
    struct ops_world *world = *state;
    stand_in_keys_add(&world->keys, &world->platform, "KEY2", "gmt0017-2012", false);
    for (int round = 0; round < 10; round++) {
        start_check(world, "KEY1");
        char first[OPS_ID_BYTES];
        memcpy(first, world->id, sizeof first);
        AUTO(json_freep) struct json *second = check(world, "KEY2");
        assert_string_equal(ops_world_code(second), "none");
        memcpy(world->id, first, sizeof first);
        AUTO(json_freep)
        struct json *over = ops_operation_over(world->ops, first, NULL)
                                ? json_new_object()
                                : ops_world_run_until_over(world);
        AUTO(json_freep) struct json *shown = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(ops_operation_json(world->ops, first, NULL, LANG_EN, &shown, &err),
                         ERR_NONE);
        assert_string_equal(ops_world_code(shown), "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(the_key_is_chosen_by_its_serial),
        OPS_WORLD_TEST(a_silent_card_keeps_nobody_waiting),
        OPS_WORLD_TEST(the_search_is_cancelled_at_once),
        OPS_WORLD_TEST(two_operations_find_their_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
