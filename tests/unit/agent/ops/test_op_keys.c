/* Reading the plugged-in keys. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void take_keys(void *context, struct json *array)
{
    struct json **out = context;
    *out = array;
}

static void stop_loop(void *context)
{
    loop_stop(context);
}

static struct json *read_keys(struct ops_world *world)
{
    struct err err = ERR_INIT;
    struct json *keys = NULL;
    ops_read_tokens(world->ops, LANG_EN, take_keys, &keys);
    struct loop_timer *timer = loop_timer_new(world->loop, stop_loop, world->loop);
    for (int i = 0; i < 500 && keys == NULL; i++) {
        loop_timer_set(timer, deadline_in_ms(20));
        assert_int_equal(loop_run(world->loop, &err), ERR_NONE);
    }
    loop_timer_free(timer);
    assert_non_null(keys);
    return keys;
}

static void keys_are_listed_with_their_certificates(void **state)
{
    struct ops_world *world = *state;
    AUTO(json_freep) struct json *keys = read_keys(world);
    assert_int_equal(json_count(keys), 1);
    const struct json *key = json_item(keys, 0);
    assert_string_equal(json_text_of(json_member(key, "serial")), "KEY1");
    assert_int_equal(json_count(json_member(key, "certificates")), 2);
}

/* Both families at once, in two readers. */
static void a_key_of_each_family_is_shown_alike(void **state)
{
    struct ops_world *world = *state;
    stand_in_keys_add(&world->keys, &world->platform, "20260101", "piv-full", false);
    AUTO(json_freep) struct json *keys = read_keys(world);
    assert_int_equal(json_count(keys), 2);
    const struct json *key = json_item(keys, 1);
    const struct json *cert = json_item(json_member(key, "certificates"), 0);
    assert_string_equal(json_text_of(json_member(json_item(keys, 0), "driver")), "gmt0017");
    assert_string_equal(json_text_of(json_member(key, "driver")), "piv");
    assert_string_equal(json_text_of(json_member(key, "serial")), "20260101");
    assert_string_equal(json_text_of(json_member(cert, "algorithm")), "p256");
    assert_string_equal(json_text_of(json_member(cert, "common_name")), "holder");
}

static void look_twice(void *context)
{
    struct ops_world *world = context;
    for (int i = 0; i < 2; i++) {
        struct json *keys = NULL;
        ops_read_tokens(world->ops, LANG_EN, take_keys, &keys);
        loop_run_posted(world->loop);
        assert_non_null(keys);
        assert_string_equal(json_text_of(json_member(json_item(keys, 0), "serial")), "KEY1");
        json_free(keys);
    }
    struct err err = ERR_INIT;
    assert_int_equal(ops_cancel(world->ops, world->id, NULL, &err), ERR_NONE);
}

/* Of a key that an operation holds, what was read last is shown. */
static void a_key_at_work_is_shown_as_it_was(void **state)
{
    struct ops_world *world = *state;
    AUTO(json_freep) struct json *keys = read_keys(world);
    world->person.answers[0] = NULL;
    world->on_waiting_user = look_twice;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(operation), "cancelled");
}

/* The agent ends while a key is read: nothing that the reading uses may go before it. */
static void the_end_waits_for_a_reading(void **state)
{
    struct ops_world *world = *state;
    struct json *keys = NULL;
    world->keys.next_fault = "delay 1 300";
    ops_read_tokens(world->ops, LANG_EN, take_keys, &keys);
    ops_freep(&world->ops);
    assert_null(keys);
}

/* A key that was put in after the reading began is in the answer to whoever asked after that. */
static void a_key_that_comes_during_a_reading_is_not_missed(void **state)
{
    struct ops_world *world = *state;
    struct json *before = NULL;
    stand_in_keys_add(&world->keys, &world->platform, "KEY2", "longmai", false);
    world->keys.count = 1;
    world->keys.next_fault = "delay 1 300";
    ops_read_tokens(world->ops, LANG_EN, take_keys, &before);
    world->keys.count = 2;
    AUTO(json_freep) struct json *after = read_keys(world);
    assert_int_equal(json_count(before), 1);
    assert_int_equal(json_count(after), 2);
    json_free(before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(keys_are_listed_with_their_certificates),
        OPS_WORLD_TEST(a_key_of_each_family_is_shown_alike),
        OPS_WORLD_TEST(a_key_at_work_is_shown_as_it_was),
        OPS_WORLD_TEST(the_end_waits_for_a_reading),
        OPS_WORLD_TEST(a_key_that_comes_during_a_reading_is_not_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
