#include "portal/portal_piv_version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "portal/portal_piv_puk.h"
#include "portal/portal_reset_answer.h"
#include "portal/portal_ticket.h"
#include "world.h"

static struct portal_piv_version load(struct world *world, const struct world_key *key)
{
    struct portal_piv_version version = {0};
    struct err err = ERR_INIT;
    world_must(portal_piv_version_load(world->portal, key->id, &version, &err), &err);
    return version;
}

static enum err_code set(struct world *world, const char *serial, int64_t puk, int64_t management)
{
    const struct portal_piv_setting setting = {puk, management};
    struct err err = ERR_INIT;
    return portal_piv_version_set(world->portal, serial, &setting, &err);
}

static struct json *show(struct world *world, const struct world_key *key)
{
    struct json *json = NULL;
    struct err err = ERR_INIT;
    world_must(portal_piv_version_show(world->portal, key->serial, &json, &err), &err);
    return json;
}

static int64_t number(const struct json *json, const char *name)
{
    int64_t value = -1;
    const struct json_field field = {name, JSON_INTEGER, false, 1000, &value};
    struct err err = ERR_INIT;
    world_must(json_read(json, &field, 1, JSON_UNKNOWN_IGNORED, &err), &err);
    return value;
}

/* A reset that breaks off; its job is the caller's. */
static struct portal_job *give(struct world *world, const struct world_key *key, bool refused)
{
    static const struct portal_reset_question question = {
        .purpose = "unblock", .profile = "piv", .administrator_tries = 3};
    struct portal_reset_question asked = question;
    AUTO(bytes_wipe_freep) struct bytes *answer = NULL;
    struct err err = ERR_INIT;
    world_reset(world, key, key->serial);
    struct portal_job *job = world_key_job(world, key, PORTAL_KIND_RESET_PIN);
    world_must(portal_reset_answer(world->portal, job, &question, &answer, &err), &err);
    asked.refused = true;
    AUTO(bytes_wipe_freep) struct bytes *none = NULL;
    if (refused)
        assert_int_equal(portal_reset_answer(world->portal, job, &asked, &none, &err),
                         ERR_ADMIN_PIN_LOW);
    return job;
}

static void a_token_begins_with_version_1(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_piv_key_new(world, CERT_P256, 20);
    struct portal_piv_version unknown = {0};
    struct portal_piv_version version = load(world, key);
    struct err err = ERR_INIT;
    world_must(portal_piv_version_find(world->portal, "NOT REGISTERED", &unknown, &err), &err);
    assert_memory_equal(&unknown, &version, sizeof version);
    assert_int_equal(version.puk, 1);
    assert_int_equal(version.given, 0);
    assert_int_equal(version.management, 1);
}

static void what_is_stored_is_loaded(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_piv_key_new(world, CERT_P256, 20);
    const struct portal_piv_version rows[] = {{4, 7, 9, 3, 2}, {7, 0, 9, 4, 1}};
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err err = ERR_INIT;
        world_must(portal_piv_version_store(world->portal, key->id, &rows[i], &err), &err);
        struct portal_piv_version version = load(world, key);
        assert_memory_equal(&version, &rows[i], sizeof version);
        struct portal_piv_version found = {0};
        world_must(portal_piv_version_find(world->portal, key->serial, &found, &err), &err);
        assert_memory_equal(&found, &rows[i], sizeof found);
    }
}

static void an_operator_sees_what_was_given(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_piv_key_new(world, CERT_P256, 20);
    AUTO(portal_job_freep) struct portal_job *lost = give(world, key, false);
    AUTO(portal_job_freep) struct portal_job *refused = give(world, key, false);
    struct err err = ERR_INIT;
    world_must(portal_piv_puk_refused(world->portal, refused, &err), &err);
    AUTO(portal_job_freep) struct portal_job *again = give(world, key, true);
    AUTO(json_freep) struct json *json = show(world, key);
    const struct json *answers = json_member(json, "answers");
    assert_int_equal(number(json, "puk"), 2);
    assert_int_equal(number(json, "puk_given"), 3);
    assert_int_equal(number(json, "puk_highest"), 3);
    assert_int_equal(number(json, "management"), 1);
    assert_int_equal(json_count(answers), 3);
    assert_int_equal(number(json_item(answers, 0), "puk"), 2); /* the newest comes first */
    assert_int_equal(number(json_item(answers, 0), "next"), 3);
    assert_string_equal(json_text_of(json_member(json_item(answers, 2), "reset")), lost->number);
    AUTO(memory_freep) char *text = json_print(json_item(answers, 1));
    assert_non_null(strstr(text, "\"refused\":true"));
}

static void an_operators_word_overtakes_what_was_given(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_piv_key_new(world, CERT_P256, 20);
    AUTO(portal_job_freep) struct portal_job *lost = give(world, key, false);
    int64_t answer_id = load(world, key).settled;
    struct err err = ERR_INIT;
    assert_int_equal(set(world, key->serial, 1, 0), ERR_NONE);
    struct portal_piv_version version = load(world, key);
    assert_int_equal(version.puk, 1);
    assert_int_equal(version.given, 0);
    assert_int_equal(version.highest, 2); /* which is not given again */
    assert_true(version.settled > answer_id);
    /* What is told of it later changes nothing. */
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    world_must(portal_transaction_begin(&transaction, world->portal->db, &err), &err);
    world_must(portal_piv_puk_commit(world->portal, lost, version.settled, &err), &err);
    world_must(portal_transaction_commit(&transaction, &err), &err);
    struct portal_piv_version after = load(world, key);
    assert_memory_equal(&after, &version, sizeof after);
    AUTO(portal_job_freep) struct portal_job *next = give(world, key, false);
    assert_int_equal(load(world, key).given, 3);
}

static void a_version_that_can_not_be_is_refused(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_piv_key_new(world, CERT_P256, 20);
    AUTO(world_key_freep) struct world_key *gmt = world_key_new(world, CERT_SM2, false, 20);
    static const struct {
        int64_t puk, management;
        enum err_code code;
    } cases[] = {
        {3, 0, ERR_FIELD_VALUE},
        {-1, 0, ERR_FIELD_VALUE},
        {0, PORTAL_PIV_MANAGEMENT_MAX + 1, ERR_FIELD_VALUE},
        {0, -1, ERR_FIELD_VALUE},
        {2, 0, ERR_NONE},
        {0, PORTAL_PIV_MANAGEMENT_MAX, ERR_NONE},
        {3, 1, ERR_NONE},
        {1, 0, ERR_NONE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct portal_piv_version before = load(world, key);
        assert_int_equal(set(world, key->serial, cases[i].puk, cases[i].management), cases[i].code);
        struct portal_piv_version after = load(world, key);
        if (cases[i].code != ERR_NONE)
            assert_memory_equal(&after, &before, sizeof after);
    }
    assert_int_equal(load(world, key).highest, 3);
    assert_int_equal(set(world, gmt->serial, 1, 0), ERR_PROFILE_UNKNOWN);
    assert_int_equal(set(world, "NOT REGISTERED", 1, 0), ERR_NO_SUCH_RECORD);
}

static void an_operators_word_is_noted(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_piv_key_new(world, CERT_P256, 20);
    assert_int_equal(set(world, key->serial, 2, 5), ERR_NONE);
    AUTO(memory_freep)
    char *sql = memory_printf("SELECT count(*) FROM audit WHERE event = 'piv-versions.set' AND "
                              "subject = '%s' AND detail = 'PUK 1 (given: 0) to 2, management key "
                              "1 to 5'",
                              key->serial);
    assert_int_equal(world_count(world->portal, sql), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_begins_with_version_1),
        cmocka_unit_test(what_is_stored_is_loaded),
        cmocka_unit_test(an_operator_sees_what_was_given),
        cmocka_unit_test(an_operators_word_overtakes_what_was_given),
        cmocka_unit_test(a_version_that_can_not_be_is_refused),
        cmocka_unit_test(an_operators_word_is_noted),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
