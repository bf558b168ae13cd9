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
#include "portal/portal_piv_version.h"
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
    static int users;
    AUTO(memory_freep) char *user = memory_printf("user %d", ++users);
    world_reset(token->world, token->key, user); /* a request of its own */
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

static struct portal_piv_version now_of(const struct token *token)
{
    struct portal_piv_version now = {0};
    struct err err = ERR_INIT;
    world_must(portal_piv_version_load(token->world->portal, token->key->id, &now, &err), &err);
    return now;
}

static void assert_two(const struct token *token, int64_t puk, int64_t given)
{
    struct portal_piv_version now = now_of(token);
    assert_int_equal(now.puk, puk);
    assert_int_equal(now.given, given);
}

static int64_t tries_of(const struct token *token)
{
    int64_t tries = 0;
    struct err err = ERR_INIT;
    world_must(portal_piv_puk_tries(token->world->portal, token->key->id, &tries, &err), &err);
    return tries;
}

/* An answer that never reaches the token. */
static void lose_an_answer(const struct token *token)
{
    AUTO(portal_job_freep) struct portal_job *job = job_of(token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    assert_int_equal(ask(token, job, false, &blob), ERR_NONE);
}

/* A reset whose confirmation is lost. */
static void reset_and_lose_the_word(struct token *token)
{
    AUTO(portal_job_freep) struct portal_job *job = job_of(token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    assert_int_equal(ask(token, job, false, &blob), ERR_NONE);
    assert_true(take(token, blob));
}

static int reset_clock(void **state)
{
    clock_set_for_test(FIXTURE_NOW);
    return 0;
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
    assert_two(&token, 1, 2);
    assert_true(take(&token, blob));
    assert_int_equal(confirm(&token, job, false), ERR_NONE);
    assert_int_equal(confirm(&token, job, false), ERR_NONE); /* told again */
    assert_two(&token, 2, 0);
    reset_and_confirm(&token);
    assert_int_equal(token.puk, 3);
    assert_two(&token, 3, 0);
}

static void lost_answers_cost_nothing(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    for (int day = 0; day < 4; day++) {
        clock_set_for_test(FIXTURE_NOW + 2 * day * FIXTURE_DAY);
        lose_an_answer(&token);
        assert_two(&token, 1, 2);
    }
    reset_and_confirm(&token);
    assert_int_equal(token.tries, 3);
    assert_two(&token, 2, 0);
}

static void a_lost_confirmation_costs_one_try(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    reset_and_lose_the_word(&token);
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    AUTO(bytes_freep) struct bytes *first = NULL;
    AUTO(bytes_freep) struct bytes *second = NULL;
    assert_int_equal(ask(&token, job, false, &first), ERR_NONE);
    assert_false(take(&token, first));
    assert_int_equal(ask(&token, job, true, &second), ERR_NONE);
    assert_two(&token, 2, 3);
    assert_true(take(&token, second));
    assert_int_equal(confirm(&token, job, true), ERR_NONE);
    assert_two(&token, 3, 0);
}

/* Two lost answers and a lost confirmation. */
static void three_losses_in_a_row_cost_one_try(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    lose_an_answer(&token);
    reset_and_lose_the_word(&token);
    clock_set_for_test(FIXTURE_NOW + 2 * FIXTURE_DAY);
    lose_an_answer(&token);
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    AUTO(bytes_freep) struct bytes *first = NULL;
    AUTO(bytes_freep) struct bytes *second = NULL;
    assert_int_equal(ask(&token, job, false, &first), ERR_NONE);
    assert_false(take(&token, first));
    assert_int_equal(ask(&token, job, true, &second), ERR_NONE);
    assert_true(take(&token, second));
    assert_int_equal(confirm(&token, job, true), ERR_NONE);
    assert_two(&token, 3, 0);
}

static void the_answer_that_is_confirmed_is_the_one_that_was_taken(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    reset_and_lose_the_word(&token);
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    AUTO(bytes_freep) struct bytes *first = NULL;
    AUTO(bytes_freep) struct bytes *second = NULL;
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
    assert_two(&token, 1, 0);
}

static void told_again_a_refusal_changes_nothing(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    reset_and_lose_the_word(&token);
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(ask(&token, job, false, &blob), ERR_NONE);
    for (int i = 0; i < 2; i++) {
        world_must(portal_piv_puk_refused(token.world->portal, job, &err), &err);
        assert_two(&token, 2, 0);
        assert_int_equal(tries_of(&token), PORTAL_PIV_PUK_TRIES - 1);
    }
}

/* The key was not made by us, or its line garbles: nothing else was ever given that it could have. */
static void a_refusal_that_can_not_be_is_not_believed(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    token.puk = 40;
    for (int day = 0; day < 2; day++) {
        clock_set_for_test(FIXTURE_NOW + 2 * day * FIXTURE_DAY);
        AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
        AUTO(bytes_freep) struct bytes *blob = NULL;
        assert_int_equal(ask(&token, job, false, &blob), ERR_NONE);
        assert_false(take(&token, blob));
        bytes_freep(&blob);
        assert_int_equal(ask(&token, job, true, &blob), ERR_ADMIN_PIN_LOW);
        assert_int_equal(ask(&token, job, true, &blob), ERR_ADMIN_PIN_LOW); /* told again */
        assert_null(blob);
        assert_two(&token, 1, 2);
    }
    assert_int_equal(token.tries, 1);
    AUTO(portal_job_freep) struct portal_job *later = job_of(&token);
    AUTO(bytes_freep) struct bytes *none = NULL;
    assert_int_equal(ask(&token, later, false, &none), ERR_ADMIN_PIN_LOW);
}

/* An agent that lies gets at the PUK that comes next, and no further. */
static void a_job_is_believed_once(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *lying = job_of(&token);
    AUTO(bytes_freep) struct bytes *first = NULL;
    AUTO(bytes_freep) struct bytes *same = NULL;
    AUTO(bytes_freep) struct bytes *next = NULL;
    AUTO(bytes_freep) struct bytes *again = NULL;
    AUTO(bytes_freep) struct bytes *none = NULL;
    assert_int_equal(ask(&token, lying, false, &first), ERR_NONE);
    assert_int_equal(ask(&token, lying, false, &same), ERR_NONE);
    assert_true(span_equal(span_bytes(first), span_bytes(same)));
    assert_int_equal(ask(&token, lying, true, &next), ERR_NONE);
    assert_int_equal(ask(&token, lying, false, &again), ERR_NONE);
    assert_true(span_equal(span_bytes(next), span_bytes(again)));
    assert_int_equal(ask(&token, lying, true, &none), ERR_ADMIN_PIN_LOW);
    assert_null(none);
    assert_two(&token, 2, 3);
}

static void an_operator_mends_what_a_lie_did(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *lying = job_of(&token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    const struct portal_piv_setting setting = {.puk = 1};
    struct err err = ERR_INIT;
    assert_int_equal(ask(&token, lying, false, &blob), ERR_NONE);
    assert_int_equal(confirm(&token, lying, false), ERR_NONE); /* nothing was sent to the key */
    assert_two(&token, 2, 0);
    world_must(portal_piv_version_set(token.world->portal, token.key->serial, &setting, &err),
               &err);
    reset_and_confirm(&token);
    assert_int_equal(token.tries, 3);
    assert_int_equal(token.puk, 3); /* no number comes twice */
}

static void a_key_that_does_not_say_its_tries_keeps_the_last_one(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    struct bytes *blob = NULL;
    token.tries = -1;
    for (int i = 0; i < 3; i++) {
        clock_set_for_test(FIXTURE_NOW + 2 * i * FIXTURE_DAY);
        assert_int_equal(tries_of(&token), i < 2 ? 3 : 2); /* the first one can't have been wrong */
        lose_an_answer(&token);
    }
    assert_int_equal(tries_of(&token), 1);
    AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
    assert_int_equal(ask(&token, job, false, &blob), ERR_ADMIN_PIN_LOW);
    assert_null(blob);
}

/* It had the token's PUK, and heard of no number of tries. */
static void what_was_confirmed_gives_the_tries_back(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    token.tries = -1;
    lose_an_answer(&token);
    reset_and_confirm(&token);
    assert_int_equal(tries_of(&token), 3);
    /* Not those that were spent behind it. */
    AUTO(portal_job_freep) struct portal_job *late = job_of(&token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    clock_set_for_test(FIXTURE_NOW + 2 * FIXTURE_DAY);
    AUTO(portal_job_freep) struct portal_job *first = job_of(&token);
    assert_int_equal(ask(&token, first, false, &blob), ERR_NONE);
    assert_true(take(&token, blob));
    lose_an_answer(&token);
    assert_int_equal(tries_of(&token), 2);
    assert_int_equal(confirm(&token, first, false), ERR_NONE);
    assert_int_equal(tries_of(&token), 2);
}

/* The first reset's confirmation waits in the agent's journal while the key is reset once more. */
static void a_late_word_takes_nothing_back(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *first = job_of(&token);
    AUTO(portal_job_freep) struct portal_job *second = job_of(&token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    AUTO(bytes_freep) struct bytes *wrong = NULL;
    AUTO(bytes_freep) struct bytes *right = NULL;
    assert_int_equal(ask(&token, first, false, &blob), ERR_NONE);
    assert_true(take(&token, blob));
    assert_int_equal(ask(&token, second, false, &wrong), ERR_NONE);
    assert_false(take(&token, wrong));
    assert_int_equal(ask(&token, second, true, &right), ERR_NONE);
    assert_true(take(&token, right));
    assert_int_equal(confirm(&token, second, true), ERR_NONE);
    assert_two(&token, 3, 0);
    assert_int_equal(confirm(&token, first, false), ERR_NONE);
    assert_two(&token, 3, 0);
    clock_set_for_test(FIXTURE_NOW + 2 * FIXTURE_DAY);
    reset_and_confirm(&token);
    assert_int_equal(token.tries, 3);
}

/* The same while the second reset's answer is on its way to the key. */
static void a_late_word_leaves_what_is_under_way(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *first = job_of(&token);
    AUTO(portal_job_freep) struct portal_job *second = job_of(&token);
    AUTO(bytes_freep) struct bytes *blob = NULL;
    AUTO(bytes_freep) struct bytes *wrong = NULL;
    AUTO(bytes_freep) struct bytes *under_way = NULL;
    assert_int_equal(ask(&token, first, false, &blob), ERR_NONE);
    assert_true(take(&token, blob));
    assert_int_equal(ask(&token, second, false, &wrong), ERR_NONE);
    assert_int_equal(confirm(&token, first, false),
                     ERR_NONE); /* before the second tells anything */
    assert_false(take(&token, wrong));
    assert_int_equal(ask(&token, second, true, &under_way), ERR_NONE);
    assert_two(&token, 2, 3);
    assert_true(take(&token, under_way));
    assert_int_equal(confirm(&token, first, false), ERR_NONE);
    assert_two(&token, 2, 3);
    assert_int_equal(confirm(&token, second, true), ERR_NONE);
    assert_two(&token, 3, 0);
}

/* Two computers, one after the other, with the same answer. */
static void two_jobs_at_once_end_with_the_same_puk(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *first = job_of(&token);
    AUTO(portal_job_freep) struct portal_job *second = job_of(&token);
    AUTO(bytes_freep) struct bytes *one = NULL;
    AUTO(bytes_freep) struct bytes *other = NULL;
    assert_int_equal(ask(&token, first, false, &one), ERR_NONE);
    assert_int_equal(ask(&token, second, false, &other), ERR_NONE);
    assert_true(span_equal(span_bytes(one), span_bytes(other)));
    assert_true(take(&token, other));
    assert_int_equal(confirm(&token, second, false), ERR_NONE);
    assert_int_equal(confirm(&token, first, false), ERR_NONE); /* it found the PIN reset */
    assert_two(&token, 2, 0);
    reset_and_confirm(&token);
    assert_int_equal(token.tries, 3);
}

static void a_refusal_that_comes_late_is_of_what_it_was_about(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    AUTO(portal_job_freep) struct portal_job *slow = job_of(&token);
    AUTO(bytes_freep) struct bytes *stale = NULL;
    AUTO(bytes_freep) struct bytes *blob = NULL;
    assert_int_equal(ask(&token, slow, false, &stale), ERR_NONE);
    reset_and_confirm(&token);
    assert_false(take(&token, stale));
    assert_int_equal(ask(&token, slow, true, &blob), ERR_NONE);
    assert_two(&token, 2, 3);
    assert_true(take(&token, blob));
    assert_int_equal(confirm(&token, slow, true), ERR_NONE);
    assert_two(&token, 3, 0);
}

/* Fewer of each job than a job may have. */
static void a_puk_leaves_so_often_a_day(void **state)
{
    AUTO(token_done) struct token token = token_new(*state);
    enum { EACH = PORTAL_RESET_PUKS_PER_KEY_AND_DAY / PORTAL_RESETS_PER_KEY_AND_DAY };
    for (int i = 0; i < PORTAL_RESETS_PER_KEY_AND_DAY; i++) {
        AUTO(portal_job_freep) struct portal_job *job = job_of(&token);
        for (int answer = 0; answer < EACH; answer++) {
            AUTO(bytes_freep) struct bytes *blob = NULL;
            assert_int_equal(ask(&token, job, false, &blob), ERR_NONE);
        }
        AUTO(bytes_freep) struct bytes *none = NULL;
        if (i + 1 == PORTAL_RESETS_PER_KEY_AND_DAY)
            assert_int_equal(ask(&token, job, false, &none), ERR_RESET_LIMIT);
        assert_null(none);
    }
    clock_set_for_test(FIXTURE_NOW + FIXTURE_DAY);
    lose_an_answer(&token);
}

#define TEST(test) cmocka_unit_test_setup(test, reset_clock)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_reset_replaces_the_puk),
        TEST(lost_answers_cost_nothing),
        TEST(a_lost_confirmation_costs_one_try),
        TEST(three_losses_in_a_row_cost_one_try),
        TEST(the_answer_that_is_confirmed_is_the_one_that_was_taken),
        TEST(refused_without_an_answer_is_refused),
        TEST(told_again_a_refusal_changes_nothing),
        TEST(a_refusal_that_can_not_be_is_not_believed),
        TEST(a_job_is_believed_once),
        TEST(an_operator_mends_what_a_lie_did),
        TEST(a_key_that_does_not_say_its_tries_keeps_the_last_one),
        TEST(what_was_confirmed_gives_the_tries_back),
        TEST(a_puk_leaves_so_often_a_day),
        TEST(a_late_word_takes_nothing_back),
        TEST(a_late_word_leaves_what_is_under_way),
        TEST(two_jobs_at_once_end_with_the_same_puk),
        TEST(a_refusal_that_comes_late_is_of_what_it_was_about),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
