/* CA锁密码重置. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const profiles[] = {"gmt0017-2012", "longmai", "syno"};

static void use_profile(struct ops_world *world, const char *profile)
{
    stand_in_keys_done(&world->keys);
    stand_in_keys_init(&world->keys);
    stand_in_keys_add(&world->keys, &world->platform, "KEY1", profile, false);
    world->platform.kind = "renew";
}

/* Wrong PINs until nothing is left. */
static void lock_pin(struct ops_world *world)
{
    world->platform.kind = "renew";
    while (ops_world_tries_left(world) > 0) {
        world->person.asked = 0;
        bool last = ops_world_tries_left(world) == 1;
        const char *const answers[] = {last ? "yes" : "999999", last ? "999999" : "cancel"};
        memcpy(world->person.answers, answers, sizeof answers);
        AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    }
}

static struct json *reset(struct ops_world *world, const char *const answers[4])
{
    world->platform.kind = "reset-pin";
    world->person.asked = 0;
    memcpy(world->person.answers, answers, 4 * sizeof answers[0]);
    return ops_world_run(world, "reset-pin", "ticket");
}

static int administrator_tries(struct ops_world *world)
{
    struct token_pin_state pin;
    struct err err = ERR_INIT;
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    assert_int_equal(token_read_pin_state(token, TOKEN_ADMINISTRATOR, &pin, &err), ERR_NONE);
    return pin.tries_left;
}

static void a_locked_pin_is_reset_on_every_profile(void **state)
{
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        use_profile(world, profiles[i]);
        lock_pin(world);
        AUTO(json_freep)
        struct json *operation = reset(world, (const char *const[4]){"yes", "cancel"});
        if (strcmp(ops_world_state(operation), "done") != 0)
            print_error("%s: %s\n", profiles[i], ops_world_code(operation));
        assert_string_equal(ops_world_state(operation), "done");
        assert_string_equal(json_text_of(json_member(operation, "message")),
                            "重置锁成功,CA锁密码为:123456。");
        assert_true(ops_world_tries_left(world) > 0);
        world->platform.kind = "renew";
        world->person.asked = 0;
        world->person.answers[0] = "123456";
        AUTO(json_freep) struct json *check = ops_world_run(world, "change-pin", NULL);
        assert_string_equal(ops_world_code(check), "prompt-cancelled"); /* the PIN was right */
    }
}

static void the_offer_to_change_the_initial_pin_is_taken(void **state)
{
    struct ops_world *world = *state;
    lock_pin(world);
    AUTO(json_freep)
    struct json *operation =
        reset(world, (const char *const[4]){"yes", "yes", "123456", "29-okapi"});
    assert_string_equal(ops_world_state(operation), "done");
    assert_string_equal(json_text_of(json_member(operation, "message")),
                        "重置锁成功,CA锁密码已修改。");
}

static void saying_no_changes_nothing(void **state)
{
    struct ops_world *world = *state;
    lock_pin(world);
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    AUTO(json_freep) struct json *operation = reset(world, (const char *const[4]){"cancel"});
    assert_string_equal(ops_world_state(operation), "cancelled");
    assert_int_equal(world->platform.unblocks, 0);
    ops_world_assert_unchanged(world, before);
}

static void a_wrong_answer_of_the_platform_is_refused_by_the_key(void **state)
{
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        for (int kind = 0; kind < 2; kind++) {
            use_profile(world, profiles[i]);
            lock_pin(world);
            int before = administrator_tries(world);
            world->platform.spoil_blob = kind == 0;
            world->platform.wrong_admin_pin = kind == 1 ? "87654321" : NULL;
            AUTO(json_freep)
            struct json *operation = reset(world, (const char *const[4]){"yes"});
            if (strcmp(ops_world_code(operation), "unblock-refused") != 0)
                print_error("%s, %d: %s\n", profiles[i], kind, ops_world_code(operation));
            assert_string_equal(ops_world_code(operation), "unblock-refused");
            assert_int_equal(ops_world_tries_left(world), 0);
            assert_true(before - administrator_tries(world) <= 1);
            world->platform.spoil_blob = false;
            world->platform.wrong_admin_pin = NULL;
        }
    }
}

static void a_replayed_answer_is_refused_by_the_key(void **state)
{
    struct ops_world *world = *state;
    lock_pin(world);
    AUTO(json_freep) struct json *first = reset(world, (const char *const[4]){"yes", "cancel"});
    assert_string_equal(ops_world_state(first), "done");
    lock_pin(world);
    world->platform.replay_blob = true;
    AUTO(json_freep) struct json *replayed = reset(world, (const char *const[4]){"yes"});
    assert_string_equal(ops_world_code(replayed), "unblock-refused");
    assert_int_equal(ops_world_tries_left(world), 0);
}

/* We stop long before the key does. */
static void few_administrator_tries_are_left_alone(void **state)
{
    struct ops_world *world = *state;
    int left = administrator_tries(world);
    lock_pin(world);
    world->platform.wrong_admin_pin = "87654321";
    for (int i = 0; i < left + 2; i++)
        json_free(reset(world, (const char *const[4]){"yes"}));
    AUTO(json_freep) struct json *operation = reset(world, (const char *const[4]){"yes"});
    assert_string_equal(ops_world_code(operation), "administrator-tries-low");
    assert_int_equal(administrator_tries(world), 3); /* the platform's number too */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(a_locked_pin_is_reset_on_every_profile),
        OPS_WORLD_TEST(the_offer_to_change_the_initial_pin_is_taken),
        OPS_WORLD_TEST(saying_no_changes_nothing),
        OPS_WORLD_TEST(a_wrong_answer_of_the_platform_is_refused_by_the_key),
        OPS_WORLD_TEST(a_replayed_answer_is_refused_by_the_key),
        OPS_WORLD_TEST(few_administrator_tries_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
