/* CA锁密码修改. */
#include "agent/ops/op.h"
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

/* More than a change of a PIN has. */
#define COMMANDS 40
#define NEW_PIN "29-okapi"
#define OWN_PIN "okapi-92"

static bool has_pin(struct ops_world *world, const char *pin)
{
    struct err err = ERR_INIT;
    struct token *token = ops_world_open_token(world);
    AUTO(secret_freep) struct secret *typed = NULL;
    assert_int_equal(secret_new(strlen(pin), &typed, &err), ERR_NONE);
    memcpy(secret_room(typed), pin, strlen(pin));
    secret_set_length(typed, strlen(pin));
    assert_int_equal(token_begin(token, &err), ERR_NONE);
    enum err_code code = token_login(token, typed, &err);
    token_end(token);
    token_close(token);
    assert_true(code == ERR_NONE || code == ERR_PIN_WRONG);
    return code == ERR_NONE;
}

/* Of the keys that are changed. */
static const char *profile;

static void put_fresh_key(struct ops_world *world, const char *pin)
{
    ops_world_use(world, profile, false);
    if (strcmp(pin, "123456") == 0)
        return;
    world->person.asked = 0;
    world->person.answers[0] = "123456";
    world->person.answers[1] = pin;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "change-pin", NULL);
    assert_string_equal(ops_world_code(operation), "none");
}

/* What the person was told of a change that a fault struck is true; its code. */
static char *change_under(struct ops_world *world, const char *pin, const char *fault)
{
    put_fresh_key(world, pin);
    world->person.asked = 0;
    world->person.answers[0] = pin;
    world->person.answers[1] = NEW_PIN;
    world->keys.next_fault = fault;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "change-pin", NULL);
    world->keys.next_fault = NULL;
    const char *code = ops_world_code(operation);
    bool changed = has_pin(world, NEW_PIN);
    if (strcmp(code, "none") == 0)
        assert_true(changed);
    else if (strcmp(code, "pin-change-unclear") != 0)
        assert_false(changed);
    assert_true(changed || has_pin(world, pin));
    return memory_text(code);
}

/* Changes under a fault at each command; how many were told as unclear. */
static unsigned unclear_ones(struct ops_world *world, const char *pin, const char *kind)
{
    unsigned unclear = 0, done = 0;
    for (int nth = 1; nth <= COMMANDS; nth++) {
        AUTO(memory_freep) char *fault = memory_printf("%s %d", kind, nth);
        AUTO(memory_freep) char *code = change_under(world, pin, fault);
        unclear += strcmp(code, "pin-change-unclear") == 0;
        done += strcmp(code, "none") == 0;
    }
    assert_in_range(done, 1, COMMANDS - 5);
    return unclear;
}

static void a_lost_answer_is_told_as_what_it_is(void **state)
{
    static const char *const profiles[] = {"gmt0017-2012", "piv-full", "piv-plain"};
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        profile = profiles[i];
        assert_in_range(unclear_ones(world, OWN_PIN, "lose-after"), 1, 3);
        assert_in_range(unclear_ones(world, OWN_PIN, "lose-before"), 1, 3);
        assert_in_range(unclear_ones(world, OWN_PIN, "remove-at"), 1, 3);
    }
}

/* It alone says by itself that it is gone. */
static void of_an_initial_pin_the_key_tells_what_became(void **state)
{
    static const char *const profiles[] = {"gmt0017-2012", "piv-full"};
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        profile = profiles[i];
        assert_int_equal(unclear_ones(world, "123456", "lose-after"), 0);
        assert_int_equal(unclear_ones(world, "123456", "lose-before"), 0);
    }
}

/* A key that never says so is not believed to say no. */
static void a_key_that_does_not_tell_an_initial_pin_leaves_it_unclear(void **state)
{
    profile = "piv-plain";
    assert_in_range(unclear_ones(*state, "123456", "lose-after"), 1, 3);
    assert_in_range(unclear_ones(*state, "123456", "lose-before"), 1, 3);
}

static void the_agents_end_while_changing_is_unclear(void **state)
{
    (void)state;
    assert_int_equal(op_change_pin.unclear, ERR_PIN_CHANGE_UNCLEAR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(a_new_pin_must_keep_the_rules),
        OPS_WORLD_TEST(the_old_pin_is_asked_again_when_it_is_wrong),
        OPS_WORLD_TEST(a_lost_answer_is_told_as_what_it_is),
        OPS_WORLD_TEST(of_an_initial_pin_the_key_tells_what_became),
        OPS_WORLD_TEST(a_key_that_does_not_tell_an_initial_pin_leaves_it_unclear),
        cmocka_unit_test(the_agents_end_while_changing_is_unclear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
