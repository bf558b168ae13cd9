#include "http/http_connection.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <unistd.h>

#include "tests/unit/http/client.h"
#include "tests/unit/http/fixture.h"

#define HOST "Host: localhost\r\n"
/* Deadlines of these tests, and how much later a busy machine may act on them. */
#define SHORT_MS 300
#define SLACK_MS 2000

static int start_with(void **state, struct http_times times)
{
    struct fixture *fixture = memory_new(sizeof *fixture);
    fixture_start(fixture, times, 64);
    *state = fixture;
    return 0;
}

static int start_short_handshake(void **state)
{
    return start_with(state, (struct http_times){.handshake_ms = SHORT_MS});
}

static int start_short_idle(void **state)
{
    return start_with(state, (struct http_times){.idle_ms = SHORT_MS});
}

static int start_short_request(void **state)
{
    return start_with(state, (struct http_times){.request_ms = SHORT_MS});
}

static int start_short_write(void **state)
{
    return start_with(state, (struct http_times){.write_ms = SHORT_MS});
}

static int start_all_short(void **state)
{
    return start_with(state, (struct http_times){SHORT_MS, SHORT_MS, SHORT_MS, SHORT_MS, 0});
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

static void expect_closed_in_time(struct client *client)
{
    int64_t took = client_wait_closed(client);
    assert_in_range(took, SHORT_MS - 50, SHORT_MS + SLACK_MS);
}

static void test_cuts_a_slow_handshake(void **state)
{
    struct fixture *fixture = *state;
    struct client silent;
    struct client partial;
    client_tcp(&silent, "127.0.0.1", fixture->tls_port);
    expect_closed_in_time(&silent);
    client_close(&silent);
    client_tcp(&partial, "127.0.0.1", fixture->tls_port);
    client_send(&partial, "\x16\x03\x01\x02\x00\x01", 6);
    expect_closed_in_time(&partial);
    client_close(&partial);
}

static void test_closes_who_does_not_speak_tls(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    client_tcp(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    assert_in_range(client_wait_closed(&client), 0, SLACK_MS); /* the handshake has 5 s */
    client_close(&client);
    assert_int_equal(atomic_load(&fixture->handled), 0);
}

static void test_closes_idle_connections(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    expect_closed_in_time(&client);
    client_close(&client);
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    expect_status(&client, 200);
    expect_closed_in_time(&client);
    client_close(&client);
    client_unix(&client, fixture->socket_path);
    expect_closed_in_time(&client);
    client_close(&client);
}

/* One byte in a while does not keep the request alive: the deadline is for all of it. */
static bool drip(struct client *client, const char *text, size_t length)
{
    int64_t from = clock_monotonic_ms();
    for (size_t i = 0; i < length; i++) {
        client_send(client, text + i, 1);
        usleep(20000);
        if (clock_monotonic_ms() - from > SHORT_MS + SLACK_MS)
            return false;
    }
    return true;
}

static void test_cuts_a_slow_head(void **state)
{
    static const char head[] = "GET /hello HTTP/1.1\r\n" HOST "X: abcdefghijklmnopqrstuvwxyz";
    struct fixture *fixture = *state;
    for (int plain = 0; plain < 2; plain++) {
        struct client client;
        if (plain)
            client_tcp(&client, "127.0.0.1", fixture->plain_port);
        else
            client_tls(&client, "127.0.0.1", fixture->tls_port);
        assert_true(drip(&client, head, strlen(head)));
        expect_status(&client, 408);
        assert_true(client_wait_closed(&client) >= 0);
        client_close(&client);
    }
    assert_int_equal(atomic_load(&fixture->handled), 0);
}

static void test_cuts_a_slow_body(void **state)
{
    static const char body[] = "0123456789012345678901234567890123456789";
    struct fixture *fixture = *state;
    struct client client;
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 90\r\n\r\n");
    assert_true(drip(&client, body, strlen(body)));
    assert_true(client_wait_closed(&client) >= 0);
    client_close(&client);
    assert_int_equal(atomic_load(&fixture->handled), 0);
}

/* A large body, once it was let in, has the time that a slow line needs. */
static void test_waits_for_a_large_body(void **state)
{
    enum { BODY_BYTES = 1 << 20 };
    struct fixture *fixture = *state;
    struct client client;
    AUTO(bytes_freep) struct bytes *body = bytes_new_size(BODY_BYTES);
    AUTO(memory_freep)
    char *head = memory_printf("POST /large HTTP/1.1\r\n" HOST "Connection: close\r\n"
                               "Content-Length: %d\r\n\r\n",
                               BODY_BYTES);
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "%s", head);
    client_send(&client, body->at, 1000);
    usleep((SHORT_MS + 500) * 1000);
    client_send(&client, body->at, BODY_BYTES - 1000);
    expect_status(&client, 200);
    client_close(&client);
}

static void test_cuts_a_slow_reader(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    uint8_t byte;
    client_unix(&client, fixture->socket_path); /* TCP would buffer all of it */
    client_say(&client, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    usleep((SHORT_MS + 500) * 1000);
    size_t got = 0;
    while (client_read(&client, &byte, 1))
        got++;
    assert_true(got < FIXTURE_BIG_BYTES);
    client_close(&client);
}

/* No deadline runs while the answer is being prepared. */
static void test_waits_for_the_handler(void **state)
{
    struct fixture *fixture = *state;
    struct client waiting;
    struct client other;
    client_tls(&waiting, "127.0.0.1", fixture->tls_port);
    client_say(&waiting, "GET /later HTTP/1.1\r\n" HOST "\r\n");
    fixture_wait_for(&fixture->handled, 1);
    usleep(3 * SHORT_MS * 1000);
    client_tls(&other, "127.0.0.1", fixture->tls_port);
    client_say(&other, "GET /release HTTP/1.1\r\n" HOST "\r\n");
    expect_status(&other, 204);
    expect_status(&waiting, 200);
    client_close(&waiting);
    client_close(&other);
}

static void test_limits_the_head(void **state)
{
    static const char start[] = "GET /hello HTTP/1.1\r\n" HOST "X: ";
    struct fixture *fixture = *state;
    for (int more = -1; more <= 1; more++) {
        struct client client;
        size_t length = (size_t)(HTTP_HEAD_BYTES_MAX + more);
        AUTO(memory_freep) char *head = memory_new(length + 1);
        memset(head, 'x', length);
        memcpy(head, start, strlen(start));
        memcpy(head + length - 4, "\r\n\r\n", 4);
        client_tls(&client, "127.0.0.1", fixture->tls_port);
        client_send(&client, head, length);
        expect_status(&client, more <= 0 ? 200 : 431);
        client_close(&client);
    }
}

/* The engine must have room for what the head check lets through. */
static void test_takes_as_many_fields_as_allowed(void **state)
{
    struct fixture *fixture = *state;
    for (int more = 0; more <= 1; more++) {
        struct client client;
        AUTO(buf_done) struct buf head = BUF_INIT(HTTP_HEAD_BYTES_MAX);
        buf_add_text(&head, "GET /hello HTTP/1.1\r\n" HOST);
        for (int i = 0; i < 99 + more; i++)
            buf_printf(&head, "X-Field-%d: %0140d\r\n", i, i);
        buf_add_text(&head, "\r\n");
        assert_false(head.bad);
        client_tls(&client, "127.0.0.1", fixture->tls_port);
        client_send(&client, head.at, head.len);
        expect_status(&client, more == 0 ? 200 : 431);
        client_close(&client);
    }
}

static void test_takes_a_body_behind_the_largest_head(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    AUTO(buf_done) struct buf head = BUF_INIT(HTTP_HEAD_BYTES_MAX);
    buf_add_text(&head, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n");
    for (int i = 0; i < 97; i++)
        buf_printf(&head, "X-Field-%d: %0140d\r\n", i, i);
    buf_add_text(&head, "Last: ");
    buf_printf(&head, "%0*d\r\n\r\n", (int)(HTTP_HEAD_BYTES_MAX - head.len - 4), 0);
    assert_false(head.bad);
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_send(&client, head.at, head.len);
    client_say(&client, "hello");
    expect_status(&client, 200);
    client_close(&client);
}

static void test_forgets_a_body_that_ends_early(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 50\r\n\r\nonly this");
    client_close(&client);
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    expect_status(&client, 200);
    client_close(&client);
    assert_int_equal(atomic_load(&fixture->handled), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_cuts_a_slow_handshake, start_short_handshake, stop),
        cmocka_unit_test_setup_teardown(test_closes_who_does_not_speak_tls, start_short_idle, stop),
        cmocka_unit_test_setup_teardown(test_closes_idle_connections, start_short_idle, stop),
        cmocka_unit_test_setup_teardown(test_cuts_a_slow_head, start_short_request, stop),
        cmocka_unit_test_setup_teardown(test_cuts_a_slow_body, start_short_request, stop),
        cmocka_unit_test_setup_teardown(test_waits_for_a_large_body, start_short_request, stop),
        cmocka_unit_test_setup_teardown(test_cuts_a_slow_reader, start_short_write, stop),
        cmocka_unit_test_setup_teardown(test_waits_for_the_handler, start_all_short, stop),
        cmocka_unit_test_setup_teardown(test_limits_the_head, start_short_handshake, stop),
        cmocka_unit_test_setup_teardown(test_takes_a_body_behind_the_largest_head,
                                        start_short_handshake, stop),
        cmocka_unit_test_setup_teardown(test_takes_as_many_fields_as_allowed, start_short_handshake,
                                        stop),
        cmocka_unit_test_setup_teardown(test_forgets_a_body_that_ends_early, start_short_handshake,
                                        stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
