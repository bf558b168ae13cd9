#include "http/http_stream.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <openssl/err.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/http_identity.h"
#include "http/http_tls.h"

#define UNTOUCHED ((size_t)77)
/* What one http_stream_drain takes at most: 16 reads of 4096 bytes. */
#define DRAIN_BYTES_MAX 65536

struct pair {
    struct http_stream stream;
    int peer; /* -1: closed */
    SSL_CTX *server_tls;
    SSL_CTX *client_tls;
    SSL *client; /* NULL: plain */
};

static void pair_plain(struct pair *pair, SSL_CTX *tls)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    http_stream_init(&pair->stream, ends[0], tls);
    pair->peer = ends[1];
}

static int start_plain(void **state)
{
    signal(SIGPIPE, SIG_DFL); /* a plain stream must not cause it */
    struct pair *pair = *state = memory_new(sizeof *pair);
    pair_plain(pair, NULL);
    return 0;
}

static int start_tls(void **state)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(secret_freep) struct secret *key = NULL;
    signal(SIGPIPE, SIG_IGN);
    struct pair *pair = *state = memory_new(sizeof *pair);
    assert_int_equal(http_identity_make(clock_now_utc(), &cert, &key, &err), ERR_NONE);
    assert_int_equal(http_tls_new(span_bytes(cert), secret_peek(key), &pair->server_tls, &err),
                     ERR_NONE);
    pair_plain(pair, pair->server_tls);
    pair->client_tls = SSL_CTX_new(TLS_client_method());
    pair->client = SSL_new(pair->client_tls);
    assert_int_equal(SSL_set_fd(pair->client, pair->peer), 1);
    SSL_set_connect_state(pair->client);
    return 0;
}

static void close_peer(struct pair *pair)
{
    if (pair->peer >= 0)
        close(pair->peer);
    pair->peer = -1;
}

static int stop(void **state)
{
    struct pair *pair = *state;
    http_stream_done(&pair->stream);
    close_peer(pair);
    SSL_free(pair->client);
    http_tls_freep(&pair->client_tls);
    http_tls_freep(&pair->server_tls);
    memory_freep(state);
    return 0;
}

static void shake(struct pair *pair)
{
    enum http_stream_state server = HTTP_STREAM_WAIT_READ;
    int client = 0;
    for (int i = 0; i < 10 && (client != 1 || server != HTTP_STREAM_DONE); i++) {
        client = SSL_do_handshake(pair->client);
        server = http_stream_handshake(&pair->stream);
    }
    assert_int_equal(client, 1);
    assert_int_equal(server, HTTP_STREAM_DONE);
}

static void peer_sends(struct pair *pair, const char *text)
{
    int length = (int)strlen(text);
    if (pair->client != NULL)
        assert_int_equal(SSL_write(pair->client, text, length), length);
    else
        assert_int_equal(send(pair->peer, text, (size_t)length, 0), length);
}

static void expect_peer_reads(struct pair *pair, const char *text)
{
    char got[64] = "";
    ssize_t count = pair->client != NULL ? SSL_read(pair->client, got, sizeof got - 1)
                                         : recv(pair->peer, got, sizeof got - 1, 0);
    assert_int_equal(count, strlen(text));
    assert_string_equal(got, text);
}

static void expect_read(struct pair *pair, size_t size, const char *text)
{
    uint8_t got[64] = "";
    size_t count = UNTOUCHED;
    assert_int_equal(http_stream_read(&pair->stream, got, size, &count), HTTP_STREAM_DONE);
    assert_int_equal(count, strlen(text));
    assert_string_equal((char *)got, text);
}

static void expect_no_read(struct pair *pair, enum http_stream_state expected)
{
    uint8_t got[64];
    size_t count = UNTOUCHED;
    assert_int_equal(http_stream_read(&pair->stream, got, sizeof got, &count), expected);
    assert_int_equal(count, UNTOUCHED);
}

/* Until nothing more goes; how that ended. */
static enum http_stream_state fill(struct pair *pair)
{
    static const uint8_t block[4096];
    enum http_stream_state state = HTTP_STREAM_DONE;
    for (int i = 0; i < 10000 && state == HTTP_STREAM_DONE; i++) {
        size_t count = UNTOUCHED;
        state = http_stream_write(&pair->stream, block, sizeof block, &count);
        assert_true(state == HTTP_STREAM_DONE ? count > 0 && count <= sizeof block
                                              : count == UNTOUCHED);
    }
    return state;
}

static void expect_peer_end(struct pair *pair)
{
    char byte;
    assert_int_equal(recv(pair->peer, &byte, 1, 0), 0);
}

static void test_moves_bytes(void **state)
{
    struct pair *pair = *state;
    size_t count = UNTOUCHED;
    if (pair->client != NULL)
        shake(pair);
    assert_int_equal(http_stream_handshake(&pair->stream), HTTP_STREAM_DONE);
    expect_no_read(pair, HTTP_STREAM_WAIT_READ);
    peer_sends(pair, "question");
    expect_read(pair, 5, "quest");
    expect_read(pair, 60, "ion");
    expect_no_read(pair, HTTP_STREAM_WAIT_READ);
    assert_int_equal(http_stream_write(&pair->stream, (const uint8_t *)"answer", 6, &count),
                     HTTP_STREAM_DONE);
    assert_int_equal(count, 6);
    if (pair->client != NULL) /* the tickets come first */
        SSL_set_mode(pair->client, SSL_MODE_AUTO_RETRY);
    expect_peer_reads(pair, "answer");
}

static void test_waits_when_the_peer_does_not_read(void **state)
{
    struct pair *pair = *state;
    if (pair->client != NULL)
        shake(pair);
    assert_int_equal(fill(pair), HTTP_STREAM_WAIT_WRITE);
}

static void test_is_broken_when_the_peer_is_gone(void **state)
{
    struct pair *pair = *state;
    if (pair->client != NULL)
        shake(pair);
    close_peer(pair);
    assert_int_equal(fill(pair), HTTP_STREAM_BROKEN);
}

static void test_is_broken_after_a_reset(void **state)
{
    struct pair *pair = *state;
    static const uint8_t unread[] = "x";
    size_t count;
    assert_int_equal(http_stream_write(&pair->stream, unread, 1, &count), HTTP_STREAM_DONE);
    close_peer(pair);
    expect_no_read(pair, HTTP_STREAM_BROKEN);
}

static void test_drains_a_reset_connection(void **state)
{
    struct pair *pair = *state;
    static const uint8_t unread[] = "x";
    size_t count;
    assert_int_equal(http_stream_write(&pair->stream, unread, 1, &count), HTTP_STREAM_DONE);
    close_peer(pair);
    assert_int_equal(http_stream_drain(&pair->stream), HTTP_STREAM_BROKEN);
}

static void test_ends_with_the_peer(void **state)
{
    struct pair *pair = *state;
    if (pair->client != NULL)
        shake(pair);
    peer_sends(pair, "last");
    if (pair->client != NULL)
        SSL_shutdown(pair->client);
    close_peer(pair);
    expect_read(pair, 60, "last");
    expect_no_read(pair, HTTP_STREAM_END);
}

static void test_finishes_its_direction_only(void **state)
{
    struct pair *pair = *state;
    char byte;
    if (pair->client != NULL)
        shake(pair);
    http_stream_finish(&pair->stream);
    if (pair->client != NULL) {
        int result = SSL_read(pair->client, &byte, 1);
        assert_int_equal(SSL_get_error(pair->client, result), SSL_ERROR_ZERO_RETURN);
    }
    expect_peer_end(pair);
    assert_int_equal(send(pair->peer, "more", 4, 0), 4);
    assert_int_equal(http_stream_drain(&pair->stream), HTTP_STREAM_WAIT_READ);
    close_peer(pair);
    assert_int_equal(http_stream_drain(&pair->stream), HTTP_STREAM_END);
}

static void test_drains_a_part_at_a_time(void **state)
{
    static const struct {
        size_t sent;
        enum http_stream_state expected;
        int left;
    } cases[] = {
        {0, HTTP_STREAM_WAIT_READ, 0},
        {1, HTTP_STREAM_WAIT_READ, 0},
        {DRAIN_BYTES_MAX - 4096, HTTP_STREAM_WAIT_READ, 0},
        {DRAIN_BYTES_MAX, HTTP_STREAM_DONE, 0},
        {DRAIN_BYTES_MAX + 1, HTTP_STREAM_DONE, 1},
    };
    struct pair *pair = *state;
    static const uint8_t waste[DRAIN_BYTES_MAX + 1];
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int left = -1;
        if (cases[i].sent > 0)
            assert_int_equal(send(pair->peer, waste, cases[i].sent, 0), cases[i].sent);
        assert_int_equal(http_stream_drain(&pair->stream), cases[i].expected);
        assert_int_equal(ioctl(pair->stream.fd, FIONREAD, &left), 0);
        assert_int_equal(left, cases[i].left);
    }
}

static void test_closes_what_it_took(void **state)
{
    struct pair *pair = *state;
    http_stream_done(&pair->stream);
    assert_int_equal(pair->stream.fd, -1);
    assert_null(pair->stream.ssl);
    expect_peer_end(pair);
}

static void test_waits_for_the_handshake(void **state)
{
    struct pair *pair = *state;
    static const char waste[4096];
    assert_int_equal(http_stream_handshake(&pair->stream), HTTP_STREAM_WAIT_READ);
    while (send(pair->stream.fd, waste, sizeof waste, 0) > 0)
        continue;
    assert_int_not_equal(SSL_do_handshake(pair->client), 1);
    assert_int_equal(http_stream_handshake(&pair->stream), HTTP_STREAM_WAIT_WRITE);
}

static void test_breaks_at_what_is_not_tls(void **state)
{
    struct pair *pair = *state;
    static const char head[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_int_equal(send(pair->peer, head, sizeof head - 1, 0), sizeof head - 1);
    assert_int_equal(http_stream_handshake(&pair->stream), HTTP_STREAM_BROKEN);
}

static void test_breaks_when_the_peer_leaves_the_handshake(void **state)
{
    struct pair *pair = *state;
    assert_int_not_equal(SSL_do_handshake(pair->client), 1);
    assert_int_equal(http_stream_handshake(&pair->stream), HTTP_STREAM_WAIT_READ);
    close_peer(pair);
    assert_int_equal(http_stream_handshake(&pair->stream), HTTP_STREAM_BROKEN);
}

static void test_finishes_before_the_handshake_without_a_word(void **state)
{
    struct pair *pair = *state;
    http_stream_finish(&pair->stream);
    expect_peer_end(pair);
}

static void test_breaks_at_a_record_that_was_changed(void **state)
{
    static const uint8_t record[] = {0x17, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8,
                                     9,    0, 1, 2, 3,  4, 5, 6, 7, 8, 9, 0};
    struct pair *pair = *state;
    shake(pair);
    assert_int_equal(send(pair->peer, record, sizeof record, 0), sizeof record);
    expect_no_read(pair, HTTP_STREAM_BROKEN);
}

/* Errors that others left in OpenSSL's queue are not this stream's. */
/* What TLS has read ahead is told of by nobody else. */
static void test_tells_what_it_holds(void **state)
{
    struct pair *pair = *state;
    shake(pair);
    assert_false(http_stream_holds(&pair->stream));
    peer_sends(pair, "one");
    peer_sends(pair, "two");
    expect_read(pair, 60, "one");
    assert_true(http_stream_holds(&pair->stream));
    expect_read(pair, 2, "tw");
    assert_true(http_stream_holds(&pair->stream));
    expect_read(pair, 60, "o");
    assert_false(http_stream_holds(&pair->stream));
}

static void test_holds_nothing_without_tls(void **state)
{
    struct pair *pair = *state;
    peer_sends(pair, "one");
    expect_read(pair, 1, "o");
    assert_false(http_stream_holds(&pair->stream));
    expect_read(pair, 60, "ne");
}

static void test_is_not_misled_by_old_errors(void **state)
{
    struct pair *pair = *state;
    shake(pair);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    expect_no_read(pair, HTTP_STREAM_WAIT_READ);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    assert_int_equal(fill(pair), HTTP_STREAM_WAIT_WRITE);
    ERR_raise(ERR_LIB_SSL, SSL_R_BAD_LENGTH);
    http_stream_done(&pair->stream);
    assert_int_equal(ERR_peek_error(), 0);
}

#define PLAIN(test) \
    { \
        "plain_" #test, test, start_plain, stop, NULL \
    }
#define TLS(test) \
    { \
        "tls_" #test, test, start_tls, stop, NULL \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAIN(test_moves_bytes),
        PLAIN(test_waits_when_the_peer_does_not_read),
        PLAIN(test_is_broken_when_the_peer_is_gone),
        PLAIN(test_is_broken_after_a_reset),
        PLAIN(test_ends_with_the_peer),
        PLAIN(test_finishes_its_direction_only),
        PLAIN(test_drains_a_part_at_a_time),
        PLAIN(test_drains_a_reset_connection),
        PLAIN(test_closes_what_it_took),
        TLS(test_moves_bytes),
        TLS(test_waits_when_the_peer_does_not_read),
        TLS(test_is_broken_when_the_peer_is_gone),
        TLS(test_ends_with_the_peer),
        TLS(test_finishes_its_direction_only),
        TLS(test_closes_what_it_took),
        TLS(test_waits_for_the_handshake),
        TLS(test_breaks_at_what_is_not_tls),
        TLS(test_breaks_when_the_peer_leaves_the_handshake),
        TLS(test_finishes_before_the_handshake_without_a_word),
        TLS(test_breaks_at_a_record_that_was_changed),
        TLS(test_tells_what_it_holds),
        cmocka_unit_test_setup_teardown(test_holds_nothing_without_tls, start_plain, stop),
        TLS(test_is_not_misled_by_old_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
