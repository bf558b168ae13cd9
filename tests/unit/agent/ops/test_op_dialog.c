/* What a dialog tells the person. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void the_person_reads_who_asks_for_what_on_which_key(void **state)
{
    static const char *const facts[] = {
        "阳光采购服务平台", OPS_WORLD_ORIGIN, "CA延期续费",   "单位：Org", "使用者：holder", "KEY1",
        "20260101000001",   "沿用原密钥",     "剩余密码次数",
    };
    struct ops_world *world = *state;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
        if (strstr(world->person.last_description, facts[i]) == NULL)
            fail_msg("\"%s\" is not in:\n%s", facts[i], world->person.last_description);
}

static void a_replaced_key_is_announced(void **state)
{
    struct ops_world *world = *state;
    world->platform.replace_key = true;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_non_null(strstr(world->person.last_description, "换发新密钥"));
}

static void nobody_answering_is_told_as_a_timeout(void **state)
{
    struct ops_world *world = *state;
    world->person.answers[0] = "timeout";
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(operation), "prompt-timeout");
    ops_world_assert_unchanged(world, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(the_person_reads_who_asks_for_what_on_which_key),
        OPS_WORLD_TEST(a_replaced_key_is_announced),
        OPS_WORLD_TEST(nobody_answering_is_told_as_a_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
