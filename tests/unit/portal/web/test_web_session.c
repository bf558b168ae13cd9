#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* needs some of the above */
#include <cmocka.h>

#include "base/clock.h"
#include "portal/portal_login.h"
#include "portal/portal_session.h"
#include "portal/web/web_pool.h"
#include "tests/unit/portal/world.h"
#include "web_world.h"

#define RIGHT "{\"login\":\"zhang\",\"password\":\"" WEB_WORLD_PASSWORD "\"}"
#define WRONG "{\"login\":\"zhang\",\"password\":\"wrong\"}"

static struct portal *portal;
static struct web_world *world;

static int setup(void **state)
{
    portal = world_bare();
    portal->name = memory_text("阳光采购服务平台");
    world = web_world_new(portal, NULL);
    web_world_user(world, "zhang", PORTAL_ROLE_BIDDER, WEB_WORLD_ORGANISATION);
    web_world_user(world, "admin", PORTAL_ROLE_ADMINISTRATOR, NULL);
    return 0;
}

static int teardown(void **state)
{
    web_world_free(world);
    portal_free(portal);
    clock_set_for_test(0);
    return 0;
}

static int64_t count(const char *sql)
{
    return world_count(portal, sql);
}

/* Takes the cookie and the CSRF token of an answer, as a browser does. */
static void take_session(const struct web_result *result)
{
    AUTO(memory_freep) char *cookie = web_result_header(result, "Set-Cookie");
    free(world->token);
    free(world->csrf);
    assert_non_null(cookie);
    assert_int_equal(strncmp(cookie, "__Host-session=", 15), 0);
    world->token = memory_printf("%.64s", cookie + 15);
    world->csrf = memory_text(web_result_text(result, "csrf"));
}

static void log_in(const char *body)
{
    AUTO(web_result_done) struct web_result result = {0};
    web_world_expect(world, "POST", "/session", body, 200, &result);
    take_session(&result);
}

static void a_log_in_gives_a_session(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    AUTO(web_result_done) struct web_result again = {0};
    web_world_expect(world, "POST", "/session", RIGHT, 200, &result);
    AUTO(memory_freep) char *cookie = web_result_header(&result, "Set-Cookie");
    assert_string_equal(cookie + 15 + PORTAL_SESSION_TOKEN_CHARACTERS,
                        "; Path=/; Secure; HttpOnly; SameSite=Strict");
    take_session(&result);
    web_world_expect(world, "GET", "/session", NULL, 200, &again);
    assert_string_equal(result.body, again.body);
    const struct json *user = json_member(again.json, "user");
    assert_string_equal(json_text_of(json_member(user, "login")), "zhang");
    assert_string_equal(json_text_of(json_member(user, "role")), "bidder");
    assert_string_equal(json_text_of(json_member(user, "organisation")), WEB_WORLD_ORGANISATION);
    assert_string_equal(web_result_text(&again, "platform"), portal->name);
    assert_null(strstr(again.body, world->token));
    assert_int_equal(count("SELECT count(*) FROM audit WHERE event = 'login' AND "
                           "actor = 'user:zhang'"),
                     1);
}

static void whatever_is_wrong_is_answered_alike(void **state)
{
    static const char *const bodies[] = {
        WRONG,
        "{\"login\":\"nobody\",\"password\":\"" WEB_WORLD_PASSWORD "\"}",
        "{\"login\":\"no body\",\"password\":\"x\"}",
    };
    AUTO(memory_freep) char *first = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        AUTO(web_result_done) struct web_result result = {0};
        web_world_expect(world, "POST", "/session", bodies[i], 401, &result);
        assert_string_equal(web_result_text(&result, "code"), "login-failed");
        assert_null(web_result_header(&result, "Set-Cookie"));
        if (i == 0)
            first = memory_text(result.body);
        else if (i == 1)
            assert_string_equal(result.body, first);
    }
}

static void a_log_in_from_another_page_is_refused(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    AUTO(memory_freep)
    char *request = memory_printf("POST /web/v1/session HTTP/1.1\r\nHost: portal.example\r\n"
                                  "Connection: close\r\nOrigin: https://evil.example\r\n"
                                  "Content-Type: application/json\r\n"
                                  "Content-Length: %zu\r\n\r\n" RIGHT,
                                  strlen(RIGHT));
    web_world_say(world, span_text(request), &result);
    assert_string_equal(web_result_text(&result, "code"), "csrf");
    assert_int_equal(count("SELECT count(*) FROM session"), 0);
}

static void fields_are_checked(void **state)
{
    web_world_refused(world, "POST", "/session", "{\"login\":\"zhang\"}", "field-missing");
    web_world_refused(world, "POST", "/session", "{\"login\":\"zhang\",\"password\":\"\"}",
                      "field-value");
    web_world_refused(world, "POST", "/session",
                      "{\"login\":\"zhang\",\"password\":\"x\",\"role\":\"administrator\"}",
                      "field-unknown");
    web_world_refused(world, "POST", "/session", "{\"login\":\"zhang\",\"password\":1}",
                      "field-type");
    AUTO(memory_freep)
    char *longer = memory_printf("{\"login\":\"zhang\",\"password\":\"%0513d\"}", 1);
    web_world_refused(world, "POST", "/session", longer, "field-value");
}

static void too_many_failures_are_stopped(void **state)
{
    for (int i = 0; i < PORTAL_LOGIN_FAILURES_MAX; i++)
        web_world_refused(world, "POST", "/session", WRONG, "login-failed");
    AUTO(web_result_done) struct web_result result = {0};
    web_world_expect(world, "POST", "/session", RIGHT, 429, &result);
    assert_string_equal(web_result_text(&result, "code"), "login-limit");
    AUTO(memory_freep) char *after = web_result_header(&result, "Retry-After");
    assert_string_equal(after, "900");
    clock_set_for_test(clock_now_utc() + 900);
    log_in(RIGHT);
}

static void a_log_in_ends_the_session_that_was_there(void **state)
{
    log_in(RIGHT);
    AUTO(memory_freep) char *before = memory_text(world->token);
    log_in(RIGHT);
    assert_string_not_equal(world->token, before);
    assert_int_equal(count("SELECT count(*) FROM session"), 1);
}

static void a_planted_token_is_never_taken_over(void **state)
{
    static const char planted[] =
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    world->token = memory_text(planted);
    world->csrf = memory_text("x");
    log_in(RIGHT);
    assert_string_not_equal(world->token, planted);
}

static void logging_out_ends_the_session(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    log_in(RIGHT);
    web_world_expect(world, "DELETE", "/session", NULL, 204, &result);
    AUTO(memory_freep) char *cookie = web_result_header(&result, "Set-Cookie");
    assert_non_null(strstr(cookie, "; Max-Age=0"));
    web_world_refused(world, "GET", "/session", NULL, "not-logged-in");
}

static void a_session_ends_by_itself(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    log_in(RIGHT);
    int64_t start = clock_now_utc();
    clock_set_for_test(start + PORTAL_SESSION_IDLE_S - 1);
    web_world_expect(world, "GET", "/session", NULL, 200, &result);
    clock_set_for_test(start + 2 * PORTAL_SESSION_IDLE_S);
    web_world_refused(world, "GET", "/session", NULL, "not-logged-in");
}

static void the_session_of_a_disabled_user_ends_at_once(void **state)
{
    struct err err = ERR_INIT;
    bool yes = true;
    log_in(RIGHT);
    const struct portal_account_change change = {.disabled = &yes};
    world_must(portal_account_change(portal, "zhang", &change, &err), &err);
    web_world_refused(world, "GET", "/session", NULL, "not-logged-in");
    web_world_refused(world, "POST", "/session", RIGHT, "login-failed");
}

static void the_password_is_changed(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    AUTO(web_result_done) struct web_result mine = {0};
    web_world_become(world, "zhang");
    AUTO(memory_freep) char *other = memory_text(world->token);
    log_in(RIGHT);
    web_world_become(world, "zhang");
    web_world_expect(world, "PUT", "/session/password",
                     "{\"old\":\"" WEB_WORLD_PASSWORD "\",\"new\":\"另一个足够长的密码呀\"}", 204,
                     &result);
    web_world_expect(world, "GET", "/session", NULL, 200, &mine);
    assert_int_equal(count("SELECT count(*) FROM session"), 1);
    world->token[0] = world->token[0] == '0' ? '1' : '0';
    web_world_refused(world, "POST", "/session", RIGHT, "login-failed");
    log_in("{\"login\":\"ZHANG\",\"password\":\"另一个足够长的密码呀\"}");
}

static void a_change_of_password_has_its_rules(void **state)
{
    web_world_become(world, "zhang");
    web_world_refused(world, "PUT", "/session/password",
                      "{\"old\":\"wrong\",\"new\":\"another password\"}", "password-wrong");
    web_world_refused(world, "PUT", "/session/password",
                      "{\"old\":\"" WEB_WORLD_PASSWORD "\",\"new\":\"short\"}", "password-rules");
    web_world_refused(world, "PUT", "/session/password", "{\"new\":\"another password\"}",
                      "field-missing");
    assert_int_equal(count("SELECT count(*) FROM session"), 1);
}

static void guessing_the_old_password_is_limited(void **state)
{
    web_world_become(world, "zhang");
    for (int i = 0; i < PORTAL_LOGIN_FAILURES_MAX; i++)
        web_world_refused(world, "PUT", "/session/password",
                          "{\"old\":\"wrong\",\"new\":\"another password\"}", "password-wrong");
    web_world_refused(world, "PUT", "/session/password",
                      "{\"old\":\"" WEB_WORLD_PASSWORD "\",\"new\":\"another password\"}",
                      "login-limit");
}

static void the_profile_is_ones_own(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    AUTO(web_result_done) struct web_result emptied = {0};
    web_world_become(world, "zhang");
    web_world_expect(world, "PUT", "/profile",
                     "{\"department\":\"采购部\",\"office_phone\":\"0531-67880028\","
                     "\"mobile_phone\":\"13800000000\",\"email\":\"zhang@example.com\"}",
                     200, &result);
    assert_string_equal(web_result_text(&result, "department"), "采购部");
    web_world_expect(world, "PUT", "/profile", "{\"email\":\"\"}", 200, &emptied);
    assert_string_equal(web_result_text(&emptied, "email"), "");
    assert_string_equal(web_result_text(&emptied, "mobile_phone"), "13800000000");
    web_world_refused(world, "PUT", "/profile", "{\"role\":\"administrator\"}", "field-unknown");
    web_world_refused(world, "PUT", "/profile", "{\"email\":null}", "field-type");
    web_world_refused(world, "PUT", "/profile", "{\"email\":\"a\\nb\"}", "field-value");
}

static void sleep_in_the_pool(void *context)
{
    sem_wait(context);
}

static void slept(void *context, struct http_request *request)
{
    (void)context, (void)request;
}

static void never_slept(void *context)
{
}

static void what_does_not_fit_the_queue_is_put_off(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    struct err err = ERR_INIT;
    sem_t wake;
    int waiting = 0;
    sem_init(&wake, 0, 0);
    const struct web_work work = {sleep_in_the_pool, slept, never_slept, &wake};
    struct web_pool *pool = web_server_peek(world->web)->passwords;
    for (; web_pool_has_room(pool); waiting++)
        world_must(web_pool_start(pool, NULL, &work, &err), &err);
    web_world_expect(world, "POST", "/session", RIGHT, 429, &result);
    AUTO(memory_freep) char *after = web_result_header(&result, "Retry-After");
    assert_string_equal(web_result_text(&result, "code"), "too-many-requests");
    assert_string_equal(after, "2");
    assert_int_equal(count("SELECT count(*) FROM login_limit"), 0);
    for (; waiting > 0; waiting--)
        sem_post(&wake);
    while (!web_pool_has_room(pool)) { /* a request turns the loop, which sees what is done */
        AUTO(web_result_done) struct web_result turned = {0};
        web_world_expect(world, "GET", "/downloads", NULL, 200, &turned);
    }
    log_in(RIGHT);
    web_pool_freep(&web_server_peek(world->web)->passwords); /* before the semaphore goes */
    sem_destroy(&wake);
}

static void a_client_that_leaves_gets_no_session(void **state)
{
    AUTO(memory_freep)
    char *head =
        web_world_head(world, "POST", "/web/v1/session", "Content-Type: application/json\r\n");
    AUTO(memory_freep)
    char *request = memory_printf("%sContent-Length: %zu\r\n\r\n" RIGHT, head, strlen(RIGHT));
    web_world_leave(world, span_text(request));
    AUTO(web_result_done) struct web_result result = {0};
    web_world_become(world, "admin");
    web_world_expect(world, "GET", "/session", NULL, 200, &result);
    assert_int_equal(count("SELECT count(*) FROM session WHERE user_id = 1"), 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_log_in_gives_a_session),
        T(whatever_is_wrong_is_answered_alike),
        T(a_log_in_from_another_page_is_refused),
        T(fields_are_checked),
        T(too_many_failures_are_stopped),
        T(a_log_in_ends_the_session_that_was_there),
        T(a_planted_token_is_never_taken_over),
        T(logging_out_ends_the_session),
        T(a_session_ends_by_itself),
        T(the_session_of_a_disabled_user_ends_at_once),
        T(the_password_is_changed),
        T(a_change_of_password_has_its_rules),
        T(guessing_the_old_password_is_limited),
        T(the_profile_is_ones_own),
        T(what_does_not_fit_the_queue_is_put_off),
        T(a_client_that_leaves_gets_no_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
