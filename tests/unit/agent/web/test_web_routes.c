#include "agent/web/web_routes.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "agent/web/web_gate.h"
#include "tests/unit/agent/web/fixture.h"

#define OPERATION "/v1/operations/" STAND_IN_ID

static void expect(const struct fixture *fixture, const char *method, const char *path,
                   const char *body, int status, const char *text)
{
    struct answer answer;
    fixture_ask(fixture, LISTED, method, path, body, &answer);
    if (answer.status != status)
        print_error("%s %s %s: %d %s\n", method, path, body ? body : "", answer.status,
                    answer.body ? answer.body : "");
    assert_int_equal(answer.status, status);
    if (status >= 400) {
        AUTO(memory_freep) char *code = fixture_code(&answer);
        assert_string_equal(code, text);
    } else {
        assert_string_equal(answer.body, text);
    }
    answer_done(&answer);
}

static void test_status_and_tokens(void **state)
{
    expect(*state, "GET", "/v1/status", NULL, 200, "{\"agent\":\"ukeyd\",\"version\":\"9.8.7\"}");
    expect(*state, "GET", "/v1/tokens", NULL, 200, "{\"tokens\":[\"key\"]}");
    expect(*state, "GET", "/v1/operations", NULL, 200, "{\"operations\":[]}");
}

static void test_starts_an_operation(void **state)
{
    struct answer answer;
    fixture_ask(*state, LISTED, "POST", "/v1/operations",
                "{\"kind\":\"renew\",\"ticket\":\"t-1\",\"token\":null}", &answer);
    assert_int_equal(answer.status, 202);
    AUTO(memory_freep) char *location = answer_header(&answer, "Location");
    assert_string_equal(location, OPERATION);
    assert_non_null(strstr(answer.body, "\"start\":\"renew t-1 - " LISTED " - zh\""));
    answer_done(&answer);
    expect(*state, "POST", "/v1/operations", "{\"kind\":\"check\"}", 409, "operation-busy");
}

static void test_takes_a_platform_from_terminals_only(void **state)
{
    static const char body[] = "{\"kind\":\"check\",\"platform\":\"sunshine\"}";
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    expect(fixture, "POST", "/v1/operations", body, 400, "field-unknown");
    client_unix(&client, fixture->socket_path);
    client_say(&client,
               "POST /v1/operations HTTP/1.1\r\nHost: localhost\r\nAccept-Language: en\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
               strlen(body), body);
    client_answer(&client, &answer);
    assert_int_equal(answer.status, 202);
    assert_non_null(strstr(answer.body, "\"start\":\"check - - - sunshine en\""));
    assert_null(strstr(answer.head, "Access-Control"));
    answer_done(&answer);
    client_close(&client);
    expect(fixture, "GET", OPERATION, NULL, 404, "operation-unknown");
}

static void test_refuses_bad_bodies(void **state)
{
    AUTO(memory_freep) char *long_kind = memory_new(OPS_KIND_BYTES_MAX + 2);
    AUTO(memory_freep) char *long_ticket = memory_new(OPS_TICKET_BYTES_MAX + 2);
    memset(long_kind, 'k', OPS_KIND_BYTES_MAX + 1);
    memset(long_ticket, 't', OPS_TICKET_BYTES_MAX + 1);
    AUTO(memory_freep) char *too_long_kind = memory_printf("{\"kind\":\"%s\"}", long_kind);
    AUTO(memory_freep)
    char *too_long_ticket = memory_printf("{\"kind\":\"renew\",\"ticket\":\"%s\"}", long_ticket);
    const struct {
        const char *body;
        const char *code;
    } cases[] = {
        {"", "json-syntax"},
        {"x", "json-syntax"},
        {"{", "json-syntax"},
        {"{}x", "json-syntax"},
        {"{\"kind\":\"check\"}{}", "json-syntax"},
        {"{'kind':'check'}", "json-syntax"},
        {"{\"kind\":\"check\",}", "json-syntax"},
        {"{\"kind\":\"a\\u0000b\"}", "json-syntax"},
        {"{\"kind\":\"\xC3\x28\"}", "json-syntax"},
        {"[]", "field-type"},
        {"null", "field-type"},
        {"\"check\"", "field-type"},
        {"{}", "field-missing"},
        {"{\"kind\":null}", "field-missing"},
        {"{\"kind\":1}", "field-type"},
        {"{\"kind\":[\"check\"]}", "field-type"},
        {"{\"kind\":{\"a\":1}}", "field-type"},
        {"{\"kind\":\"\"}", "field-value"},
        {"{\"kind\":\"format-disk\"}", "field-value"},
        {too_long_kind, "field-value"},
        {too_long_ticket, "field-value"},
        {"{\"kind\":\"check\",\"ticket\":7}", "field-type"},
        {"{\"kind\":\"check\",\"ticket\":true}", "field-type"},
        {"{\"kind\":\"check\",\"token\":[]}", "field-type"},
        {"{\"kind\":\"check\",\"url\":\"https://evil.test\"}", "field-unknown"},
        {"{\"kind\":\"check\",\"library\":\"/tmp/x.so\"}", "field-unknown"},
        {"{\"kind\":\"check\",\"Kind\":\"check\"}", "field-unknown"},
        {"{\"kind\":\"check\",\"kind\":\"renew\"}", "json-duplicate-member"},
        {"{\"kind\":\"check\",\"pin\":\"123456\"}", "pin-in-request"},
        {"{\"kind\":\"check\",\"PIN\":\"123456\"}", "pin-in-request"},
        {"{\"kind\":\"check\",\"password\":\"\"}", "pin-in-request"},
        {"{\"kind\":\"check\",\"ticket\":{\"a\":[{\"Pin\":1}]}}", "pin-in-request"},
        {"{\"a\":[[[[[[[[[[[[[]]]]]]]]]]]]]}", "json-limit"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect(fixture, "POST", "/v1/operations", cases[i].body, 400, cases[i].code);
    assert_false(fixture->ops.exists);
}

static void test_limits_bodies(void **state)
{
    struct fixture *fixture = *state;
    for (int more = -1; more <= 1; more++) {
        size_t length = (size_t)(WEB_BODY_BYTES_MAX + more);
        AUTO(memory_freep) char *body = memory_new(length + 1);
        memset(body, ' ', length);
        memcpy(body, "{\"kind\":\"none\"}", strlen("{\"kind\":\"none\"}"));
        expect(fixture, "POST", "/v1/operations", body, more <= 0 ? 400 : 413,
               more <= 0 ? "field-value" : "too-large");
    }
    AUTO(memory_freep) char *huge = memory_new((1 << 20) + 1);
    memset(huge, ' ', 1 << 20);
    expect(fixture, "POST", "/v1/operations", huge, 413, "too-large");
    assert_int_equal(atomic_load(&fixture->ops.calls), 2);
}

static void add_listed(void *context)
{
    stand_in_add(context, LISTED);
}

static void add_other(void *context)
{
    stand_in_add(context, OTHER_LISTED);
}

static void make_late(void *context)
{
    struct ops *ops = context;
    ops->too_late = true;
}

static void test_shows_only_the_own_operations(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture, "GET", OPERATION, NULL, 404, "operation-unknown");
    fixture_call(fixture, add_other, &fixture->ops);
    expect(fixture, "GET", OPERATION, NULL, 404, "operation-unknown");
    expect(fixture, "GET", OPERATION "?wait=60", NULL, 404, "operation-unknown");
    expect(fixture, "POST", OPERATION "/cancel", "{}", 404, "operation-unknown");
    expect(fixture, "GET", "/v1/operations", NULL, 200, "{\"operations\":[]}");
    fixture_call(fixture, add_listed, &fixture->ops);
    expect(fixture, "GET", OPERATION, NULL, 200,
           "{\"id\":\"" STAND_IN_ID "\",\"version\":7,\"state\":\"running\",\"start\":null}");
}

static void test_cancels(void **state)
{
    struct fixture *fixture = *state;
    fixture_call(fixture, add_listed, &fixture->ops);
    expect(fixture, "POST", OPERATION "/cancel", "{\"why\":1}", 400, "field-unknown");
    expect(fixture, "POST", OPERATION "/cancel", "{\"pin\":1}", 400, "pin-in-request");
    fixture_call(fixture, make_late, &fixture->ops);
    expect(fixture, "POST", OPERATION "/cancel", "{}", 409, "operation-too-late");
    fixture->ops.too_late = false;
    expect(fixture, "POST", OPERATION "/cancel", "{}", 202,
           "{\"id\":\"" STAND_IN_ID "\",\"version\":8,\"state\":\"done\",\"start\":null}");
}

static void test_resumes_and_abandons(void **state)
{
    struct fixture *fixture = *state;
    expect(fixture, "POST", OPERATION "/resume", "{}", 404, "operation-unknown");
    expect(fixture, "POST", OPERATION "/abandon", "{}", 404, "operation-unknown");
    fixture_call(fixture, add_listed, &fixture->ops);
    expect(fixture, "POST", OPERATION "/resume", "{\"why\":1}", 400, "field-unknown");
    expect(fixture, "POST", OPERATION "/resume", "{\"pin\":1}", 400, "pin-in-request");
    expect(fixture, "POST", OPERATION "/abandon", "{\"why\":1}", 400, "field-unknown");
    fixture_call(fixture, make_late, &fixture->ops);
    expect(fixture, "POST", OPERATION "/resume", "{}", 409, "operation-not-resumable");
    expect(fixture, "POST", OPERATION "/abandon", "{}", 409, "operation-too-late");
    fixture->ops.too_late = false;
    expect(fixture, "POST", OPERATION "/resume", "{}", 202,
           "{\"id\":\"" STAND_IN_ID "\",\"version\":7,\"state\":\"running\",\"start\":null}");
    expect(fixture, "POST", OPERATION "/abandon", "{}", 202,
           "{\"id\":\"" STAND_IN_ID "\",\"version\":8,\"state\":\"done\",\"start\":null}");
}

static void test_refuses_bad_addresses(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        int status;
        const char *code;
    } cases[] = {
        {"GET", "/", 404, "not-found"},
        {"GET", "/v1", 404, "not-found"},
        {"GET", "/v1/status/", 404, "not-found"},
        {"GET", "/v1//status", 404, "not-found"},
        {"GET", "/V1/status", 404, "not-found"},
        {"GET", "/v1/operations/../status", 404, "not-found"},
        {"GET", "/v1/operations/..", 404, "not-found"},
        {"GET", "/v1/operations/a%2Fb", 404, "not-found"},
        {"GET", "/v1/operations/a%20b", 404, "not-found"},
        {"POST", "/v1/status", 405, "method-not-allowed"},
        {"PUT", "/v1/status", 405, "method-not-allowed"},
        {"DELETE", OPERATION, 405, "method-not-allowed"},
        {"GET", OPERATION "/cancel", 405, "method-not-allowed"},
        {"GET", "/v1/status?pin=123456", 400, "pin-in-request"},
        {"GET", OPERATION "?password=x", 400, "pin-in-request"},
        {"GET", OPERATION "?wait=", 400, "field-value"},
        {"GET", OPERATION "?wait=-1", 400, "field-value"},
        {"GET", OPERATION "?wait=61", 400, "field-value"},
        {"GET", OPERATION "?wait=1.5", 400, "field-value"},
        {"GET", OPERATION "?wait=100", 400, "field-value"},
        {"GET", OPERATION "?wait=0x1", 400, "field-value"},
        {"GET", "/v1/events", 426, "upgrade-required"},
        {"OPTIONS", "/v1/nothing", 404, "not-found"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        bool has_body = strcmp(cases[i].method, "POST") == 0;
        struct answer answer;
        fixture_ask(*state, LISTED, cases[i].method, cases[i].path, has_body ? "{}" : NULL,
                    &answer);
        AUTO(memory_freep) char *code = fixture_code(&answer);
        assert_string_equal(code, cases[i].code);
        assert_int_equal(answer.status, cases[i].status);
        answer_done(&answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_status_and_tokens, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_starts_an_operation, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_takes_a_platform_from_terminals_only, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(test_refuses_bad_bodies, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_limits_bodies, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_shows_only_the_own_operations, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(test_cancels, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_resumes_and_abandons, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_refuses_bad_addresses, fixture_start, fixture_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
