/* The PIN: which tries are spent, and which are not. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_wrong_pin_is_asked_again_and_counted(void **state)
{
    struct ops_world *world = *state;
    world->person.answers[0] = "111111";
    world->person.answers[1] = "12"; /* too short: not sent */
    world->person.answers[2] = "123456";
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(operation), "done");
    assert_int_equal(world->person.asked, 3);
    assert_non_null(strstr(world->person.last_error, "未计入"));
}

static void a_dialog_that_answers_by_itself_was_opened_for_ever(void **state)
{
    struct ops_world *world = *state;
    int before = ops_world_tries_left(world);
    for (size_t i = 0; i < ARRAY_SIZE(world->person.answers); i++)
        world->person.answers[i] = "12";
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(operation), "prompt-unavailable");
    assert_int_equal(world->person.asked, ARRAY_SIZE(world->person.answers));
    assert_int_equal(ops_world_tries_left(world), before);
}

static void cancelling_costs_only_what_was_typed(void **state)
{
    struct ops_world *world = *state;
    int before = ops_world_tries_left(world);
    AUTO(memory_freep) char *key_before = stand_in_keys_describe(&world->keys, 0);
    world->person.answers[0] = "111111";
    world->person.answers[1] = "cancel";
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(operation), "cancelled");
    assert_string_equal(ops_world_code(operation), "prompt-cancelled");
    assert_int_equal(ops_world_tries_left(world), before - 1);
    assert_int_equal(world->platform.requested, 0);
}

static void the_last_try_wants_a_yes_of_its_own(void **state)
{
    struct ops_world *world = *state;
    while (ops_world_tries_left(world) > 1) {
        int before = ops_world_tries_left(world);
        world->person.asked = 0;
        world->person.answers[0] = "111111";
        world->person.answers[1] = "cancel";
        AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
        assert_int_equal(ops_world_tries_left(world), before - 1);
    }
    world->person.asked = 0;
    world->person.confirms = 0;
    world->person.answers[0] = "cancel";
    AUTO(json_freep) struct json *refused = ops_world_run(world, "renew", "ticket");
    assert_int_equal(world->person.confirms, 1);
    assert_int_equal(ops_world_tries_left(world), 1);
    world->person.asked = 0;
    world->person.answers[0] = "yes";
    world->person.answers[1] = "111111";
    AUTO(json_freep) struct json *locked = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(locked), "pin-locked");
    assert_int_equal(ops_world_tries_left(world), 0);
    world->person.asked = 0;
    AUTO(json_freep) struct json *again = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(again), "pin-locked");
    assert_int_equal(world->person.asked, 0);
}

/* A key that has another word for a wrong PIN and tells no tries: what was typed may have counted. */
static void a_key_that_tells_no_tries_is_not_said_to_have_spent_none(void **state)
{
    struct ops_world *world = *state;
    bool asked_again = false;
    for (int nth = 1; nth < 40 && !asked_again; nth++) {
        AUTO(memory_freep)
        char *fault = memory_printf("status %d 6300,status %d 6300", nth, nth + 1);
        ops_world_use(world, "piv-plain", false);
        world->keys.next_fault = fault;
        world->person.asked = 0;
        world->person.answers[0] = "123456";
        world->person.last_error[0] = '\0';
        world->person.answers[1] = "cancel";
        AUTO(json_freep) struct json *operation = ops_world_run(world, "change-pin", NULL);
        asked_again = world->person.asked == 2 && world->person.last_error[0] != '\0';
    }
    assert_true(asked_again);
    assert_string_equal(world->person.last_error, "密码错误。");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(a_wrong_pin_is_asked_again_and_counted),
        OPS_WORLD_TEST(a_dialog_that_answers_by_itself_was_opened_for_ever),
        OPS_WORLD_TEST(cancelling_costs_only_what_was_typed),
        OPS_WORLD_TEST(a_key_that_tells_no_tries_is_not_said_to_have_spent_none),
        OPS_WORLD_TEST(the_last_try_wants_a_yes_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
