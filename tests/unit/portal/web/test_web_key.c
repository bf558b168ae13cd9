#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "portal/portal_reset.h"
#include "web_orders.h"

static char *of_key(const struct world_key *key, const char *what)
{
    return memory_printf("/keys/%s%s", key->serial, what);
}

static size_t count(struct web_orders *orders, const char *path)
{
    AUTO(web_result_done) struct web_result result = {0};
    web_world_expect(orders->web, "GET", path, NULL, 200, &result);
    return json_count(json_member(result.json, "items"));
}

static void a_user_sees_the_keys_of_the_organisation(void **state)
{
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *own = of_key(orders->key, "");
    AUTO(memory_freep) char *foreign = of_key(orders->other, "");
    AUTO(web_result_done) struct web_result key = {0};
    web_world_become(orders->web, "zhang");
    assert_int_equal(count(orders, "/keys"), 1);
    web_world_expect(orders->web, "GET", own, NULL, 200, &key);
    assert_string_equal(web_result_text(&key, "serial"), orders->key->serial);
    web_world_refused(orders->web, "GET", foreign, NULL, "no-such-record");
    web_world_become(orders->web, "li");
    assert_int_equal(count(orders, "/keys"), 1);
    assert_int_equal(count(orders, "/keys?search=KEY"), 1);
    web_world_become(orders->web, "shen");
    assert_int_equal(count(orders, "/keys"), 2);
    assert_int_equal(count(orders, "/keys?search=KEY&limit=1"), 1);
    web_world_refused(orders->web, "GET", "/keys?after=o0000000000000001", NULL, "cursor");
}

static void a_ticket_for_the_seal_is_the_organisations_own(void **state)
{
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *own = of_key(orders->key, "/ticket");
    AUTO(memory_freep) char *foreign = of_key(orders->other, "/ticket");
    AUTO(web_result_done) struct web_result ticket = {0};
    web_world_become(orders->web, "zhang");
    web_world_expect(orders->web, "POST", own, "{\"kind\":\"extend-seal\"}", 201, &ticket);
    assert_string_equal(web_result_text(&ticket, "serial"), orders->key->serial);
    web_world_refused(orders->web, "POST", own, "{\"kind\":\"reset-pin\"}", "field-value");
    web_world_refused(orders->web, "POST", own, "{\"kind\":\"renew\"}", "field-value");
    web_world_refused(orders->web, "POST", own, "{\"kind\":\"extend-seal\",\"seal\":\"none\"}",
                      "no-such-record");
    web_world_refused(orders->web, "POST", own, "{\"kind\":\"renew\",\"seal\":\"none\"}",
                      "field-value");
    web_world_refused(orders->web, "POST", own, "{}", "field-missing");
    web_world_refused(orders->web, "POST", foreign, "{\"kind\":\"extend-seal\"}", "no-such-record");
    web_world_become(orders->web, "shen");
    web_world_refused(orders->web, "POST", own, "{\"kind\":\"extend-seal\"}", "role-refused");
}

static int64_t ask_for_reset(struct web_orders *orders, const char *state)
{
    AUTO(memory_freep) char *path = of_key(orders->key, "/resets");
    AUTO(web_result_done) struct web_result result = {0};
    web_world_expect(orders->web, "POST", path, "{}", 201, &result);
    assert_string_equal(web_result_text(&result, "state"), state);
    AUTO(memory_freep) char *id = json_print(json_member(result.json, "id"));
    return strtoll(id, NULL, 10);
}

static void a_reset_is_asked_for_approved_and_the_askers_own(void **state)
{
    struct web_orders *orders = *state;
    struct err err = ERR_INIT;
    web_world_user(orders->web, "wang", PORTAL_ROLE_BIDDER, WORLD_ORGANISATION);
    world_must(portal_reset_set_policy(orders->world->portal, PORTAL_RESET_REVIEWER, &err), &err);
    web_world_become(orders->web, "zhang");
    int64_t id = ask_for_reset(orders, "requested");
    AUTO(memory_freep) char *ticket_path = memory_printf("/resets/%lld/ticket", (long long)id);
    AUTO(memory_freep) char *approve = memory_printf("/resets/%lld/approve", (long long)id);
    AUTO(web_result_done) struct web_result approved = {0};
    AUTO(web_result_done) struct web_result ticket = {0};
    web_world_refused(orders->web, "POST", ticket_path, "{}", "order-not-approved");
    web_world_refused(orders->web, "POST", approve, "{}", "role-refused");
    web_world_become(orders->web, "shen");
    assert_int_equal(count(orders, "/resets"), 1);
    web_world_expect(orders->web, "POST", approve, "{}", 200, &approved);
    web_world_refused(orders->web, "POST", approve, "{}", "reset-state");
    assert_int_equal(count(orders, "/resets"), 0);
    web_world_become(orders->web, "wang");
    web_world_refused(orders->web, "POST", ticket_path, "{}", "no-such-record");
    web_world_become(orders->web, "li");
    web_world_refused(orders->web, "POST", ticket_path, "{}", "no-such-record");
    web_world_become(orders->web, "zhang");
    assert_int_equal(count(orders, "/resets"), 1);
    web_world_expect(orders->web, "POST", ticket_path, "{}", 201, &ticket);
    assert_string_equal(web_result_text(&ticket, "kind"), "reset-pin");
    assert_string_equal(web_result_text(&ticket, "serial"), orders->key->serial);
}

static void a_reset_can_be_refused_with_a_reason(void **state)
{
    struct web_orders *orders = *state;
    AUTO(memory_freep) char *path = NULL;
    AUTO(web_result_done) struct web_result result = {0};
    web_world_become(orders->web, "zhang");
    int64_t id = world_count(orders->world->portal, "SELECT max(id) FROM reset_request") + 1;
    struct err err = ERR_INIT;
    world_must(portal_db_run(orders->world->portal->db,
                             "UPDATE reset_request SET state = 'done' WHERE state = 'approved'",
                             PORTAL_NO_VALUES, &err),
               &err);
    assert_int_equal(ask_for_reset(orders, "requested"), id);
    path = memory_printf("/resets/%lld/reject", (long long)id);
    web_world_become(orders->web, "shen");
    web_world_refused(orders->web, "POST", path, "{}", "field-missing");
    web_world_expect(orders->web, "POST", path, "{\"reason\":\"x\"}", 200, &result);
    assert_string_equal(web_result_text(&result, "state"), "rejected");
    AUTO(web_result_done) struct web_result list = {0};
    web_world_become(orders->web, "zhang");
    web_world_expect(orders->web, "GET", "/resets", NULL, 200, &list);
    assert_non_null(strstr(list.body, "\"reason\":\"x\""));
}

static void odd_ids_are_not_there(void **state)
{
    static const char *const ids[] = {"0", "x", "-1", "1x", "99999999999999999999", "1e3"};
    struct web_orders *orders = *state;
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        AUTO(memory_freep) char *ticket = memory_printf("/resets/%s/ticket", ids[i]);
        AUTO(memory_freep) char *approve = memory_printf("/resets/%s/approve", ids[i]);
        web_world_become(orders->web, "zhang");
        web_world_refused(orders->web, "POST", ticket, "{}", "no-such-record");
        web_world_become(orders->web, "shen");
        web_world_refused(orders->web, "POST", approve, "{}", "no-such-record");
    }
}

static void resets_page_like_the_other_lists(void **state)
{
    struct web_orders *orders = *state;
    AUTO(world_key_freep) struct world_key *more = world_key_new(orders->world, CERT_SM2, true, 20);
    AUTO(web_result_done) struct web_result first = {0};
    AUTO(web_result_done) struct web_result second = {0};
    web_world_become(orders->web, "zhang");
    web_world_expect(orders->web, "GET", "/resets?limit=1", NULL, 200, &first);
    AUTO(memory_freep)
    char *next = memory_printf("/resets?limit=1&after=%s", web_result_text(&first, "next"));
    web_world_expect(orders->web, "GET", next, NULL, 200, &second);
    assert_string_not_equal(first.body, second.body);
    assert_null(strstr(first.body, "\"cursor\""));
    assert_int_equal(count(orders, "/resets?limit=100"), 2);
    web_world_refused(orders->web, "GET", "/resets?after=k0000000000000001", NULL, "cursor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_sees_the_keys_of_the_organisation),
        cmocka_unit_test(a_ticket_for_the_seal_is_the_organisations_own),
        cmocka_unit_test(a_reset_is_asked_for_approved_and_the_askers_own),
        cmocka_unit_test(a_reset_can_be_refused_with_a_reason),
        cmocka_unit_test(odd_ids_are_not_there),
        cmocka_unit_test(resets_page_like_the_other_lists),
    };
    return cmocka_run_group_tests(tests, web_orders_setup, web_orders_teardown);
}
