#include "portal/portal_reset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "portal/portal_ticket.h"
#include "world.h"

static int reset_clock(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;
    clock_set_for_test(FIXTURE_NOW);
    world_must(portal_reset_set_policy(world->portal, PORTAL_RESET_REVIEWER, &err), &err);
    return 0;
}

static struct portal_reset_noted ask(struct world *world, const struct world_key *key,
                                     const char *user)
{
    const struct portal_reset_wish wish = {key->serial, user, 0};
    struct portal_reset_noted noted = {0};
    struct err err = ERR_INIT;
    world_must(portal_reset_request(world->portal, &wish, &noted, &err), &err);
    return noted;
}

/* "state approved_by" of one request, as the list says it; the caller frees. */
static char *listed(struct world *world, int64_t id)
{
    AUTO(json_freep) struct json *list = NULL;
    struct err err = ERR_INIT;
    world_must(portal_reset_list(world->portal, &list, &err), &err);
    const struct json *row = json_item(list, (size_t)id - 1);
    return memory_printf("%s %s", json_text_of(json_member(row, "state")),
                         json_text_of(json_member(row, "approved_by")));
}

static void check_listed(struct world *world, int64_t id, const char *wanted)
{
    AUTO(memory_freep) char *found = listed(world, id);
    assert_string_equal(found, wanted);
}

static int64_t lines(struct world *world)
{
    return world_count(world->portal, "SELECT count(*) FROM audit");
}

/* ---- the policy ---- */

static void without_a_setting_the_platform_approves(void **state)
{
    struct portal *portal = world_bare();
    enum portal_reset_approval approval = PORTAL_RESET_REVIEWER;
    struct err err = ERR_INIT;
    (void)state;
    world_must(portal_reset_policy(portal, &approval, &err), &err);
    assert_int_equal(approval, PORTAL_RESET_AUTOMATIC);
    assert_int_equal(err.code, ERR_NONE);
    world_must(portal_db_set_setting(portal->db, "reset_approval", "nobody", &err), &err);
    assert_int_equal(portal_reset_policy(portal, &approval, &err), ERR_DATABASE);
    portal_free(portal);
}

static void the_policy_is_set_and_audited(void **state)
{
    struct world *world = *state;
    enum portal_reset_approval approval = PORTAL_RESET_REVIEWER;
    struct err err = ERR_INIT;
    int64_t before = lines(world);
    world_must(portal_reset_set_policy(world->portal, PORTAL_RESET_AUTOMATIC, &err), &err);
    world_must(portal_reset_policy(world->portal, &approval, &err), &err);
    assert_string_equal(portal_reset_approval_text(approval), "automatic");
    assert_int_equal(lines(world), before + 1);
}

static void the_policy_approves_at_the_request(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    struct err err = ERR_INIT;
    /* Also what waited for a reviewer until the policy changed. */
    struct portal_reset_noted waiting = ask(world, key, "王五");
    assert_string_equal(waiting.state, "requested");
    world_must(portal_reset_set_policy(world->portal, PORTAL_RESET_AUTOMATIC, &err), &err);
    struct portal_reset_noted approved = ask(world, key, "王五");
    assert_string_equal(approved.state, "approved");
    assert_true(approved.id == waiting.id);
    check_listed(world, approved.id, "approved policy");
    assert_int_equal(world_count(world->portal,
                                 "SELECT count(*) FROM audit WHERE id = (SELECT max(id) FROM "
                                 "audit) AND event = 'reset.approved' AND detail = 'policy'"),
                     1);
}

/* ---- requests ---- */

static void a_request_is_approved_once(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    struct err err = ERR_INIT;
    int64_t id = ask(world, key, "王五").id;
    check_listed(world, id, "requested ");
    assert_int_equal(portal_reset_check_approved(world->portal, id, &err), ERR_ORDER_NOT_APPROVED);
    err = ERR_INIT;
    world_must(portal_reset_approve(world->portal, id, &err), &err);
    check_listed(world, id, "approved test");
    world_must(portal_reset_check_approved(world->portal, id, &err), &err);
    assert_int_equal(portal_reset_approve(world->portal, id, &err), ERR_RESET_STATE);
    assert_int_equal(portal_reset_reject(world->portal, id, "no", &err), ERR_RESET_STATE);
    assert_int_equal(portal_reset_approve(world->portal, id + 1, &err), ERR_NO_SUCH_RECORD);
}

static void asking_twice_is_asking_once(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    struct err err = ERR_INIT;
    int64_t id = ask(world, key, "a").id;
    int64_t before = lines(world);
    assert_true(ask(world, key, "a").id == id);
    assert_true(ask(world, key, "b").id != id);
    world_must(portal_reset_approve(world->portal, id, &err), &err);
    struct portal_reset_noted again = ask(world, key, "a");
    assert_true(again.id == id);
    assert_string_equal(again.state, "approved");
    assert_int_equal(lines(world), before + 2); /* b's request, a's approval */
}

static void a_rejection_is_for_good_and_has_a_reason(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    AUTO(memory_freep) char *longer = memory_printf("%0*d", PORTAL_RESET_REASON_BYTES_MAX + 1, 1);
    struct err err = ERR_INIT;
    int64_t id = ask(world, key, "a").id;
    assert_int_equal(portal_reset_reject(world->portal, id, "", &err), ERR_FIELD_VALUE);
    assert_int_equal(portal_reset_reject(world->portal, id, longer, &err), ERR_FIELD_VALUE);
    err = ERR_INIT;
    world_must(portal_reset_reject(world->portal, id, longer + 1, &err), &err);
    check_listed(world, id, "rejected ");
    assert_int_equal(portal_reset_approve(world->portal, id, &err), ERR_RESET_STATE);
    assert_true(ask(world, key, "a").id > id);
}

static void a_request_is_for_a_key_and_by_somebody(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    AUTO(memory_freep) char *longer = memory_printf("%0*d", PORTAL_NAME_BYTES_MAX + 1, 1);
    const struct {
        struct portal_reset_wish wish;
        enum err_code code;
    } cases[] = {
        {{"none", "u", 0}, ERR_NO_SUCH_RECORD},
        {{key->serial, "", 0}, ERR_FIELD_VALUE},
        {{key->serial, longer, 0}, ERR_FIELD_VALUE},
        {{key->serial, "u", 99}, ERR_NO_SUCH_RECORD}, /* another organisation's */
        {{key->serial, longer + 1, 1}, ERR_NONE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct portal_reset_noted noted = {77, NULL};
        struct err err = ERR_INIT;
        assert_int_equal(portal_reset_request(world->portal, &cases[i].wish, &noted, &err),
                         cases[i].code);
        assert_int_equal(noted.id == 77, cases[i].code != ERR_NONE);
    }
}

/* ---- the end of an approval ---- */

static void an_approval_ends_after_a_day(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    struct err err = ERR_INIT;
    int64_t found = 0;
    int64_t id = world_reset(world, key, "a");
    clock_set_for_test(FIXTURE_NOW + PORTAL_RESET_APPROVAL_S - 1);
    world_must(portal_reset_find(world->portal, key->serial, "a", &found, &err), &err);
    assert_true(found == id);
    clock_set_for_test(FIXTURE_NOW + PORTAL_RESET_APPROVAL_S);
    assert_int_equal(portal_reset_find(world->portal, key->serial, "a", &found, &err),
                     ERR_ORDER_NOT_APPROVED);
    assert_int_equal(portal_reset_check_approved(world->portal, id, &err), ERR_ORDER_NOT_APPROVED);
    check_listed(world, id, "expired test");
    /* It is noted by whoever asks next, and nobody can approve it again. */
    err = ERR_INIT;
    assert_int_equal(portal_reset_approve(world->portal, id, &err), ERR_RESET_STATE);
    assert_true(ask(world, key, "a").id > id);
    AUTO(memory_freep) char *number = portal_reset_number(id);
    AUTO(memory_freep)
    char *sql = memory_printf("SELECT count(*) FROM audit WHERE event = 'reset.expired' "
                              "AND subject = '%s'",
                              number);
    assert_int_equal(world_count(world->portal, sql), 1);
}

static void a_waiting_request_does_not_expire(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    struct err err = ERR_INIT;
    int64_t id = ask(world, key, "a").id;
    clock_set_for_test(FIXTURE_NOW + 3 * PORTAL_RESET_APPROVAL_S);
    world_must(portal_reset_approve(world->portal, id, &err), &err);
    world_must(portal_reset_check_approved(world->portal, id, &err), &err);
}

/* ---- whose it is ---- */

static void the_users_own_request_is_found(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    AUTO(memory_freep) char *user = NULL;
    struct err err = ERR_INIT;
    int64_t first = world_reset(world, key, "a");
    int64_t second = world_reset(world, key, "b");
    int64_t found = 0;
    int64_t key_id = 0;
    assert_true(first < second);
    world_must(portal_reset_find(world->portal, key->serial, "a", &found, &err), &err);
    assert_true(found == first);
    world_must(portal_reset_subject(world->portal, second, &key_id, &user, &err), &err);
    assert_string_equal(user, "b");
    assert_true(key_id == key->id);
    assert_int_equal(portal_reset_find(world->portal, key->serial, "c", &found, &err),
                     ERR_ORDER_NOT_APPROVED);
    assert_int_equal(portal_reset_find(world->portal, "none", "a", &found, &err),
                     ERR_NO_SUCH_RECORD);
}

static void only_what_was_approved_is_finished(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct err err = ERR_INIT;
    int64_t waiting = ask(world, key, "a").id;
    int64_t approved = world_reset(world, key, "b");
    world_must(portal_transaction_begin(&transaction, world->portal->db, &err), &err);
    assert_int_equal(portal_reset_finish(world->portal, waiting, &err), ERR_RESET_STATE);
    err = ERR_INIT;
    world_must(portal_reset_finish(world->portal, approved, &err), &err);
    world_must(portal_reset_finish(world->portal, approved, &err), &err);
    check_listed(world, approved, "done test");
}

#define T(test) cmocka_unit_test_setup(test, reset_clock)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_setting_the_platform_approves),
        T(the_policy_is_set_and_audited),
        T(the_policy_approves_at_the_request),
        T(a_request_is_approved_once),
        T(asking_twice_is_asking_once),
        T(a_rejection_is_for_good_and_has_a_reason),
        T(a_request_is_for_a_key_and_by_somebody),
        T(an_approval_ends_after_a_day),
        T(a_waiting_request_does_not_expire),
        T(the_users_own_request_is_found),
        T(only_what_was_approved_is_finished),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
