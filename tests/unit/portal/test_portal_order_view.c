#include "portal/portal_order_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <stdio.h>

#include "base/clock.h"
#include "portal/portal_key.h"
#include "portal/portal_order_new.h"
#include "world.h"

#define ORDERS 24
#define ALL_ACTIONS ((1 << PORTAL_ORDER_ACTION_COUNT) - 1)

static char *numbers[ORDERS]; /* of keys of the world's organisation, the last 8 of another one's */
static int64_t own, foreign;

static int64_t id_of(struct world *world, const char *sql)
{
    return world_count(world->portal, sql);
}

static void act(struct world *world, const char *number, enum portal_order_action action)
{
    struct err err = ERR_INIT;
    world_must(portal_order_act(world->portal, number, action, "因为", &err), &err);
}

/* Every fourth order is 编辑中, 待审核, 审核通过, 审核不通过; every eighth that is 编辑中 is paid. */
static void advance(struct world *world, const char *number, int i)
{
    if (i % 4 > 0 || i % 8 == 4)
        act(world, number, PORTAL_ORDER_PAY);
    if (i % 4 > 0)
        act(world, number, PORTAL_ORDER_SUBMIT);
    if (i % 4 == 2)
        act(world, number, PORTAL_ORDER_APPROVE);
    if (i % 4 == 3)
        act(world, number, PORTAL_ORDER_REJECT);
}

static void move_to(struct world *world, const struct world_key *key, const char *organisation)
{
    struct err err = ERR_INIT;
    int64_t id = 0;
    if (portal_organisation_add(world->portal, organisation, &id, &err) != ERR_NONE)
        err = ERR_INIT;
    world_must(portal_db_run(world->portal->db,
                             "INSERT INTO holder (organisation_id, name, created_utc) "
                             "SELECT id, '李四', 0 FROM organisation WHERE name = ? "
                             "ON CONFLICT DO NOTHING",
                             PORTAL_VALUES(PORTAL_TEXT(organisation)), &err),
               &err);
    world_must(portal_db_run(world->portal->db,
                             "UPDATE key SET holder_id = (SELECT holder.id FROM holder "
                             "JOIN organisation o ON o.id = organisation_id WHERE o.name = ?) "
                             "WHERE id = ?",
                             PORTAL_VALUES(PORTAL_TEXT(organisation), PORTAL_INTEGER(key->id)),
                             &err),
               &err);
}

static int setup(void **state)
{
    if (world_setup(state) != 0)
        return -1;
    struct world *world = *state;
    for (int i = 0; i < ORDERS; i++) {
        AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
        struct err err = ERR_INIT;
        clock_set_for_test(FIXTURE_NOW + i);
        if (i >= 16)
            move_to(world, key, "山羽东产权测试");
        world_must(portal_order_open(world->portal, key->serial, 0, &numbers[i], &err), &err);
        advance(world, numbers[i], i);
    }
    clock_set_for_test(FIXTURE_NOW);
    own = id_of(world, "SELECT id FROM organisation WHERE name = '" WORLD_ORGANISATION "'");
    foreign = id_of(world, "SELECT id FROM organisation WHERE name = '山羽东产权测试'");
    return 0;
}

static int teardown(void **state)
{
    for (int i = 0; i < ORDERS; i++)
        free(numbers[i]);
    return world_teardown(state);
}

static struct json *page_of(struct world *world, const struct portal_order_filter *filter,
                            const char *limit, const char *after, const char *before)
{
    const struct portal_page_ask ask = {limit, after, before};
    struct portal_page page;
    struct json *json = NULL;
    struct err err = ERR_INIT;
    world_must(portal_page_read(PORTAL_PAGE_ORDERS, &ask, &page, &err), &err);
    world_must(portal_order_page(world->portal, filter, &page, &json, &err), &err);
    return json;
}

static const char *text(const struct json *json, const char *name)
{
    return json_text_of(json_member(json, name));
}

/* All numbers of the list, page by page, in one line. */
static char *walk(struct world *world, const struct portal_order_filter *filter, const char *limit)
{
    char *line = memory_text("");
    AUTO(memory_freep) char *after = NULL;
    do {
        AUTO(json_freep) struct json *page = page_of(world, filter, limit, after, NULL);
        const struct json *items = json_member(page, "items");
        for (size_t i = 0; i < json_count(items); i++) {
            char *longer = memory_printf("%s %s", line, text(json_item(items, i), "number"));
            free(line);
            line = longer;
        }
        free(after);
        after = memory_text(text(page, "next"));
    } while (after != NULL);
    return line;
}

/* The same by looking at the orders. */
static char *expected(const struct portal_order_filter *filter)
{
    char *line = memory_text("");
    for (int i = ORDERS - 1; i >= 0; i--) {
        bool paid = i % 4 > 0 || i % 8 == 4;
        static const enum portal_order_state states[] = {PORTAL_ORDER_EDITING, PORTAL_ORDER_REVIEW,
                                                         PORTAL_ORDER_APPROVED,
                                                         PORTAL_ORDER_REJECTED};
        if ((filter->organisation_id == own && i >= 16) ||
            (filter->organisation_id == foreign && i < 16) ||
            (filter->state != NULL &&
             strcmp(filter->state, portal_order_state_text(states[i % 4])) != 0) ||
            (filter->payment == PORTAL_ORDER_PAID_ONLY && !paid) ||
            (filter->payment == PORTAL_ORDER_UNPAID_ONLY && paid))
            continue;
        char *longer = memory_printf("%s %s", line, numbers[i]);
        free(line);
        line = longer;
    }
    return line;
}

/* Newest change first, with every filter, with and without a search that fits all. */
static void every_filter_gives_its_rows_in_order_and_once(void **state)
{
    static const char *const searches[] = {NULL, "", "2026", "KEY", "测试", "2026 key"};
    const int64_t organisations[] = {0, own, foreign};
    for (size_t s = 0; s < ARRAY_SIZE(searches); s++)
        for (size_t o = 0; o < ARRAY_SIZE(organisations); o++)
            for (int i = -1; i < PORTAL_ORDER_STATE_COUNT; i++)
                for (int payment = 0; payment <= PORTAL_ORDER_UNPAID_ONLY; payment++) {
                    struct portal_order_filter filter = {
                        organisations[o],
                        i < 0 ? NULL : portal_order_state_text((enum portal_order_state)i),
                        (enum portal_order_payment)payment, searches[s]};
                    AUTO(memory_freep) char *wanted = expected(&filter);
                    AUTO(memory_freep) char *found = walk(*state, &filter, "3");
                    assert_string_equal(found, wanted);
                }
}

static void a_page_back_is_the_page_before(void **state)
{
    static const char *const searches[] = {NULL, "测试"};
    for (size_t s = 0; s < ARRAY_SIZE(searches); s++) {
        struct portal_order_filter filter = {.search = searches[s]};
        AUTO(json_freep) struct json *first = page_of(*state, &filter, "5", NULL, NULL);
        AUTO(json_freep)
        struct json *second = page_of(*state, &filter, "5", text(first, "next"), NULL);
        AUTO(json_freep)
        struct json *back = page_of(*state, &filter, "5", NULL, text(second, "previous"));
        AUTO(memory_freep) char *before = json_print(first);
        AUTO(memory_freep) char *after = json_print(back);
        assert_string_equal(before, after);
    }
}

static void a_search_finds_parts_within_the_own_organisation(void **state)
{
    static const struct {
        const char *search;
        size_t all, own;
    } cases[] = {
        {"产权", 8, 0},      {"1023", 16, 16},    {"李四", 8, 0}, {"张", 16, 16},
        {"KEY00001", 1, 1},  {"key00024", 1, 0},  {"没有", 0, 0}, {"产权 李四", 8, 0},
        {"产权 张三", 0, 0}, {"' OR 1 --", 0, 0}, {"%", 0, 0},    {"_", 0, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (int mine = 0; mine <= 1; mine++) {
            struct portal_order_filter filter = {.organisation_id = mine ? own : 0,
                                                 .search = cases[i].search};
            AUTO(json_freep) struct json *page = page_of(*state, &filter, "100", NULL, NULL);
            if (json_count(json_member(page, "items")) != (mine ? cases[i].own : cases[i].all))
                fail_msg("%s: %zu", cases[i].search, json_count(json_member(page, "items")));
        }
}

/* A cursor carries a place in the list and no right. */
static void another_organisations_cursor_opens_nothing(void **state)
{
    struct portal_order_filter all = {0};
    AUTO(json_freep) struct json *newest = page_of(*state, &all, "1", NULL, NULL);
    struct portal_order_filter mine = {.organisation_id = own};
    AUTO(json_freep)
    struct json *page = page_of(*state, &mine, "100", text(newest, "next"), NULL);
    const struct json *items = json_member(page, "items");
    assert_int_equal(json_count(items), 16);
    for (size_t i = 0; i < json_count(items); i++)
        assert_string_equal(text(json_item(items, i), "organisation"), WORLD_ORGANISATION);
}

static void unknown_states_are_refused(void **state)
{
    struct world *world = *state;
    static const char *const bad[] = {"", "编辑", "editing", "编辑中' OR '1'='1"};
    struct portal_page page = {PORTAL_PAGE_ORDERS, 5, 0, false};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct portal_order_filter filter = {.state = bad[i]};
        struct json *json = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(portal_order_page(world->portal, &filter, &page, &json, &err),
                         ERR_FIELD_VALUE);
    }
}

static char *member(const struct json *json, const char *name)
{
    return json_print(json_member(json, name));
}

static struct json *view(struct world *world, const char *number, int actions)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    struct json *json = NULL;
    struct err err = ERR_INIT;
    world_must(portal_order_load(world->portal, number, &order, &err), &err);
    world_must(portal_order_view(world->portal, order, actions, &json, &err), &err);
    return json;
}

static void what_a_user_can_do_follows_order_and_role(void **state)
{
    static const char none[] = "{\"pay\":false,\"refresh\":false,\"submit\":false,\"edit\":false,"
                               "\"months\":false,\"renew\":false,\"approve\":false,\"reject\":"
                               "false}";
    static const struct {
        int order, actions;
        const char *can;
    } cases[] = {
        {0, ALL_ACTIONS,
         "{\"pay\":true,\"refresh\":true,\"submit\":false,\"edit\":true,\"months\":true,"
         "\"renew\":false,\"approve\":false,\"reject\":false}"},
        /* Paid, but without an invoice. */
        {4, ALL_ACTIONS,
         "{\"pay\":false,\"refresh\":false,\"submit\":false,\"edit\":true,\"months\":false,"
         "\"renew\":false,\"approve\":false,\"reject\":false}"},
        {1, ALL_ACTIONS,
         "{\"pay\":false,\"refresh\":false,\"submit\":false,\"edit\":false,\"months\":false,"
         "\"renew\":false,\"approve\":true,\"reject\":true}"},
        {1, 1 << PORTAL_ORDER_PAY | 1 << PORTAL_ORDER_RENEW, none},
        {2, 1 << PORTAL_ORDER_RENEW,
         "{\"pay\":false,\"refresh\":false,\"submit\":false,\"edit\":false,\"months\":false,"
         "\"renew\":true,\"approve\":false,\"reject\":false}"},
        {2, 0, none},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(json_freep)
        struct json *json = view(*state, numbers[cases[i].order], cases[i].actions);
        AUTO(memory_freep) char *can = member(json, "can");
        assert_string_equal(can, cases[i].can);
    }
}

static void the_form_has_all_its_fields(void **state)
{
    static const char *const names[] = {
        "number",      "organisation", "holder",   "serial",    "fee_kind", "months", "fee_fen",
        "paid",        "state",        "changed",  "renewable", "renewed",  "reason", "invoice",
        "attachments", "approvals",    "payments", "not_after", "can",
    };
    AUTO(json_freep) struct json *json = view(*state, numbers[3], ALL_ACTIONS);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (json_member(json, names[i]) == NULL)
            fail_msg("%s", names[i]);
    assert_int_equal(json_count(json), ARRAY_SIZE(names));
    assert_string_equal(text(json, "reason"), "因为");
    const struct json *approvals = json_member(json, "approvals");
    assert_int_equal(json_count(approvals), 3);
    assert_string_equal(text(json_item(approvals, 1), "from"), "编辑中");
    assert_string_equal(text(json_item(approvals, 1), "to"), "待审核");
    assert_string_equal(text(json_item(approvals, 2), "actor"), "test");
    AUTO(json_freep) struct json *again = view(*state, numbers[2], ALL_ACTIONS);
    assert_string_equal(text(again, "reason"), "");
}

static void the_commands_show_the_manuals_words(void **state)
{
    struct world *world = *state;
    AUTO(json_freep) struct json *json = NULL;
    AUTO(json_freep) struct json *list = NULL;
    struct err err = ERR_INIT;
    world_must(portal_order_show(world->portal, numbers[3], &json, &err), &err);
    assert_string_equal(text(json, "state"), "审核不通过");
    assert_string_equal(text(json, "reason"), "因为");
    assert_string_equal(text(json, "payment"), "已支付");
    assert_string_equal(text(json, "fee_kind"), "续费");
    assert_int_equal(json_count(json_member(json, "records")), 3);
    world_must(portal_order_list(world->portal, &list, &err), &err);
    assert_int_equal(json_count(list), ORDERS);
    json_freep(&json);
    assert_int_equal(portal_order_show(world->portal, "none", &json, &err), ERR_NO_SUCH_RECORD);
}

/* A page looks at the rows of one index and sorts nothing, whatever the filter. */
static void no_filter_needs_a_scan_or_a_sort(void **state)
{
    struct world *world = *state;
    static const char *const filters[] = {
        "o.organisation_id = 1 AND",
        "o.state = 'x' AND",
        "(o.paid_utc IS NOT NULL) = 1 AND",
        "o.state = 'x' AND (o.paid_utc IS NOT NULL) = 1 AND",
        "o.organisation_id = 1 AND o.state = 'x' AND",
        "o.organisation_id = 1 AND (o.paid_utc IS NOT NULL) = 1 AND",
        "o.organisation_id = 1 AND o.state = 'x' AND (o.paid_utc IS NOT NULL) = 1 AND",
    };
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        AUTO(memory_freep)
        char *sql = memory_printf("EXPLAIN QUERY PLAN SELECT o.number FROM renewal_order o "
                                  "WHERE %s o.revision < 9 ORDER BY o.revision DESC LIMIT 5",
                                  filters[i]);
        AUTO(portal_query_freep) struct portal_query *query = NULL;
        struct err err = ERR_INIT;
        world_must(portal_db_query(world->portal->db, sql, PORTAL_NO_VALUES, &query, &err), &err);
        world_must(portal_query_one(query, &err), &err);
        const char *plan = portal_query_text(query, 3);
        bool all = true;
        for (const char *at = filters[i]; (at = strchr(at, '=')) != NULL; at++)
            all = all && strstr(plan, "=? AND") != NULL;
        if (strncmp(plan, "SEARCH", 6) != 0 || !all || strstr(plan, "revision<?") == NULL)
            fail_msg("%s: %s", filters[i], plan);
        bool more = false;
        world_must(portal_query_next(query, &more, &err), &err);
        if (more)
            fail_msg("%s: %s", filters[i], portal_query_text(query, 3));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_filter_gives_its_rows_in_order_and_once),
        cmocka_unit_test(a_page_back_is_the_page_before),
        cmocka_unit_test(a_search_finds_parts_within_the_own_organisation),
        cmocka_unit_test(another_organisations_cursor_opens_nothing),
        cmocka_unit_test(unknown_states_are_refused),
        cmocka_unit_test(what_a_user_can_do_follows_order_and_role),
        cmocka_unit_test(the_form_has_all_its_fields),
        cmocka_unit_test(the_commands_show_the_manuals_words),
        cmocka_unit_test(no_filter_needs_a_scan_or_a_sort),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
