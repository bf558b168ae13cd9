/* Every order of losses over several resets of one token, against a model of the token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "certs/proof.h"
#include "portal/portal_confirm.h"
#include "portal/portal_piv_puk.h"
#include "portal/portal_piv_secret.h"
#include "portal/portal_piv_version.h"
#include "portal/portal_reset_answer.h"
#include "portal/portal_secret_file.h"
#include "portal/portal_ticket.h"
#include "world.h"

/* Every order of so many resets; one more comes behind them. */
#define RESETS 3
#define RESETS_MAX 10
#define LONG_WALKS 100
#define TRIES 3

/* Where a reset ends. */
enum ending {
    ANSWER_LOST, /* or the agent was killed before the token's command */
    KILLED_BEHIND_COMMAND, /* nobody hears whether the token took it */
    SECOND_ANSWER_LOST, /* that to a refusal; where nothing was refused the confirmation is lost */
    CONFIRMATION_LOST, /* for ever */
    CONFIRMATION_LATE, /* it comes behind the next reset */
    FAILED_BEHIND_PUK, /* the PUK was replaced, then the PIN was not reset, and that is told */
    WHOLE,
    ENDINGS
};

struct token {
    struct portal *portal;
    struct portal_key key;
    uint8_t puk[PORTAL_PIV_PUK_BYTES];
    int tries;
    bool tells; /* how many tries are left */
};

/* One reset, as the platform knows it. */
struct reset {
    struct portal_job job;
    bool refused; /* the answer that the token took was for a refusal */
};

static int64_t days;

static void puk_of(const struct token *token, int64_t version, uint8_t out[PORTAL_PIV_PUK_BYTES])
{
    AUTO(secret_freep) struct secret *puk = NULL;
    struct err err = ERR_INIT;
    world_must(portal_piv_puk(token->portal, token->key.serial, version, &puk, &err), &err);
    memcpy(out, secret_peek(puk).at, PORTAL_PIV_PUK_BYTES);
}

static bool has(const struct token *token, int64_t version)
{
    uint8_t puk[PORTAL_PIV_PUK_BYTES];
    if (version == 0)
        return false;
    puk_of(token, version, puk);
    return memcmp(puk, token->puk, sizeof puk) == 0;
}

static void run(struct portal *portal, const char *sql, const struct portal_value *values,
                size_t count)
{
    struct err err = ERR_INIT;
    world_must(portal_db_run(portal->db, sql, values, count, &err), &err);
}

static struct token token_new(struct portal *portal, bool tells)
{
    static int64_t made;
    struct token token = {.portal = portal, .tries = TRIES, .tells = tells};
    made++;
    token.key = (struct portal_key){.id = made,
                                    .serial = memory_printf("%lld", (long long)made),
                                    .profile = memory_text(PORTAL_PIV_PROFILE)};
    run(portal, "INSERT INTO key VALUES (?, ?, '', 'piv', 1, 0)",
        PORTAL_VALUES(PORTAL_INTEGER(token.key.id), PORTAL_TEXT(token.key.serial)));
    puk_of(&token, 1, token.puk);
    return token;
}

static void token_done(struct token *token)
{
    free(token->key.serial);
    free(token->key.profile);
}

/* A day and a bit later than the one before, so that no limit is reached. */
static struct reset begin(struct token *token)
{
    static int64_t made;
    made++;
    struct reset reset = {.job = {.reset_id = made, .key = &token->key}};
    uint8_t challenge[PORTAL_JOB_CHALLENGE_BYTES] = {0};
    clock_set_for_test(FIXTURE_NOW + ++days * (FIXTURE_DAY + 1));
    memcpy(challenge, &made, sizeof made);
    reset.job.id = memory_printf("J%lld", (long long)made);
    reset.job.kind = memory_text(PORTAL_KIND_RESET_PIN);
    reset.job.number = memory_text("R");
    reset.job.outcome = memory_text("");
    reset.job.challenge = bytes_new(SPAN_ARRAY(challenge));
    reset.job.expires_utc = INT64_MAX;
    run(token->portal,
        "INSERT INTO reset_request (id, key_id, user, state, expires_utc, created_utc, "
        "changed_utc) VALUES (?1, ?2, ?3, 'approved', ?4, ?5, ?5)",
        PORTAL_VALUES(PORTAL_INTEGER(made), PORTAL_INTEGER(token->key.id),
                      PORTAL_TEXT(reset.job.id), PORTAL_INTEGER(INT64_MAX),
                      PORTAL_INTEGER(clock_now_utc())));
    run(token->portal,
        "INSERT INTO job (id, key_id, reset_id, kind, challenge, created_utc, expires_utc) "
        "VALUES (?1, ?2, ?3, 'reset-pin', x'00', ?4, ?5)",
        PORTAL_VALUES(PORTAL_TEXT(reset.job.id), PORTAL_INTEGER(token->key.id),
                      PORTAL_INTEGER(made), PORTAL_INTEGER(clock_now_utc()),
                      PORTAL_INTEGER(INT64_MAX)));
    return reset;
}

static void reset_done(struct reset *reset)
{
    free(reset->job.id);
    free(reset->job.kind);
    free(reset->job.number);
    free(reset->job.outcome);
    bytes_free(reset->job.challenge);
    *reset = (struct reset){0};
}

/* Whether the platform gave an answer; the only refusal is that of too few tries. */
static bool ask(const struct token *token, const struct reset *reset, bool refused,
                struct bytes **out)
{
    const struct portal_reset_question question = {
        .purpose = "unblock",
        .profile = "piv",
        .administrator_tries = token->tells ? token->tries : -1,
        .refused = refused,
    };
    struct err err = ERR_INIT;
    enum err_code code = portal_reset_answer(token->portal, &reset->job, &question, out, &err);
    if (code != ERR_NONE && code != ERR_ADMIN_PIN_LOW)
        fail_msg("%s: %s", err_code_text(code), err.detail);
    return code == ERR_NONE;
}

static void confirm(const struct token *token, const struct reset *reset, const char *outcome)
{
    uint8_t told[PORTAL_JOB_CHALLENGE_BYTES + 1];
    uint8_t digest[32] = {0};
    memcpy(told, reset->job.challenge->at, PORTAL_JOB_CHALLENGE_BYTES);
    told[PORTAL_JOB_CHALLENGE_BYTES] = reset->refused ? 1 : 0;
    if (strcmp(outcome, "written") == 0)
        proof_sha256(SPAN_ARRAY(told), digest);
    const struct portal_confirmation confirmation = {outcome, SPAN_ARRAY(digest), SPAN_NONE};
    struct err err = ERR_INIT;
    world_must(portal_confirm(token->portal, &reset->job, &confirmation, &err), &err);
}

/* CHANGE REFERENCE DATA. */
static bool take(struct token *token, const struct bytes *answer)
{
    assert_int_equal(answer->len, 3 * PORTAL_PIV_PUK_BYTES);
    if (memcmp(token->puk, answer->at, sizeof token->puk) != 0) {
        token->tries--;
        return false;
    }
    memcpy(token->puk, answer->at + sizeof token->puk, sizeof token->puk);
    token->tries = TRIES;
    return true;
}

/* Whether the token took what it was to be told; then the reset goes on to its end. */
static bool change_puk(struct token *token, struct reset *reset, enum ending ending)
{
    AUTO(bytes_wipe_freep) struct bytes *first = NULL;
    AUTO(bytes_wipe_freep) struct bytes *second = NULL;
    if (!ask(token, reset, false, &first) || ending == ANSWER_LOST)
        return false;
    bool taken = take(token, first);
    if (taken || ending == KILLED_BEHIND_COMMAND)
        return taken;
    if (!ask(token, reset, true, &second) || ending == SECOND_ANSWER_LOST)
        return false;
    reset->refused = true;
    return take(token, second);
}

/* *out_late: what is confirmed behind the next reset. */
static void perform(struct token *token, enum ending ending, struct reset *out_late)
{
    AUTO(reset_done) struct reset reset = begin(token);
    if (!change_puk(token, &reset, ending))
        return;
    if (ending == WHOLE)
        confirm(token, &reset, "written");
    if (ending == FAILED_BEHIND_PUK)
        confirm(token, &reset, "failed");
    if (ending == CONFIRMATION_LATE) {
        *out_late = reset;
        reset = (struct reset){0};
    }
}

static void check_known(const struct token *token, const char *sequence)
{
    struct portal_piv_version now;
    int64_t counted = 0;
    struct err err = ERR_INIT;
    world_must(portal_piv_version_load(token->portal, token->key.id, &now, &err), &err);
    world_must(portal_piv_puk_tries(token->portal, token->key.id, &counted, &err), &err);
    if (!has(token, now.puk) && !has(token, now.given))
        fail_msg("%s: the PUK is neither %lld nor %lld", sequence, (long long)now.puk,
                 (long long)now.given);
    if (token->tries < 1)
        fail_msg("%s: no try is left", sequence);
    if (counted > token->tries)
        fail_msg("%s: %lld tries are counted on, %d are left", sequence, (long long)counted,
                 token->tries);
}

/* What a whole reset finds then: it works, or is not tried since the tries are few. */
static void check_next(struct token *token, const char *sequence)
{
    int before = token->tries;
    int64_t counted = 0;
    struct err err = ERR_INIT;
    world_must(portal_piv_puk_tries(token->portal, token->key.id, &counted, &err), &err);
    AUTO(reset_done) struct reset reset = begin(token);
    bool taken = change_puk(token, &reset, WHOLE);
    bool few = before - 1 <= PORTAL_RESET_TRIES_STOP_PIV ||
               (!token->tells && counted - 1 <= PORTAL_RESET_TRIES_STOP_PIV);
    if (!taken && !few)
        fail_msg("%s: the next reset fails with %d tries left", sequence, before);
    if (taken)
        confirm(token, &reset, "written");
    check_known(token, sequence);
}

/* The caller frees. */
static char *name_of(bool tells, const enum ending *endings, size_t count)
{
    char *name = memory_text(tells ? "tells" : "tells nothing");
    for (size_t i = 0; i < count; i++) {
        AUTO(memory_freep) char *before = name;
        name = memory_printf("%s %d", before, endings[i]);
    }
    return name;
}

static void perform_all(struct portal *portal, bool tells, const enum ending *endings, size_t count)
{
    AUTO(token_done) struct token token = token_new(portal, tells);
    AUTO(reset_done) struct reset late = {0};
    AUTO(memory_freep) char *sequence = name_of(tells, endings, count);
    for (size_t i = 0; i < count; i++) {
        AUTO(reset_done) struct reset now_late = late;
        int before = token.tries;
        late = (struct reset){0};
        perform(&token, endings[i], &late);
        if (before - token.tries > 1)
            fail_msg("%s: reset %zu cost %d tries", sequence, i, before - token.tries);
        if (now_late.job.id != NULL)
            confirm(&token, &now_late, "written");
        check_known(&token, sequence);
    }
    check_next(&token, sequence);
}

static struct portal *portal_new(void)
{
    struct portal *portal = world_bare();
    struct err err = ERR_INIT;
    world_must(secret_new(PORTAL_SECRET_BYTES, &portal->admin_pin_key, &err), &err);
    memset(secret_room(portal->admin_pin_key), 0x5A, PORTAL_SECRET_BYTES);
    secret_set_length(portal->admin_pin_key, PORTAL_SECRET_BYTES);
    run(portal, "INSERT INTO organisation VALUES (1, 'o', 0)", PORTAL_NO_VALUES);
    run(portal, "INSERT INTO holder VALUES (1, 1, 'h', 0)", PORTAL_NO_VALUES);
    return portal;
}

static void walk(bool tells)
{
    int count = 1;
    for (int i = 0; i < RESETS; i++)
        count *= ENDINGS;
    AUTO(portal_freep) struct portal *portal = portal_new();
    for (int number = 0; number < count; number++) {
        enum ending endings[RESETS];
        for (int i = 0, rest = number; i < RESETS; i++, rest /= ENDINGS)
            endings[i] = (enum ending)(rest % ENDINGS);
        perform_all(portal, tells, endings, RESETS);
    }
}

static void longer_walks_end_as_well(void **state)
{
    (void)state;
    uint32_t random = 1; /* the same walks each time */
    AUTO(portal_freep) struct portal *portal = portal_new();
    for (int walk = 0; walk < LONG_WALKS; walk++) {
        enum ending endings[RESETS_MAX];
        for (size_t i = 0; i < RESETS_MAX; i++) {
            random = random * 1664525U + 1013904223U;
            endings[i] = (enum ending)((random >> 16) % ENDINGS);
        }
        perform_all(portal, walk % 2 == 0, endings, RESETS_MAX);
    }
}

static void the_puk_is_always_known_of_a_token_that_tells_its_tries(void **state)
{
    (void)state;
    walk(true);
}

static void the_puk_is_always_known_of_a_token_that_tells_nothing(void **state)
{
    (void)state;
    walk(false);
}

/* Of a token that tells its tries lost answers cost none, however many. */
static void lost_answers_alone_cost_nothing(void **state)
{
    (void)state;
    AUTO(portal_freep) struct portal *portal = portal_new();
    AUTO(token_done) struct token token = token_new(portal, true);
    struct reset late = {0};
    for (int i = 0; i < 20; i++)
        perform(&token, ANSWER_LOST, &late);
    perform(&token, WHOLE, &late);
    assert_true(has(&token, 2));
    assert_int_equal(token.tries, TRIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_puk_is_always_known_of_a_token_that_tells_its_tries),
        cmocka_unit_test(the_puk_is_always_known_of_a_token_that_tells_nothing),
        cmocka_unit_test(longer_walks_end_as_well),
        cmocka_unit_test(lost_answers_alone_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
