#include "portal/portal_account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "portal/portal_key.h"
#include "portal/portal_session.h"
#include "world.h"

static struct portal *portal;
static const struct portal_password password = {16, 1, 1, "salt", "hash"};
static const struct portal_password other_password = {16, 1, 1, "salt", "other"};

static int setup(void **state)
{
    struct err err = ERR_INIT;
    int64_t id = 0;
    portal = world_bare();
    world_must(portal_organisation_add(portal, WORLD_ORGANISATION, &id, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    portal_freep(&portal);
    return 0;
}

static enum err_code try_add(const char *login, const char *name, enum portal_role role,
                             const char *organisation)
{
    const struct portal_account_new new = {login, name, role, organisation, &password};
    struct err err = ERR_INIT;
    int64_t id = 0;
    return portal_account_add(portal, &new, &id, &err);
}

static int64_t add(const char *login, enum portal_role role)
{
    const struct portal_account_new new = {
        login, login, role, role == PORTAL_ROLE_BIDDER ? WORLD_ORGANISATION : NULL, &password};
    struct err err = ERR_INIT;
    int64_t id = 0;
    world_must(portal_account_add(portal, &new, &id, &err), &err);
    return id;
}

static struct portal_account *find(const char *login)
{
    struct portal_account *account = NULL;
    struct err err = ERR_INIT;
    world_must(portal_account_find(portal, login, &account, &err), &err);
    return account;
}

static enum err_code change(const char *login, const struct portal_account_change *change)
{
    struct err err = ERR_INIT;
    return portal_account_change(portal, login, change, &err);
}

static enum err_code set_disabled(const char *login, bool disabled)
{
    return change(login, &(struct portal_account_change){.disabled = &disabled});
}

static void open_session(int64_t user)
{
    AUTO(memory_freep) char *token = NULL;
    struct err err = ERR_INIT;
    world_must(portal_session_open(portal, user, &token, &err), &err);
}

static void an_account_is_what_was_added(void **state)
{
    int64_t id = add("Zhang.San", PORTAL_ROLE_BIDDER);
    AUTO(portal_account_freep) struct portal_account *account = find("zhang.SAN");
    assert_int_equal(account->id, id);
    assert_string_equal(account->login, "Zhang.San");
    assert_int_equal(account->role, PORTAL_ROLE_BIDDER);
    assert_string_equal(account->organisation, WORLD_ORGANISATION);
    assert_true(account->organisation_id > 0);
    assert_false(account->disabled);
    assert_memory_equal(&account->password, &password, sizeof password);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM audit WHERE event = 'account.added' "
                                         "AND subject = 'Zhang.San' AND detail = 'bidder'"),
                     1);
}

static void logins_have_a_form(void **state)
{
    static const char *const good[] = {"ab", "A1", "a.b-c_d", "0x"};
    static const char *const bad[] = {
        "",
        "a",
        ".ab",
        "-ab",
        "_ab",
        "a b",
        "a/b",
        "张三",
        "a\nb",
        "a@b",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct err err = ERR_INIT;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_int_equal(portal_account_check_login(good[i], &err), ERR_NONE);
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(portal_account_check_login(bad[i], &err), ERR_FIELD_VALUE);
    assert_int_equal(portal_account_check_login(bad[10] + 1, &err), ERR_NONE);
    assert_int_equal(try_add("a b", "x", PORTAL_ROLE_REVIEWER, NULL), ERR_FIELD_VALUE);
}

static void what_does_not_fit_is_not_added(void **state)
{
    AUTO(memory_freep) char *longer = memory_printf("%0193d", 1);
    add("zhang", PORTAL_ROLE_BIDDER);
    assert_int_equal(try_add("ZHANG", "x", PORTAL_ROLE_REVIEWER, NULL), ERR_RECORD_EXISTS);
    assert_int_equal(try_add("li", "x", PORTAL_ROLE_BIDDER, NULL), ERR_FIELD_VALUE);
    assert_int_equal(try_add("li", "x", PORTAL_ROLE_BIDDER, "没有"), ERR_NO_SUCH_RECORD);
    assert_int_equal(try_add("li", "x", PORTAL_ROLE_REVIEWER, WORLD_ORGANISATION), ERR_FIELD_VALUE);
    assert_int_equal(try_add("li", "", PORTAL_ROLE_REVIEWER, NULL), ERR_FIELD_VALUE);
    assert_int_equal(try_add("li", "a\nb", PORTAL_ROLE_REVIEWER, NULL), ERR_FIELD_VALUE);
    assert_int_equal(try_add("li", longer, PORTAL_ROLE_REVIEWER, NULL), ERR_FIELD_VALUE);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM user"), 1);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM audit WHERE event LIKE 'account%'"),
                     1);
}

static void roles_have_words(void **state)
{
    enum portal_role role = PORTAL_ROLE_COUNT;
    struct err err = ERR_INIT;
    for (int i = 0; i < PORTAL_ROLE_COUNT; i++) {
        assert_int_equal(portal_role_from_text(portal_role_text((enum portal_role)i), &role, &err),
                         ERR_NONE);
        assert_int_equal(role, i);
    }
    assert_int_equal(portal_role_from_text("root", &role, &err), ERR_FIELD_VALUE);
}

static void a_disabled_users_sessions_end(void **state)
{
    int64_t zhang = add("zhang", PORTAL_ROLE_BIDDER), li = add("li", PORTAL_ROLE_BIDDER);
    open_session(zhang);
    open_session(zhang);
    open_session(li);
    assert_int_equal(set_disabled("zhang", true), ERR_NONE);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM session"), 1);
    AUTO(portal_account_freep) struct portal_account *disabled = find("zhang");
    assert_true(disabled->disabled);
    assert_int_equal(set_disabled("zhang", true), ERR_NONE); /* nothing more happens */
    assert_int_equal(set_disabled("zhang", false), ERR_NONE);
    AUTO(portal_account_freep) struct portal_account *enabled = find("zhang");
    assert_false(enabled->disabled);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM audit WHERE event IN "
                                         "('account.disabled', 'account.enabled')"),
                     2);
}

static void the_last_administrator_stays(void **state)
{
    add("first", PORTAL_ROLE_ADMINISTRATOR);
    assert_int_equal(set_disabled("first", true), ERR_LAST_ADMINISTRATOR);
    add("second", PORTAL_ROLE_ADMINISTRATOR);
    assert_int_equal(set_disabled("first", true), ERR_NONE);
    assert_int_equal(set_disabled("second", true), ERR_LAST_ADMINISTRATOR);
    assert_int_equal(set_disabled("first", false), ERR_NONE);
    assert_int_equal(set_disabled("second", true), ERR_NONE);
}

static void a_change_is_whole(void **state)
{
    int64_t id = add("admin", PORTAL_ROLE_ADMINISTRATOR);
    bool yes = true;
    open_session(id);
    assert_int_equal(
        change("admin", &(struct portal_account_change){"新名", &yes, &other_password}),
        ERR_LAST_ADMINISTRATOR);
    AUTO(portal_account_freep) struct portal_account *same = find("admin");
    assert_string_equal(same->name, "admin");
    assert_memory_equal(&same->password, &password, sizeof password);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM session"), 1);
    assert_int_equal(
        change("admin", &(struct portal_account_change){"新名", NULL, &other_password}), ERR_NONE);
    AUTO(portal_account_freep) struct portal_account *changed = find("admin");
    assert_string_equal(changed->name, "新名");
    assert_memory_equal(&changed->password, &other_password, sizeof password);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM session"), 0);
    assert_int_equal(change("nobody", &(struct portal_account_change){.name = "x"}),
                     ERR_NO_SUCH_RECORD);
    assert_int_equal(change("admin", &(struct portal_account_change){.name = ""}), ERR_FIELD_VALUE);
}

static void ones_own_session_outlives_a_new_password(void **state)
{
    int64_t id = add("zhang", PORTAL_ROLE_BIDDER);
    AUTO(memory_freep) char *token = NULL;
    int64_t still = 0;
    struct err err = ERR_INIT;
    open_session(id);
    world_must(portal_session_open(portal, id, &token, &err), &err);
    world_must(portal_account_set_password(portal, id, &other_password, token, &err), &err);
    world_must(portal_session_find(portal, token, &still, &err), &err);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM session"), 1);
    assert_int_equal(portal_account_set_password(portal, id + 1, &other_password, token, &err),
                     ERR_NO_SUCH_RECORD);
}

static void a_profile_is_kept(void **state)
{
    int64_t id = add("zhang", PORTAL_ROLE_BIDDER);
    AUTO(memory_freep) char *longer = memory_printf("%0193d", 1);
    struct err err = ERR_INIT;
    const struct portal_profile whole = {"采购部", "0531", "138", "a@example.com"};
    world_must(portal_account_set_profile(portal, id, &whole, &err), &err);
    const struct portal_profile part = {.mobile_phone = "139", .department = ""};
    world_must(portal_account_set_profile(portal, id, &part, &err), &err);
    int64_t lines = world_count(portal, "SELECT count(*) FROM audit");
    const struct portal_profile known = {"", NULL, "139", NULL};
    world_must(portal_account_set_profile(portal, id, &known, &err), &err);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM audit"), lines);
    AUTO(portal_account_freep) struct portal_account *account = find("zhang");
    assert_string_equal(account->department, "");
    assert_string_equal(account->office_phone, "0531");
    assert_string_equal(account->mobile_phone, "139");
    assert_string_equal(account->email, "a@example.com");
    const struct portal_profile wrong[] = {
        {.email = "a\nb"}, {.office_phone = longer}, {.department = "\x01"}};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_int_equal(portal_account_set_profile(portal, id, &wrong[i], &err), ERR_FIELD_VALUE);
}

static void the_list_tells_no_hash(void **state)
{
    AUTO(json_freep) struct json *list = NULL;
    struct err err = ERR_INIT;
    add("zhang", PORTAL_ROLE_BIDDER);
    add("admin", PORTAL_ROLE_ADMINISTRATOR);
    world_must(portal_account_list(portal, &list, &err), &err);
    AUTO(memory_freep) char *text = json_print(list);
    assert_int_equal(json_count(list), 2);
    assert_string_equal(json_text_of(json_member(json_item(list, 0), "login")), "admin");
    assert_string_equal(json_text_of(json_member(json_item(list, 1), "organisation")),
                        WORLD_ORGANISATION);
    assert_null(strstr(text, "hash"));
    assert_null(strstr(text, "salt"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_account_is_what_was_added),
        T(logins_have_a_form),
        T(what_does_not_fit_is_not_added),
        T(roles_have_words),
        T(a_disabled_users_sessions_end),
        T(the_last_administrator_stays),
        T(a_change_is_whole),
        T(ones_own_session_outlives_a_new_password),
        T(a_profile_is_kept),
        T(the_list_tells_no_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
