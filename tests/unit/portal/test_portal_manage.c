#include "portal/portal_manage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "portal/portal_order.h"
#include "portal/portal_piv_secret.h"
#include "portal/portal_piv_version.h"
#include "portal/portal_ticket.h"
#include "world.h"

struct fresh {
    uint8_t bytes[16];
};

/* A challenge that was never used. */
static struct fresh fresh(void)
{
    static uint64_t counter;
    struct fresh challenge = {{0}};
    counter++;
    memcpy(challenge.bytes, &counter, sizeof counter);
    return challenge;
}

static enum err_code ask(struct world *world, const struct portal_job *job, const char *algorithm,
                         struct span challenge, struct bytes **out)
{
    AUTO(portal_job_freep) struct portal_job *now = world_reload(world, job);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    const struct portal_manage_question question = {challenge, algorithm, "piv"};
    struct err err = ERR_INIT;
    if (portal_manage_answer(world->portal, now, &question, &answer, &err) != ERR_NONE)
        return err.code;
    if (out != NULL)
        *out = TAKE(answer);
    return ERR_NONE;
}

static enum err_code ask_fresh(struct world *world, const struct portal_job *job)
{
    struct fresh challenge = fresh();
    return ask(world, job, "aes192", SPAN_ARRAY(challenge.bytes), NULL);
}

static int64_t answers(struct world *world)
{
    return world_count(world->portal, "SELECT count(*) FROM manage_answer");
}

/* A PIV token with an approved order, and a job for it. */
struct renewal {
    struct world_key *key;
    char *order;
    struct portal_job *job;
};

static void renewal_done(struct renewal *renewal)
{
    portal_job_freep(&renewal->job);
    free(renewal->order);
    world_key_freep(&renewal->key);
}

static struct renewal begin(struct world *world)
{
    struct renewal renewal = {.key = world_piv_key_new(world, CERT_P256, 20)};
    renewal.order = world_order(world, renewal.key, true, false);
    renewal.job = world_job(world, renewal.key, renewal.order);
    return renewal;
}

static void each_cipher_answers_with_the_tokens_key(void **state)
{
    static const char *const algorithms[] = {"3des", "aes128", "aes192", "aes256"};
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
        const struct portal_piv_cipher *cipher = portal_piv_cipher_find(algorithms[i]);
        struct fresh challenge = fresh();
        struct span asked = span_of(challenge.bytes, cipher->block_bytes);
        AUTO(bytes_freep) struct bytes *answer = NULL;
        AUTO(bytes_freep) struct bytes *wanted = NULL;
        AUTO(secret_freep) struct secret *key = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(ask(world, renewal.job, algorithms[i], asked, &answer), ERR_NONE);
        world_must(
            portal_piv_management_key(world->portal, renewal.key->serial, 1, cipher, &key, &err),
            &err);
        world_must(portal_piv_encipher(cipher, key, asked, &wanted, &err), &err);
        assert_true(span_equal(span_bytes(answer), span_bytes(wanted)));
    }
}

static void an_answer_is_noted_and_nothing_secret_is(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    struct fresh challenge = fresh();
    assert_int_equal(ask(world, renewal.job, "aes128", SPAN_ARRAY(challenge.bytes), NULL),
                     ERR_NONE);
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    world_must(portal_db_query(world->portal->db,
                               "SELECT detail FROM audit WHERE event = 'manage.answered' AND "
                               "subject = ?",
                               PORTAL_VALUES(PORTAL_TEXT(renewal.key->serial)), &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    assert_non_null(strstr(portal_query_text(query, 0), renewal.order));
    assert_non_null(strstr(portal_query_text(query, 0), "renew, aes128 "));
}

static void a_challenge_is_answered_once(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    AUTO(renewal_done) struct renewal other = begin(world);
    struct fresh challenge = fresh();
    struct span asked = SPAN_ARRAY(challenge.bytes);
    assert_int_equal(ask(world, renewal.job, "aes192", asked, NULL), ERR_NONE);
    int64_t before = answers(world);
    assert_int_equal(ask(world, renewal.job, "aes192", asked, NULL), ERR_FIELD_VALUE);
    assert_int_equal(ask(world, renewal.job, "aes256", asked, NULL), ERR_FIELD_VALUE);
    assert_int_equal(answers(world), before);
    assert_int_equal(ask(world, other.job, "aes192", asked, NULL), ERR_NONE);
}

static void a_later_job_of_the_key_gets_no_used_challenge(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    AUTO(portal_job_freep) struct portal_job *later = world_job(world, renewal.key, renewal.order);
    struct fresh challenge = fresh();
    struct span asked = SPAN_ARRAY(challenge.bytes);
    assert_int_equal(ask(world, renewal.job, "aes192", asked, NULL), ERR_NONE);
    assert_int_equal(ask(world, later, "aes192", asked, NULL), ERR_FIELD_VALUE);
    assert_int_equal(ask_fresh(world, later), ERR_NONE);
}

static void a_job_has_a_limit(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    for (int i = 0; i < PORTAL_MANAGE_ANSWERS_PER_JOB; i++)
        assert_int_equal(ask_fresh(world, renewal.job), ERR_NONE);
    int64_t before = answers(world);
    assert_int_equal(ask_fresh(world, renewal.job), ERR_MANAGE_LIMIT);
    assert_int_equal(answers(world), before);
    AUTO(portal_job_freep) struct portal_job *next = world_job(world, renewal.key, renewal.order);
    assert_int_equal(ask_fresh(world, next), ERR_NONE);
}

static void a_key_has_a_limit_of_a_day(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    AUTO(renewal_done) struct renewal other = begin(world);
    for (int i = 0; i < PORTAL_MANAGE_ANSWERS_PER_KEY_AND_DAY; i++) {
        AUTO(portal_job_freep)
        struct portal_job *job = world_job(world, renewal.key, renewal.order);
        clock_set_for_test(FIXTURE_NOW + i);
        assert_int_equal(ask_fresh(world, job), ERR_NONE);
    }
    AUTO(portal_job_freep)
    struct portal_job *refused = world_job(world, renewal.key, renewal.order);
    int64_t before = answers(world);
    assert_int_equal(ask_fresh(world, refused), ERR_MANAGE_DAY_LIMIT);
    assert_int_equal(answers(world), before);
    assert_int_equal(ask_fresh(world, other.job), ERR_NONE);
    clock_set_for_test(FIXTURE_NOW + FIXTURE_DAY - 1);
    AUTO(portal_job_freep) struct portal_job *early = world_job(world, renewal.key, renewal.order);
    assert_int_equal(ask_fresh(world, early), ERR_MANAGE_DAY_LIMIT);
    clock_set_for_test(FIXTURE_NOW + FIXTURE_DAY); /* the first one counts no more */
    assert_int_equal(ask_fresh(world, early), ERR_NONE);
    assert_int_equal(ask_fresh(world, early), ERR_MANAGE_DAY_LIMIT);
    clock_set_for_test(FIXTURE_NOW);
}

/* A token whose management key was made anew by an operator. */
static void the_answer_is_of_the_version_that_was_set(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    const struct portal_piv_cipher *cipher = portal_piv_cipher_find("aes128");
    const struct portal_piv_setting setting = {.management = 2};
    struct fresh challenge = fresh();
    AUTO(bytes_freep) struct bytes *answer = NULL;
    AUTO(bytes_freep) struct bytes *wanted = NULL;
    AUTO(secret_freep) struct secret *key = NULL;
    struct err err = ERR_INIT;
    world_must(portal_piv_version_set(world->portal, renewal.key->serial, &setting, &err), &err);
    world_must(portal_piv_management_key(world->portal, renewal.key->serial, 2, cipher, &key, &err),
               &err);
    world_must(portal_piv_encipher(cipher, key, SPAN_ARRAY(challenge.bytes), &wanted, &err), &err);
    assert_int_equal(ask(world, renewal.job, "aes128", SPAN_ARRAY(challenge.bytes), &answer),
                     ERR_NONE);
    assert_true(span_equal(span_bytes(answer), span_bytes(wanted)));
}

/* A token without metadata whose challenges are as long for each AES: the agent says "aes128". */
static void a_token_that_can_not_say_its_cipher_gets_the_one_that_it_was_made_for(void **state)
{
    static const struct {
        const char *made, *told, *used;
    } cases[] = {{"aes256", "aes128", "aes256"},
                 {"aes192", "aes128", "aes192"},
                 {"3des", "aes128", "aes128"},
                 {"aes256", "aes192", "aes192"},
                 {"aes256", "3des", "3des"}};
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(portal_piv_secrets_done) struct portal_piv_secrets shown = {0};
        AUTO(secret_freep) struct secret *key = NULL;
        AUTO(bytes_freep) struct bytes *answer = NULL;
        AUTO(bytes_freep) struct bytes *wanted = NULL;
        const struct portal_piv_cipher *used = portal_piv_cipher_find(cases[i].used);
        struct fresh challenge = fresh();
        struct span asked = span_of(challenge.bytes, used->block_bytes);
        struct err err = ERR_INIT;
        world_must(portal_piv_secrets_show(world->portal, renewal.key->serial,
                                           portal_piv_cipher_find(cases[i].made), 0, &shown, &err),
                   &err);
        assert_int_equal(ask(world, renewal.job, cases[i].told, asked, &answer), ERR_NONE);
        world_must(
            portal_piv_management_key(world->portal, renewal.key->serial, 1, used, &key, &err),
            &err);
        world_must(portal_piv_encipher(used, key, asked, &wanted, &err), &err);
        assert_true(span_equal(span_bytes(answer), span_bytes(wanted)));
    }
}

static void lengths_and_ciphers_are_checked(void **state)
{
    static const struct {
        const char *algorithm;
        size_t length;
    } cases[] = {
        {"3des", 0},    {"3des", 7},    {"3des", 9},   {"3des", 16},   {"aes128", 0},
        {"aes128", 8},  {"aes192", 15}, {"aes256", 8}, {"aes256", 15}, {"des", 8},
        {"AES128", 16}, {"", 16},       {"sm4", 16},
    };
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    int64_t before = answers(world);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fresh challenge = fresh();
        assert_int_equal(ask(world, renewal.job, cases[i].algorithm,
                             span_of(challenge.bytes, cases[i].length), NULL),
                         ERR_FIELD_VALUE);
    }
    assert_int_equal(answers(world), before);
}

static void only_piv_tokens_have_it(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *gmt = world_key_new(world, CERT_P256, false, 20);
    AUTO(memory_freep) char *order = world_order(world, gmt, true, false);
    AUTO(portal_job_freep) struct portal_job *job = world_job(world, gmt, order);
    AUTO(renewal_done) struct renewal renewal = begin(world);
    assert_int_equal(ask_fresh(world, job), ERR_PROFILE_UNKNOWN);
    struct fresh challenge = fresh();
    const struct portal_manage_question wrong = {SPAN_ARRAY(challenge.bytes), "aes192",
                                                 "gmt0017-2012"};
    struct bytes *answer = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(portal_manage_answer(world->portal, renewal.job, &wrong, &answer, &err),
                     ERR_PROFILE_UNKNOWN);
    assert_null(answer);
}

static void a_reset_and_a_check_never_get_it(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    AUTO(memory_freep) char *ticket = world_ticket(world, renewal.order, "check");
    AUTO(portal_job_freep) struct portal_job *check = NULL;
    struct err err = ERR_INIT;
    world_must(portal_job_redeem(world->portal, ticket, renewal.key->serial, &check, &err), &err);
    world_reset(world, renewal.key, "li");
    AUTO(portal_job_freep)
    struct portal_job *reset = world_key_job(world, renewal.key, PORTAL_KIND_RESET_PIN);
    assert_int_equal(ask_fresh(world, check), ERR_TICKET_KIND);
    assert_int_equal(ask_fresh(world, reset), ERR_TICKET_KIND);
}

static void a_seal_job_gets_it(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    AUTO(fixture_key_freep) struct fixture_key *pair = fixture_key_new(CERT_P256, 0);
    struct err err = ERR_INIT;
    world_must(world_request(world, renewal.job, renewal.key, pair, &issue, &err), &err);
    world_must(world_confirm(world, renewal.job, pair, "written", issue, &err), &err);
    AUTO(portal_job_freep)
    struct portal_job *seal = world_key_job(world, renewal.key, PORTAL_KIND_EXTEND_SEAL);
    assert_int_equal(ask_fresh(world, seal), ERR_NONE);
    /* What was written is to be made current. */
    assert_int_equal(ask_fresh(world, renewal.job), ERR_NONE);
}

static void a_seal_job_gets_nothing_before_a_renewal(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    AUTO(portal_job_freep)
    struct portal_job *seal = world_key_job(world, renewal.key, PORTAL_KIND_EXTEND_SEAL);
    int64_t before = answers(world);
    assert_int_equal(ask_fresh(world, seal), ERR_RENEW_FIRST);
    assert_int_equal(answers(world), before);
}

static void nothing_comes_when_the_order_is_not_approved_any_more(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    struct err err = ERR_INIT;
    world_must(portal_order_act(world->portal, renewal.order, PORTAL_ORDER_REFUND, "back", &err),
               &err);
    assert_int_equal(ask_fresh(world, renewal.job), ERR_ORDER_NOT_APPROVED);
}

static void nothing_comes_after_the_job(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world);
    clock_set_for_test(renewal.job->expires_utc);
    assert_int_equal(ask_fresh(world, renewal.job), ERR_JOB_EXPIRED);
    clock_set_for_test(FIXTURE_NOW);
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    AUTO(fixture_key_freep) struct fixture_key *pair = fixture_key_new(CERT_P256, 0);
    struct err err = ERR_INIT;
    world_must(world_request(world, renewal.job, renewal.key, pair, &issue, &err), &err);
    world_must(world_confirm(world, renewal.job, renewal.key->sign, "failed", issue, &err), &err);
    assert_int_equal(ask_fresh(world, renewal.job), ERR_JOB_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cipher_answers_with_the_tokens_key),
        cmocka_unit_test(an_answer_is_noted_and_nothing_secret_is),
        cmocka_unit_test(a_challenge_is_answered_once),
        cmocka_unit_test(a_later_job_of_the_key_gets_no_used_challenge),
        cmocka_unit_test(a_job_has_a_limit),
        cmocka_unit_test(a_key_has_a_limit_of_a_day),
        cmocka_unit_test(the_answer_is_of_the_version_that_was_set),
        cmocka_unit_test(a_token_that_can_not_say_its_cipher_gets_the_one_that_it_was_made_for),
        cmocka_unit_test(lengths_and_ciphers_are_checked),
        cmocka_unit_test(only_piv_tokens_have_it),
        cmocka_unit_test(a_reset_and_a_check_never_get_it),
        cmocka_unit_test(a_seal_job_gets_it),
        cmocka_unit_test(a_seal_job_gets_nothing_before_a_renewal),
        cmocka_unit_test(nothing_comes_when_the_order_is_not_approved_any_more),
        cmocka_unit_test(nothing_comes_after_the_job),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
