#include "agent/ops/op_key.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/agent/ops/ops_world.h"

static void algorithms_have_one_name_each(void **state)
{
    (void)state;
    assert_int_equal(op_key_algorithm("sm2"), TOKEN_SM2);
    assert_int_equal(op_key_algorithm("rsa2048"), TOKEN_RSA2048);
    assert_int_equal(op_key_algorithm("p256"), TOKEN_P256);
    assert_int_equal(op_key_algorithm("p384"), TOKEN_P384);
    assert_int_equal(op_key_algorithm("SM2"), TOKEN_ALGORITHM_NONE);
    assert_int_equal(op_key_algorithm(""), TOKEN_ALGORITHM_NONE);
    enum cert_algorithm algorithm = CERT_SM2;
    assert_true(op_key_cert_algorithm(TOKEN_P384, &algorithm));
    assert_int_equal(algorithm, CERT_P384);
    assert_false(op_key_cert_algorithm(TOKEN_ALGORITHM_NONE, &algorithm));
}

static void what_a_key_does_not_count_is_null(void **state)
{
    (void)state;
    AUTO(json_freep) struct json *json = json_new_object();
    op_key_add_tries(json, "left", -1);
    op_key_add_tries(json, "max", 0);
    AUTO(memory_freep) char *text = json_print(json);
    assert_string_equal(text, "{\"left\":null,\"max\":0}");
}

static void a_public_key_of_each_algorithm_becomes_der(void **state)
{
    static const enum cert_algorithm algorithms[] = {CERT_SM2, CERT_P256, CERT_P384};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
        AUTO(fixture_key_freep) struct fixture_key *key = fixture_key_new(algorithms[i], 0);
        struct span der = span_bytes(key->public_key);
        size_t half = algorithms[i] == CERT_P384 ? 48 : 32;
        struct token_public_key from = {.algorithm = algorithms[i] == CERT_SM2    ? TOKEN_SM2
                                                     : algorithms[i] == CERT_P256 ? TOKEN_P256
                                                                                  : TOKEN_P384};
        memcpy(from.x, der.at + der.len - 2 * half, half);
        memcpy(from.y, der.at + der.len - half, half);
        AUTO(bytes_freep) struct bytes *got = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(op_key_public_der(&from, &got, &err), ERR_NONE);
        assert_true(span_equal(span_bytes(got), der));
    }
    struct token_public_key none = {.algorithm = TOKEN_ALGORITHM_NONE};
    struct bytes *out = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(op_key_public_der(&none, &out, &err), ERR_TOKEN_ANSWER);
}

static struct bytes *cert_until(const struct ops_world *world, int64_t end_utc)
{
    AUTO(fixture_key_freep) struct fixture_key *key = fixture_key_new(CERT_SM2, 0);
    return stand_in_platform_issue(&world->platform, key, "holder", "critical,digitalSignature",
                                   end_utc);
}

static void the_pair_in_use_is_the_one_that_ends_last(void **state)
{
    const struct ops_world *world = *state;
    struct token_pairs *pairs = memory_new(sizeof *pairs + 4 * sizeof pairs->pairs[0]);
    struct err err = ERR_INIT;
    const struct token_pair *chosen = NULL;
    assert_null(op_key_current_pair(pairs));
    assert_int_equal(op_key_choose(pairs, &chosen, &err), ERR_TOKEN_NO_CERTIFICATE);
    pairs->count = 4;
    pairs->pairs[0] = (struct token_pair){
        .has_sign_key = true, .sign_cert = cert_until(world, FIXTURE_NOW + FIXTURE_DAY)};
    pairs->pairs[1] = (struct token_pair){
        .has_sign_key = true, .sign_cert = cert_until(world, FIXTURE_NOW + 3 * FIXTURE_DAY)};
    /* Without its key a certificate is of no use, however late it ends; nor is a broken one. */
    pairs->pairs[2] =
        (struct token_pair){.sign_cert = cert_until(world, FIXTURE_NOW + 9 * FIXTURE_DAY)};
    pairs->pairs[3] = (struct token_pair){.has_sign_key = true,
                                          .sign_cert = bytes_new(span_text("no certificate"))};
    assert_ptr_equal(op_key_current_pair(pairs), &pairs->pairs[1]);
    /* A broken one alone is told as what it is. */
    pairs->pairs[0].has_sign_key = pairs->pairs[1].has_sign_key = false;
    assert_int_equal(op_key_choose(pairs, &chosen, &err), ERR_DER);
    token_pairs_free(pairs);
}

static void foreign_cards_are_passed_over(void **state)
{
    struct ops_world *world = *state;
    stand_in_keys_add(&world->keys, &world->platform, "OTHER", "unknown", false);
    AUTO(json_freep) struct json *operation = ops_world_run(world, "check", NULL);
    assert_string_equal(ops_world_state(operation), "done");
    /* Alone, the foreign card is told as what it is. */
    virtual_card_freep(&world->keys.cards[0]);
    world->keys.cards[0] = world->keys.cards[1];
    world->keys.count = 1;
    AUTO(json_freep) struct json *refused = ops_world_run(world, "check", NULL);
    assert_string_equal(ops_world_code(refused), "key-unsupported");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(algorithms_have_one_name_each),
        cmocka_unit_test(what_a_key_does_not_count_is_null),
        cmocka_unit_test(a_public_key_of_each_algorithm_becomes_der),
        OPS_WORLD_TEST(the_pair_in_use_is_the_one_that_ends_last),
        OPS_WORLD_TEST(foreign_cards_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
