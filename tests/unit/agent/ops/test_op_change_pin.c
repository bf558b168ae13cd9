/* CA锁密码修改. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_new_pin_must_keep_the_rules(void **state)
{
    struct ops_world *world = *state;
    static const char *const answers[] = {"123456", "123456", "777777", "abcdefg", "29-okapi"};
    memcpy(world->person.answers, answers, sizeof answers);
    AUTO(json_freep) struct json *operation = ops_world_run(world, "change-pin", NULL);
    assert_string_equal(ops_world_state(operation), "done");
    assert_int_equal(world->person.new_pins, 4);
    assert_true(world->person.last_quality > 0);
    world->person.asked = 0;
    world->person.answers[0] = "29-okapi";
    AUTO(json_freep) struct json *renewal = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(renewal), "done");
}

static void the_old_pin_is_asked_again_when_it_is_wrong(void **state)
{
    struct ops_world *world = *state;
    int before = ops_world_tries_left(world);
    static const char *const answers[] = {"999999", "123456", "cancel"};
    memcpy(world->person.answers, answers, sizeof answers);
    AUTO(json_freep) struct json *operation = ops_world_run(world, "change-pin", NULL);
    assert_string_equal(ops_world_state(operation), "cancelled");
    assert_int_equal(ops_world_tries_left(world), before); /* the right one put the counter back */
    world->person.asked = 0;
    world->person.answers[0] = "123456";
    AUTO(json_freep) struct json *renewal = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(renewal), "done");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(a_new_pin_must_keep_the_rules),
        OPS_WORLD_TEST(the_old_pin_is_asked_again_when_it_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
