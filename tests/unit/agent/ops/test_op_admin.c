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

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(an_answer_is_bound_to_the_keys_challenge),
        OPS_WORLD_TEST(a_key_that_needs_no_administrator_to_write_asks_nobody),
        cmocka_unit_test(a_refusal_is_told_in_words_for_its_purpose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
