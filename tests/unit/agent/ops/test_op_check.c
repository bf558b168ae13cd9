/* The dry run. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_check_changes_nothing_and_asks_nobody(void **state)
{
    struct ops_world *world = *state;
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    AUTO(json_freep) struct json *operation = ops_world_run(world, "check", NULL);
    assert_string_equal(ops_world_state(operation), "done");
    const struct json *result = json_member(operation, "result");
    assert_string_equal(json_text_of(json_member(result, "due")), "now");
    assert_int_equal(json_count(json_member(result, "findings")), 0);
    ops_world_assert_unchanged(world, before);
    assert_int_equal(world->person.asked, 0);
    assert_int_equal(world->platform.redeemed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(a_check_changes_nothing_and_asks_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
