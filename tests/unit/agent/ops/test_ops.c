/* Starting, seeing and restarting operations. */
#include "tests/unit/agent/ops/ops_world.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void starting_needs_what_the_kind_needs(void **state)
{
    struct ops_world *world = *state;
    static const struct {
        struct ops_start start;
        enum err_code code;
    } cases[] = {
        {{.kind = "format", .origin = OPS_WORLD_ORIGIN}, ERR_FIELD_VALUE},
        {{.kind = "renew", .origin = OPS_WORLD_ORIGIN}, ERR_FIELD_MISSING},
        {{.kind = "renew", .ticket = "t", .origin = "https://evil.example"}, ERR_HTTP_ORIGIN},
        {{.kind = "renew", .ticket = "t"}, ERR_FIELD_MISSING},
        {{.kind = "renew", .ticket = "t", .platform = "moon"}, ERR_FIELD_VALUE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(ops_start(world->ops, &cases[i].start, world->id, &err), cases[i].code);
    }
    AUTO(json_freep) struct json *list = ops_list_json(world->ops, NULL, LANG_EN);
    assert_int_equal(json_count(list), 0);
}

static void another_origin_sees_nothing(void **state)
{
    struct ops_world *world = *state;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "check", NULL);
    AUTO(json_freep)
    struct json *list = ops_list_json(world->ops, "https://other.example", LANG_ZH);
    AUTO(json_freep) struct json *own = ops_list_json(world->ops, OPS_WORLD_ORIGIN, LANG_ZH);
    assert_int_equal(json_count(list), 0);
    assert_int_equal(json_count(own), 1);
    assert_int_equal(ops_operation_version(world->ops, world->id, "https://other.example"), 0);
}

static void a_renewal_that_died_at_the_dialog_is_told_as_interrupted(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    world->person.answers[0] = NULL;
    const struct ops_start start = {.kind = "renew", .ticket = "t", .origin = OPS_WORLD_ORIGIN};
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
    ops_freep(&world->ops);
    ops_world_open(world);
    AUTO(json_freep) struct json *operation = NULL;
    assert_int_equal(
        ops_operation_json(world->ops, world->id, OPS_WORLD_ORIGIN, LANG_EN, &operation, &err),
        ERR_NONE);
    assert_string_equal(ops_world_state(operation), "failed");
    const struct json *error = json_member(operation, "error");
    assert_string_equal(json_text_of(json_member(error, "code")), "interrupted");
}

static unsigned count_descriptors(void)
{
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

/* One more operation that is over, and its thread. */
static void check_and_reap(struct ops_world *world)
{
    AUTO(json_freep) struct json *operation = ops_world_run(world, "check", NULL);
    assert_string_equal(ops_world_state(operation), "done");
    ops_observe(world->ops, NULL, NULL);
    while (ops_world_busy(world))
        loop_run_posted(world->loop);
}

static void operations_that_are_over_hold_no_descriptor(void **state)
{
    struct ops_world *world = *state;
    unsigned before = count_descriptors();
    for (unsigned i = 0; i < 2; i++) {
        check_and_reap(world);
        assert_int_equal(count_descriptors(), before);
        ops_freep(&world->ops);
        ops_world_open(world);
        assert_int_equal(count_descriptors(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(starting_needs_what_the_kind_needs),
        OPS_WORLD_TEST(another_origin_sees_nothing),
        OPS_WORLD_TEST(operations_that_are_over_hold_no_descriptor),
        OPS_WORLD_TEST(a_renewal_that_died_at_the_dialog_is_told_as_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
