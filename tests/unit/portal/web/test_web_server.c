#include "portal/web/web_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* needs some of the above */
#include <cmocka.h>

#include "base/clock.h"
#include "portal/portal_change_limit.h"
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
    web_world_user(world, "shen", PORTAL_ROLE_REVIEWER, NULL);
    return 0;
}

static int teardown(void **state)
{
    web_world_free(world);
    portal_free(portal);
    clock_set_for_test(0);
    return 0;
}

/* headers: whole lines beside the request line. */
static void say(const char *request_line, const char *headers, const char *body,
                struct web_result *out)
{
    AUTO(memory_freep)
    char *request = memory_printf("%s HTTP/1.1\r\nConnection: close\r\n%sContent-Length: %zu\r\n"
                                  "\r\n%s",
                                  request_line, headers, strlen(body), body);
    web_world_say(world, span_text(request), out);
}

static void expect_code(const char *request_line, const char *headers, const char *body,
                        const char *code)
{
    AUTO(web_result_done) struct web_result result = {0};
    say(request_line, headers, body, &result);
    const char *found = web_result_text(&result, "code");
    if (found == NULL || strcmp(found, code) != 0)
        fail_msg("%s %s: %s%s instead of %s", request_line, headers, result.head, result.body,
                 code);
}

#define HOST "Host: portal.example\r\n"
#define ORIGIN "Origin: https://portal.example\r\n"
#define JSON "Content-Type: application/json\r\n"

/* Cookie and CSRF token of the visitor, in front of further headers; the caller frees. */
static char *as_visitor(const char *more)
{
    return memory_printf("Cookie: __Host-session=%s\r\nX-CSRF-Token: %s\r\n%s", world->token,
                         world->csrf, more);
}

static void a_whole_request_is_taken(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    web_world_become(world, "zhang");
    AUTO(memory_freep) char *headers = as_visitor(HOST ORIGIN JSON);
    say("PUT /web/v1/profile", headers, "{}", &result);
    assert_int_equal(result.status, 200);
}

static void each_missing_thing_is_refused(void **state)
{
    web_world_become(world, "zhang");
    static const struct {
        const char *headers, *code;
    } cases[] = {
        {ORIGIN JSON "Host: evil.example\r\n", "host-refused"},
        {HOST JSON, "csrf"},
        {HOST JSON "Origin: https://evil.example\r\n", "csrf"},
        {HOST JSON "Origin: null\r\n", "csrf"},
        {HOST JSON ORIGIN "Origin: https://portal.example\r\n", "csrf"},
        {HOST JSON ORIGIN "Sec-Fetch-Site: cross-site\r\n", "csrf"},
        {HOST JSON ORIGIN "Sec-Fetch-Site: same-site\r\n", "csrf"},
        {HOST JSON ORIGIN "X-CSRF-Token: again\r\n", "csrf"},
        {HOST ORIGIN, "content-type-refused"},
        {HOST ORIGIN "Content-Type: text/plain\r\n", "content-type-refused"},
        {HOST ORIGIN JSON JSON, "content-type-refused"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *headers = as_visitor(cases[i].headers);
        expect_code("PUT /web/v1/profile", headers, "{}", cases[i].code);
    }
}

static void the_session_must_be_there(void **state)
{
    web_world_become(world, "zhang");
    AUTO(memory_freep)
    char *no_csrf = memory_printf(HOST ORIGIN JSON "Cookie: __Host-session=%s\r\n", world->token);
    AUTO(memory_freep)
    char *no_cookie = memory_printf(HOST ORIGIN JSON "X-CSRF-Token: %s\r\n", world->csrf);
    AUTO(memory_freep)
    char *two_cookies = memory_printf(HOST ORIGIN JSON "X-CSRF-Token: %s\r\n"
                                                       "Cookie: __Host-session=%s\r\n"
                                                       "Cookie: __Host-session=%s\r\n",
                                      world->csrf, world->token, world->token);
    AUTO(memory_freep)
    char *forged = memory_printf(HOST ORIGIN JSON "X-CSRF-Token: %s\r\n"
                                                  "Cookie: __Host-session=%064d\r\n",
                                 world->csrf, 0);
    expect_code("PUT /web/v1/profile", no_csrf, "{}", "csrf");
    expect_code("PUT /web/v1/profile", no_cookie, "{}", "not-logged-in");
    expect_code("PUT /web/v1/profile", two_cookies, "{}", "not-logged-in");
    expect_code("PUT /web/v1/profile", forged, "{}", "not-logged-in");
    expect_code("GET /web/v1/session", HOST, "", "not-logged-in");
}

static void reading_needs_no_csrf_token(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    web_world_become(world, "zhang");
    AUTO(memory_freep)
    char *headers = memory_printf(HOST "Cookie: __Host-session=%s\r\n", world->token);
    say("GET /web/v1/session", headers, "", &result);
    assert_int_equal(result.status, 200);
}

static void a_body_is_refused_before_it_comes(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    static const char head[] =
        "PUT /web/v1/profile HTTP/1.1\r\nConnection: close\r\n" HOST ORIGIN JSON
        "Content-Length: 10000\r\n\r\n";
    web_world_say(world, span_text(head), &result);
    assert_string_equal(web_result_text(&result, "code"), "not-logged-in");
}

static void a_user_does_not_change_things_without_end(void **state)
{
    AUTO(web_result_done) struct web_result refused = {0};
    clock_set_for_test(FIXTURE_NOW);
    web_world_become(world, "zhang");
    for (int i = 0; i < PORTAL_CHANGES_MAX; i++) {
        AUTO(web_result_done) struct web_result result = {0};
        AUTO(memory_freep) char *body = memory_printf("{\"mobile_phone\":\"%d\"}", i);
        web_world_expect(world, "PUT", "/profile", body, 200, &result);
    }
    int64_t lines = world_count(portal, "SELECT count(*) FROM audit");
    web_world_ask(world, "PUT", "/profile", "{\"mobile_phone\":\"last\"}", &refused);
    AUTO(memory_freep) char *retry = web_result_header(&refused, "Retry-After");
    assert_int_equal(refused.status, 429);
    assert_string_equal(retry, "60");
    assert_int_equal(world_count(portal, "SELECT count(*) FROM audit"), lines);
    /* reading and leaving go on, and so do others */
    AUTO(web_result_done) struct web_result read = {0};
    AUTO(web_result_done) struct web_result left = {0};
    AUTO(web_result_done) struct web_result other = {0};
    web_world_expect(world, "GET", "/session", NULL, 200, &read);
    web_world_expect(world, "DELETE", "/session", NULL, 204, &left);
    web_world_become(world, "shen");
    web_world_expect(world, "PUT", "/profile", "{\"email\":\"s@example.com\"}", 200, &other);
}

static void bodies_have_limits(void **state)
{
    web_world_become(world, "zhang");
    AUTO(memory_freep) char *headers = as_visitor(HOST ORIGIN JSON);
    AUTO(memory_freep) char *large = memory_printf("{\"email\":\"%0*d\"}", WEB_BODY_BYTES_MAX, 1);
    expect_code("PUT /web/v1/profile", headers, large, "too-large");
    expect_code("PUT /web/v1/profile", headers, "", "json-syntax");
    expect_code("PUT /web/v1/profile", headers, "[]", "field-type");
    expect_code("PUT /web/v1/profile", headers, "{\"a\":1,\"a\":2}", "json-duplicate-member");
    expect_code("GET /web/v1/session", headers, "{}", "too-large");
}

static void addresses_and_methods_are_known(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    expect_code("GET /nowhere", HOST, "", "not-found");
    expect_code("GET /web/v1/nowhere", HOST, "", "not-found");
    expect_code("GET /assets/../portal.db", HOST, "", "not-found");
    expect_code("GET /assets/%2e%2e%2fportal.db", HOST, "", "not-found");
    expect_code("GET /assets/..%5cportal.db", HOST, "", "not-found");
    expect_code("GET /orders/../../etc/passwd", HOST, "", "not-found");
    expect_code("GET //", HOST, "", "not-found");
    expect_code("GET /login/", HOST, "", "not-found");
    say("PATCH /web/v1/session", HOST, "", &result);
    assert_int_equal(result.status, 405);
    web_result_done(&result);
    say("PUT /web/v1/session", HOST, "", &result);
    assert_string_equal(web_result_text(&result, "code"), "method-not-allowed");
    AUTO(memory_freep) char *allow = web_result_header(&result, "Allow");
    assert_string_equal(allow, "POST, GET, HEAD, DELETE");
}

#define BY_HAND "Accept: text/html,application/xhtml+xml\r\n"

static void a_person_at_a_wrong_address_gets_a_page(void **state)
{
    AUTO(web_result_done) struct web_result page = {0};
    AUTO(web_result_done) struct web_result shell = {0};
    say("GET /", HOST BY_HAND, "", &shell);
    say("GET /nowhere/at/all", HOST BY_HAND, "", &page);
    assert_int_equal(page.status, 404);
    assert_string_equal(page.body, shell.body);
    expect_code("GET /web/v1/nowhere", HOST BY_HAND, "", "not-found");
    expect_code("POST /nowhere", HOST BY_HAND, "", "not-found");
    expect_code("GET /nowhere", "Host: elsewhere.example\r\n" BY_HAND, "", "host-refused");
    expect_code("GET /nowhere", HOST BY_HAND, "{}", "too-large");
}

static void every_answer_has_its_policy(void **state)
{
    static const struct {
        const char *request_line, *policy, *cache;
    } cases[] = {
        {"GET /", "require-trusted-types-for 'script'; trusted-types 'none'", "no-cache"},
        {"HEAD /login", "connect-src 'self' https://127.0.0.1:27510 ", "no-cache"},
        {"GET /nowhere", "frame-ancestors 'none'", "no-cache"},
        {"GET /web/v1/session", "sandbox", "no-store"},
        {"PUT /web/v1/session", "default-src 'none'", "no-store"},
    };
    static const char *const always[] = {
        "X-Content-Type-Options: nosniff\r\n",
        "Referrer-Policy: same-origin\r\n",
        "Cross-Origin-Opener-Policy: same-origin\r\n",
        "Cross-Origin-Resource-Policy: same-origin\r\n",
        "Permissions-Policy: loopback-network=(self), local-network-access=(self)\r\n",
        "Strict-Transport-Security: max-age=31536000\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(web_result_done) struct web_result result = {0};
        say(cases[i].request_line, HOST, "", &result);
        AUTO(memory_freep) char *policy = web_result_header(&result, "Content-Security-Policy");
        AUTO(memory_freep) char *cache = web_result_header(&result, "Cache-Control");
        if (strstr(policy, cases[i].policy) == NULL || strstr(policy, "unsafe") != NULL)
            fail_msg("%s: %s", cases[i].request_line, policy);
        assert_string_equal(cache, cases[i].cache);
        for (size_t k = 0; k < ARRAY_SIZE(always); k++)
            if (strstr(result.head, always[k]) == NULL)
                fail_msg("%s: no %s", cases[i].request_line, always[k]);
    }
}

static void what_is_no_request_is_refused_with_a_policy_too(void **state)
{
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", 505},
        {"POST /web/v1/session HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 411},
    };
    static const char *const always[] = {
        "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; sandbox\r\n",
        "Strict-Transport-Security: max-age=31536000\r\n",
        "X-Content-Type-Options: nosniff\r\n",
        "Cache-Control: no-store\r\n",
        "Referrer-Policy: same-origin\r\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(web_result_done) struct web_result result = {0};
        web_world_say(world, span_text(cases[i].request), &result);
        assert_int_equal(result.status, cases[i].status);
        for (size_t k = 0; k < ARRAY_SIZE(always); k++)
            if (strstr(result.head, always[k]) == NULL)
                fail_msg("%d: no %s", cases[i].status, always[k]);
    }
}

static void the_agents_ports_may_be_asked(void **state)
{
    AUTO(web_result_done) struct web_result result = {0};
    say("GET /", HOST, "", &result);
    for (int port = 27510; port <= 27530; port += 10) {
        AUTO(memory_freep) char *https = memory_printf(" https://127.0.0.1:%d ", port);
        AUTO(memory_freep) char *wss = memory_printf(" wss://127.0.0.1:%d ", port);
        AUTO(memory_freep) char *http = memory_printf(" http://127.0.0.1:%d ", port + 1);
        AUTO(memory_freep) char *ws = memory_printf(" ws://127.0.0.1:%d", port + 1);
        assert_non_null(strstr(result.head, https));
        assert_non_null(strstr(result.head, wss));
        assert_non_null(strstr(result.head, http));
        assert_non_null(strstr(result.head, ws));
    }
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_whole_request_is_taken),
        T(each_missing_thing_is_refused),
        T(the_session_must_be_there),
        T(reading_needs_no_csrf_token),
        T(a_body_is_refused_before_it_comes),
        T(bodies_have_limits),
        T(addresses_and_methods_are_known),
        T(a_person_at_a_wrong_address_gets_a_page),
        T(every_answer_has_its_policy),
        T(the_agents_ports_may_be_asked),
        T(what_is_no_request_is_refused_with_a_policy_too),
        T(a_user_does_not_change_things_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
