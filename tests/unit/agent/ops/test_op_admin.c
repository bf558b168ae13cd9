#include "agent/ops/op_admin.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "agent/ops/op_engine.h"
#include "agent/ops/op_key.h"
#include "tests/unit/agent/ops/ops_world.h"

/* Of reset-pin: it can't be cancelled. */
#define UNBLOCK_STEP 4

static void begin(struct ops_world *world, struct op *op, const char *profile)
{
    stand_in_keys_done(&world->keys);
    stand_in_keys_init(&world->keys);
    stand_in_keys_add(&world->keys, &world->platform, "KEY1", profile, false);
    *op = (struct op){
        .ops = world->ops,
        .kind = &op_reset_pin,
        .step = UNBLOCK_STEP,
        .platform = &world->listed,
        .key.token = ops_world_open_token(world),
    };
    op->facts.job = memory_new(sizeof *op->facts.job);
}

static void end(struct op *op)
{
    op_key_done(&op->key);
    op_facts_done(&op->facts);
}

static void an_answer_is_bound_to_the_keys_challenge(void **state)
{
    struct ops_world *world = *state;
    struct op op;
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *blob = NULL;
    bool bound = false;
    begin(world, &op, "gmt0017-2012");
    const struct op_admin_question question = {REMOTE_UNBLOCK_PIN, .tries = 10};
    assert_int_equal(op_admin_relay(&op, &question, &blob, &bound, &err), ERR_NONE);
    assert_true(bound);
    assert_int_equal(world->platform.unblocks, 1);
    assert_int_equal(token_unblock(op.key.token, secret_peek(blob), &err), ERR_NONE);
    end(&op);
}

static void a_key_that_needs_no_administrator_to_write_asks_nobody(void **state)
{
    struct ops_world *world = *state;
    struct op op;
    struct err err = ERR_INIT;
    begin(world, &op, "gmt0017-2012");
    assert_int_equal(op_admin_begin(&op, &err), ERR_NONE);
    /* For want of the person's own log-in nobody else's is asked for. */
    assert_int_equal(op_admin_delete_pair(&op, "bidder", &err), ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(op_admin_write_file(&op, "x", span_text("x"), &err), ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(op_admin_make_current(&op, "bidder", &err), ERR_NONE);
    assert_int_equal(world->platform.unblocks, 0);
    end(&op);
}

static void a_refusal_is_told_in_words_for_its_purpose(void **state)
{
    static const struct {
        enum remote_unblock_purpose purpose;
        enum err_code key, said;
    } cases[] = {
        {REMOTE_UNBLOCK_LOGIN, ERR_PIN_WRONG, ERR_UNBLOCK_REFUSED},
        {REMOTE_UNBLOCK_PIN, ERR_TOKEN_MAC, ERR_UNBLOCK_REFUSED},
        {REMOTE_UNBLOCK_PIN, ERR_PIN_LOCKED, ERR_ADMIN_PIN_LOCKED},
        {REMOTE_UNBLOCK_MANAGE, ERR_PIN_WRONG, ERR_MANAGE_REFUSED},
        {REMOTE_UNBLOCK_MANAGE, ERR_PIN_LOCKED, ERR_MANAGE_REFUSED},
        {REMOTE_UNBLOCK_MANAGE, ERR_TOKEN_REMOVED, ERR_TOKEN_REMOVED},
        {REMOTE_UNBLOCK_PIN, ERR_PLATFORM_TIMEOUT, ERR_PLATFORM_TIMEOUT},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        err_set(&err, cases[i].key, "the key");
        assert_int_equal(op_admin_say_refused(cases[i].purpose, &err), cases[i].said);
        assert_int_equal(err.code, cases[i].said);
    }
}

/* ---- keys whose administrator must let us write, and whose PIN is unblocked by a secret ---- */

static const char *const piv_profiles[] = {"piv-full", "piv-5.4", "piv-plain", "piv-odd"};

static void the_platform_lets_us_write(void **state)
{
    static const char *const algorithms[] = {"aes192", "3des", "3des", "aes128"};
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(piv_profiles); i++) {
        ops_world_use(world, piv_profiles[i], false);
        AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
        assert_string_equal(ops_world_code(operation), "none");
        assert_int_equal(world->platform.piv.managed, 1);
        assert_string_equal(world->platform.piv.algorithm, algorithms[i]);
    }
}

/* Nor is a certificate asked for that could not be written. */
static void a_platform_with_another_key_is_refused_and_nothing_is_written(void **state)
{
    struct ops_world *world = *state;
    for (size_t i = 0; i < 2 * ARRAY_SIZE(piv_profiles); i++) {
        ops_world_use(world, piv_profiles[i / 2], false);
        world->platform.piv.wrong_key = true;
        world->platform.replace_key = i % 2 == 0;
        AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
        AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
        assert_string_equal(ops_world_code(operation), "management-refused");
        assert_int_equal(world->platform.requested, 0);
        ops_world_assert_unchanged(world, before);
    }
}

static struct json *reset_pin(struct ops_world *world)
{
    static const char *const answers[] = {"yes", "cancel"};
    world->platform.kind = "reset-pin";
    world->person.asked = 0;
    memcpy(world->person.answers, answers, sizeof answers);
    return ops_world_run(world, "reset-pin", "ticket");
}

/* An earlier reset broke off after the key had changed its PUK. */
static void when_key_and_platform_differ_the_other_secret_is_asked_for_once(void **state)
{
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(piv_profiles); i++) {
        ops_world_use(world, piv_profiles[i], false);
        world->platform.piv.puk = "99999999";
        world->platform.piv.other_puk = STAND_IN_PIV_PUK;
        AUTO(json_freep) struct json *operation = reset_pin(world);
        assert_string_equal(ops_world_code(operation), "none");
        assert_int_equal(world->platform.piv.unblocked, 2);
        assert_int_equal(world->platform.piv.refused, 1);
        assert_int_equal(world->platform.confirmed, 1);
    }
}

static void a_secret_that_is_wrong_twice_is_not_tried_again(void **state)
{
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(piv_profiles); i++) {
        ops_world_use(world, piv_profiles[i], false);
        world->platform.piv.puk = "99999999";
        AUTO(json_freep) struct json *first = reset_pin(world);
        assert_string_equal(ops_world_code(first), "unblock-refused");
        assert_int_equal(world->platform.piv.unblocked, 2);
        assert_int_equal(world->platform.confirmed, 0);
    }
}

#define COMMANDS 14 /* of a reset, more or less */

/* A card has the same word for a wrong secret and for other things; what was never doubted is not given up. */
static void a_refusal_that_costs_no_try_says_nothing_about_the_secret(void **state)
{
    struct ops_world *world = *state;
    int told = 0;
    for (int nth = 1; nth <= COMMANDS; nth++) {
        AUTO(memory_freep) char *fault = memory_printf("status %d 6982", nth);
        ops_world_use(world, "piv-full", false);
        world->keys.next_fault = fault;
        AUTO(json_freep) struct json *operation = reset_pin(world);
        assert_int_equal(world->platform.piv.refused, 0);
        told += strcmp(ops_world_code(operation), "unblock-refused") == 0;
    }
    assert_int_equal(told, 1);
}

/* A card that tells no tries, and has a word without a count for a wrong secret: whether it was wrong is for the
 * platform to know. */
static void a_refusal_without_a_count_is_told_to_the_platform(void **state)
{
    static const char *const words[] = {"6300", "6982"};
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        int asked_again = 0;
        for (int nth = 1; nth <= COMMANDS; nth++) {
            AUTO(memory_freep) char *fault = memory_printf("status %d %s", nth, words[i]);
            ops_world_use(world, "piv-plain", false);
            world->keys.next_fault = fault;
            AUTO(json_freep) struct json *operation = reset_pin(world);
            if (world->platform.piv.refused == 0)
                continue;
            asked_again++;
            assert_int_equal(world->platform.piv.tries, -1);
            assert_string_equal(ops_world_state(operation), "done");
        }
        assert_int_equal(asked_again, 1);
    }
}

/* Of three tries one always is left for whoever has the key in hand. */
static void the_last_try_is_left_alone(void **state)
{
    struct ops_world *world = *state;
    ops_world_use(world, "piv-full", false);
    world->platform.piv.puk = "99999999";
    for (int i = 0; i < 3; i++)
        json_free(reset_pin(world));
    assert_int_equal(world->platform.piv.unblocked, 2);
    AUTO(json_freep) struct json *operation = reset_pin(world);
    assert_string_equal(ops_world_code(operation), "administrator-tries-low");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(an_answer_is_bound_to_the_keys_challenge),
        OPS_WORLD_TEST(a_key_that_needs_no_administrator_to_write_asks_nobody),
        cmocka_unit_test(a_refusal_is_told_in_words_for_its_purpose),
        OPS_WORLD_TEST(the_platform_lets_us_write),
        OPS_WORLD_TEST(a_platform_with_another_key_is_refused_and_nothing_is_written),
        OPS_WORLD_TEST(when_key_and_platform_differ_the_other_secret_is_asked_for_once),
        OPS_WORLD_TEST(a_secret_that_is_wrong_twice_is_not_tried_again),
        OPS_WORLD_TEST(a_refusal_that_costs_no_try_says_nothing_about_the_secret),
        OPS_WORLD_TEST(a_refusal_without_a_count_is_told_to_the_platform),
        OPS_WORLD_TEST(the_last_try_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
