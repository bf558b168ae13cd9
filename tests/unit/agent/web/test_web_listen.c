#include "agent/web/web_listen.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_takes_the_first_pair, start, stop),
        cmocka_unit_test_setup_teardown(test_takes_free_ones, start, stop),
        cmocka_unit_test_setup_teardown(test_moves_on, start, stop),
        cmocka_unit_test_setup_teardown(test_gives_up, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
