#include "agent/web/web_tokens.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <unistd.h>

#include "tests/unit/agent/web/fixture.h"

static void hold(void *context)
{
    struct ops *ops = context;
    ops->holds_tokens = true;
}

static void finish(void *context)
{
    stand_in_finish_reading(context);
}

static void ask(struct fixture *fixture, struct client *client)
{
    AUTO(memory_freep) char *headers = fixture_headers(fixture, LISTED);
    client_tls(client, "127.0.0.1", fixture->https);
    client_say(client, "GET /v1/tokens HTTP/1.1\r\n%s\r\n", headers);
}

static void expect(struct client *client, int status)
{
    struct answer answer;
    client_answer(client, &answer);
    assert_int_equal(answer.status, status);
    if (status == 200)
        assert_string_equal(answer.body, "{\"tokens\":[\"key\"]}");
    answer_done(&answer);
    client_close(client);
}

static void test_answers_when_the_keys_were_read(void **state)
{
    struct fixture *fixture = *state;
    struct client clients[2];
    fixture_call(fixture, hold, &fixture->ops);
    ask(fixture, &clients[0]);
    ask(fixture, &clients[1]);
    fixture_wait_for(&fixture->ops.readings_begun, 2);
    fixture_call(fixture, finish, &fixture->ops);
    expect(&clients[0], 200);
    expect(&clients[1], 200);
}

static void test_survives_those_who_leave(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    fixture_call(fixture, hold, &fixture->ops);
    ask(fixture, &client);
    fixture_wait_for(&fixture->ops.readings_begun, 1);
    client_close(&client);
    usleep(50000);
    fixture_call(fixture, finish, &fixture->ops);
    ask(fixture, &client);
    fixture_wait_for(&fixture->ops.readings_begun, 2);
    fixture_call(fixture, finish, &fixture->ops);
    expect(&client, 200);
}

static void test_limits_those_who_wait(void **state)
{
    struct fixture *fixture = *state;
    struct client clients[WEB_TOKENS_WAITING_MAX + 1];
    fixture_call(fixture, hold, &fixture->ops);
    for (int i = 0; i < WEB_TOKENS_WAITING_MAX; i++)
        ask(fixture, &clients[i]);
    fixture_wait_for(&fixture->ops.readings_begun, WEB_TOKENS_WAITING_MAX);
    ask(fixture, &clients[WEB_TOKENS_WAITING_MAX]);
    expect(&clients[WEB_TOKENS_WAITING_MAX], 429);
    fixture_call(fixture, finish, &fixture->ops);
    for (int i = 0; i < WEB_TOKENS_WAITING_MAX; i++)
        expect(&clients[i], 200);
}

/* The teardown ends the web side first, the reading after it. */
static void test_may_end_before_the_reading(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    fixture_call(fixture, hold, &fixture->ops);
    ask(fixture, &client);
    fixture_wait_for(&fixture->ops.readings_begun, 1);
    client_close(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers_when_the_keys_were_read, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(test_survives_those_who_leave, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_limits_those_who_wait, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_may_end_before_the_reading, fixture_start,
                                        fixture_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
