#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "portal/portal_key.h"
#include "portal/portal_reset.h"
#include "world.h"

/* Four keys; the first two have requests, the second one's is the newer of two. */
static struct world_key *keys[4];

static int setup(void **state)
{
    struct err err = ERR_INIT;
    if (world_setup(state) != 0)
        return -1;
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        keys[i] = world_key_new(world, CERT_SM2, false, 20);
    world_must(portal_reset_set_policy(world->portal, PORTAL_RESET_REVIEWER, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        world_key_freep(&keys[i]);
    return world_teardown(state);
}

static int64_t ask(struct world *world, size_t key, const char *user)
{
    const struct portal_reset_wish wish = {keys[key]->serial, user, 0};
    struct portal_reset_noted noted = {0};
    struct err err = ERR_INIT;
    world_must(portal_reset_request(world->portal, &wish, &noted, &err), &err);
    return noted.id;
}

typedef enum err_code (*lister)(struct portal *portal, const struct portal_reset_page *page,
                                struct json **out, struct err *err);

static struct json *list(struct world *world, lister of, struct portal_reset_page page)
{
    struct json *json = NULL;
    struct err err = ERR_INIT;
    page.limit = page.limit == 0 ? 20 : page.limit;
    world_must(of(world->portal, &page, &json, &err), &err);
    return json;
}

static const char *text(const struct json *list, size_t row, const char *name)
{
    return json_text_of(json_member(json_item(list, row), name));
}

/* "KEY00001 KEY00002" */
static void check_serials(const struct json *list, const char *wanted)
{
    AUTO(memory_freep) char *found = memory_text("");
    for (size_t i = 0; i < json_count(list); i++) {
        AUTO(memory_freep) char *before = found;
        found = memory_printf("%s%s%s", before, i == 0 ? "" : " ", text(list, i, "serial"));
    }
    assert_string_equal(found, wanted);
}

static void keys_have_the_manuals_columns(void **state)
{
    struct world *world = *state;
    ask(world, 0, "first");
    AUTO(json_freep)
    struct json *found =
        list(world, portal_reset_keys, (struct portal_reset_page){.organisation_id = 1});
    check_serials(found, "KEY00001 KEY00002 KEY00003 KEY00004");
    assert_string_equal(text(found, 0, "holder"), WORLD_HOLDER);
    assert_string_equal(text(found, 0, "organisation"), WORLD_ORGANISATION);
    assert_string_equal(text(found, 0, "number"), "");
    assert_string_equal(text(found, 0, "not_after"), "2026-01-21T00:00:00Z");
    const struct json *request = json_member(json_item(found, 0), "request");
    assert_string_equal(json_text_of(json_member(request, "state")), "requested");
    assert_string_equal(json_text_of(json_member(request, "user")), "first");
    assert_string_equal(json_text_of(json_member(request, "at")), "2026-01-01T00:00:00Z");
    assert_string_equal(json_text_of(json_member(request, "reason")), "");
    assert_non_null(json_member(json_item(found, 1), "request"));
    assert_false(json_is_object(json_member(json_item(found, 1), "request")));
}

static void the_latest_request_is_told_as_it_is_now(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;
    ask(world, 1, "a");
    int64_t newest = ask(world, 1, "b");
    world_must(portal_reset_approve(world->portal, newest, &err), &err);
    static const struct {
        int64_t later_s;
        const char *state;
    } cases[] = {{0, "approved"}, {PORTAL_RESET_APPROVAL_S, "expired"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        clock_set_for_test(FIXTURE_NOW + cases[i].later_s);
        AUTO(json_freep)
        struct json *found =
            list(world, portal_reset_keys, (struct portal_reset_page){.search = "KEY00002"});
        const struct json *request = json_member(json_item(found, 0), "request");
        assert_int_equal(json_count(found), 1);
        assert_string_equal(json_text_of(json_member(request, "user")), "b");
        assert_string_equal(json_text_of(json_member(request, "state")), cases[i].state);
    }
    clock_set_for_test(FIXTURE_NOW);
}

static void a_refusal_tells_its_reason(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;
    world_must(portal_reset_reject(world->portal, ask(world, 2, "refused"), "not you", &err), &err);
    AUTO(json_freep)
    struct json *found =
        list(world, portal_reset_keys, (struct portal_reset_page){.search = "KEY00003"});
    const struct json *request = json_member(json_item(found, 0), "request");
    assert_string_equal(json_text_of(json_member(request, "state")), "rejected");
    assert_string_equal(json_text_of(json_member(request, "reason")), "not you");
}

static void an_organisation_sees_its_own(void **state)
{
    struct world *world = *state;
    int64_t other = 0;
    struct err err = ERR_INIT;
    world_must(portal_organisation_add(world->portal, "other", &other, &err), &err);
    AUTO(json_freep)
    struct json *found =
        list(world, portal_reset_keys, (struct portal_reset_page){.organisation_id = other});
    assert_int_equal(json_count(found), 0);
    AUTO(json_freep)
    struct json *waiting =
        list(world, portal_reset_waiting, (struct portal_reset_page){.organisation_id = other});
    assert_int_equal(json_count(waiting), 0);
}

static void pages_go_both_ways(void **state)
{
    struct world *world = *state;
    AUTO(json_freep)
    struct json *first = list(world, portal_reset_keys, (struct portal_reset_page){.limit = 2});
    AUTO(json_freep)
    struct json *second =
        list(world, portal_reset_keys,
             (struct portal_reset_page){.organisation_id = 1, .limit = 3, .from_id = keys[1]->id});
    AUTO(json_freep)
    struct json *back =
        list(world, portal_reset_keys,
             (struct portal_reset_page){.limit = 2, .from_id = keys[2]->id, .backwards = true});
    AUTO(json_freep)
    struct json *last =
        list(world, portal_reset_keys, (struct portal_reset_page){.limit = 1, .backwards = true});
    check_serials(first, "KEY00001 KEY00002");
    check_serials(second, "KEY00003 KEY00004");
    check_serials(back, "KEY00002 KEY00001");
    check_serials(last, "KEY00004");
    AUTO(json_freep)
    struct json *nothing =
        list(world, portal_reset_keys, (struct portal_reset_page){.search = "%"});
    assert_int_equal(json_count(nothing), 0);
}

static void a_page_has_a_limit(void **state)
{
    struct world *world = *state;
    static const int64_t limits[] = {0, -1, PORTAL_RESET_PAGE_MAX + 1};
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        const struct portal_reset_page page = {.limit = limits[i]};
        struct json *json = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(portal_reset_keys(world->portal, &page, &json, &err), ERR_FIELD_VALUE);
        assert_null(json);
    }
    AUTO(json_freep)
    struct json *most =
        list(world, portal_reset_keys, (struct portal_reset_page){.limit = PORTAL_RESET_PAGE_MAX});
    assert_int_equal(json_count(most), 4);
}

static void a_reviewer_sees_what_waits(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;
    int64_t approved = ask(world, 2, "approved");
    int64_t waiting = ask(world, 3, "waiting");
    world_must(portal_reset_approve(world->portal, approved, &err), &err);
    AUTO(json_freep)
    struct json *found =
        list(world, portal_reset_waiting, (struct portal_reset_page){.from_id = waiting - 1});
    check_serials(found, "KEY00004");
    int64_t cursor = 0;
    const struct json_field field = {"cursor", JSON_INTEGER, false, 1000, &cursor};
    world_must(json_read(json_item(found, 0), &field, 1, JSON_UNKNOWN_IGNORED, &err), &err);
    assert_true(cursor == waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_the_manuals_columns),
        cmocka_unit_test(the_latest_request_is_told_as_it_is_now),
        cmocka_unit_test(a_refusal_tells_its_reason),
        cmocka_unit_test(an_organisation_sees_its_own),
        cmocka_unit_test(pages_go_both_ways),
        cmocka_unit_test(a_page_has_a_limit),
        cmocka_unit_test(a_reviewer_sees_what_waits),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
