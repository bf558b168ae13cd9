#include "portal/portal_key_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "portal/portal_key.h"
#include "portal/portal_seal.h"
#include "world.h"

static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0};

static int64_t own(struct world *world)
{
    return world_count(world->portal,
                       "SELECT id FROM organisation WHERE name = '" WORLD_ORGANISATION "'");
}

static struct json *view(struct world *world, const char *serial)
{
    struct json *json = NULL;
    struct err err = ERR_INIT;
    world_must(portal_key_view(world->portal, serial, own(world), &json, &err), &err);
    return json;
}

static const char *text(const struct json *json, const char *name)
{
    return json_text_of(json_member(json, name));
}

static bool is_true(const struct json *json, const char *name)
{
    AUTO(memory_freep) char *value = json_print(json_member(json, name));
    return strcmp(value, "true") == 0;
}

static void make_seal(struct world *world, const struct world_key *key)
{
    AUTO(bytes_freep) struct bytes *der = NULL;
    struct err err = ERR_INIT;
    const struct portal_seal_new new = {
        .serial = key->serial,
        .name = "公章",
        .type = 1,
        .version = SEAL_V4,
        .list = SEAL_LIST_CERTIFICATES,
        .picture = SPAN_ARRAY(png),
        .width_mm = 40,
        .height_mm = 40,
    };
    world_must(portal_seal_add(world->portal, &new, &der, &err), &err);
}

static void a_key_is_due_in_the_window_and_in_the_grace(void **state)
{
    static const struct {
        int days_left;
        bool due;
    } cases[] = {{200, false}, {91, false}, {89, true}, {1, true}, {-1, true}, {-364, true}};
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(world_key_freep)
        struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
        AUTO(json_freep) struct json *json = NULL;
        clock_set_for_test(FIXTURE_NOW + (int64_t)(20 - cases[i].days_left) * FIXTURE_DAY);
        json = view(world, key->serial);
        clock_set_for_test(FIXTURE_NOW);
        if (is_true(json, "due") != cases[i].due)
            fail_msg("%d days left", cases[i].days_left);
        assert_string_equal(text(json, "algorithm"), "sm2");
        assert_string_equal(text(json, "holder"), WORLD_HOLDER);
        assert_null(text(json, "renewed"));
    }
}

static void a_seal_is_bound_until_the_renewal(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    make_seal(world, key);
    AUTO(json_freep) struct json *before = view(world, key->serial);
    const struct json *seals = json_member(before, "seals");
    assert_int_equal(json_count(seals), 1);
    assert_string_equal(text(json_item(seals, 0), "name"), "公章");
    assert_true(is_true(json_item(seals, 0), "bound"));
    assert_true(is_true(before, "due"));
    world_renew(world, key);
    AUTO(json_freep) struct json *after = view(world, key->serial);
    seals = json_member(after, "seals");
    assert_int_equal(json_count(seals), 1);
    assert_false(is_true(json_item(seals, 0), "bound"));
    assert_non_null(text(after, "renewed"));
    assert_false(is_true(after, "due"));
}

static void another_organisations_key_is_not_there(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    struct json *json = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(portal_key_view(world->portal, key->serial, 9999, &json, &err),
                     ERR_NO_SUCH_RECORD);
    assert_int_equal(portal_key_view(world->portal, "none", 0, &json, &err), ERR_NO_SUCH_RECORD);
    assert_null(json);
}

static void a_key_says_what_kind_it_is(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *token = world_piv_key_new(world, CERT_P256, 20);
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(json_freep) struct json *first = view(world, token->serial);
    AUTO(json_freep) struct json *second = view(world, key->serial);
    assert_string_equal(text(first, "profile"), "piv");
    assert_string_not_equal(text(second, "profile"), "piv");
}

static struct json *page_of(struct world *world, const struct portal_key_filter *filter,
                            const char *after, const char *before)
{
    const struct portal_page_ask ask = {"2", after, before};
    struct portal_page page;
    struct json *json = NULL;
    struct err err = ERR_INIT;
    world_must(portal_page_read(PORTAL_PAGE_KEYS, &ask, &page, &err), &err);
    world_must(portal_key_page(world->portal, filter, &page, &json, &err), &err);
    return json;
}

static size_t walk(struct world *world, const struct portal_key_filter *filter)
{
    AUTO(memory_freep) char *after = NULL;
    AUTO(memory_freep) char *last = memory_text("");
    size_t count = 0;
    do {
        AUTO(json_freep) struct json *page = page_of(world, filter, after, NULL);
        const struct json *items = json_member(page, "items");
        for (size_t i = 0; i < json_count(items); i++, count++) {
            const char *serial = text(json_item(items, i), "serial");
            assert_true(strcmp(last, serial) < 0);
            free(last);
            last = memory_text(serial);
        }
        free(after);
        after = memory_text(text(page, "next"));
    } while (after != NULL);
    return count;
}

static void the_list_pages_and_searches_within_its_scope(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_RSA, false, 20);
    const struct {
        struct portal_key_filter filter;
        size_t count;
    } cases[] = {
        {{0, NULL}, (size_t)world->keys},
        {{own(world), NULL}, (size_t)world->keys},
        {{9999, NULL}, 0},
        {{0, "测试"}, (size_t)world->keys},
        {{own(world), "张三"}, (size_t)world->keys},
        {{9999, "测试"}, 0},
        {{own(world), key->serial}, 1},
        {{0, "没有"}, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (walk(world, &cases[i].filter) != cases[i].count)
            fail_msg("case %zu", i);
    AUTO(json_freep) struct json *first = page_of(world, &cases[1].filter, NULL, NULL);
    AUTO(json_freep)
    struct json *second = page_of(world, &cases[1].filter, text(first, "next"), NULL);
    AUTO(json_freep)
    struct json *back = page_of(world, &cases[1].filter, NULL, text(second, "previous"));
    AUTO(memory_freep) char *wanted = json_print(first);
    AUTO(memory_freep) char *found = json_print(back);
    assert_string_equal(found, wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_due_in_the_window_and_in_the_grace),
        cmocka_unit_test(a_seal_is_bound_until_the_renewal),
        cmocka_unit_test(another_organisations_key_is_not_there),
        cmocka_unit_test(a_key_says_what_kind_it_is),
        cmocka_unit_test(the_list_pages_and_searches_within_its_scope),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
