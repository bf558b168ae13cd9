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

static void keys_are_listed_with_their_certificates(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *keys = NULL;
    ops_read_tokens(world->ops, LANG_EN, take_keys, &keys);
    struct loop_timer *timer = loop_timer_new(world->loop, stop_loop, world->loop);
    for (int i = 0; i < 200 && keys == NULL; i++) {
        loop_timer_set(timer, deadline_in_ms(20));
        assert_int_equal(loop_run(world->loop, &err), ERR_NONE);
    }
    loop_timer_free(timer);
    assert_non_null(keys);
    assert_int_equal(json_count(keys), 1);
    const struct json *key = json_item(keys, 0);
    assert_string_equal(json_text_of(json_member(key, "serial")), "KEY1");
    assert_int_equal(json_count(json_member(key, "certificates")), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(keys_are_listed_with_their_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
