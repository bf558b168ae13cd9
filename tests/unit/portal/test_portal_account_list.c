#include "portal/portal_account_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "portal/portal_account.h"
#include "portal/portal_key.h"
#include "world.h"

static struct portal *portal;

static void add_organisation(const char *name)
{
    struct err err = ERR_INIT;
    int64_t id = 0;
    world_must(portal_organisation_add(portal, name, &id, &err), &err);
}

static void add_user(const char *login, const char *name, const char *organisation)
{
    static const struct portal_password password = {16, 1, 1, "", ""};
    const struct portal_account_new new = {
        login, name, organisation == NULL ? PORTAL_ROLE_REVIEWER : PORTAL_ROLE_BIDDER, organisation,
        &password};
    struct err err = ERR_INIT;
    int64_t id = 0;
    world_must(portal_account_add(portal, &new, &id, &err), &err);
}

static int setup(void **state)
{
    portal = world_bare();
    add_organisation("测试1023");
    add_organisation("100%好");
    add_user("one", "张三", "测试1023");
    add_user("two", "李四", "测试1023");
    add_user("three", "王_五", "100%好");
    add_user("four", "审核", NULL);
    return 0;
}

static int teardown(void **state)
{
    portal_freep(&portal);
    return 0;
}

typedef enum err_code (*lister)(struct portal *portal, const struct portal_page *page,
                                const char *search, struct json **out, struct err *err);

/* The texts of a member of all items, each followed by a blank; the caller frees. */
static char *shown(lister list, const struct portal_page *page, const char *search,
                   const char *member)
{
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    world_must(list(portal, page, search, &json, &err), &err);
    const struct json *items = json_member(json, "items");
    char *texts = memory_text("");
    for (size_t i = 0; i < json_count(items); i++) {
        char *longer =
            memory_printf("%s%s ", texts, json_text_of(json_member(json_item(items, i), member)));
        free(texts);
        texts = longer;
    }
    return texts;
}

static void expect_users(const struct portal_page *page, const char *search, const char *logins)
{
    AUTO(memory_freep) char *found = shown(portal_account_list_users, page, search, "login");
    assert_string_equal(found, logins);
}

static const struct portal_page all = {.list = PORTAL_PAGE_USERS, .limit = 20};

static void the_newest_come_first(void **state)
{
    expect_users(&all, NULL, "four three two one ");
}

static void pages_follow_each_other(void **state)
{
    expect_users(&(struct portal_page){PORTAL_PAGE_USERS, 2, 0, false}, NULL, "four three ");
    expect_users(&(struct portal_page){PORTAL_PAGE_USERS, 2, 3, false}, NULL, "two one ");
    expect_users(&(struct portal_page){PORTAL_PAGE_USERS, 2, 1, true}, NULL, "three two ");
    expect_users(&(struct portal_page){PORTAL_PAGE_USERS, 2, 1, false}, NULL, "");
}

static void parts_are_found(void **state)
{
    expect_users(&all, "ON", "one ");
    expect_users(&all, "三", "one ");
    expect_users(&all, "1023", "two one ");
    expect_users(&all, "%", "three ");
    expect_users(&all, "_", "three ");
    expect_users(&all, "' OR 1=1 --", "");
    expect_users(&all, "", "four three two one ");
}

static void one_user_is_shown(void **state)
{
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    world_must(portal_account_list_user(portal, "THREE", &json, &err), &err);
    AUTO(memory_freep) char *text = json_print(json);
    assert_string_equal(text, "{\"login\":\"three\",\"name\":\"王_五\",\"role\":\"bidder\","
                              "\"organisation\":\"100%好\",\"disabled\":false,"
                              "\"created\":\"2026-01-01T00:00:00Z\"}");
    assert_int_equal(portal_account_list_user(portal, "nobody", &json, &err), ERR_NO_SUCH_RECORD);
}

static void organisations_are_listed(void **state)
{
    const struct portal_page page = {.list = PORTAL_PAGE_ORGANISATIONS, .limit = 20};
    AUTO(memory_freep)
    char *names = shown(portal_account_list_organisations, &page, NULL, "name");
    AUTO(memory_freep)
    char *found = shown(portal_account_list_organisations, &page, "0%", "name");
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    assert_string_equal(names, "100%好 测试1023 ");
    assert_string_equal(found, "100%好 ");
    world_must(portal_account_list_organisations(portal, &page, "测试", &json, &err), &err);
    AUTO(memory_freep) char *text = json_print(json);
    assert_non_null(strstr(text, "\"users\":2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_come_first),    cmocka_unit_test(pages_follow_each_other),
        cmocka_unit_test(parts_are_found),          cmocka_unit_test(one_user_is_shown),
        cmocka_unit_test(organisations_are_listed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
