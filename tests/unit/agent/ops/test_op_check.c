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

static int64_t commands_of(const struct json *operation)
{
    int64_t commands = 0;
    struct err err = ERR_INIT;
    const struct json_field field = {"key_commands", JSON_INTEGER, false, 1000, &commands};
    assert_int_equal(
        json_read(json_member(operation, "result"), &field, 1, JSON_UNKNOWN_IGNORED, &err),
        ERR_NONE);
    return commands;
}

/* A look at a plugged-in key is quick, whatever its family. */
static void a_check_takes_few_commands(void **state)
{
    static const struct {
        const char *profile;
        int64_t most;
    } cases[] = {{"piv-full", 8}, {"piv-5.4", 8}, {"piv-odd", 10}, {"piv-plain", 10}};
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ops_world_use(world, cases[i].profile, false);
        AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
        AUTO(json_freep) struct json *operation = ops_world_run(world, "check", NULL);
        assert_string_equal(ops_world_code(operation), "none");
        int64_t commands = commands_of(operation);
        print_message("%s: %lld commands\n", cases[i].profile, (long long)commands);
        assert_in_range(commands, 1, cases[i].most);
        ops_world_assert_unchanged(world, before);
        assert_int_equal(world->platform.piv.managed, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(a_check_changes_nothing_and_asks_nobody),
        OPS_WORLD_TEST(a_check_takes_few_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
