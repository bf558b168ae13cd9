#include "portal/portal_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "world.h"

static struct json *number_json(int64_t number)
{
    struct json *json = json_new_object();
    json_add_integer(json, "n", number);
    return json;
}

/* A page of the list last .. 1 as a query would give it: newest first. */
static struct json *page_of(int64_t last, const struct portal_page *page)
{
    struct portal_page_rows rows = {0};
    int64_t step = page->backwards ? 1 : -1;
    int64_t at = page->from != 0 ? page->from + step : last;
    for (; at >= 1 && at <= last && rows.count <= (size_t)page->limit; at += step)
        portal_page_rows_add(&rows, at, number_json(at));
    return portal_page_json(page, &rows);
}

static enum err_code read(const char *limit, const char *after, const char *before,
                          struct portal_page *out)
{
    struct err err = ERR_INIT;
    const struct portal_page_ask ask = {limit, after, before};
    return portal_page_read(PORTAL_PAGE_ORDERS, &ask, out, &err);
}

static const char *cursor(const struct json *page, const char *name)
{
    return json_text_of(json_member(page, name));
}

static void check(const struct json *page, int64_t first, size_t count)
{
    const struct json *items = json_member(page, "items");
    assert_int_equal(json_count(items), count);
    for (size_t i = 0; i < count; i++) {
        AUTO(memory_freep) char *text = json_print(json_item(items, i));
        AUTO(memory_freep)
        char *wanted = memory_printf("{\"n\":%lld}", (long long)(first - (int64_t)i));
        assert_string_equal(text, wanted);
    }
}

static void one_walks_forwards_and_back_and_meets_every_row_once(void **state)
{
    struct portal_page page;
    assert_int_equal(read("3", NULL, NULL, &page), ERR_NONE);
    AUTO(json_freep) struct json *first = page_of(7, &page);
    check(first, 7, 3);
    assert_null(cursor(first, "previous"));
    assert_int_equal(read("3", cursor(first, "next"), NULL, &page), ERR_NONE);
    AUTO(json_freep) struct json *second = page_of(7, &page);
    check(second, 4, 3);
    assert_int_equal(read("3", cursor(second, "next"), NULL, &page), ERR_NONE);
    AUTO(json_freep) struct json *third = page_of(7, &page);
    check(third, 1, 1);
    assert_null(cursor(third, "next"));
    assert_int_equal(read("3", NULL, cursor(third, "previous"), &page), ERR_NONE);
    AUTO(json_freep) struct json *back = page_of(7, &page);
    check(back, 4, 3);
    assert_non_null(cursor(back, "next"));
    assert_int_equal(read("3", NULL, cursor(back, "previous"), &page), ERR_NONE);
    AUTO(json_freep) struct json *start = page_of(7, &page);
    check(start, 7, 3);
    assert_null(cursor(start, "previous"));
    assert_non_null(cursor(start, "next"));
}

static void an_exact_page_has_no_next_one(void **state)
{
    struct portal_page page;
    assert_int_equal(read("3", NULL, NULL, &page), ERR_NONE);
    AUTO(json_freep) struct json *whole = page_of(3, &page);
    check(whole, 3, 3);
    assert_null(cursor(whole, "next"));
    AUTO(json_freep) struct json *empty = page_of(0, &page);
    check(empty, 0, 0);
    assert_null(cursor(empty, "next"));
    assert_null(cursor(empty, "previous"));
}

static void limits_have_bounds(void **state)
{
    static const struct {
        const char *text;
        int64_t limit; /* 0: refused */
    } cases[] = {
        {NULL, PORTAL_PAGE_ROWS_DEFAULT},
        {"1", 1},
        {"100", 100},
        {"101", 0},
        {"0", 0},
        {"", 0},
        {"-1", 0},
        {"1 ", 0},
        {"+1", 0},
        {"0001", 0},
        {"99999999999999999999", 0},
        {"1e1", 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct portal_page page = {0};
        enum err_code code = read(cases[i].text, NULL, NULL, &page);
        if (code != (cases[i].limit == 0 ? ERR_FIELD_VALUE : ERR_NONE) ||
            page.limit != cases[i].limit)
            fail_msg("limit %s", cases[i].text);
    }
}

static void cursors_that_we_did_not_make_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "o",
        "o000000000000000",
        "o00000000000000001",
        "o0000000000000000",
        "k0000000000000001",
        "O0000000000000001",
        "o000000000000000G",
        "o000000000000000A",
        "o8000000000000000",
        "offffffffffffffff",
        " o000000000000001",
        "o-000000000000001",
        "o00000000000000' ",
    };
    struct portal_page page = {.limit = -1};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        if (read(NULL, bad[i], NULL, &page) != ERR_CURSOR ||
            read(NULL, NULL, bad[i], &page) != ERR_CURSOR)
            fail_msg("\"%s\"", bad[i]);
    }
    assert_int_equal(page.limit, -1);
    assert_int_equal(read(NULL, "o0000000000000001", "o0000000000000001", &page), ERR_FIELD_VALUE);
    assert_int_equal(read(NULL, "o7fffffffffffffff", NULL, &page), ERR_NONE);
    assert_true(page.from == INT64_MAX);
}

static enum err_code refuse_second(void *context, const struct portal_query *query,
                                   struct json **out, struct err *err)
{
    if (portal_query_integer(query, 0) == 2)
        return err_set(err, ERR_INTERNAL, "two");
    *out = number_json(portal_query_integer(query, 0));
    return ERR_NONE;
}

static void a_row_that_fails_fails_the_page(void **state)
{
    AUTO(portal_freep) struct portal *portal = world_bare();
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct json *json = NULL;
    struct err err = ERR_INIT;
    struct portal_page page = {PORTAL_PAGE_KEYS, 5, 0, false};
    world_must(portal_db_query(portal->db, "VALUES (1), (2), (3)", PORTAL_NO_VALUES, &query, &err),
               &err);
    assert_int_equal(portal_page_collect(&page, query, refuse_second, NULL, &json, &err),
                     ERR_INTERNAL);
    assert_null(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_walks_forwards_and_back_and_meets_every_row_once),
        cmocka_unit_test(an_exact_page_has_no_next_one),
        cmocka_unit_test(limits_have_bounds),
        cmocka_unit_test(cursors_that_we_did_not_make_are_refused),
        cmocka_unit_test(a_row_that_fails_fails_the_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
