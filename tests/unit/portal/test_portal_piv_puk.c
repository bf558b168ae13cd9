#include "portal/portal_piv_puk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "certs/proof.h"
#include "portal/portal_confirm.h"
#include "portal/portal_piv_secret.h"
#include "portal/portal_reset_answer.h"
#include "portal/portal_ticket.h"
#include "world.h"

/* A PIV token as far as its PUK goes, and what its owner does with it. */
struct token {
    struct world *world;
    struct world_key *key;
    int64_t puk; /* the version that it really has */
    int tries; /* -1: it doesn't say */
};

static struct token token_new(struct world *world)
{
    return (struct token){world, world_piv_key_new(world, CERT_P256, 20), 1, 3};
}

static void token_done(struct token *token)
{
    world_key_freep(&token->key);
}

static struct portal_job *job_of(const struct token *token)
{
    world_reset(token->world, token->key, token->key->serial); /* each has a user of its own */
    return world_key_job(token->world, token->key, PORTAL_KIND_RESET_PIN);
}

static enum err_code ask(const struct token *token, const struct portal_job *job, bool refused,
                         struct bytes **out)
{
    AUTO(portal_job_freep) struct portal_job *now = world_reload(token->world, job);
    const struct portal_reset_question question = {.purpose = "unblock",
                                                   .profile = "piv",
                                                   .administrator_tries = token->tries,
                                                   .refused = refused};
    struct err err = ERR_INIT;
    return portal_reset_answer(token->world->portal, now, &question, out, &err);
}

static bool has_puk(const struct token *token, const uint8_t *puk, int64_t version)
{
    AUTO(secret_freep) struct secret *secret = NULL;
    struct err err = ERR_INIT;
    world_must(portal_piv_puk(token->world->portal, token->key->serial, version, &secret, &err),
               &err);
    return memcmp(puk, secret_peek(secret).at, 8) == 0;
}

/* Which version the eight bytes are. */
static int64_t version_of(const struct token *token, const uint8_t *puk)
{
    for (int64_t version = 1; version < 50; version++)
        if (has_puk(token, puk, version))
            return version;
    fail_msg("eight bytes that are no PUK of the key");
    return 0;
}

/* Whether the token takes it: then it has the next one. */
static bool take(struct token *token, const struct bytes *blob)
{
    assert_int_equal(blob->len, 24);
    if (!has_puk(token, blob->at, token->puk)) {
        token->tries -= token->tries > 0;
        return false;
    }
    token->puk = version_of(token, blob->at + 8);
    token->tries = token->tries < 0 ? -1 : 3;
    return true;
}

static void digest_of(const struct portal_job *job, bool refused, uint8_t out[32])
{
    uint8_t told[33];
    assert_int_equal(job->challenge->len, 32);
    memcpy(told, job->challenge->at, 32);
    told[32] = refused ? 1 : 0;
    proof_sha256(SPAN_ARRAY(told), out);
}

static enum err_code confirm(const struct token *token, const struct portal_job *job, bool refused)
{
    AUTO(portal_job_freep) struct portal_job *now = world_reload(token->world, job);
    uint8_t digest[32];
    digest_of(job, refused, digest);
    const struct portal_confirmation confirmation = {"written", SPAN_ARRAY(digest), SPAN_NONE};
    struct err err = ERR_INIT;
    return portal_confirm(token->world->portal, now, &confirmation, &err);
}

/* What was told about a reset is how the token is. */
static void reset_and_confirm(struct token *token)
{
    AUTO(portal_job_freep) struct portal_job *job = job_of(token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    assert_int_equal(ask(token, job, false, &blob), ERR_NONE);
    assert_true(take(token, blob));
    assert_int_equal(confirm(token, job, false), ERR_NONE);
}

static int64_t rows(const struct token *token)
{
    AUTO(memory_freep)
    char *sql = memory_printf("SELECT count(*) FROM piv_puk WHERE key_id = %lld",
                              (long long)token->key->id);
    return world_count(token->world->portal, sql);
}

static void each_reset_replaces_the_puk(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    assert_int_equal(ask(&token, job, false, &blob), ERR_NONE);
    assert_true(has_puk(&token, blob->at, 1));
    assert_true(has_puk(&token, blob->at + 8, 2));
    assert_memory_equal(blob->at + 16, "123456\xFF\xFF", 8);
    assert_true(take(&token, blob));
    assert_int_equal(confirm(&token, job, false), ERR_NONE);
    assert_int_equal(confirm(&token, job, false), ERR_NONE); /* told again */
    clock_set_for_test(FIXTURE_NOW + 2 * FIXTURE_DAY);
    reset_and_confirm(&token);
    assert_int_equal(token.puk, 3);
    assert_int_equal(rows(&token), 2); /* and the one before */
    clock_set_for_test(FIXTURE_NOW);
}

static void a_lost_confirmation_costs_nothing(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *lost = job_of(&token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    assert_int_equal(ask(&token, lost, false, &blob), ERR_NONE);
    assert_true(take(&token, blob));
    reset_and_confirm(&token);
    assert_int_equal(token.tries, 3);
    assert_int_equal(token.puk, 3);
}

static void a_command_that_was_never_sent_costs_one_try(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *lost = job_of(&token);
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    AUTO(bytes_freep) struct bytes *never = NULL;
    AUTO(bytes_freep) struct bytes *first = NULL;
    AUTO(bytes_freep) struct bytes *second = NULL;
    assert_int_equal(ask(&token, lost, false, &never), ERR_NONE);
    assert_int_equal(ask(&token, job, false, &first), ERR_NONE);
    assert_true(has_puk(&token, first->at, 2)); /* the pending one comes first */
    assert_false(take(&token, first));
    assert_int_equal(ask(&token, job, true, &second), ERR_NONE);
    assert_true(take(&token, second));
    assert_int_equal(confirm(&token, job, false), ERR_NONE);
}

static void the_answer_that_is_confirmed_is_the_one_that_was_taken(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *lost = job_of(&token);
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    AUTO(bytes_freep) struct bytes *never = NULL;
    AUTO(bytes_freep) struct bytes *first = NULL;
    AUTO(bytes_freep) struct bytes *second = NULL;
    assert_int_equal(ask(&token, lost, false, &never), ERR_NONE);
    assert_int_equal(ask(&token, job, false, &first), ERR_NONE);
    assert_false(take(&token, first));
    assert_int_equal(confirm(&token, job, true), ERR_PROOF); /* nothing was asked for so yet */
    assert_int_equal(ask(&token, job, true, &second), ERR_NONE);
    assert_true(take(&token, second));
    assert_int_equal(confirm(&token, job, true), ERR_NONE);
    reset_and_confirm(&token);
    assert_int_equal(token.tries, 3);
}

static void refused_without_an_answer_is_refused(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(token_done) struct token other = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    AUTO(portal_job_freep) struct portal_job *others = job_of(&other);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    assert_int_equal(ask(&other, others, false, &blob), ERR_NONE);
    bytes_freep(&blob);
    assert_int_equal(ask(&token, job, true, &blob), ERR_FIELD_VALUE);
    assert_null(blob);
    assert_int_equal(rows(&token), 0);
}

static void told_again_a_refusal_changes_nothing(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *lost = job_of(&token);
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    AUTO(bytes_freep) struct bytes *never = NULL;
    struct err err = ERR_INIT;
    int64_t tries = 0;
    assert_int_equal(ask(&token, lost, false, &never), ERR_NONE);
    assert_int_equal(ask(&token, job, false, &blob), ERR_NONE);
    for (int i = 0; i < 2; i++)
        world_must(portal_piv_puk_refused(token.world->portal, job, &err), &err);
    world_must(portal_piv_puk_tries(token.world->portal, token.key->id, &tries, &err), &err);
    assert_int_equal(tries, PORTAL_PIV_PUK_TRIES - 1);
}

/* The key was not made by us: two versions are refused, the last try stays. */
static void no_candidate_is_left_at_last(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    token.puk = 40;
    assert_int_equal(ask(&token, job, false, &blob), ERR_NONE);
    assert_false(take(&token, blob));
    bytes_freep(&blob);
    assert_int_equal(ask(&token, job, true, &blob), ERR_ADMIN_PIN_LOW);
    assert_null(blob);
    assert_int_equal(token.tries, 2);
}

static void a_key_that_does_not_say_its_tries_keeps_the_last_one(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    struct bytes *blob = NULL;
    token.tries = -1;
    for (int i = 0; i < 3; i++) {
        AUTO(portal_job_freep) struct portal_job *lost = job_of(&token);
        assert_int_equal(ask(&token, lost, false, &blob), ERR_NONE);
        bytes_freep(&blob);
    }
    clock_set_for_test(FIXTURE_NOW + 2 * FIXTURE_DAY);
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    assert_int_equal(ask(&token, job, false, &blob), ERR_NONE); /* of version 4 */
    bytes_freep(&blob);
    assert_int_equal(ask(&token, job, true, &blob), ERR_NONE); /* of version 3 */
    bytes_freep(&blob);
    assert_int_equal(ask(&token, job, true, &blob), ERR_ADMIN_PIN_LOW);
    assert_int_equal(ask(&token, job, false, &blob), ERR_ADMIN_PIN_LOW); /* nor by another word */
    AUTO(portal_job_freep) struct portal_job *later = job_of(&token);
    assert_int_equal(ask(&token, later, false, &blob), ERR_ADMIN_PIN_LOW); /* nor by another job */
    assert_null(blob);
    clock_set_for_test(FIXTURE_NOW);
}

static void a_wrong_word_of_the_key_heals(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *lying = job_of(&token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    AUTO(bytes_freep) struct bytes *second = NULL;
    AUTO(bytes_freep) struct bytes *third = NULL;
    assert_int_equal(ask(&token, lying, false, &blob), ERR_NONE);
    assert_int_equal(confirm(&token, lying, false), ERR_NONE); /* nothing was sent to the key */
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    assert_int_equal(ask(&token, job, false, &second), ERR_NONE);
    assert_false(take(&token, second));
    assert_int_equal(ask(&token, job, true, &third), ERR_NONE);
    assert_true(take(&token, third));
}

/* The first reset's confirmation waits in the agent's journal while the key is reset once more. */
static void a_late_word_takes_nothing_back(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *first = job_of(&token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    assert_int_equal(ask(&token, first, false, &blob), ERR_NONE);
    assert_true(take(&token, blob));
    reset_and_confirm(&token);
    reset_and_confirm(&token);
    assert_int_equal(token.puk, 4);
    assert_int_equal(confirm(&token, first, false), ERR_NONE);
    clock_set_for_test(FIXTURE_NOW + 2 * FIXTURE_DAY);
    reset_and_confirm(&token);
    assert_int_equal(token.puk, 5);
    assert_int_equal(token.tries, 3);
    clock_set_for_test(FIXTURE_NOW);
}

/* The same while the second reset's answer is on its way to the key. */
static void a_late_word_leaves_what_is_under_way(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *first = job_of(&token);
    AUTO(portal_job_freep) struct portal_job *second = job_of(&token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    AUTO(bytes_freep) struct bytes *under_way = NULL;
    assert_int_equal(ask(&token, first, false, &blob), ERR_NONE);
    assert_true(take(&token, blob));
    assert_int_equal(ask(&token, second, false, &under_way), ERR_NONE);
    assert_int_equal(confirm(&token, first, false), ERR_NONE);
    assert_true(take(&token, under_way));
    assert_int_equal(confirm(&token, second, false), ERR_NONE);
    assert_int_equal(token.puk, 3);
    reset_and_confirm(&token);
    assert_int_equal(token.puk, 4);
}

static void lose_an_answer(const struct token *token)
{
    AUTO(portal_job_freep) struct portal_job *job = job_of(token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    assert_int_equal(ask(token, job, false, &blob), ERR_NONE);
}

/* The tries would not do for each of them. */
static void many_lost_answers_cost_one_try(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    for (int day = 0; day < 4; day++) {
        clock_set_for_test(FIXTURE_NOW + 2 * day * FIXTURE_DAY);
        lose_an_answer(&token);
    }
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    AUTO(bytes_freep) struct bytes *wrong = NULL;
    AUTO(bytes_freep) struct bytes *right = NULL;
    assert_int_equal(ask(&token, job, false, &wrong), ERR_NONE);
    assert_false(take(&token, wrong));
    assert_int_equal(ask(&token, job, true, &right), ERR_NONE);
    assert_true(take(&token, right)); /* and now the word about it is lost */
    reset_and_confirm(&token);
    assert_int_equal(token.tries, 3);
    assert_int_equal(rows(&token), 2);
    clock_set_for_test(FIXTURE_NOW);
}

/* Each reset was taken, and its confirmation lost; then an answer was. */
static void what_the_confirmed_one_became_is_a_candidate(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *first = job_of(&token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    assert_int_equal(ask(&token, first, false, &blob), ERR_NONE);
    assert_true(take(&token, blob));
    lose_an_answer(&token);
    token.tries = 5;
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    for (int refused = 0; refused < 2; refused++) {
        AUTO(bytes_freep) struct bytes *wrong = NULL;
        assert_int_equal(ask(&token, job, refused > 0, &wrong), ERR_NONE);
        assert_false(take(&token, wrong));
    }
    AUTO(bytes_freep) struct bytes *right = NULL;
    assert_int_equal(ask(&token, job, true, &right), ERR_NONE);
    assert_true(take(&token, right));
}

static void the_makers_command_knows_the_present_one(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    struct portal *portal = token.world->portal;
    AUTO(bytes_freep) struct bytes *blob = NULL;
    struct err err = ERR_INIT;
    int64_t version = 0;
    world_must(portal_piv_puk_present(portal, "NOT REGISTERED", &version, &err), &err);
    assert_int_equal(version, 1);
    reset_and_confirm(&token);
    world_must(portal_piv_puk_present(portal, token.key->serial, &version, &err), &err);
    assert_int_equal(version, 2);
    /* A key of which nothing is known any more is made anew, with a PUK that it never had. */
    world_must(portal_db_run(portal->db, "UPDATE piv_puk SET state = 'refused' WHERE key_id = ?",
                             PORTAL_VALUES(PORTAL_INTEGER(token.key->id)), &err),
               &err);
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    assert_int_equal(ask(&token, job, false, &blob), ERR_ADMIN_PIN_LOW);
    world_must(portal_piv_puk_present(portal, token.key->serial, &version, &err), &err);
    assert_int_equal(version, 3);
    token.puk = 3;
    assert_int_equal(ask(&token, job, false, &blob), ERR_NONE);
    assert_true(take(&token, blob));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reset_replaces_the_puk),
        cmocka_unit_test(a_lost_confirmation_costs_nothing),
        cmocka_unit_test(a_command_that_was_never_sent_costs_one_try),
        cmocka_unit_test(the_answer_that_is_confirmed_is_the_one_that_was_taken),
        cmocka_unit_test(refused_without_an_answer_is_refused),
        cmocka_unit_test(told_again_a_refusal_changes_nothing),
        cmocka_unit_test(no_candidate_is_left_at_last),
        cmocka_unit_test(a_key_that_does_not_say_its_tries_keeps_the_last_one),
        cmocka_unit_test(a_wrong_word_of_the_key_heals),
        cmocka_unit_test(a_late_word_takes_nothing_back),
        cmocka_unit_test(a_late_word_leaves_what_is_under_way),
        cmocka_unit_test(many_lost_answers_cost_one_try),
        cmocka_unit_test(what_the_confirmed_one_became_is_a_candidate),
        cmocka_unit_test(the_makers_command_knows_the_present_one),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
