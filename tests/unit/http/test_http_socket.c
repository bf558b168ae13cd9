#include "http/http_socket.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <unistd.h>

#include "tests/unit/http/client.h"
#include "tests/unit/http/fixture.h"

#define PROTOCOL "Sec-WebSocket-Protocol: test.v1\r\n"
#define TEXT 1
#define BINARY 2
#define CLOSE 8
#define PING 9
#define PONG 10

static int start_with(void **state, struct http_times times)
{
    struct fixture *fixture = memory_new(sizeof *fixture);
    fixture_start(fixture, times, 64);
    *state = fixture;
    return 0;
}

static int start(void **state)
{
    return start_with(state, (struct http_times){.write_ms = 300});
}

static int start_pinging(void **state)
{
    return start_with(state, (struct http_times){.ping_ms = 100});
}

static int stop(void **state)
{
    fixture_stop(*state);
    memory_freep(state);
    return 0;
}

static void open_socket(struct fixture *fixture, struct client *client, bool tls, const char *path)
{
    struct answer answer;
    if (tls)
        client_tls(client, "127.0.0.1", fixture->tls_port);
    else
        client_tcp(client, "127.0.0.1", fixture->plain_port);
    client_ask_socket(client, path, PROTOCOL);
    client_answer(client, &answer);
    assert_int_equal(answer.status, 101);
    AUTO(memory_freep) char *accept = answer_header(&answer, "Sec-WebSocket-Accept");
    AUTO(memory_freep) char *protocol = answer_header(&answer, "Sec-WebSocket-Protocol");
    AUTO(memory_freep) char *connection = answer_header(&answer, "Connection");
    AUTO(memory_freep) char *decorated = answer_header(&answer, "X-Decorated");
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* RFC 6455 1.3 */
    assert_string_equal(protocol, "test.v1");
    assert_string_equal(connection, "Upgrade");
    assert_string_equal(decorated, "yes");
    answer_done(&answer);
}

static void expect_text(struct client *client, const char *text)
{
    char payload[256];
    size_t length;
    assert_int_equal(client_read_frame(client, payload, sizeof payload, &length), TEXT);
    assert_string_equal(payload, text);
}

/* The server says code, and then closes. */
static void expect_close(struct fixture *fixture, struct client *client, int code)
{
    char payload[256] = {0};
    size_t length = 0;
    assert_int_equal(client_read_frame(client, payload, sizeof payload, &length), CLOSE);
    assert_true(length >= 2);
    assert_int_equal((uint8_t)payload[0] << 8 | (uint8_t)payload[1], code);
    client_frame(client, CLOSE, payload, 2);
    assert_true(client_wait_closed(client) >= 0);
    fixture_wait_for(&fixture->sockets, 0);
}

static void test_echoes(void **state)
{
    struct fixture *fixture = *state;
    for (int tls = 0; tls < 2; tls++) {
        struct client client;
        open_socket(fixture, &client, tls, "/socket");
        expect_text(&client, "welcome");
        client_frame(&client, TEXT, "你好", strlen("你好"));
        expect_text(&client, "你好");
        for (int i = 0; i < 50; i++)
            client_frame(&client, TEXT, "again", 5);
        for (int i = 0; i < 50; i++)
            expect_text(&client, "again");
        client_close(&client);
        fixture_wait_for(&fixture->sockets, 0);
    }
}

static void test_answers_pings(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    char payload[16];
    size_t length;
    open_socket(fixture, &client, true, "/socket");
    expect_text(&client, "welcome");
    client_frame(&client, PING, "abc", 3);
    assert_int_equal(client_read_frame(&client, payload, sizeof payload, &length), PONG);
    assert_string_equal(payload, "abc");
    client_close(&client);
}

static void test_limits_messages(void **state)
{
    struct fixture *fixture = *state;
    AUTO(memory_freep) char *text = memory_new(HTTP_SOCKET_MESSAGE_BYTES_MAX + 2);
    memset(text, 'm', HTTP_SOCKET_MESSAGE_BYTES_MAX + 1);
    for (int more = -1; more <= 1; more++) {
        struct client client;
        size_t length = (size_t)(HTTP_SOCKET_MESSAGE_BYTES_MAX + more);
        size_t got;
        AUTO(memory_freep) char *back = memory_new(HTTP_SOCKET_MESSAGE_BYTES_MAX + 2);
        open_socket(fixture, &client, true, "/socket");
        expect_text(&client, "welcome");
        client_frame(&client, TEXT, text, length);
        if (more <= 0) {
            assert_int_equal(
                client_read_frame(&client, back, HTTP_SOCKET_MESSAGE_BYTES_MAX + 2, &got), TEXT);
            assert_int_equal(got, length);
        } else {
            expect_close(fixture, &client, 1009);
        }
        client_close(&client);
    }
}

static void test_refuses_what_is_not_text(void **state)
{
    static const struct {
        const char *path;
        uint8_t opcode;
        const char *payload;
        int code;
    } cases[] = {
        {"/socket", BINARY, "abc", 1003},
        {"/socket", TEXT, "\xC3\x28", 1007},
        {"/socket", 3, "x", 1002},
        {"/deaf", TEXT, "x", 1008},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct client client;
        open_socket(fixture, &client, true, cases[i].path);
        if (strcmp(cases[i].path, "/socket") == 0)
            expect_text(&client, "welcome");
        client_frame(&client, cases[i].opcode, cases[i].payload, strlen(cases[i].payload));
        expect_close(fixture, &client, cases[i].code);
        client_close(&client);
    }
}

/* A frame from a client must be masked. Source: RFC 6455 5.1. */
static void test_refuses_an_unmasked_frame(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    open_socket(fixture, &client, true, "/socket");
    expect_text(&client, "welcome");
    client_send(&client, "\x81\x01x", 3);
    assert_true(client_wait_closed(&client) >= 0);
    fixture_wait_for(&fixture->sockets, 0);
    client_close(&client);
}

static void test_closes_when_the_client_asks(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    open_socket(fixture, &client, true, "/socket");
    expect_text(&client, "welcome");
    client_frame(&client, CLOSE, "\x03\xE8", 2);
    expect_close(fixture, &client, 1000);
    client_close(&client);
}

static void test_closes_when_the_server_wants(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    open_socket(fixture, &client, true, "/socket");
    expect_text(&client, "welcome");
    client_frame(&client, TEXT, "close", 5);
    expect_close(fixture, &client, 1000);
    client_close(&client);
}

static void test_notices_every_way_of_leaving(void **state)
{
    struct fixture *fixture = *state;
    for (int way = 0; way < 4; way++) {
        struct client client;
        struct linger reset = {.l_onoff = 1};
        open_socket(fixture, &client, way != 3, "/socket");
        expect_text(&client, "welcome");
        assert_int_equal(atomic_load(&fixture->sockets), 1);
        if (way == 1)
            setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        if (way >= 2)
            shutdown(client.fd, SHUT_WR);
        else
            client_close(&client);
        fixture_wait_for(&fixture->sockets, 0);
        if (way >= 2)
            client_close(&client);
    }
}

static void test_closes_at_silence(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    char payload[16];
    size_t length;
    open_socket(fixture, &client, true, "/deaf");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(client_read_frame(&client, payload, sizeof payload, &length), PING);
        client_frame(&client, PONG, "", 0);
    }
    assert_int_equal(client_read_frame(&client, payload, sizeof payload, &length), PING);
    assert_true(client_wait_closed(&client) >= 0); /* this one was not answered */
    fixture_wait_for(&fixture->sockets, 0);
    client_close(&client);
}

static void test_closes_a_slow_reader(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    open_socket(fixture, &client, true, "/socket");
    client_frame(&client, TEXT, "flood", 5);
    client_frame(&client, TEXT, "flood", 5);
    fixture_wait_for(&fixture->sockets, 0);
    client_close(&client);
}

/* Pongs that nobody reads must not pile up. */
static void test_survives_a_flood_of_pings(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct client other;
    struct answer answer;
    AUTO(buf_done) struct buf frames = BUF_INIT(1 << 20);
    for (int i = 0; i < 10000; i++)
        buf_add(&frames, span_of("\x89\x80"
                                 "abcd",
                                 6));
    open_socket(fixture, &client, false, "/deaf");
    for (int i = 0; i < 200 && atomic_load(&fixture->sockets) > 0; i++)
        send(client.fd, frames.at, frames.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    client_tls(&other, "127.0.0.1", fixture->tls_port);
    client_say(&other, "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client_answer(&other, &answer);
    assert_int_equal(answer.status, 200);
    answer_done(&answer);
    client_close(&other);
    fixture_wait_for(&fixture->sockets, 0);
    client_close(&client);
}

static void test_refuses_bad_upgrades(void **state)
{
    static const struct {
        const char *headers;
        int status;
    } cases[] = {
        {"", 426},
        {"Upgrade: websocket\r\n", 426},
        {"Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" PROTOCOL,
         426},
        {"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" PROTOCOL,
         426},
        {"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" PROTOCOL,
         400},
        {"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n" PROTOCOL,
         400},
        {"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
         400},
        {"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: other\r\n",
         400},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct client client;
        struct answer answer;
        client_tls(&client, "127.0.0.1", fixture->tls_port);
        client_say(&client, "GET /socket HTTP/1.1\r\nHost: localhost\r\n%s\r\n", cases[i].headers);
        client_answer(&client, &answer);
        assert_int_equal(answer.status, cases[i].status);
        answer_done(&answer);
        client_close(&client);
    }
    assert_int_equal(atomic_load(&fixture->sockets), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_echoes, start, stop),
        cmocka_unit_test_setup_teardown(test_answers_pings, start, stop),
        cmocka_unit_test_setup_teardown(test_limits_messages, start, stop),
        cmocka_unit_test_setup_teardown(test_refuses_what_is_not_text, start, stop),
        cmocka_unit_test_setup_teardown(test_refuses_an_unmasked_frame, start, stop),
        cmocka_unit_test_setup_teardown(test_closes_when_the_client_asks, start, stop),
        cmocka_unit_test_setup_teardown(test_closes_when_the_server_wants, start, stop),
        cmocka_unit_test_setup_teardown(test_notices_every_way_of_leaving, start, stop),
        cmocka_unit_test_setup_teardown(test_closes_at_silence, start_pinging, stop),
        cmocka_unit_test_setup_teardown(test_closes_a_slow_reader, start, stop),
        cmocka_unit_test_setup_teardown(test_survives_a_flood_of_pings, start, stop),
        cmocka_unit_test_setup_teardown(test_refuses_bad_upgrades, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
