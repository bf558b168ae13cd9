#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "portal/web/web.h"
#include "portal/web/web_pool.h"
#include "tests/unit/portal/world.h"
#include "web_world.h"

static struct portal *portal;
static struct web_world *world;

static int setup(void **state)
{
    portal = world_bare();
    portal->name = memory_text("阳光采购服务平台");
    world = web_world_new(portal, NULL);
    web_world_user(world, "zhang", PORTAL_ROLE_BIDDER, WEB_WORLD_ORGANISATION);
    web_world_user(world, "admin", PORTAL_ROLE_ADMINISTRATOR, NULL);
    web_world_become(world, "admin");
    return 0;
}

static int teardown(void **state)
{
    web_world_free(world);
    portal_free(portal);
    return 0;
}

static void only_an_administrator_may(void **state)
{
    static const struct {
        const char *method, *path, *body;
    } cases[] = {
        {"GET", "/users", NULL},          {"POST", "/users", "{}"},
        {"PUT", "/users/admin", "{}"},    {"GET", "/organisations", NULL},
        {"POST", "/organisations", "{}"},
    };
    web_world_user(world, "shen", PORTAL_ROLE_REVIEWER, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        web_world_become(world, NULL);
        web_world_refused(world, cases[i].method, cases[i].path, cases[i].body, "not-logged-in");
        web_world_become(world, "zhang");
        web_world_refused(world, cases[i].method, cases[i].path, cases[i].body, "role-refused");
        web_world_become(world, "shen");
        web_world_refused(world, cases[i].method, cases[i].path, cases[i].body, "role-refused");
    }
}

static void a_user_is_added_and_logs_in(void **state)
{
    AUTO(web_result_done) struct web_result added = {0};
    AUTO(web_result_done) struct web_result session = {0};
    web_world_expect(world, "POST", "/users",
                     "{\"login\":\"li\",\"name\":\"李四\",\"role\":\"bidder\","
                     "\"organisation\":\"测试1023\",\"password\":\"correct horse\"}",
                     201, &added);
    assert_string_equal(web_result_text(&added, "login"), "li");
    assert_string_equal(web_result_text(&added, "organisation"), WEB_WORLD_ORGANISATION);
    assert_null(strstr(added.body, "correct"));
    assert_int_equal(world_count(portal, "SELECT count(*) FROM audit WHERE event = 'account.added' "
                                         "AND subject = 'li' AND actor = 'user:admin'"),
                     1);
    web_world_become(world, NULL);
    web_world_expect(world, "POST", "/session", "{\"login\":\"li\",\"password\":\"correct horse\"}",
                     200, &session);
}

static void what_does_not_fit_is_refused(void **state)
{
    static const struct {
        const char *body, *code;
    } cases[] = {
        {"{}", "field-missing"},
        {"{\"login\":\"x y\",\"name\":\"x\",\"role\":\"reviewer\",\"password\":\"correct horse\"}",
         "field-value"},
        {"{\"login\":\"xy\",\"name\":\"x\",\"role\":\"root\",\"password\":\"correct horse\"}",
         "field-value"},
        {"{\"login\":\"xy\",\"name\":\"x\",\"role\":\"bidder\",\"password\":\"correct horse\"}",
         "field-value"},
        {"{\"login\":\"xy\",\"name\":\"x\",\"role\":\"bidder\",\"organisation\":\"没有\","
         "\"password\":\"correct horse\"}",
         "no-such-record"},
        {"{\"login\":\"xy\",\"name\":\"x\",\"role\":\"reviewer\",\"password\":\"short\"}",
         "password-rules"},
        {"{\"login\":\"ZHANG\",\"name\":\"x\",\"role\":\"reviewer\",\"password\":\"correct "
         "horse\"}",
         "record-exists"},
        {"{\"login\":\"xy\",\"name\":\"x\",\"role\":\"reviewer\",\"password\":\"correct horse\","
         "\"id\":1}",
         "field-unknown"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        web_world_refused(world, "POST", "/users", cases[i].body, cases[i].code);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM user"), 2);
}

static void a_user_is_changed(void **state)
{
    AUTO(web_result_done) struct web_result renamed = {0};
    AUTO(web_result_done) struct web_result disabled = {0};
    AUTO(web_result_done) struct web_result enabled = {0};
    AUTO(web_result_done) struct web_result session = {0};
    web_world_expect(world, "PUT", "/users/zhang", "{\"name\":\"张三丰\"}", 200, &renamed);
    assert_string_equal(web_result_text(&renamed, "name"), "张三丰");
    assert_non_null(strstr(renamed.body, "\"disabled\":false"));
    web_world_expect(world, "PUT", "/users/zhang", "{\"disabled\":true}", 200, &disabled);
    assert_non_null(strstr(disabled.body, "\"disabled\":true"));
    web_world_expect(world, "PUT", "/users/zhang",
                     "{\"disabled\":false,\"password\":\"another password\"}", 200, &enabled);
    web_world_become(world, NULL);
    web_world_expect(world, "POST", "/session",
                     "{\"login\":\"zhang\",\"password\":\"another password\"}", 200, &session);
}

static void an_empty_change_changes_nothing(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    AUTO(web_result_done) struct web_result nothing = {0};
    web_world_expect(world, "PUT", "/users/zhang", "{\"disabled\":true}", 200, &result);
    web_world_expect(world, "PUT", "/users/zhang", "{\"disabled\":null}", 200, &nothing);
    assert_non_null(strstr(nothing.body, "\"disabled\":true"));
}

static void changes_are_checked(void **state)
{
    web_world_refused(world, "PUT", "/users/nobody", "{\"name\":\"x\"}", "no-such-record");
    web_world_refused(world, "PUT", "/users/admin", "{\"disabled\":true}", "last-administrator");
    web_world_refused(world, "PUT", "/users/admin", "{\"role\":\"bidder\"}", "field-unknown");
    web_world_refused(world, "PUT", "/users/zhang", "{\"disabled\":1}", "field-type");
    web_world_refused(world, "PUT", "/users/zhang", "{\"password\":\"zhang\"}", "password-rules");
    web_world_refused(world, "PUT", "/users/zhang", "{\"name\":\"a\\nb\"}", "field-value");
    web_world_refused(world, "PUT", "/users/nobody", "{\"password\":\"another password\"}",
                      "no-such-record");
}

static void lists_page_and_search(void **state)
{
    AUTO(web_result_done) struct web_result first = {0};
    AUTO(web_result_done) struct web_result next = {0};
    AUTO(web_result_done) struct web_result found = {0};
    web_world_expect(world, "GET", "/users?limit=1", NULL, 200, &first);
    AUTO(memory_freep)
    char *path = memory_printf("/users?limit=1&after=%s", web_result_text(&first, "next"));
    web_world_expect(world, "GET", path, NULL, 200, &next);
    assert_non_null(strstr(first.body, "\"login\":\"admin\""));
    assert_non_null(strstr(next.body, "\"login\":\"zhang\""));
    assert_null(web_result_text(&next, "next"));
    assert_non_null(web_result_text(&next, "previous"));
    web_world_expect(world, "GET", "/users?search=%E6%B5%8B%E8%AF%95", NULL, 200, &found);
    assert_int_equal(json_count(json_member(found.json, "items")), 1);
    web_world_refused(world, "GET", "/users?limit=0", NULL, "field-value");
    web_world_refused(world, "GET", "/users?limit=101", NULL, "field-value");
    web_world_refused(world, "GET", "/users?after=x", NULL, "cursor");
    web_world_refused(world, "GET", "/users?search=%FF", NULL, "field-value");
}

static void organisations_are_added(void **state)
{
    AUTO(web_result_done) struct web_result added = {0};
    AUTO(web_result_done) struct web_result list = {0};
    web_world_expect(world, "POST", "/organisations", "{\"name\":\"新单位\"}", 201, &added);
    web_world_expect(world, "GET", "/organisations?search=%E6%96%B0", NULL, 200, &list);
    assert_int_equal(json_count(json_member(list.json, "items")), 1);
    web_world_refused(world, "POST", "/organisations", "{\"name\":\"新单位\"}", "record-exists");
    web_world_refused(world, "POST", "/organisations", "{}", "field-missing");
}

static void wait_in_the_pool(void *context)
{
    sem_wait(context);
}

static void waited(void *context, struct http_request *request)
{
}

static void never_waited(void *context)
{
}

/* A portal that ends must not set a password that was never computed. */
static void a_change_that_was_not_begun_is_none(void **state)
{
    static const char body[] = "{\"password\":\"another long one\",\"name\":\"other\"}";
    struct web_pool *pool = web_server_peek(world->web)->passwords;
    struct err err = ERR_INIT;
    sem_t wake;
    int waiting = 0;
    sem_init(&wake, 0, 0);
    const struct web_work work = {wait_in_the_pool, waited, never_waited, &wake};
    for (; waiting < 8; waiting++)
        world_must(web_pool_start(pool, NULL, &work, &err), &err);
    AUTO(memory_freep)
    char *head =
        web_world_head(world, "PUT", "/web/v1/users/zhang", "Content-Type: application/json\r\n");
    AUTO(memory_freep)
    char *request = memory_printf("%sContent-Length: %zu\r\n\r\n%s", head, strlen(body), body);
    web_world_leave(world, span_text(request));
    for (; waiting > 0; waiting--)
        sem_post(&wake);
    web_pool_freep(&web_server_peek(world->web)->passwords);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM user WHERE login = 'zhang' "
                                         "AND password_n > 0 AND name = 'zhang'"),
                     1);
    sem_destroy(&wake);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(only_an_administrator_may),
        T(a_user_is_added_and_logs_in),
        T(what_does_not_fit_is_refused),
        T(a_user_is_changed),
        T(an_empty_change_changes_nothing),
        T(changes_are_checked),
        T(lists_page_and_search),
        T(organisations_are_added),
        T(a_change_that_was_not_begun_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
