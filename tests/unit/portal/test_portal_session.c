#include "portal/portal_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "portal/portal_account.h"
#include "world.h"

static struct portal *portal;
static int64_t user;

static int64_t add_user(const char *login)
{
    static const struct portal_password password = {16, 1, 1, "", ""};
    const struct portal_account_new new = {login, login, PORTAL_ROLE_REVIEWER, NULL, &password};
    struct err err = ERR_INIT;
    int64_t id = 0;
    world_must(portal_account_add(portal, &new, &id, &err), &err);
    return id;
}

static int setup(void **state)
{
    portal = world_bare();
    user = add_user("shen");
    return 0;
}

static int teardown(void **state)
{
    portal_freep(&portal);
    clock_set_for_test(0);
    return 0;
}

static char *open_session(int64_t id)
{
    struct err err = ERR_INIT;
    char *token = NULL;
    world_must(portal_session_open(portal, id, &token, &err), &err);
    return token;
}

static enum err_code find(const char *token)
{
    int64_t found = 0;
    struct err err = ERR_INIT;
    enum err_code code = portal_session_find(portal, token, &found, &err);
    assert_int_equal(found, code == ERR_NONE ? user : 0);
    return code;
}

static void wait(int64_t seconds)
{
    clock_set_for_test(clock_now_utc() + seconds);
}

static void the_token_alone_opens_it(void **state)
{
    AUTO(memory_freep) char *token = open_session(user);
    AUTO(memory_freep) char *second = open_session(user);
    assert_true(portal_session_is_token(span_text(token)));
    assert_string_not_equal(token, second);
    assert_int_equal(find(token), ERR_NONE);
    token[63] = token[63] == '0' ? '1' : '0';
    assert_int_equal(find(token), ERR_NOT_LOGGED_IN);
    assert_int_equal(find(""), ERR_NOT_LOGGED_IN);
}

static void a_database_that_can_not_be_written_is_read(void **state)
{
    AUTO(memory_freep) char *token = open_session(user);
    struct err err = ERR_INIT;
    wait(PORTAL_SESSION_IDLE_S / 2);
    world_must(portal_db_run(portal->db, "PRAGMA query_only = ON", PORTAL_NO_VALUES, &err), &err);
    assert_int_equal(find(token), ERR_NONE);
    wait(PORTAL_SESSION_IDLE_S / 2);
    assert_int_equal(find(token), ERR_NOT_LOGGED_IN);
}

static void the_token_is_not_in_the_database(void **state)
{
    AUTO(memory_freep) char *token = open_session(user);
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    world_must(portal_db_query(portal->db, "SELECT lower(hex(sha256)) FROM session",
                               PORTAL_NO_VALUES, &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    assert_int_equal(strlen(portal_query_text(query, 0)), 64);
    assert_string_not_equal(portal_query_text(query, 0), token);
}

static void it_ends_when_it_is_not_used(void **state)
{
    AUTO(memory_freep) char *token = open_session(user);
    wait(PORTAL_SESSION_IDLE_S - 1);
    assert_int_equal(find(token), ERR_NONE);
    wait(PORTAL_SESSION_IDLE_S - 1);
    assert_int_equal(find(token), ERR_NONE);
    wait(PORTAL_SESSION_IDLE_S);
    assert_int_equal(find(token), ERR_NOT_LOGGED_IN);
}

static void it_ends_at_the_latest(void **state)
{
    AUTO(memory_freep) char *token = open_session(user);
    int64_t start = clock_now_utc();
    for (int64_t at = 0; at < PORTAL_SESSION_S - 1000; at += 1000) {
        clock_set_for_test(start + at);
        assert_int_equal(find(token), ERR_NONE);
    }
    clock_set_for_test(start + PORTAL_SESSION_S - 1);
    assert_int_equal(find(token), ERR_NONE);
    clock_set_for_test(start + PORTAL_SESSION_S);
    assert_int_equal(find(token), ERR_NOT_LOGGED_IN);
}

static void a_use_is_noted_once_a_minute(void **state)
{
    AUTO(memory_freep) char *token = open_session(user);
    int64_t start = clock_now_utc();
    wait(59);
    assert_int_equal(find(token), ERR_NONE);
    assert_int_equal(world_count(portal, "SELECT used_utc FROM session"), start);
    wait(1);
    assert_int_equal(find(token), ERR_NONE);
    assert_int_equal(world_count(portal, "SELECT used_utc FROM session"), start + 60);
}

static void a_user_has_so_many(void **state)
{
    int64_t other = add_user("other");
    AUTO(memory_freep) char *others = open_session(other);
    AUTO(memory_freep) char *first = open_session(user);
    wait(1);
    AUTO(memory_freep) char *second = open_session(user);
    for (int i = 2; i < PORTAL_SESSION_USER_MAX; i++) {
        wait(1);
        AUTO(memory_freep) char *further = open_session(user);
    }
    assert_int_equal(find(first), ERR_NONE);
    wait(1);
    AUTO(memory_freep) char *last = open_session(user);
    assert_int_equal(find(first), ERR_NOT_LOGGED_IN);
    assert_int_equal(find(second), ERR_NONE);
    assert_int_equal(find(last), ERR_NONE);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM session"),
                     PORTAL_SESSION_USER_MAX + 1);
}

static void what_is_over_is_removed(void **state)
{
    AUTO(memory_freep) char *first = open_session(user);
    wait(PORTAL_SESSION_IDLE_S);
    AUTO(memory_freep) char *second = open_session(user);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM session"), 1);
}

static void it_is_closed(void **state)
{
    AUTO(memory_freep) char *token = open_session(user);
    AUTO(memory_freep) char *other = open_session(user);
    struct err err = ERR_INIT;
    world_must(portal_session_close(portal, token, &err), &err);
    world_must(portal_session_close(portal, token, &err), &err);
    assert_int_equal(find(token), ERR_NOT_LOGGED_IN);
    assert_int_equal(find(other), ERR_NONE);
}

static void the_others_are_closed(void **state)
{
    AUTO(memory_freep) char *mine = open_session(user);
    AUTO(memory_freep) char *other = open_session(user);
    struct err err = ERR_INIT;
    world_must(portal_session_close_others(portal, user, mine, &err), &err);
    assert_int_equal(find(mine), ERR_NONE);
    assert_int_equal(find(other), ERR_NOT_LOGGED_IN);
    world_must(portal_session_close_others(portal, user, NULL, &err), &err);
    assert_int_equal(find(mine), ERR_NOT_LOGGED_IN);
}

static void a_disabled_user_has_none(void **state)
{
    AUTO(memory_freep) char *token = open_session(user);
    struct err err = ERR_INIT;
    world_must(
        portal_db_run(portal->db, "UPDATE user SET disabled_utc = 1", PORTAL_NO_VALUES, &err),
        &err);
    assert_int_equal(find(token), ERR_NOT_LOGGED_IN);
}

static void the_csrf_token_is_another_text(void **state)
{
    AUTO(memory_freep) char *token = open_session(user);
    AUTO(memory_freep) char *csrf = portal_session_csrf(token);
    AUTO(memory_freep) char *again = portal_session_csrf(token);
    assert_string_equal(csrf, again);
    assert_int_equal(strlen(csrf), 64);
    assert_string_not_equal(csrf, token);
}

static void a_token_has_a_form(void **state)
{
    static const char good[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    assert_true(portal_session_is_token(span_text(good)));
    assert_false(portal_session_is_token(span_of(good, 63)));
    assert_false(portal_session_is_token(span_of(good, 65)));
    assert_false(portal_session_is_token(SPAN_NONE));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_token_alone_opens_it),
        T(a_database_that_can_not_be_written_is_read),
        T(the_token_is_not_in_the_database),
        T(it_ends_when_it_is_not_used),
        T(it_ends_at_the_latest),
        T(a_use_is_noted_once_a_minute),
        T(a_user_has_so_many),
        T(what_is_over_is_removed),
        T(it_is_closed),
        T(the_others_are_closed),
        T(a_disabled_user_has_none),
        T(the_csrf_token_is_another_text),
        T(a_token_has_a_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
