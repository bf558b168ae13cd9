#include "http/http_front.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

#include "http/http_identity.h"
#include "tests/unit/http/client.h"
#include "tests/unit/http/fixture.h"

#define HOST "Host: localhost\r\n"
#define LIMIT 4

static int start(void **state)
{
    struct fixture *fixture = memory_new(sizeof *fixture);
    fixture_start(fixture, (struct http_times){0}, LIMIT);
    *state = fixture;
    return 0;
}

static int stop(void **state)
{
    fixture_stop(*state);
    memory_freep(state);
    return 0;
}

static void expect_hello(const struct fixture *fixture)
{
    struct client client;
    struct answer answer;
    client_tls(&client, "127.0.0.1", fixture->tls_port);
    client_say(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    client_answer(&client, &answer);
    assert_int_equal(answer.status, 200);
    answer_done(&answer);
    client_close(&client);
}

static void test_idle_ones_make_room(void **state)
{
    struct fixture *fixture = *state;
    struct client idle[3 * LIMIT];
    for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
        client_tcp(&idle[i], "127.0.0.1", i % 2 ? fixture->tls_port : fixture->plain_port);
    int64_t from = clock_monotonic_ms();
    expect_hello(fixture);
    assert_true(clock_monotonic_ms() - from < 3000); /* they are idle for 10 s */
    assert_true(client_wait_closed(&idle[0]) >= 0); /* the oldest had to go */
    for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
        client_close(&idle[i]);
}

static void test_busy_ones_make_others_wait(void **state)
{
    struct fixture *fixture = *state;
    struct client busy[LIMIT];
    struct client late;
    struct answer answer;
    for (int i = 0; i < LIMIT; i++) {
        client_tls(&busy[i], "127.0.0.1", fixture->tls_port);
        client_say(&busy[i], "GET /later HTTP/1.1\r\n" HOST "\r\n");
        fixture_wait_for(&fixture->handled, i + 1);
    }
    client_tcp(&late, "127.0.0.1", fixture->plain_port);
    client_say(&late, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    usleep(100000);
    assert_int_equal(atomic_load(&fixture->handled), LIMIT); /* it waits in the backlog */
    assert_int_equal(atomic_load(&fixture->gone), 0);
    client_close(&busy[0]);
    client_answer(&late, &answer);
    assert_int_equal(answer.status, 200);
    answer_done(&answer);
    client_close(&late);
    for (int i = 1; i < LIMIT; i++)
        client_close(&busy[i]);
}

static void answer_the_last(void *context)
{
    struct fixture *fixture = context;
    http_reply_empty(TAKE(fixture->later), 204);
}

/* A busy one that was answered and stays connected is idle again. */
static void test_answered_ones_make_room(void **state)
{
    struct fixture *fixture = *state;
    struct client busy[LIMIT];
    struct answer answer;
    for (int i = 0; i < LIMIT; i++) {
        client_tls(&busy[i], "127.0.0.1", fixture->tls_port);
        client_say(&busy[i], "GET /later HTTP/1.1\r\n" HOST "\r\n");
        fixture_wait_for(&fixture->handled, i + 1);
    }
    loop_post(fixture->loop, answer_the_last, fixture);
    client_answer(&busy[LIMIT - 1], &answer);
    assert_int_equal(answer.status, 204);
    answer_done(&answer);
    expect_hello(fixture);
    for (int i = 0; i < LIMIT; i++)
        client_close(&busy[i]);
}

/* Their time is not over before the test's. */
static int start_patient(void **state)
{
    struct fixture *fixture = memory_new(sizeof *fixture);
    fixture_start(fixture, (struct http_times){.request_ms = 600000, .write_ms = 600000}, LIMIT);
    *state = fixture;
    return 0;
}

static void check_room_beside(struct fixture *fixture, const char *request)
{
    struct client slow[LIMIT];
    for (size_t i = 0; i < LIMIT; i++) {
        client_tls(&slow[i], "127.0.0.1", fixture->tls_port);
        client_say(&slow[i], "%s", request);
    }
    usleep(200000); /* all have settled, and none is idle */
    expect_hello(fixture);
    for (size_t i = 0; i < LIMIT; i++)
        client_close(&slow[i]);
}

static void test_bodies_that_do_not_come_make_room(void **state)
{
    check_room_beside(*state, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 50\r\n\r\nx");
}

static void test_answers_that_are_not_taken_make_room(void **state)
{
    check_room_beside(*state, "GET /big HTTP/1.1\r\n" HOST "\r\n");
}

static void test_refuses_old_versions(void **state)
{
    static const struct {
        int version;
        bool accepted;
    } cases[] = {{TLS1_VERSION, false},
                 {TLS1_1_VERSION, false},
                 {TLS1_2_VERSION, true},
                 {TLS1_3_VERSION, true}};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct client client;
        client_tcp(&client, "127.0.0.1", fixture->tls_port);
        assert_int_equal(client_try_tls(&client, cases[i].version, cases[i].version, NULL),
                         cases[i].accepted);
        client_close(&client);
    }
}

static void test_resumes_without_state(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        struct client first;
        struct client second;
        struct answer answer;
        client_tcp(&first, "127.0.0.1", fixture->tls_port);
        assert_true(client_try_tls(&first, versions[i], versions[i], NULL));
        client_say(&first, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
        client_answer(&first, &answer);
        answer_done(&answer);
        SSL_SESSION *session = SSL_get1_session(first.ssl);
        client_close(&first);
        client_tcp(&second, "127.0.0.1", fixture->tls_port);
        assert_true(client_try_tls(&second, versions[i], versions[i], session));
        assert_int_equal(SSL_session_reused(second.ssl), 1);
        SSL_SESSION_free(session);
        client_close(&second);
    }
}

struct renewal {
    struct fixture *fixture;
    atomic_int done;
    enum err_code code;
};

static void renew(void *context)
{
    struct renewal *renewal = context;
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(secret_freep) struct secret *key = NULL;
    renewal->code = http_identity_make(clock_now_utc(), &cert, &key, &err);
    if (renewal->code == ERR_NONE)
        renewal->code = http_server_set_identity(renewal->fixture->server, span_bytes(cert),
                                                 secret_peek(key), &err);
    atomic_store(&renewal->done, 1);
}

static void test_changes_the_identity_while_it_runs(void **state)
{
    struct fixture *fixture = *state;
    struct renewal renewal = {.fixture = fixture};
    struct client before;
    struct client after;
    struct answer answer;
    client_tls(&before, "127.0.0.1", fixture->tls_port);
    loop_post(fixture->loop, renew, &renewal);
    fixture_wait_for(&renewal.done, 1);
    assert_int_equal(renewal.code, ERR_NONE);
    client_tls(&after, "127.0.0.1", fixture->tls_port);
    X509 *old_cert = SSL_get1_peer_certificate(before.ssl);
    X509 *new_cert = SSL_get1_peer_certificate(after.ssl);
    assert_int_not_equal(X509_cmp(old_cert, new_cert), 0);
    X509_free(old_cert);
    X509_free(new_cert);
    client_say(&before, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    client_answer(&before, &answer);
    assert_int_equal(answer.status, 200);
    answer_done(&answer);
    client_close(&before);
    client_close(&after);
}

/* Out of descriptors the listener must neither spin nor stay deaf. */
static void test_survives_a_lack_of_descriptors(void **state)
{
    struct fixture *fixture = *state;
    struct client client;
    struct answer answer;
    struct rlimit before;
    struct rlimit low;
    client_tcp(&client, "127.0.0.1", fixture->plain_port);
    client_say(&client, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    client_answer(&client, &answer);
    answer_done(&answer);
    client_close(&client);
    getrlimit(RLIMIT_NOFILE, &before);
    int next = dup(0);
    close(next);
    int next_fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(fixture->plain_port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    low = before;
    low.rlim_cur = (rlim_t)next_fd + 1;
    setrlimit(RLIMIT_NOFILE, &low);
    assert_int_equal(connect(next_fd, (struct sockaddr *)&address, sizeof address), 0);
    usleep(100000);
    setrlimit(RLIMIT_NOFILE, &before);
    expect_hello(fixture);
    close(next_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_idle_ones_make_room, start, stop),
        cmocka_unit_test_setup_teardown(test_busy_ones_make_others_wait, start, stop),
        cmocka_unit_test_setup_teardown(test_answered_ones_make_room, start, stop),
        cmocka_unit_test_setup_teardown(test_bodies_that_do_not_come_make_room, start_patient,
                                        stop),
        cmocka_unit_test_setup_teardown(test_answers_that_are_not_taken_make_room, start_patient,
                                        stop),
        cmocka_unit_test_setup_teardown(test_refuses_old_versions, start, stop),
        cmocka_unit_test_setup_teardown(test_resumes_without_state, start, stop),
        cmocka_unit_test_setup_teardown(test_changes_the_identity_while_it_runs, start, stop),
        cmocka_unit_test_setup_teardown(test_survives_a_lack_of_descriptors, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
