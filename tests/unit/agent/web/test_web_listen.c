#include "agent/web/web_listen.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <arpa/inet.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "http/http_identity.h"

static struct loop *loop;
static struct http_server *server;

static int start(void **state)
{
    struct err err = ERR_INIT;
    struct http_server_options options = {.connections_max = 8};
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(secret_freep) struct secret *key = NULL;
    log_set_level(LOG_LEVEL_ERROR);
    assert_int_equal(loop_new(&loop, &err), ERR_NONE);
    options.loop = loop;
    assert_int_equal(http_server_new(&options, &server, &err), ERR_NONE);
    assert_int_equal(http_identity_make(clock_now_utc(), &cert, &key, &err), ERR_NONE);
    assert_int_equal(http_server_set_identity(server, span_bytes(cert), secret_peek(key), &err),
                     ERR_NONE);
    return 0;
}

static int stop(void **state)
{
    http_server_freep(&server);
    loop_freep(&loop);
    return 0;
}

/* A port that is free with all those that could be asked for after it. */
static uint16_t find_room(void)
{
    for (;;) {
        struct err err = ERR_INIT;
        int fds[6] = {-1, -1, -1, -1, -1, -1};
        uint16_t first;
        uint16_t port;
        bool fine =
            http_listen_tcp("127.0.0.1", 0, &fds[0], &first, &err) == ERR_NONE && first < 65000;
        for (int i = 1; i < 6 && fine; i++)
            fine = http_listen_tcp("127.0.0.1", (uint16_t)(first + i / 2 * WEB_PORT_STEP + i % 2),
                                   &fds[i], &port, &err) == ERR_NONE;
        for (int i = 0; i < 6; i++)
            if (fds[i] >= 0)
                close(fds[i]);
        if (fine)
            return first;
    }
}

static void expect(uint16_t first, int taken_step)
{
    struct err err = ERR_INIT;
    struct web_ports ports = {0};
    enum err_code code = web_listen_ports(server, first, &ports, &err);
    if (taken_step < 0) {
        assert_int_equal(code, ERR_PORTS_TAKEN);
        assert_int_equal(ports.https, 0);
        return;
    }
    assert_int_equal(code, ERR_NONE);
    assert_int_equal(ports.https, first + taken_step * WEB_PORT_STEP);
    assert_int_equal(ports.http, ports.https + 1);
}

static void test_takes_the_first_pair(void **state)
{
    expect(find_room(), 0);
}

static void test_takes_free_ones(void **state)
{
    struct err err = ERR_INIT;
    struct web_ports ports = {0};
    assert_int_equal(web_listen_ports(server, 0, &ports, &err), ERR_NONE);
    assert_true(ports.https != 0 && ports.http != 0 && ports.https != ports.http);
}

/* host, offset: what is taken; step: which pair is then used. */
static void test_moves_on(void **state)
{
    static const struct {
        const char *host;
        int offset;
    } cases[] = {{"127.0.0.1", 0}, {"127.0.0.1", 1}, {"::1", 0}, {"::1", 1}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        uint16_t first = find_room();
        uint16_t port;
        int fd;
        assert_int_equal(
            http_listen_tcp(cases[i].host, (uint16_t)(first + cases[i].offset), &fd, &port, &err),
            ERR_NONE);
        expect(first, 1);
        close(fd);
    }
}

static void test_gives_up(void **state)
{
    struct err err = ERR_INIT;
    uint16_t first = find_room();
    uint16_t port;
    int fds[WEB_PORT_TRIES];
    for (int i = 0; i < WEB_PORT_TRIES; i++)
        assert_int_equal(http_listen_tcp("127.0.0.1", (uint16_t)(first + i * WEB_PORT_STEP),
                                         &fds[i], &port, &err),
                         ERR_NONE);
    expect(first, -1);
    for (int i = 0; i < WEB_PORT_TRIES; i++)
        close(fds[i]);
}

/* ---- sockets of the service manager ---- */

static int unix_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* An address that the kernel makes up. */
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address.sun_family), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static int tcp_socket(const char *host, uint16_t port)
{
    struct err err = ERR_INIT;
    uint16_t same;
    int fd = -1;
    assert_int_equal(http_listen_tcp(host, port, &fd, &same, &err), ERR_NONE);
    return fd;
}

static void close_all(const struct web_inherited *sockets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(sockets[i].fd);
}

static void test_tells_tls_by_the_port(void **state)
{
    struct err err = ERR_INIT;
    uint16_t first = find_room();
    struct web_inherited sockets[] = {
        {.fd = unix_socket(), .tls = true},
        {.fd = tcp_socket("127.0.0.1", (uint16_t)(first + 1)), .tls = true},
        {.fd = tcp_socket("::1", first)},
        {.fd = tcp_socket("127.0.0.1", first)},
        {.fd = tcp_socket("::1", (uint16_t)(first + 1))},
    };
    static const bool expected[] = {false, false, true, true, false};
    assert_int_equal(web_listen_sort(sockets, ARRAY_SIZE(sockets), &err), ERR_NONE);
    for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
        assert_int_equal(sockets[i].tls, expected[i]);
    assert_true(web_listen_has_unix(sockets, ARRAY_SIZE(sockets)));
    assert_false(web_listen_has_unix(sockets + 1, ARRAY_SIZE(sockets) - 1));
    close_all(sockets, ARRAY_SIZE(sockets));
}

static void test_no_sockets_are_fine(void **state)
{
    struct err err = ERR_INIT;
    struct web_ports ports = {1, 1, true};
    assert_int_equal(web_listen_sort(NULL, 0, &err), ERR_NONE);
    assert_false(web_listen_has_unix(NULL, 0));
    assert_int_equal(web_listen_inherited(server, NULL, 0, &ports, &err), ERR_NONE);
    assert_int_equal(ports.https, 0);
    assert_int_equal(ports.http, 0);
}

/* A port that belongs to no pair, a socket that nobody can connect to, another kind of socket, no socket. */
static void test_refuses_what_a_unit_should_not_hold(void **state)
{
    uint16_t first = find_room();
    int others[] = {
        tcp_socket("127.0.0.1", (uint16_t)(first + 2)),
        socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
        dup(STDIN_FILENO),
    };
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        struct err err = ERR_INIT;
        struct web_inherited sockets[] = {{.fd = tcp_socket("127.0.0.1", first)},
                                          {.fd = others[i]}};
        assert_int_equal(web_listen_sort(sockets, 2, &err), ERR_SOCKET);
        close_all(sockets, 2);
    }
}

static bool answers(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    bool fine = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return fine;
}

static void test_serves_what_was_handed_over(void **state)
{
    struct err err = ERR_INIT;
    struct web_ports ports = {0};
    uint16_t first = find_room();
    struct web_inherited sockets[] = {
        {.fd = tcp_socket("127.0.0.1", first)},
        {.fd = tcp_socket("127.0.0.1", (uint16_t)(first + 1))},
        {.fd = tcp_socket("::1", first)},
        {.fd = unix_socket()},
    };
    assert_int_equal(web_listen_sort(sockets, ARRAY_SIZE(sockets), &err), ERR_NONE);
    assert_int_equal(web_listen_inherited(server, sockets, ARRAY_SIZE(sockets), &ports, &err),
                     ERR_NONE);
    assert_int_equal(ports.https, first);
    assert_int_equal(ports.http, first + 1);
    assert_true(ports.has_v6);
    assert_true(answers(first));
    http_server_freep(&server);
    assert_false(answers(first)); /* the server had taken them over */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_takes_the_first_pair, start, stop),
        cmocka_unit_test_setup_teardown(test_takes_free_ones, start, stop),
        cmocka_unit_test_setup_teardown(test_moves_on, start, stop),
        cmocka_unit_test_setup_teardown(test_gives_up, start, stop),
        cmocka_unit_test(test_tells_tls_by_the_port),
        cmocka_unit_test_setup_teardown(test_no_sockets_are_fine, start, stop),
        cmocka_unit_test(test_refuses_what_a_unit_should_not_hold),
        cmocka_unit_test_setup_teardown(test_serves_what_was_handed_over, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
