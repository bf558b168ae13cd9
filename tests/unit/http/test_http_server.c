#include "http/http_server.h"

/* clang-format off */
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <sys/socket.h>

#include "tests/unit/http/client.h"
#include "tests/unit/http/fixture.h"

#define HOST "Host: localhost\r\n"

static int start(void **state)
{
    struct fixture *fixture = memory_new(sizeof *fixture);
    fixture_start(fixture, (struct http_times){0}, 64);
    *state = fixture;
    return 0;
}

static int stop(void **state)
{
    fixture_stop(*state);
    memory_freep(state);
    return 0;
}

static void expect_status(struct client *client, int status)
{
    struct answer answer;
    client_answer(client, &answer);
    assert_int_equal(answer.status, status);
    answer_done(&answer);
}

static void test_answers_over_tls(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "GET /hello?name=a%%20b HTTP/1.1\r\n" HOST "Accept-Language: en\r\n\r\n");
    client_answer(&client, &answer);
    assert_int_equal(answer.status, 200);
    AUTO(memory_freep)
    char *expected = memory_printf("{\"hello\":\"a b\",\"lang\":\"en\",\"tls\":true,\"port\":%u,"
                                   "\"family\":2,\"own_uid\":false}",
                                   fixture->tls_port);
    assert_string_equal(answer.body, expected);
    AUTO(memory_freep) char *type = answer_header(&answer, "Content-Type");
    AUTO(memory_freep) char *decorated = answer_header(&answer, "X-Decorated");
    assert_string_equal(type, "application/json");
    assert_string_equal(decorated, "yes");
    answer_done(&answer);
    client_close(&client);
}

static void test_a_route_has_a_gate_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    client_tcp(&client, "127.0.0.1", fixture->plain_port);
    client_say(&client, "PUT /gated/a HTTP/1.1\r\n" HOST "X-Key: a\r\nContent-Length: 2\r\n\r\nhi");
    client_answer(&client, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer.body, "behind a gate");
    answer_done(&answer);
    /* Refused without waiting for the body. */
    client_say(&client, "PUT /gated/a HTTP/1.1\r\n" HOST "X-Key: b\r\nContent-Length: 2\r\n\r\n");
    expect_status(&client, 403);
    client_close(&client);
    assert_int_equal(atomic_load(&fixture->handled), 1);
}

static void test_a_file_is_sent_whole(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "GET /file HTTP/1.1\r\n" HOST "\r\n");
    client_answer(&client, &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(answer.body_length, FIXTURE_BIG_BYTES);
    for (size_t i = 0; i < answer.body_length; i++)
        assert_int_equal(answer.body[i], 0);
    answer_done(&answer);
    client_say(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    expect_status(&client, 200);
    client_close(&client);
}

static void test_answers_on_a_unix_socket(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    client_unix(&client, fixture->socket_path);
    client_say(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    client_answer(&client, &answer);
    assert_string_equal(answer.body, "{\"hello\":null,\"lang\":\"zh\",\"tls\":false,\"port\":0,"
                                     "\"family\":1,\"own_uid\":true}");
    answer_done(&answer);
    client_close(&client);
}

static void test_keeps_the_connection(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    for (int i = 0; i < 20; i++) {
        client_say(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
        expect_status(&client, 200);
    }
    client_say(&client, "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    expect_status(&client, 200);
    assert_true(client_wait_closed(&client) >= 0);
    client_close(&client);
    assert_int_equal(atomic_load(&fixture->handled), 21);
}

static void test_remembers_what_handlers_note_of_a_connection(void **state)
{
    struct fixture *fixture = *state;
    static const char *const expected[] = {"first", "again", "again"};
    for (int round = 0; round < 2; round++) {
        struct client client;
        client_tcp(&client, "127.0.0.1", fixture->plain_port);
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
            struct answer answer;
            client_say(&client, "GET /again HTTP/1.1\r\n" HOST "\r\n");
            client_answer(&client, &answer);
            assert_string_equal(answer.body, expected[i]);
            answer_done(&answer);
        }
        client_close(&client);
    }
}

static void test_answers_pipelined_requests_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    for (int i = 0; i < 300; i++)
        client_say(&client, "GET /items/n%d HTTP/1.1\r\n" HOST "\r\n", i);
    for (int i = 0; i < 300; i++) {
        char expected[8];
        snprintf(expected, sizeof expected, "n%d", i);
        client_answer(&client, &answer);
        assert_string_equal(answer.body, expected);
        answer_done(&answer);
    }
    client_close(&client);
}

static void test_takes_a_head_in_single_bytes(void **state)
{
    static const char head[] = "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc";
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    for (size_t i = 0; i + 1 < sizeof head; i++)
        client_send(&client, head + i, 1);
    client_answer(&client, &answer);
    assert_string_equal(answer.body, "abc");
    answer_done(&answer);
    client_close(&client);
}

static void test_limits_the_body_by_route(void **state)
{
    static const struct {
        int length;
        int status;
    } cases[] = {{0, 200},
                 {FIXTURE_ECHO_BYTES_MAX - 1, 200},
                 {FIXTURE_ECHO_BYTES_MAX, 200},
                 {FIXTURE_ECHO_BYTES_MAX + 1, 413},
                 {1 << 20, 413}};
    struct fixture *fixture = *state;
    AUTO(memory_freep) char *body = memory_new(1 << 20);
    memset(body, 'x', 1 << 20);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (int tls = 0; tls < 2; tls++) {
            struct client client;
            if (tls)
                client_tls(&client, "127.0.0.1", fixture->tls_port);
            else
                client_tcp(&client, "127.0.0.1", fixture->plain_port);
            client_say(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n",
                       cases[i].length);
            if (cases[i].length < 1 << 20)
                client_send(&client, body, (size_t)cases[i].length);
            expect_status(&client, cases[i].status);
            client_close(&client);
        }
    assert_int_equal(atomic_load(&fixture->handled), 6);
}

/* The answer must not be lost to a reset while the client still sends. */
static void test_says_413_to_a_client_that_keeps_sending(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    AUTO(memory_freep) char *body = memory_new(1 << 20);
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", 1 << 20);
    client_send(&client, body, 1 << 20);
    expect_status(&client, 413);
    client_close(&client);
}

static void test_takes_a_large_body_and_gives_it_back(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    size_t length = 2 << 20;
    AUTO(memory_freep) char *body = memory_new(length);
    for (size_t i = 0; i < length; i++)
        body[i] = (char)('a' + i % 23);
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "POST /large HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n", length);
    client_send(&client, body, length);
    client_answer(&client, &answer);
    assert_int_equal(answer.body_length, length);
    assert_memory_equal(answer.body, body, length);
    answer_done(&answer);
    client_close(&client);
}

/* Source: RFC 9110 10.1.1. */
static void test_says_whether_to_continue(void **state)
{
    struct fixture *fixture = *state;
    for (int more = 0; more <= 1; more++) {
        struct client client;
        struct answer answer;
        client_tls(&client, "127.0.0.1", fixture->tls_port);
        client_say(&client,
                   "POST /echo HTTP/1.1\r\n" HOST "Expect: 100-continue\r\n"
                   "Content-Length: %d\r\n\r\n",
                   more ? FIXTURE_ECHO_BYTES_MAX + 1 : 3);
        expect_status(&client, more ? 413 : 100);
        if (!more) {
            client_say(&client, "abc");
            client_answer(&client, &answer);
            assert_string_equal(answer.body, "abc");
            answer_done(&answer);
        }
        client_close(&client);
    }
}

static void test_sends_a_large_answer(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "GET /big HTTP/1.1\r\n" HOST "\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n");
    client_answer(&client, &answer);
    assert_int_equal(answer.body_length, FIXTURE_BIG_BYTES);
    answer_done(&answer);
    expect_status(&client, 200);
    client_close(&client);
}

static void test_refuses_with_the_right_status(void **state)
{
    static const struct {
        const char *request;
        int status;
        const char *code;
    } cases[] = {
        {"GET /nothing HTTP/1.1\r\n" HOST "\r\n", 404, "not-found"},
        {"POST /hello HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 405, "method-not-allowed"},
        {"DELETE /echo HTTP/1.1\r\n" HOST "\r\n", 405, "method-not-allowed"},
        {"GET /hello HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 413, "too-large"},
        {"GET /hello HTTP/1.1\r\n" HOST "X-Evil: 1\r\n\r\n", 403, "origin-refused"},
        {"POST /echo HTTP/1.1\r\n" HOST "X-Evil: 1\r\nContent-Length: 1\r\n\r\nx", 403,
         "origin-refused"},
        {"GET /hello HTTP/1.1\r\n" HOST HOST "\r\n", 400, "bad-request"},
        {"GET /hello HTTP/1.1\r\n\r\n", 400, "bad-request"},
        {"GET /hello HTTP/1.1\r\nHost:\r\n\r\n", 400, "bad-request"},
        {"GET /hello HTTP/1.1\n" HOST "\r\n", 400, "bad-request"},
        {"GET /hello HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", 400, "bad-request"},
        {"GET /hello HTTP/1.1\r\nHost : localhost\r\n\r\n", 400, "bad-request"},
        {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
         411, "length-required"},
        {"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 411,
         "length-required"},
        {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400,
         "bad-request"},
        {"BREW /hello HTTP/1.1\r\n" HOST "\r\n", 405, "method-not-allowed"},
        {"GET /hello HTTP/2.0\r\n" HOST "\r\n", 505, "http-version-refused"},
        {"GET /hello%00x HTTP/1.1\r\n" HOST "\r\n", 400, "bad-request"},
        {"POST /json HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 415, "content-type-refused"},
        {"POST /json HTTP/1.1\r\n" HOST "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}",
         415, "content-type-refused"},
        {"POST /json HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
         "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
         415, "content-type-refused"},
        {"POST /json HTTP/1.1\r\n" HOST
         "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{x",
         400, "json-syntax"},
        {"POST /json HTTP/1.1\r\n" HOST
         "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n[]",
         400, "field-type"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct client client;
        struct answer answer;
        struct err err = ERR_INIT;
        client_tls(&client, "127.0.0.1", fixture->tls_port);
        client_say(&client, "%s", cases[i].request);
        client_answer(&client, &answer);
        if (answer.status != cases[i].status)
            print_error("case %zu: %s", i, cases[i].request);
        assert_int_equal(answer.status, cases[i].status);
        AUTO(memory_freep) char *type = answer_header(&answer, "Content-Type");
        assert_string_equal(type, "application/problem+json");
        AUTO(json_freep) struct json *problem = NULL;
        assert_int_equal(json_parse(span_text(answer.body), 8192, &problem, &err), ERR_NONE);
        assert_string_equal(json_text_of(json_member(problem, "code")), cases[i].code);
        answer_done(&answer);
        client_close(&client);
    }
    assert_int_equal(atomic_load(&fixture->handled), 0);
}

static void test_names_the_allowed_methods(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "GET /echo HTTP/1.1\r\n" HOST "\r\n");
    client_answer(&client, &answer);
    AUTO(memory_freep) char *allow = answer_header(&answer, "Allow");
    assert_string_equal(allow, "POST, PUT");
    answer_done(&answer);
    client_close(&client);
}

/* What was refused must not be answered before what came earlier. */
static void test_refuses_in_its_turn(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\nGET /hello HTTP/1.1\r\n" HOST HOST
                        "\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n");
    expect_status(&client, 200);
    expect_status(&client, 400);
    assert_true(client_wait_closed(&client) >= 0);
    client_close(&client);
    assert_int_equal(atomic_load(&fixture->handled), 1);
}

static void test_takes_json(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client,
               "POST /json HTTP/1.1\r\n" HOST "Content-Type: application/json; charset=UTF-8\r\n"
               "Content-Length: 9\r\n\r\n{\"a\": 1 }");
    client_answer(&client, &answer);
    assert_int_equal(answer.status, 201);
    assert_string_equal(answer.body, "{\"a\":1}");
    answer_done(&answer);
    client_close(&client);
}

static void test_answers_later(void **state)
{
    struct fixture *fixture = *state;
    struct client waiting;
    struct client other;
    struct answer answer;
    client_tls(&waiting, "127.0.0.1", fixture->tls_port);
    client_say(&waiting, "POST /later HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}");
    fixture_wait_for(&fixture->handled, 1);
    client_tls(&other, "127.0.0.1", fixture->tls_port);
    client_say(&other, "GET /release HTTP/1.1\r\n" HOST "\r\n");
    expect_status(&other, 204);
    client_answer(&waiting, &answer);
    assert_string_equal(answer.body, "at last");
    answer_done(&answer);
    client_say(&waiting, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    expect_status(&waiting, 200);
    client_close(&other);
    client_close(&waiting);
    assert_int_equal(atomic_load(&fixture->gone), 0);
}

static void leave(struct client *client, int way)
{
    /* More than the server reads, less than the 64 KiB that the system takes: else the end stays here. */
    static const char ahead[3 * HTTP_HEAD_BYTES_MAX] = "GET /hello HTTP/1.1\r\n";
    struct linger reset = {.l_onoff = 1};
    if (way == 1)
        setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (way == 2)
        SSL_shutdown(client->ssl);
    if (way == 3) /* so much ahead that nobody reads the end behind it */
        client_send(client, ahead, sizeof ahead);
    if (way != 2)
        client_close(client);
}

static void test_notices_that_a_waiting_client_left(void **state)
{
    struct fixture *fixture = *state;
    for (int way = 0; way < 4; way++) {
        struct client client;
        if (way == 3)
            client_tcp(&client, "127.0.0.1", fixture->plain_port);
        else
            client_tls(&client, "127.0.0.1", fixture->tls_port);
        client_say(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
        fixture_wait_for(&fixture->handled, way + 1);
        leave(&client, way);
        fixture_wait_for(&fixture->gone, way + 1);
        if (way == 2)
            client_close(&client);
    }
}

/* Half-closed at once: an answer that is there gets sent, one that is not is not waited for. */
static void test_answers_a_half_closed_client(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    client_tcp(&client, "127.0.0.1", fixture->plain_port);
    client_say(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    shutdown(client.fd, SHUT_WR);
    expect_status(&client, 200);
    client_close(&client);
    client_tcp(&client, "127.0.0.1", fixture->plain_port);
    client_say(&client, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    shutdown(client.fd, SHUT_WR);
    assert_true(client_wait_closed(&client) >= 0);
    client_close(&client);
    fixture_wait_for(&fixture->gone, 1);
}

static void test_stops_while_clients_wait(void **state)
{
    struct fixture *fixture = *state;
    struct client waiting;
    struct client idle;
    struct client socket;
    struct answer answer;
    client_tls(&waiting, "127.0.0.1", fixture->tls_port);
    client_say(&waiting, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    client_tcp(&idle, "127.0.0.1", fixture->tls_port);
    client_tls(&socket, "127.0.0.1", fixture->tls_port);
    client_ask_socket(&socket, "/socket", "Sec-WebSocket-Protocol: test.v1\r\n");
    client_answer(&socket, &answer);
    assert_int_equal(answer.status, 101);
    answer_done(&answer);
    fixture_wait_for(&fixture->handled, 1);
    loop_stop(fixture->loop);
    pthread_join(fixture->thread, NULL);
    fixture->running = false;
    http_server_freep(&fixture->server);
    assert_int_equal(atomic_load(&fixture->gone), 1);
    assert_int_equal(atomic_load(&fixture->sockets), 0);
    assert_true(client_wait_closed(&waiting) >= 0);
    client_close(&waiting);
    client_close(&idle);
    client_close(&socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers_over_tls, start, stop),
        cmocka_unit_test_setup_teardown(test_a_route_has_a_gate_of_its_own, start, stop),
        cmocka_unit_test_setup_teardown(test_a_file_is_sent_whole, start, stop),
        cmocka_unit_test_setup_teardown(test_answers_on_a_unix_socket, start, stop),
        cmocka_unit_test_setup_teardown(test_keeps_the_connection, start, stop),
        cmocka_unit_test_setup_teardown(test_remembers_what_handlers_note_of_a_connection, start,
                                        stop),
        cmocka_unit_test_setup_teardown(test_answers_pipelined_requests_in_order, start, stop),
        cmocka_unit_test_setup_teardown(test_takes_a_head_in_single_bytes, start, stop),
        cmocka_unit_test_setup_teardown(test_limits_the_body_by_route, start, stop),
        cmocka_unit_test_setup_teardown(test_says_413_to_a_client_that_keeps_sending, start, stop),
        cmocka_unit_test_setup_teardown(test_takes_a_large_body_and_gives_it_back, start, stop),
        cmocka_unit_test_setup_teardown(test_says_whether_to_continue, start, stop),
        cmocka_unit_test_setup_teardown(test_sends_a_large_answer, start, stop),
        cmocka_unit_test_setup_teardown(test_refuses_with_the_right_status, start, stop),
        cmocka_unit_test_setup_teardown(test_names_the_allowed_methods, start, stop),
        cmocka_unit_test_setup_teardown(test_refuses_in_its_turn, start, stop),
        cmocka_unit_test_setup_teardown(test_takes_json, start, stop),
        cmocka_unit_test_setup_teardown(test_answers_later, start, stop),
        cmocka_unit_test_setup_teardown(test_notices_that_a_waiting_client_left, start, stop),
        cmocka_unit_test_setup_teardown(test_answers_a_half_closed_client, start, stop),
        cmocka_unit_test_setup_teardown(test_stops_while_clients_wait, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
