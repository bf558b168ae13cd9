#include "agent/ops/op_renew_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/ops/op_key.h"
#include "tests/unit/agent/ops/ops_world.h"

/* An operation at the step that judges, on KEY1. */
static void begin(struct ops_world *world, struct op *op)
{
    struct err err = ERR_INIT;
    *op = (struct op){.key.token = ops_world_open_token(world)};
    op->facts.job = memory_new(sizeof *op->facts.job);
    op->facts.job->replace_key = true;
    op->facts.job->algorithm = memory_text("sm2");
    op->facts.job->order = memory_text("20260101000001");
    assert_int_equal(token_read_pairs(op->key.token, &op->key.pairs, &err), ERR_NONE);
    assert_int_equal(op_key_choose(op->key.pairs, &op->key.pair, &err), ERR_NONE);
    op->key.sign_cert = fixture_parse(span_bytes(op->key.pair->sign_cert));
}

static void end(struct op *op)
{
    op_key_done(&op->key);
    op_facts_done(&op->facts);
    bytes_freep(&op->public_key);
}

static void a_new_pair_is_named_after_the_order(void **state)
{
    struct op op;
    struct err err = ERR_INIT;
    begin(*state, &op);
    assert_int_equal(op_renew_pair_judge(&op, &err), ERR_NONE);
    assert_true(op_renew_pair_is_new(&op));
    assert_false(op.facts.container_is_ours);
    assert_memory_equal(op.facts.container, "renew-", 6);
    assert_int_equal(strlen(op.facts.container), 6 + 16);
    assert_null(op_renew_pair_named(op.key.pairs, op.facts.container));
    char first[sizeof op.facts.container];
    memcpy(first, op.facts.container, sizeof first);
    op.facts.job->order[0] = '3';
    assert_int_equal(op_renew_pair_judge(&op, &err), ERR_NONE);
    assert_string_not_equal(op.facts.container, first);
    end(&op);
}

static void what_policy_and_key_do_not_allow_is_refused(void **state)
{
    static const struct {
        const char *what, *algorithm;
        bool replace, dual, no_encrypt_cert;
        enum err_code kept_reason, expected;
    } cases[] = {
        {"replaced", "sm2", .replace = true, .expected = ERR_NONE},
        {"replaced by another algorithm", "p256", .replace = true, .expected = ERR_NONE},
        {"unknown algorithm", "dsa", .replace = true, .expected = ERR_POLICY},
        {"no such encryption key", "p384", .replace = true, .dual = true, .expected = ERR_POLICY},
        {"kept", "sm2", .expected = ERR_NONE},
        {"kept, of another algorithm", "p256", .expected = ERR_POLICY},
        {"no encryption key to keep", "sm2", .dual = true, .no_encrypt_cert = true,
         .expected = ERR_POLICY},
        {"kept in spite of the policy", "sm2", .replace = true,
         .kept_reason = ERR_TOKEN_CANNOT_REPLACE, .expected = ERR_NONE},
    };
    struct op op;
    begin(*state, &op);
    op.key.encrypt_cert = fixture_parse(span_bytes(op.key.pair->encrypt_cert));
    struct cert *encrypt_cert = op.key.encrypt_cert;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        memory_freep(&op.facts.job->algorithm);
        op.facts.job->algorithm = memory_text(cases[i].algorithm);
        op.facts.job->replace_key = cases[i].replace;
        op.facts.job->dual = cases[i].dual;
        op.facts.kept_reason = cases[i].kept_reason;
        op.key.encrypt_cert = cases[i].no_encrypt_cert ? NULL : encrypt_cert;
        if (op_renew_pair_judge(&op, &err) != cases[i].expected)
            print_error("%s: %s\n", cases[i].what, err.detail);
        assert_int_equal(err.code, cases[i].expected);
    }
    op.key.encrypt_cert = encrypt_cert;
    end(&op);
}

static void a_key_that_cant_is_renewed_with_the_present_pair(void **state)
{
    struct op op;
    struct err err = ERR_INIT;
    begin(*state, &op);
    assert_int_equal(op_renew_pair_judge(&op, &err), ERR_NONE);
    assert_int_equal(op_renew_pair_keep(&op, &err), ERR_NONE);
    assert_false(op_renew_pair_is_new(&op));
    assert_int_equal(op.facts.kept_reason, ERR_TOKEN_CANNOT_REPLACE);
    assert_string_equal(op.facts.container, op.key.pair->name);
    assert_true(span_equal(span_bytes(op.public_key), cert_peek(op.key.sign_cert)->public_key));
    end(&op);
}

static void log_in(struct token *token)
{
    static const char pin[] = "123456";
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *secret = NULL;
    assert_int_equal(secret_new(sizeof pin, &secret, &err), ERR_NONE);
    memcpy(secret_room(secret), pin, strlen(pin));
    secret_set_length(secret, strlen(pin));
    assert_int_equal(token_login(token, secret, &err), ERR_NONE);
}

/* An earlier attempt came to its end and nobody heard of it: its pair is the one in use. */
static void a_pair_with_a_certificate_stays_though_it_cant_sign(void **state)
{
    struct op op;
    struct err err = ERR_INIT;
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    begin(*state, &op);
    log_in(op.key.token);
    snprintf(op.facts.container, sizeof op.facts.container, "%s", op.key.pair->name);
    op.public_key = bytes_new(cert_peek(op.key.sign_cert)->public_key);
    assert_int_equal(op_renew_pair_keep(&op, &err), ERR_NONE);
    assert_int_equal(token_read_pairs(op.key.token, &pairs, &err), ERR_NONE);
    assert_int_equal(pairs->count, op.key.pairs->count);
    end(&op);
}

/* Another algorithm can't be had with the present pair: then nothing is done, and the reason is the key's. */
static void a_policy_that_the_present_pair_does_not_fit_is_told(void **state)
{
    struct op op;
    struct err err = ERR_INIT;
    begin(*state, &op);
    memory_freep(&op.facts.job->algorithm);
    op.facts.job->algorithm = memory_text("p256");
    assert_int_equal(op_renew_pair_judge(&op, &err), ERR_NONE);
    assert_int_equal(op_renew_pair_keep(&op, &err), ERR_TOKEN_CANNOT_REPLACE);
    end(&op);
}

static void only_a_slot_that_cant_sign_is_given_up(void **state)
{
    (void)state;
    assert_true(op_renew_pair_cant_sign(ERR_TOKEN_NOT_SUPPORTED));
    assert_true(op_renew_pair_cant_sign(ERR_TOKEN_CANNOT_REPLACE));
    assert_false(op_renew_pair_cant_sign(ERR_NONE));
    assert_false(op_renew_pair_cant_sign(ERR_TOKEN_LOGIN_LOST));
    assert_false(op_renew_pair_cant_sign(ERR_TOKEN_REMOVED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(a_new_pair_is_named_after_the_order),
        OPS_WORLD_TEST(what_policy_and_key_do_not_allow_is_refused),
        OPS_WORLD_TEST(a_key_that_cant_is_renewed_with_the_present_pair),
        OPS_WORLD_TEST(a_pair_with_a_certificate_stays_though_it_cant_sign),
        OPS_WORLD_TEST(a_policy_that_the_present_pair_does_not_fit_is_told),
        cmocka_unit_test(only_a_slot_that_cant_sign_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
