#include "portal/portal_reset_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "certs/proof.h"
#include "portal/portal_admin_pin.h"
#include "portal/portal_reset.h"
#include "portal/portal_ticket.h"
#include "portal/portal_unlock.h"
#include "world.h"

#define HOUR 3600

/* A fresh one for each call: the real ones are random. */
static struct portal_reset_question question(uint8_t challenge[8])
{
    static uint64_t counter;
    static const uint8_t application[2] = {0x10, 0x00};
    counter++;
    memcpy(challenge, &counter, sizeof counter);
    return (struct portal_reset_question){
        .purpose = "unblock",
        .challenge = span_of(challenge, 8),
        .application = SPAN_ARRAY(application),
        .profile = "gmt0017-2012",
        .administrator_tries = 10,
    };
}

static enum err_code ask_for(struct world *world, const struct portal_job *job,
                             const struct portal_reset_question *asked, struct bytes **out)
{
    AUTO(portal_job_freep) struct portal_job *now = world_reload(world, job);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    struct err err = ERR_INIT;
    if (portal_reset_answer(world->portal, now, asked, &answer, &err) != ERR_NONE)
        return err.code;
    if (out != NULL)
        *out = TAKE(answer);
    return ERR_NONE;
}

static enum err_code ask(struct world *world, const struct portal_job *job, struct bytes **out)
{
    uint8_t challenge[8];
    const struct portal_reset_question asked = question(challenge);
    return ask_for(world, job, &asked, out);
}

static enum err_code confirm(struct world *world, const struct portal_job *job, const char *outcome,
                             const struct bytes *answer)
{
    AUTO(portal_job_freep) struct portal_job *now = world_reload(world, job);
    uint8_t digest[32] = {0};
    if (answer != NULL)
        proof_sha256(span_bytes(answer), digest);
    const struct portal_confirmation confirmation = {outcome, SPAN_ARRAY(digest), SPAN_NONE};
    struct err err = ERR_INIT;
    return portal_confirm(world->portal, now, &confirmation, &err);
}

static int64_t answers(struct world *world)
{
    return world_count(world->portal, "SELECT count(*) FROM unblock_answer");
}

/* A key with an approved request, and a job for it. */
struct reset {
    struct world_key *key;
    int64_t id;
    struct portal_job *job;
};

static void reset_done(struct reset *reset)
{
    world_key_freep(&reset->key);
    portal_job_free(reset->job);
}

static struct reset begin(struct world *world, const char *user)
{
    struct reset reset = {.key = world_key_new(world, CERT_SM2, false, 20)};
    reset.id = world_reset(world, reset.key, user);
    reset.job = world_key_job(world, reset.key, PORTAL_KIND_RESET_PIN);
    return reset;
}

static void set_profile(struct world *world, const struct reset *reset, const char *profile)
{
    struct err err = ERR_INIT;
    world_must(portal_db_run(world->portal->db, "UPDATE key SET profile = ? WHERE id = ?",
                             PORTAL_VALUES(PORTAL_TEXT(profile), PORTAL_INTEGER(reset->key->id)),
                             &err),
               &err);
}

static int reset_clock(void **state)
{
    clock_set_for_test(FIXTURE_NOW);
    return 0;
}

static const char *state_of(struct world *world, int64_t id)
{
    static char text[16];
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    world_must(portal_db_query(world->portal->db, "SELECT state FROM reset_request WHERE id = ?",
                               PORTAL_VALUES(PORTAL_INTEGER(id)), &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    snprintf(text, sizeof text, "%s", portal_query_text(query, 0));
    return text;
}

static void a_ticket_of_a_request_that_is_done_gets_no_job(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "done");
    AUTO(memory_freep) char *ticket = NULL;
    AUTO(bytes_freep) struct bytes *answer = NULL;
    AUTO(portal_job_freep) struct portal_job *job = NULL;
    struct err err = ERR_INIT;
    world_must(portal_ticket_add_for_reset(world->portal, reset.id, "done", 300, &ticket, &err),
               &err);
    AUTO(portal_job_freep)
    struct portal_job *second = world_key_job(world, reset.key, PORTAL_KIND_RESET_PIN);
    assert_int_equal(ask(world, reset.job, &answer), ERR_NONE);
    assert_int_equal(confirm(world, reset.job, "written", answer), ERR_NONE);
    assert_string_equal(state_of(world, reset.id), "done");
    assert_int_equal(portal_job_redeem(world->portal, ticket, reset.key->serial, &job, &err),
                     ERR_ORDER_NOT_APPROVED);
    /* Nor an answer, where a job was made before. */
    assert_int_equal(ask(world, second, NULL), ERR_ORDER_NOT_APPROVED);
}

/* ---- answers ---- */

static void check_answer(struct world *world, const struct reset *reset, const char *profile,
                         const char *purpose)
{
    uint8_t challenge[8];
    struct portal_reset_question asked = question(challenge);
    asked.profile = profile;
    asked.purpose = purpose;
    AUTO(bytes_freep) struct bytes *found = NULL;
    assert_int_equal(ask_for(world, reset->job, &asked, &found), ERR_NONE);
    AUTO(secret_freep) struct secret *pin = NULL;
    AUTO(bytes_freep) struct bytes *wanted = NULL;
    struct portal_unlock_request request = {.application = {0x10, 0x00}};
    struct err err = ERR_INIT;
    memcpy(request.challenge, challenge, sizeof challenge);
    world_must(portal_admin_pin_derive(world->portal, reset->key->serial, &pin, &err), &err);
    const struct portal_unlock_profile *row = portal_unlock_profile_find(profile);
    world_must(strcmp(purpose, "login") == 0
                   ? portal_unlock_login(row, pin, &request, &wanted, &err)
                   : portal_unlock_pin(row, pin, &request, &wanted, &err),
               &err);
    assert_true(span_equal(span_bytes(found), span_bytes(wanted)));
}

static void the_answer_is_that_of_the_keys_profile(void **state)
{
    static const struct {
        const char *profile, *purpose;
    } cases[] = {{"gmt0017-2012", "unblock"},
                 {"longmai", "unblock"},
                 {"syno", "login"},
                 {"syno", "unblock"}};
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(reset_done) struct reset reset = begin(world, cases[i].profile);
        set_profile(world, &reset, cases[i].profile);
        check_answer(world, &reset, cases[i].profile, cases[i].purpose);
    }
}

static void a_wrong_question_is_refused_and_not_counted(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "wrong");
    uint8_t challenge[8];
    uint8_t long_challenge[9] = {0};
    struct portal_reset_question asked[10];
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
        asked[i] = question(challenge);
    asked[0].purpose = "open";
    asked[1].purpose = "login"; /* this profile needs none */
    asked[2].challenge = span_of(challenge, 7);
    asked[3].challenge = SPAN_ARRAY(long_challenge);
    asked[4].application = span_of(challenge, 1);
    asked[5].profile = "unknown";
    asked[6].profile = "longmai"; /* not the key's */
    asked[7].administrator_tries = PORTAL_RESET_TRIES_STOP;
    asked[8].administrator_tries = 0;
    asked[9].challenge = SPAN_NONE;
    static const enum err_code codes[] = {
        ERR_FIELD_VALUE,   ERR_FIELD_VALUE,     ERR_FIELD_VALUE,     ERR_FIELD_VALUE,
        ERR_FIELD_VALUE,   ERR_PROFILE_UNKNOWN, ERR_PROFILE_UNKNOWN, ERR_ADMIN_PIN_LOW,
        ERR_ADMIN_PIN_LOW, ERR_FIELD_VALUE,
    };
    int64_t before = answers(world);
    for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
        if (ask_for(world, reset.job, &asked[i], NULL) != codes[i])
            fail_msg("question %zu", i);
    assert_true(answers(world) == before);
    asked[7].administrator_tries = PORTAL_RESET_TRIES_STOP + 1;
    assert_int_equal(ask_for(world, reset.job, &asked[7], NULL), ERR_NONE);
}

static void a_challenge_is_answered_once_for_a_key(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "repeat");
    AUTO(reset_done) struct reset other = begin(world, "repeat2");
    uint8_t challenge[8];
    const struct portal_reset_question asked = question(challenge);
    assert_int_equal(ask_for(world, reset.job, &asked, NULL), ERR_NONE);
    assert_int_equal(ask_for(world, reset.job, &asked, NULL), ERR_FIELD_VALUE);
    AUTO(portal_job_freep)
    struct portal_job *later = world_key_job(world, reset.key, PORTAL_KIND_RESET_PIN);
    assert_int_equal(ask_for(world, later, &asked, NULL), ERR_FIELD_VALUE);
    assert_int_equal(ask_for(world, other.job, &asked, NULL), ERR_NONE);
}

static void a_job_gets_so_many_answers(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "job");
    for (int i = 0; i < PORTAL_RESET_ANSWERS_PER_JOB; i++)
        assert_int_equal(ask(world, reset.job, NULL), ERR_NONE);
    assert_int_equal(ask(world, reset.job, NULL), ERR_RESET_LIMIT);
}

static void a_key_gets_so_many_resets_a_day(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "day");
    assert_int_equal(ask(world, reset.job, NULL), ERR_NONE);
    for (int i = 1; i < PORTAL_RESETS_PER_KEY_AND_DAY; i++) {
        clock_set_for_test(FIXTURE_NOW + i * HOUR / 10);
        AUTO(portal_job_freep)
        struct portal_job *job = world_key_job(world, reset.key, PORTAL_KIND_RESET_PIN);
        assert_int_equal(ask(world, job, NULL), ERR_NONE);
    }
    AUTO(portal_job_freep)
    struct portal_job *refused = world_key_job(world, reset.key, PORTAL_KIND_RESET_PIN);
    assert_int_equal(ask(world, refused, NULL), ERR_RESET_LIMIT);
    /* What goes on already may go on. */
    assert_int_equal(ask(world, reset.job, NULL), ERR_NONE);
    clock_set_for_test(FIXTURE_NOW + 24 * HOUR - 1);
    AUTO(portal_job_freep)
    struct portal_job *early = world_key_job(world, reset.key, PORTAL_KIND_RESET_PIN);
    assert_int_equal(ask(world, early, NULL), ERR_RESET_LIMIT);
    /* The first job's last answer was later than its first; the approval has ended meanwhile. */
    clock_set_for_test(FIXTURE_NOW + 24 * HOUR + 2 * HOUR / 10);
    assert_int_equal(ask(world, early, NULL), ERR_ORDER_NOT_APPROVED);
    assert_true(world_reset(world, reset.key, "day") != reset.id);
    AUTO(portal_job_freep)
    struct portal_job *later = world_key_job(world, reset.key, PORTAL_KIND_RESET_PIN);
    assert_int_equal(ask(world, later, NULL), ERR_NONE);
}

static void a_user_gets_so_many_resets_a_month_over_all_keys(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < PORTAL_RESETS_PER_USER_AND_MONTH; i++) {
        AUTO(reset_done) struct reset reset = begin(world, "month");
        assert_int_equal(ask(world, reset.job, NULL), ERR_NONE);
    }
    AUTO(reset_done) struct reset refused = begin(world, "month");
    AUTO(reset_done) struct reset other = begin(world, "somebody else");
    assert_int_equal(ask(world, refused.job, NULL), ERR_RESET_LIMIT);
    assert_int_equal(ask(world, other.job, NULL), ERR_NONE);
    clock_set_for_test(FIXTURE_NOW + (int64_t)30 * FIXTURE_DAY);
    world_reset(world, refused.key, "month");
    AUTO(portal_job_freep)
    struct portal_job *later = world_key_job(world, refused.key, PORTAL_KIND_RESET_PIN);
    assert_int_equal(ask(world, later, NULL), ERR_NONE);
}

/* The last line of the trail, "event subject detail"; the caller frees. */
static char *last_line(struct world *world)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    world_must(portal_db_query(world->portal->db,
                               "SELECT event, subject, detail FROM audit ORDER BY id DESC LIMIT 1",
                               PORTAL_NO_VALUES, &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    return memory_printf("%s %s %s", portal_query_text(query, 0), portal_query_text(query, 1),
                         portal_query_text(query, 2));
}

static void an_answer_is_audited_by_its_hash(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "audit");
    AUTO(bytes_freep) struct bytes *answer = NULL;
    uint8_t sha256[32];
    assert_int_equal(ask(world, reset.job, &answer), ERR_NONE);
    proof_sha256(span_bytes(answer), sha256);
    AUTO(memory_freep) char *hash = hex_encode(SPAN_ARRAY(sha256));
    AUTO(memory_freep) char *plain = hex_encode(span_bytes(answer));
    AUTO(memory_freep) char *line = last_line(world);
    AUTO(memory_freep)
    char *wanted = memory_printf("reset.answered %s %s unblock, 10 administrator tries, %s",
                                 reset.key->serial, reset.job->number, hash);
    assert_string_equal(line, wanted);
    assert_null(strstr(line, plain));
}

static void a_refusal_is_audited_a_few_times(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "refused");
    uint8_t challenge[8];
    struct portal_reset_question asked = question(challenge);
    asked.administrator_tries = 2;
    int64_t before = world_count(world->portal, "SELECT count(*) FROM audit");
    assert_int_equal(ask_for(world, reset.job, &asked, NULL), ERR_ADMIN_PIN_LOW);
    AUTO(memory_freep) char *line = last_line(world);
    AUTO(memory_freep)
    char *wanted =
        memory_printf("reset.refused %s %s administrator-tries-low, 2 administrator tries",
                      reset.key->serial, reset.job->number);
    assert_string_equal(line, wanted);
    for (int i = 0; i < 2 * PORTAL_RESET_REFUSALS_AUDITED; i++)
        assert_int_equal(ask_for(world, reset.job, &asked, NULL), ERR_ADMIN_PIN_LOW);
    assert_int_equal(world_count(world->portal, "SELECT count(*) FROM audit") - before,
                     PORTAL_RESET_REFUSALS_AUDITED);
    /* What counts goes on. */
    assert_int_equal(ask(world, reset.job, NULL), ERR_NONE);
}

static void an_approval_ends_also_for_a_job_under_way(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "late");
    AUTO(bytes_freep) struct bytes *answer = NULL;
    clock_set_for_test(FIXTURE_NOW + PORTAL_RESET_APPROVAL_S - 1);
    AUTO(portal_job_freep)
    struct portal_job *last = world_key_job(world, reset.key, PORTAL_KIND_RESET_PIN);
    assert_int_equal(ask(world, last, &answer), ERR_NONE);
    clock_set_for_test(FIXTURE_NOW + PORTAL_RESET_APPROVAL_S);
    assert_int_equal(ask(world, last, NULL), ERR_ORDER_NOT_APPROVED);
    /* What the key took before is told whenever it can be. */
    assert_int_equal(confirm(world, last, "written", answer), ERR_NONE);
    assert_string_equal(state_of(world, reset.id), "done");
}

static void a_failure_leaves_nothing_open_for_ever(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "never again");
    AUTO(memory_freep) char *ticket = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(ask(world, reset.job, NULL), ERR_NONE);
    assert_int_equal(confirm(world, reset.job, "failed", NULL), ERR_NONE);
    clock_set_for_test(FIXTURE_NOW + PORTAL_RESET_APPROVAL_S);
    assert_int_equal(portal_ticket_add_for_reset(world->portal, reset.id, NULL, 300, &ticket, &err),
                     ERR_ORDER_NOT_APPROVED);
}

static void another_kind_and_an_expired_job_get_none(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "kind");
    AUTO(portal_job_freep)
    struct portal_job *seal = world_key_job(world, reset.key, PORTAL_KIND_EXTEND_SEAL);
    assert_int_equal(ask(world, seal, NULL), ERR_TICKET_KIND);
    clock_set_for_test(FIXTURE_NOW + PORTAL_JOB_TTL_S);
    assert_int_equal(ask(world, reset.job, NULL), ERR_JOB_EXPIRED);
}

/* ---- confirmation ---- */

static void what_the_key_took_is_confirmed_once(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "confirm");
    AUTO(bytes_freep) struct bytes *first = NULL;
    AUTO(bytes_freep) struct bytes *second = NULL;
    assert_int_equal(ask(world, reset.job, &first), ERR_NONE);
    assert_int_equal(ask(world, reset.job, &second), ERR_NONE);
    clock_set_for_test(FIXTURE_NOW + 2 * PORTAL_JOB_TTL_S);
    assert_int_equal(confirm(world, reset.job, "written", second), ERR_NONE);
    int64_t lines = world_count(world->portal, "SELECT count(*) FROM audit");
    assert_int_equal(confirm(world, reset.job, "written", second), ERR_NONE);
    assert_true(world_count(world->portal, "SELECT count(*) FROM audit") == lines);
    assert_int_equal(confirm(world, reset.job, "failed", NULL), ERR_RESET_STATE);
    assert_string_equal(state_of(world, reset.id), "done");
    clock_set_for_test(FIXTURE_NOW);
    assert_int_equal(ask(world, reset.job, NULL), ERR_JOB_EXPIRED);
}

static void a_wrong_confirmation_changes_nothing(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "wrong confirmation");
    AUTO(bytes_freep) struct bytes *other = bytes_new(SPAN_ARRAY("something else"));
    AUTO(bytes_freep) struct bytes *answer = NULL;
    assert_int_equal(confirm(world, reset.job, "written", other), ERR_RESET_STATE);
    assert_int_equal(ask(world, reset.job, &answer), ERR_NONE);
    assert_int_equal(confirm(world, reset.job, "written", other), ERR_PROOF);
    uint8_t digest[32];
    proof_sha256(span_bytes(answer), digest);
    const struct portal_confirmation proved = {"written", SPAN_ARRAY(digest), SPAN_ARRAY(digest)};
    struct err err = ERR_INIT;
    assert_int_equal(portal_confirm(world->portal, reset.job, &proved, &err), ERR_FIELD_UNKNOWN);
    assert_string_equal(state_of(world, reset.id), "approved");
}

static void the_log_in_is_nothing_to_confirm(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "login");
    uint8_t challenge[8];
    struct portal_reset_question asked = question(challenge);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    set_profile(world, &reset, "syno");
    asked.profile = "syno";
    asked.purpose = "login";
    assert_int_equal(ask_for(world, reset.job, &asked, &answer), ERR_NONE);
    assert_int_equal(confirm(world, reset.job, "written", answer), ERR_RESET_STATE);
}

static void after_a_failure_the_request_is_good_for_another_job(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "failure");
    AUTO(bytes_freep) struct bytes *answer = NULL;
    assert_int_equal(ask(world, reset.job, NULL), ERR_NONE);
    assert_int_equal(confirm(world, reset.job, "failed", NULL), ERR_NONE);
    assert_int_equal(ask(world, reset.job, NULL), ERR_JOB_CONFLICT);
    assert_string_equal(state_of(world, reset.id), "approved");
    AUTO(portal_job_freep)
    struct portal_job *again = world_key_job(world, reset.key, PORTAL_KIND_RESET_PIN);
    assert_int_equal(ask(world, again, &answer), ERR_NONE);
    assert_int_equal(confirm(world, again, "written", answer), ERR_NONE);
    assert_string_equal(state_of(world, reset.id), "done");
}

/* Two jobs of one request may both have an answer when the first confirms. */
static void a_second_job_may_still_confirm(void **state)
{
    struct world *world = *state;
    AUTO(reset_done) struct reset reset = begin(world, "two jobs");
    AUTO(portal_job_freep)
    struct portal_job *second = world_key_job(world, reset.key, PORTAL_KIND_RESET_PIN);
    AUTO(bytes_freep) struct bytes *one = NULL;
    AUTO(bytes_freep) struct bytes *two = NULL;
    assert_int_equal(ask(world, reset.job, &one), ERR_NONE);
    assert_int_equal(ask(world, second, &two), ERR_NONE);
    assert_int_equal(confirm(world, reset.job, "written", one), ERR_NONE);
    assert_int_equal(confirm(world, second, "written", two), ERR_NONE);
    assert_string_equal(state_of(world, reset.id), "done");
}

#define T(test) cmocka_unit_test_setup(test, reset_clock)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_ticket_of_a_request_that_is_done_gets_no_job),
        T(the_answer_is_that_of_the_keys_profile),
        T(a_wrong_question_is_refused_and_not_counted),
        T(a_challenge_is_answered_once_for_a_key),
        T(a_job_gets_so_many_answers),
        T(a_key_gets_so_many_resets_a_day),
        T(a_user_gets_so_many_resets_a_month_over_all_keys),
        T(an_answer_is_audited_by_its_hash),
        T(a_refusal_is_audited_a_few_times),
        T(an_approval_ends_also_for_a_job_under_way),
        T(a_failure_leaves_nothing_open_for_ever),
        T(another_kind_and_an_expired_job_get_none),
        T(what_the_key_took_is_confirmed_once),
        T(a_wrong_confirmation_changes_nothing),
        T(the_log_in_is_nothing_to_confirm),
        T(after_a_failure_the_request_is_good_for_another_job),
        T(a_second_job_may_still_confirm),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
