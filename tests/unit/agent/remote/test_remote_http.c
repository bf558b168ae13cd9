#include "agent/remote/remote_http.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "tests/unit/agent/remote/platform_server.h"

/* Long enough for one answer, too short for a pause and another attempt. */
#define ONE_ATTEMPT_MS 900
/* For what ends by itself at the first attempt, however slow the machine is. */
#define PATIENT_MS 20000
#define TICKET "{\"hello\": 1}"

static enum err_code exchange(const struct remote_call *call, const char *ticket,
                              struct remote_answer *out, struct err *err)
{
    AUTO(json_freep) struct json *body = json_new_object();
    json_add_text(body, "ticket", ticket);
    const struct remote_exchange request = {"POST", "/jobs", PLATFORM_JOB_SECRET, body};
    return remote_http_exchange(call, &request, out, err);
}

static void a_good_answer(void **state)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    struct remote_call call = platform_server_call(platform_server_ports()->good, "say-once", 5000);
    assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_NONE);
    assert_int_equal(answer.status, 200);
    assert_non_null(json_member(answer.json, "hello"));
    json_free(answer.json);
    AUTO(bytes_freep) struct bytes *log = platform_server_requests("say-once");
    assert_string_equal((const char *)log->at,
                        "POST /say-once/agent/v1/jobs Bearer " PLATFORM_JOB_SECRET
                        " {\"ticket\":\"{\\\"hello\\\": 1}\"}\n");
}

/* What each misbehaviour is for us; all come at the first attempt. */
static const struct {
    const char *mode;
    enum err_code code;
    long foreign;
} failures[] = {
    {"html-200", ERR_PLATFORM_ANSWER, 200},
    {"html-404", ERR_PLATFORM_ANSWER, 404},
    {"html-500", ERR_PLATFORM_FAILED, 500},
    {"html-503", ERR_PLATFORM_FAILED, 503},
    {"status-204", ERR_PLATFORM_ANSWER, 204},
    {"status-400", ERR_PLATFORM_REFUSED, 400},
    {"status-401", ERR_PLATFORM_REFUSED, 401},
    {"status-407", ERR_PLATFORM_PROXY, 407},
    {"status-429", ERR_PLATFORM_FAILED, 429},
    {"status-500", ERR_PLATFORM_FAILED, 500},
    {"status-504", ERR_PLATFORM_TIMEOUT, 504},
    {"code-ticket-used", ERR_TICKET_USED, 409},
    {"code-order-not-approved", ERR_ORDER_NOT_APPROVED, 409},
    {"code-pin-locked", ERR_PLATFORM_REFUSED, 409}, /* not for a platform to say */
    {"code-none", ERR_PLATFORM_REFUSED, 409},
    {"redirect", ERR_PLATFORM_ANSWER, 307},
    {"truncated", ERR_PLATFORM_ANSWER, 18},
    {"text", ERR_PLATFORM_ANSWER, 200},
    {"untyped", ERR_PLATFORM_ANSWER, 200},
    {"padded-1", ERR_PLATFORM_ANSWER, 63},
    {"chunked", ERR_PLATFORM_ANSWER, 23},
    {"drop", ERR_PLATFORM_UNREACHABLE, 52},
    {"busylong", ERR_PLATFORM_FAILED, 503},
};

static void each_failure_has_its_code(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
        struct err err = ERR_INIT;
        struct remote_answer answer;
        struct remote_call call =
            platform_server_call(platform_server_ports()->good, failures[i].mode, ONE_ATTEMPT_MS);
        enum err_code code = exchange(&call, TICKET, &answer, &err);
        if (code != failures[i].code || err.foreign != failures[i].foreign)
            fail_msg("%s: %s (%s)", failures[i].mode, err_code_text(code), err.detail);
        assert_int_equal(platform_server_count(failures[i].mode), 1);
        assert_null(strstr(err.detail, PLATFORM_JOB_SECRET));
    }
}

static void who_wants_to_be_asked_later_is_passed_on(void **state)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    int retry_after_s = -1;
    struct remote_call call =
        platform_server_call(platform_server_ports()->good, "busylong", ONE_ATTEMPT_MS);
    call.retry_after_s = &retry_after_s;
    assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_PLATFORM_FAILED);
    assert_int_equal(retry_after_s, 100);
    call = platform_server_call(platform_server_ports()->good, "status-500", ONE_ATTEMPT_MS);
    call.retry_after_s = &retry_after_s;
    assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_PLATFORM_FAILED);
    assert_int_equal(retry_after_s, 0);
}

static void redirects_are_not_followed(void **state)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    int before = platform_server_count("say");
    struct remote_call call =
        platform_server_call(platform_server_ports()->good, "redirect", ONE_ATTEMPT_MS);
    assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_PLATFORM_ANSWER);
    assert_int_equal(platform_server_count("say"), before);
}

static void the_platforms_words_are_cleaned_and_cut(void **state)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    struct remote_call call =
        platform_server_call(platform_server_ports()->good, "code-ticket-expired", ONE_ATTEMPT_MS);
    assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_TICKET_EXPIRED);
    assert_non_null(strstr(err.detail, "the platform says: order 4711 长长"));
    /* "order 4711 " is 11 bytes, so that the limit of 160 falls inside a character of three. */
    assert_non_null(strstr(err.detail, "长 < POST"));
}

static void the_largest_answer_is_read(void **state)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    struct remote_call call = platform_server_call(platform_server_ports()->good, "padded-0", 5000);
    assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_NONE);
    json_free(answer.json);
}

static void an_answer_that_is_cut_inside_its_json(void **state)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    struct remote_call call = platform_server_call(platform_server_ports()->good, "say", 5000);
    assert_int_equal(exchange(&call, "{\"hello\": ", &answer, &err), ERR_PLATFORM_ANSWER);
}

static void a_request_too_large_is_not_sent(void **state)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    AUTO(memory_freep) char *ticket = memory_printf("%065536d", 7);
    struct remote_call call =
        platform_server_call(platform_server_ports()->good, "status-299", ONE_ATTEMPT_MS);
    assert_int_equal(exchange(&call, ticket, &answer, &err), ERR_HTTP_TOO_LARGE);
    assert_int_equal(platform_server_count("status-299"), 0);
}

static void a_dropped_request_is_repeated_with_the_same_bytes(void **state)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    struct remote_call call = platform_server_call(platform_server_ports()->good, "droponce", 5000);
    assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_NONE);
    json_free(answer.json);
    assert_int_equal(platform_server_count("droponce"), 2);
    AUTO(bytes_freep) struct bytes *log = platform_server_requests("droponce");
    size_t half = log->len / 2;
    assert_memory_equal(log->at, log->at + half, half);
}

static void what_is_sent_once_is_not_repeated(void **state)
{
    static const char *const modes[] = {"drop-1", "busyonce-1", "status-503", "truncated-1"};
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        struct err err = ERR_INIT;
        struct remote_answer answer;
        AUTO(json_freep) struct json *body = json_new_object();
        json_add_text(body, "ticket", TICKET);
        const struct remote_exchange request = {
            .method = "POST", .path = "/jobs", .body = body, .once = true};
        struct remote_call call =
            platform_server_call(platform_server_ports()->good, modes[i], 5000);
        int64_t begin = clock_monotonic_ms();
        assert_true(remote_http_exchange(&call, &request, &answer, &err) != ERR_NONE);
        assert_in_range(clock_monotonic_ms() - begin, 0, 900);
        assert_int_equal(platform_server_count(modes[i]), 1);
    }
}

static void a_limit_can_be_raised_for_one_request(void **state)
{
    for (int more = -1; more <= 1; more++) {
        struct err err = ERR_INIT;
        AUTO(remote_answer_done) struct remote_answer answer = {0};
        AUTO(json_freep) struct json *body = json_new_object();
        AUTO(memory_freep) char *mode = memory_printf("padded-%d", 1000 + more);
        json_add_text(body, "ticket", TICKET);
        const struct remote_exchange request = {
            .method = "PUT", .path = "/x", .body = body, .body_bytes_max = 65536 + 1000};
        struct remote_call call = platform_server_call(platform_server_ports()->good, mode, 5000);
        assert_int_equal(remote_http_exchange(&call, &request, &answer, &err),
                         more <= 0 ? ERR_NONE : ERR_PLATFORM_ANSWER);
    }
}

static void retry_after_is_kept(void **state)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    int64_t begin = clock_monotonic_ms();
    struct remote_call call = platform_server_call(platform_server_ports()->good, "busyonce", 5000);
    assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_NONE);
    json_free(answer.json);
    assert_int_equal(platform_server_count("busyonce"), 2);
    assert_in_range(clock_monotonic_ms() - begin, 1000, 2500);
}

static void the_deadline_is_kept(void **state)
{
    static const char *const modes[] = {"slow", "drip"};
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        struct err err = ERR_INIT;
        struct remote_answer answer;
        int64_t begin = clock_monotonic_ms();
        struct remote_call call =
            platform_server_call(platform_server_ports()->good, modes[i], 400);
        assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_PLATFORM_TIMEOUT);
        assert_in_range(clock_monotonic_ms() - begin, 395, 700);
    }
}

static void *cancel_soon(void *context)
{
    usleep(200000);
    cancel_request(context);
    return NULL;
}

/* Both while an answer is awaited and in the pause before the next attempt. */
static void a_cancellation_is_heard_at_once(void **state)
{
    static const char *const modes[] = {"slow", "drop"};
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        struct err err = ERR_INIT;
        struct remote_answer answer;
        AUTO(cancel_freep) struct cancel *cancel = NULL;
        assert_int_equal(cancel_new(&cancel, &err), ERR_NONE);
        struct remote_call call =
            platform_server_call(platform_server_ports()->good, modes[i], 5000);
        call.cancel = cancel;
        pthread_t thread;
        int64_t begin = clock_monotonic_ms();
        assert_int_equal(pthread_create(&thread, NULL, cancel_soon, cancel), 0);
        assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_CANCELLED);
        assert_in_range(clock_monotonic_ms() - begin, 200, 300);
        pthread_join(thread, NULL);
        assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_CANCELLED);
    }
}

static void who_can_not_prove_itself_is_refused(void **state)
{
    const struct platform_ports *ports = platform_server_ports();
    const struct {
        int port;
        enum err_code code;
    } cases[] = {
        {ports->wrong_host, ERR_PLATFORM_TLS},     {ports->stranger, ERR_PLATFORM_TLS},
        {ports->old_tls, ERR_PLATFORM_TLS},        {ports->handshake_cut, ERR_PLATFORM_UNREACHABLE},
        {ports->closed, ERR_PLATFORM_UNREACHABLE},
    };
    int before = platform_server_count("say");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        struct remote_answer answer;
        struct remote_call call = platform_server_call(cases[i].port, "say", ONE_ATTEMPT_MS);
        enum err_code code = exchange(&call, TICKET, &answer, &err);
        if (code != cases[i].code)
            fail_msg("%zu: %s (%s)", i, err_code_text(code), err.detail);
    }
    assert_int_equal(platform_server_count("say"), before);
}

static void only_the_configured_roots_count(void **state)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    struct remote_call call =
        platform_server_call(platform_server_ports()->good, "say", PATIENT_MS);
    struct remote_platform platform = *call.platform;
    call.platform = &platform;
    platform.ca_file = NULL;
    assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_PLATFORM_TLS);
    platform.ca_file = "/nonexistent/ca.pem";
    assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_CONFIG);
}

static void a_proxy_that_refuses(void **state)
{
    const struct platform_ports *ports = platform_server_ports();
    const struct {
        int port;
        enum err_code code;
    } cases[] = {{ports->proxy_407, ERR_PLATFORM_PROXY},
                 {ports->proxy_502, ERR_PLATFORM_UNREACHABLE}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        struct remote_answer answer;
        struct remote_call call = platform_server_call(ports->good, "say", ONE_ATTEMPT_MS);
        struct remote_platform platform = *call.platform;
        AUTO(memory_freep) char *proxy = memory_printf("http://127.0.0.1:%d", cases[i].port);
        platform.proxy = proxy;
        call.platform = &platform;
        enum err_code code = exchange(&call, TICKET, &answer, &err);
        if (code != cases[i].code)
            fail_msg("%zu: %s (%s)", i, err_code_text(code), err.detail);
        assert_null(strstr(err.detail, PLATFORM_JOB_SECRET));
    }
}

/* A domain's proxy offers Kerberos too, which takes no password, and whose tickets the sandbox keeps away. */
static void a_password_goes_to_a_proxy_that_would_rather_have_a_ticket(void **state)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    struct remote_call call =
        platform_server_call(platform_server_ports()->good, "say", ONE_ATTEMPT_MS);
    struct remote_platform platform = *call.platform;
    AUTO(memory_freep)
    char *proxy =
        memory_printf("http://li:geheim@127.0.0.1:%d", platform_server_ports()->proxy_choice);
    platform.proxy = proxy;
    call.platform = &platform;
    if (exchange(&call, TICKET, &answer, &err) != ERR_PLATFORM_UNREACHABLE)
        fail_msg("it did not log in: %s (%s)", err_code_text(err.code), err.detail);
}

static void a_proxy_that_is_no_address_is_not_quoted(void **state)
{
    static const char *const proxies[] = {
        "htp://li:geheim@127.0.0.1:1", "http://li:ge#heim@127.0.0.1:1", "li:ge heim@127.0.0.1:1"};
    for (size_t i = 0; i < ARRAY_SIZE(proxies); i++) {
        struct err err = ERR_INIT;
        struct remote_answer answer;
        struct remote_call call =
            platform_server_call(platform_server_ports()->good, "say", ONE_ATTEMPT_MS);
        struct remote_platform platform = *call.platform;
        platform.proxy = proxies[i];
        call.platform = &platform;
        assert_int_not_equal(exchange(&call, TICKET, &answer, &err), ERR_NONE);
        assert_null(strstr(err.detail, "heim"));
    }
}

static void the_environments_proxy_is_used_unless_configured(void **state)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    AUTO(memory_freep)
    char *proxy = memory_printf("http://127.0.0.1:%d", platform_server_ports()->proxy_407);
    setenv("https_proxy", proxy, 1);
    struct remote_call call = platform_server_call(platform_server_ports()->good, "say", 5000);
    assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_NONE);
    json_free(answer.json);
    struct remote_platform platform = *call.platform;
    platform.proxy = NULL;
    call.platform = &platform;
    assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_PLATFORM_PROXY);
    unsetenv("https_proxy");
}

static void only_https(void **state)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    struct remote_call call =
        platform_server_call(platform_server_ports()->good, "say", ONE_ATTEMPT_MS);
    struct remote_platform platform = *call.platform;
    platform.base_url = "http://127.0.0.1:1/agent/v1";
    call.platform = &platform;
    assert_int_equal(exchange(&call, TICKET, &answer, &err), ERR_CONFIG);
}

static void pauses_double_and_stop_growing(void **state)
{
    static const int least[] = {1000, 2000, 4000, 4000, 4000};
    for (int attempt = 1; attempt <= 5; attempt++) {
        int pause = least[attempt - 1];
        assert_int_equal(remote_http_pause_ms(attempt, 0, 0), pause);
        for (unsigned random = 0; random < 100000; random += 77)
            assert_in_range(remote_http_pause_ms(attempt, 0, random), pause, pause * 5 / 4);
    }
    assert_int_equal(remote_http_pause_ms(1000000, 0, 0), 4000);
    assert_int_equal(remote_http_pause_ms(1, 7, 0), 7000);
    assert_in_range(remote_http_pause_ms(1, 3600, 4000000000u), 3600000, 3601000);
}

static void *call_once(void *context)
{
    struct err err = ERR_INIT;
    struct remote_answer answer;
    if (exchange(context, TICKET, &answer, &err) == ERR_NONE)
        json_free(answer.json);
    return err.code == ERR_NONE ? NULL : context;
}

static void calls_run_side_by_side(void **state)
{
    pthread_t threads[8];
    struct remote_call call = platform_server_call(platform_server_ports()->good, "say", 5000);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_once, &call), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_run_side_by_side), /* first: they race to load libcurl */
        cmocka_unit_test(each_failure_has_its_code),
        cmocka_unit_test(who_wants_to_be_asked_later_is_passed_on),
        cmocka_unit_test(redirects_are_not_followed),
        cmocka_unit_test(the_platforms_words_are_cleaned_and_cut),
        cmocka_unit_test(the_largest_answer_is_read),
        cmocka_unit_test(an_answer_that_is_cut_inside_its_json),
        cmocka_unit_test(a_request_too_large_is_not_sent),
        cmocka_unit_test(a_dropped_request_is_repeated_with_the_same_bytes),
        cmocka_unit_test(what_is_sent_once_is_not_repeated),
        cmocka_unit_test(a_limit_can_be_raised_for_one_request),
        cmocka_unit_test(retry_after_is_kept),
        cmocka_unit_test(the_deadline_is_kept),
        cmocka_unit_test(a_cancellation_is_heard_at_once),
        cmocka_unit_test(who_can_not_prove_itself_is_refused),
        cmocka_unit_test(only_the_configured_roots_count),
        cmocka_unit_test(a_proxy_that_refuses),
        cmocka_unit_test(a_password_goes_to_a_proxy_that_would_rather_have_a_ticket),
        cmocka_unit_test(a_proxy_that_is_no_address_is_not_quoted),
        cmocka_unit_test(the_environments_proxy_is_used_unless_configured),
        cmocka_unit_test(only_https),
        cmocka_unit_test(pauses_double_and_stop_growing),
        cmocka_unit_test(a_good_answer),
    };
    if (argc != 2)
        return 99;
    platform_server_start(argv[1]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    platform_server_stop();
    return failed;
}
