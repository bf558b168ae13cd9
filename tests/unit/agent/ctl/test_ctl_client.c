#include "agent/ctl/ctl_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "tests/unit/agent/ctl/stand_in_agent.h"

static enum err_code ask(const struct ctl_request *request, enum lang lang, struct json **out,
                         struct err *err)
{
    const struct ctl_options options = {.lang = lang};
    struct ctl ctl = stand_in_agent_ctl(&options);
    AUTO(ctl_client_freep) struct ctl_client *client = ctl.client;
    return ctl_client_request(client, request, out, err);
}

static void requests_are_as_documented(void **state)
{
    static const struct stand_in_answer answers[] = {{200, "{\"a\":1}"}, {202, "{\"b\":2}"}};
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *first = NULL;
    AUTO(json_freep) struct json *second = NULL;
    AUTO(json_freep) struct json *body = json_new_object();
    AUTO(memory_freep) char *requests = NULL;
    json_add_text(body, "kind", "check");
    const struct ctl_request get = {"GET", "/v1/status", NULL, 5, 0};
    const struct ctl_request post = {"POST", "/v1/operations", body, 5, 0};
    stand_in_agent_start(answers, ARRAY_SIZE(answers));
    assert_int_equal(ask(&get, LANG_EN, &first, &err), ERR_NONE);
    assert_int_equal(ask(&post, LANG_ZH, &second, &err), ERR_NONE);
    stand_in_agent_stop(&requests);
    assert_non_null(json_member(first, "a"));
    assert_non_null(json_member(second, "b"));
    assert_memory_equal(requests, "GET /v1/status HTTP/1.1\r\n", 25);
    assert_non_null(strstr(requests, "Accept-Language: en\r\n"));
    assert_non_null(strstr(requests, "POST /v1/operations HTTP/1.1\r\n"));
    assert_non_null(strstr(requests, "Accept-Language: zh-CN\r\n"));
    assert_non_null(strstr(requests, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(requests, "\r\n\r\n{\"kind\":\"check\"}"));
    assert_null(strstr(requests, "Origin"));
    assert_null(strstr(requests, "Expect"));
}

/* An answer and what it is for us. */
static const struct {
    struct stand_in_answer answer;
    enum err_code code;
} failures[] = {
    {{409, "{\"code\":\"operation-busy\",\"detail\":\"x\"}"}, ERR_OPERATION_BUSY},
    {{404, "{\"code\":\"operation-unknown\"}"}, ERR_OPERATION_UNKNOWN},
    {{409, "{\"code\":\"of-a-later-version\",\"detail\":\"x\"}"}, ERR_INTERNAL},
    {{500, "{}"}, ERR_INTERNAL},
    {{200, "[]"}, ERR_INTERNAL},
    {{200, "{"}, ERR_INTERNAL},
    {{200, ""}, ERR_INTERNAL},
    {{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"}, ERR_AGENT_UNREACHABLE},
    {{.raw = "nonsense"}, ERR_AGENT_UNREACHABLE},
    {{.raw = ""}, ERR_AGENT_UNREACHABLE},
    {{200, "{}", NULL, 3000}, ERR_DEADLINE},
};

static void each_failure_has_its_code(void **state)
{
    const struct ctl_request request = {"GET", "/v1/status", NULL, 1, 0};
    for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
        struct err err = ERR_INIT;
        struct json *json = NULL;
        stand_in_agent_start(&failures[i].answer, 1);
        enum err_code code = ask(&request, LANG_ZH, &json, &err);
        stand_in_agent_stop(NULL);
        if (code != failures[i].code)
            fail_msg("%zu: %s (%s)", i, err_code_text(code), err.detail);
        assert_null(json);
    }
}

static void nobody_listens(void **state)
{
    struct err err = ERR_INIT;
    struct json *json = NULL;
    AUTO(ctl_client_freep) struct ctl_client *client = NULL;
    const struct ctl_request request = {"GET", "/v1/status", NULL, 1, 0};
    assert_int_equal(ctl_client_new("/nonexistent/ukeyd.sock", LANG_ZH, &client, &err), ERR_NONE);
    assert_int_equal(ctl_client_request(client, &request, &json, &err), ERR_AGENT_UNREACHABLE);
    assert_non_null(strstr(err.detail, "/nonexistent/ukeyd.sock"));
}

static void a_path_too_long_for_a_socket(void **state)
{
    for (int length = 107; length <= 108; length++) {
        struct err err = ERR_INIT;
        AUTO(ctl_client_freep) struct ctl_client *client = NULL;
        AUTO(memory_freep) char *path = memory_printf("/%0*d", length - 1, 7);
        assert_int_equal(ctl_client_new(path, LANG_ZH, &client, &err),
                         length == 107 ? ERR_NONE : ERR_USAGE);
    }
}

static void an_answer_has_a_limit(void **state)
{
    AUTO(memory_freep)
    char *body = memory_printf("{\"a\":\"%0*d\"}", CTL_ANSWER_BYTES_MAX, 7);
    const struct stand_in_answer answer = {200, body};
    struct err err = ERR_INIT;
    struct json *json = NULL;
    const struct ctl_request request = {"GET", "/v1/tokens", NULL, 5, 0};
    stand_in_agent_start(&answer, 1);
    assert_int_equal(ask(&request, LANG_ZH, &json, &err), ERR_INTERNAL);
    stand_in_agent_stop(NULL);
}

static void tries_left_are_kept(void **state)
{
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *problem = json_new_object();
    json_add_text(problem, "code", "pin-wrong");
    ctl_client_problem(problem, &err);
    assert_int_equal(err.code, ERR_PIN_WRONG);
    assert_int_equal(err.tries_left, -1);
    json_add_integer(problem, "tries_left", 3);
    ctl_client_problem(problem, &err);
    assert_int_equal(err.tries_left, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_as_documented),
        cmocka_unit_test(each_failure_has_its_code),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(a_path_too_long_for_a_socket),
        cmocka_unit_test(an_answer_has_a_limit),
        cmocka_unit_test(tries_left_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
