#include "agent/web/web_waits.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <unistd.h>

#include "tests/unit/agent/web/fixture.h"

static void add(void *context)
{
    stand_in_add(context, LISTED);
}

static void change(void *context)
{
    stand_in_change(context, false);
}

static void end(void *context)
{
    stand_in_change(context, true);
}

static void begin_wait(const struct fixture *fixture, struct client *client, const char *seconds)
{
    AUTO(memory_freep) char *headers = fixture_headers(fixture, LISTED);
    client_tls(client, "127.0.0.1", fixture->https);
    client_say(client, "GET /v1/operations/" STAND_IN_ID "?wait=%s HTTP/1.1\r\n%s\r\n", seconds,
               headers);
}

static void begin_wait_of_terminal(const struct fixture *fixture, struct client *client)
{
    client_unix(client, fixture->socket_path);
    client_say(client, "GET /v1/operations/" STAND_IN_ID "?wait=60 HTTP/1.1\r\n"
                       "Host: localhost\r\n\r\n");
}

/* A wait has begun when it has asked for the version (1) and whether it is over (2). */
static void await_begun(struct fixture *fixture, int waits)
{
    fixture_wait_for(&fixture->ops.calls, 2 * waits);
}

static void test_answers_at_the_change(void **state)
{
    struct fixture *fixture = *state;
    struct client clients[3];
    struct answer answer;
    fixture_call(fixture, add, &fixture->ops);
    for (int i = 0; i < 3; i++)
        begin_wait(fixture, &clients[i], "60");
    await_begun(fixture, 3);
    fixture_call(fixture, change, &fixture->ops);
    for (int i = 0; i < 3; i++) {
        client_answer(&clients[i], &answer);
        assert_int_equal(answer.status, 200);
        assert_non_null(strstr(answer.body, "\"version\":8"));
        answer_done(&answer);
        client_close(&clients[i]);
    }
}

static void test_answers_when_the_time_is_over(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    fixture_call(fixture, add, &fixture->ops);
    int64_t from = clock_monotonic_ms();
    begin_wait(fixture, &client, "1");
    client_answer(&client, &answer);
    assert_true(clock_monotonic_ms() - from >= 1000);
    assert_non_null(strstr(answer.body, "\"version\":7"));
    answer_done(&answer);
    client_close(&client);
}

static void test_does_not_wait_for_what_is_over(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    fixture_call(fixture, add, &fixture->ops);
    fixture_call(fixture, end, &fixture->ops);
    int64_t from = clock_monotonic_ms();
    begin_wait(fixture, &client, "60");
    client_answer(&client, &answer);
    assert_true(clock_monotonic_ms() - from < 1000);
    assert_non_null(strstr(answer.body, "\"state\":\"done\""));
    answer_done(&answer);
    client_close(&client);
}

static void test_does_not_miss_a_change_between_two_requests(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    fixture_call(fixture, add, &fixture->ops);
    int64_t from = clock_monotonic_ms();
    begin_wait(fixture, &client, "60&version=6");
    client_answer(&client, &answer);
    assert_true(clock_monotonic_ms() - from < 1000);
    assert_non_null(strstr(answer.body, "\"version\":7"));
    answer_done(&answer);
    client_close(&client);
    begin_wait(fixture, &client, "1&version=7");
    client_answer(&client, &answer);
    assert_true(clock_monotonic_ms() - from >= 1000);
    answer_done(&answer);
    client_close(&client);
}

static void test_refuses_a_version_that_is_no_number(void **state)
{
    static const char *const wrong[] = {
        "60&version=", "60&version=-1", "60&version=7x", "60&version=1234567890",
        "61",          "1234567890"};
    struct fixture *fixture = *state;
    fixture_call(fixture, add, &fixture->ops);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct client client;
        struct answer answer;
        begin_wait(fixture, &client, wrong[i]);
        client_answer(&client, &answer);
        assert_int_equal(answer.status, 400);
        answer_done(&answer);
        client_close(&client);
    }
}

static void test_forgets_who_left(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer;
    fixture_call(fixture, add, &fixture->ops);
    for (int i = 1; i <= 3 * WEB_WAITS_MAX; i++) {
        struct client client;
        begin_wait(fixture, &client, "60");
        await_begun(fixture, i);
        client_close(&client);
    }
    usleep(50000);
    struct client client;
    begin_wait(fixture, &client, "60");
    await_begun(fixture, 3 * WEB_WAITS_MAX + 1);
    fixture_call(fixture, change, &fixture->ops);
    client_answer(&client, &answer);
    assert_int_equal(answer.status, 200);
    answer_done(&answer);
    client_close(&client);
}

static void test_limits_those_who_wait(void **state)
{
    struct fixture *fixture = *state;
    struct client clients[WEB_WAITS_MAX + 2];
    struct answer answer;
    int count = 0;
    fixture_call(fixture, add, &fixture->ops);
    for (int i = 0; i <= WEB_WAITS_ORIGIN_MAX; i++) {
        begin_wait(fixture, &clients[count++], "60");
        await_begun(fixture, count);
    }
    for (int i = WEB_WAITS_ORIGIN_MAX; i <= WEB_WAITS_MAX; i++) {
        begin_wait_of_terminal(fixture, &clients[count++]);
        await_begun(fixture, count);
    }
    static const int refused[] = {WEB_WAITS_ORIGIN_MAX, WEB_WAITS_MAX + 1};
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        client_answer(&clients[refused[i]], &answer);
        assert_int_equal(answer.status, 429);
        answer_done(&answer);
    }
    fixture_call(fixture, end, &fixture->ops);
    for (int i = 0; i <= WEB_WAITS_MAX; i++) {
        if (i == WEB_WAITS_ORIGIN_MAX)
            continue;
        client_answer(&clients[i], &answer);
        assert_int_equal(answer.status, 200);
        answer_done(&answer);
    }
    while (count > 0)
        client_close(&clients[--count]);
}

static void test_ends_while_somebody_waits(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    fixture_call(fixture, add, &fixture->ops);
    begin_wait(fixture, &client, "60");
    await_begun(fixture, 1);
    client_close(&client); /* the teardown ends the server at the same time */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers_at_the_change, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_answers_when_the_time_is_over, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(test_does_not_wait_for_what_is_over, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(test_does_not_miss_a_change_between_two_requests,
                                        fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_refuses_a_version_that_is_no_number, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(test_forgets_who_left, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_limits_those_who_wait, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_ends_while_somebody_waits, fixture_start,
                                        fixture_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
