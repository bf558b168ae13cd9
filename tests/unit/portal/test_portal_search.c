#include "portal/portal_search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "world.h"

static void texts_become_parts(void **state)
{
    static const struct {
        const char *text;
        size_t part;
        const char *parts;
    } cases[] = {
        {"", 2, ""},
        {"测", 2, "测 "},
        {"测试单", 2, "测试 试单 单 "},
        {"测试单", 4, "测试单 试单 单 "},
        {"KEY01", 4, "KEY0 EY01 Y01 01 1 "},
        {"ＫＥＹ０", 2, "KE EY Y0 0 "},
        {"a\"b", 2, "a\uE022 \uE022b b "},
        {"\U0001F511x", 2, "\U0001F511x x "},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *parts = portal_search_parts(cases[i].text, cases[i].part);
        assert_string_equal(parts, cases[i].parts);
    }
}

static enum err_code expression(const char *text, char **out)
{
    struct err err = ERR_INIT;
    return portal_search_expression(text, NULL, 0, out, &err);
}

static void queries_have_bounds(void **state)
{
    AUTO(memory_freep) char *longest = memory_printf("%0*d", PORTAL_SEARCH_BYTES_MAX, 1);
    AUTO(memory_freep) char *longer = memory_printf("%0*d", PORTAL_SEARCH_BYTES_MAX + 1, 1);
    const struct {
        const char *text;
        enum err_code code;
    } cases[] = {
        {"", ERR_FIELD_VALUE},
        {"   ", ERR_FIELD_VALUE},
        {"\xE3\x80\x80", ERR_FIELD_VALUE},
        {"a b c d e f g h", ERR_NONE},
        {"a b c d e f g h i", ERR_FIELD_VALUE},
        {longest, ERR_NONE},
        {longer, ERR_FIELD_VALUE},
        {"\xFF", ERR_FIELD_VALUE},
        {"\xE6\xB5", ERR_FIELD_VALUE},
        {"a\nb", ERR_FIELD_VALUE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *out = NULL;
        if (expression(cases[i].text, &out) != cases[i].code)
            fail_msg("case %zu", i);
    }
}

/* Whether the query finds a row of this holder in an index of its own. */
static bool finds(struct portal *portal, const char *query, const char *holder)
{
    AUTO(memory_freep) char *parts = portal_search_parts(holder, PORTAL_SEARCH_NAME_PART);
    AUTO(memory_freep) char *match = NULL;
    AUTO(portal_query_freep) struct portal_query *rows = NULL;
    const char *const scopes[] = {"o1", "p0"};
    struct err err = ERR_INIT;
    bool row = false;
    world_must(portal_db_run(portal->db, "DELETE FROM order_search", PORTAL_NO_VALUES, &err), &err);
    world_must(
        portal_db_run(
            portal->db,
            "INSERT INTO order_search (rowid, number, serial, organisation, "
            "holder, scope) VALUES (1, '2026 0261 261 61 1', 'KEY1 EY1 Y1 1', '', ?, 'o1 p0')",
            PORTAL_VALUES(PORTAL_TEXT(parts)), &err),
        &err);
    world_must(portal_search_expression(query, scopes, 2, &match, &err), &err);
    world_must(portal_db_query(portal->db,
                               "SELECT rowid FROM order_search WHERE order_search "
                               "MATCH ?",
                               PORTAL_VALUES(PORTAL_TEXT(match)), &rows, &err),
               &err);
    world_must(portal_query_next(rows, &row, &err), &err);
    return row;
}

static void parts_of_words_are_found_and_nothing_else(void **state)
{
    static const struct {
        const char *query, *holder;
        bool found;
    } cases[] = {
        {"测试", "山羽测试单位", true},
        {"单位", "山羽测试单位", true},
        {"位", "山羽测试单位", true},
        {"山羽测试单位", "山羽测试单位", true},
        {"试测", "山羽测试单位", false},
        {"测单", "山羽测试单位", false},
        {"山羽测试单位五", "山羽测试单位", false},
        {"key", "x", true},
        {"20261", "x", true},
        {"0261", "x", true},
        {"026", "x", true},
        {"61", "x", true},
        {"1", "x", true},
        {"2061", "x", false},
        {"202612", "x", false},
        {"262", "x", false},
        {"KEY1", "x", true},
        {"ｋｅｙ", "x", true},
        {"y1 测试", "测试", true},
        {"y1 没有", "测试", false},
        /* The serial's end and the holder's start are no phrase. */
        {"1x", "x", false},
        {"\"", "a\"b", true},
        {"\"", "ab", false},
        {"a* OR b", "ab", false},
        {"*", "ab", false},
        {"holder:ab", "ab", false},
        {"ab) OR (cd", "ab", false},
        {"NOT ab", "ab", false},
        {"a'; DROP TABLE order_search; --", "ab", false},
        {"o1", "ab", false},
        {"(1)", "测试(1)", true},
    };
    AUTO(portal_freep) struct portal *portal = world_bare();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (finds(portal, cases[i].query, cases[i].holder) != cases[i].found)
            fail_msg("\"%s\" in \"%s\"", cases[i].query, cases[i].holder);
}

static void what_an_older_version_added_is_found_too(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *number = world_order(world, key, false, true);
    struct err err = ERR_INIT;
    static const char orders[] = "SELECT count(*) FROM order_search";
    static const char keys[] = "SELECT count(*) FROM key_search";
    int64_t had = world_count(world->portal, orders);
    assert_true(had > 0);
    world_must(portal_db_run(world->portal->db, "DELETE FROM order_search", PORTAL_NO_VALUES, &err),
               &err);
    world_must(portal_db_run(world->portal->db, "DELETE FROM key_search", PORTAL_NO_VALUES, &err),
               &err);
    for (int i = 0; i < 2; i++) {
        world_must(portal_search_catch_up(world->portal, &err), &err);
        assert_int_equal(world_count(world->portal, orders), had);
        assert_int_equal(world_count(world->portal, keys), world->keys);
    }
}

static void an_order_stands_in_the_index_once(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *number = world_order(world, key, false, true);
    assert_int_equal(world_count(world->portal, "SELECT count(*) FROM order_search"),
                     world_count(world->portal, "SELECT count(*) FROM renewal_order"));
    assert_int_equal(world_count(world->portal, "SELECT count(*) FROM order_search "
                                                "JOIN renewal_order ON revision = "
                                                "order_search.rowid"),
                     world_count(world->portal, "SELECT count(*) FROM renewal_order"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_parts),
        cmocka_unit_test(queries_have_bounds),
        cmocka_unit_test(parts_of_words_are_found_and_nothing_else),
        cmocka_unit_test(what_an_older_version_added_is_found_too),
        cmocka_unit_test(an_order_stands_in_the_index_once),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
