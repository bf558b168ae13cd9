#include "agent/web/web_events.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <unistd.h>

#include "tests/unit/agent/web/fixture.h"

#define UPGRADE \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

/* origin NULL: a terminal. */
static int open_events(struct fixture *fixture, struct client *client, const char *origin,
                       const char *protocol)
{
    struct answer answer;
    AUTO(memory_freep)
    char *headers =
        origin != NULL ? fixture_headers(fixture, origin) : memory_text("Host: localhost\r\n");
    if (origin != NULL)
        client_tls(client, "127.0.0.1", fixture->https);
    else
        client_unix(client, fixture->socket_path);
    client_say(client, "GET /v1/events HTTP/1.1\r\n%s" UPGRADE "Sec-WebSocket-Protocol: %s\r\n\r\n",
               headers, protocol);
    client_answer(client, &answer);
    int status = answer.status;
    answer_done(&answer);
    return status;
}

static void expect_event(struct client *client, const char *text)
{
    char payload[512];
    size_t length;
    assert_int_equal(client_read_frame(client, payload, sizeof payload, &length), 1);
    assert_string_equal(payload, text);
}

static void tell_keys(void *context)
{
    stand_in_tell(context, OPS_TOKEN_INSERTED, "Reader 0");
    stand_in_tell(context, OPS_TOKEN_REMOVED, "Reader 0");
    stand_in_tell(context, OPS_STATUS_CHANGED, NULL);
}

static void change_listed(void *context)
{
    stand_in_add(context, LISTED);
    stand_in_change(context, false);
}

static void change_terminals(void *context)
{
    stand_in_add(context, NULL);
    stand_in_change(context, false);
}

static void test_tells_of_keys_and_status(void **state)
{
    struct fixture *fixture = *state;
    struct client clients[2];
    assert_int_equal(open_events(fixture, &clients[0], LISTED, "ukeyd.v1"), 101);
    assert_int_equal(open_events(fixture, &clients[1], NULL, "ukeyd.v1"), 101);
    fixture_call(fixture, tell_keys, &fixture->ops);
    for (int i = 0; i < 2; i++) {
        expect_event(&clients[i], "{\"event\":\"token.inserted\",\"reader\":\"Reader 0\"}");
        expect_event(&clients[i], "{\"event\":\"token.removed\",\"reader\":\"Reader 0\"}");
        expect_event(&clients[i], "{\"event\":\"status.changed\",\"status\":{\"agent\":\"ukeyd\","
                                  "\"version\":\"9.8.7\"}}");
        client_close(&clients[i]);
    }
}

/* The event that follows shows that there was none before it. */
static void test_tells_of_operations_only_whom_they_concern(void **state)
{
    struct fixture *fixture = *state;
    struct client own;
    struct client other;
    struct client terminal;
    static const char event[] = "{\"event\":\"operation.changed\",\"operation\":{\"id\":"
                                "\"" STAND_IN_ID "\",\"version\":8,\"state\":\"running\","
                                "\"start\":null}}";
    assert_int_equal(open_events(fixture, &own, LISTED, "ukeyd.v1"), 101);
    assert_int_equal(open_events(fixture, &other, OTHER_LISTED, "ukeyd.v1"), 101);
    assert_int_equal(open_events(fixture, &terminal, NULL, "ukeyd.v1"), 101);
    fixture_call(fixture, change_listed, &fixture->ops);
    expect_event(&own, event);
    expect_event(&terminal, event);
    fixture_call(fixture, change_terminals, &fixture->ops);
    expect_event(&terminal, event);
    fixture_call(fixture, tell_keys, &fixture->ops);
    expect_event(&own, "{\"event\":\"token.inserted\",\"reader\":\"Reader 0\"}");
    expect_event(&other, "{\"event\":\"token.inserted\",\"reader\":\"Reader 0\"}");
    expect_event(&terminal, "{\"event\":\"token.inserted\",\"reader\":\"Reader 0\"}");
    client_close(&own);
    client_close(&other);
    client_close(&terminal);
}

static void test_refuses_before_the_upgrade(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    static const struct {
        const char *origin;
        const char *protocol;
        int status;
    } cases[] = {
        {"https://evil.test", "ukeyd.v1", 403},
        {"null", "ukeyd.v1", 403},
        {LISTED, "ukeyd.v2", 400},
        {LISTED, "xukeyd.v1", 400},
        {LISTED, "chat, ukeyd.v1", 101},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(open_events(fixture, &client, cases[i].origin, cases[i].protocol),
                         cases[i].status);
        client_close(&client);
    }
}

static void test_takes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    char payload[16] = {0};
    size_t length;
    assert_int_equal(open_events(fixture, &client, LISTED, "ukeyd.v1"), 101);
    client_frame(&client, 1, "{}", 2);
    assert_int_equal(client_read_frame(&client, payload, sizeof payload, &length), 8);
    assert_int_equal((uint8_t)payload[0] << 8 | (uint8_t)payload[1], 1008);
    client_close(&client);
}

static void test_limits_sockets(void **state)
{
    struct fixture *fixture = *state;
    struct client clients[WEB_EVENTS_SOCKETS_MAX + 2];
    int count = 0;
    for (int i = 0; i <= WEB_EVENTS_ORIGIN_MAX; i++)
        assert_int_equal(open_events(fixture, &clients[count++], LISTED, "ukeyd.v1"),
                         i < WEB_EVENTS_ORIGIN_MAX ? 101 : 429);
    for (int i = WEB_EVENTS_ORIGIN_MAX; i <= WEB_EVENTS_SOCKETS_MAX; i++)
        assert_int_equal(
            open_events(fixture, &clients[count++], i % 2 ? NULL : OTHER_LISTED, "ukeyd.v1"),
            i < WEB_EVENTS_SOCKETS_MAX ? 101 : 429);
    while (count > 0)
        client_close(&clients[--count]);
    int status = 0;
    for (int i = 0; i < 100 && status != 101; i++, usleep(10000)) {
        status = open_events(fixture, &clients[0], LISTED, "ukeyd.v1");
        client_close(&clients[0]);
    }
    assert_int_equal(status, 101);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tells_of_keys_and_status, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_tells_of_operations_only_whom_they_concern,
                                        fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_refuses_before_the_upgrade, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(test_takes_nothing, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_limits_sockets, fixture_start, fixture_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
