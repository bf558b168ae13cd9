#include "agent/proxy/proxy_wire.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int ends[2];

static int start(void **state)
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

static int stop(void **state)
{
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static enum err_code receive(struct proxy_told *out, struct err *err)
{
    *err = ERR_INIT;
    return proxy_wire_receive(ends[1], deadline_in_ms(20000), out, err);
}

static void everything_comes_over(void **state)
{
    struct err err = ERR_INIT;
    char url[] = "http://p:1", hosts[] = "a,b", wrong[] = "mode";
    struct proxy_told told = {.desktop = {.url = url, .no_proxy = hosts, .script = true},
                              .login_desktops = true,
                              .login_wrong = wrong};
    struct proxy_told found;
    assert_int_equal(secret_new(6, &told.login, &err), ERR_NONE);
    memcpy(secret_room(told.login), "a:b\0\0", 4);
    secret_set_length(told.login, 4);
    assert_int_equal(proxy_wire_send(ends[0], &told, &err), ERR_NONE);
    assert_int_equal(receive(&found, &err), ERR_NONE);
    assert_string_equal(found.desktop.url, url);
    assert_string_equal(found.desktop.no_proxy, hosts);
    assert_string_equal(found.login_wrong, wrong);
    assert_true(found.desktop.script && found.login_desktops);
    assert_true(secret_equal(found.login, told.login));
    proxy_told_done(&found);
    secret_free(told.login);
}

static void nothing_comes_over_too(void **state)
{
    struct err err = ERR_INIT;
    const struct proxy_told told = {0};
    struct proxy_told found;
    assert_int_equal(proxy_wire_send(ends[0], &told, &err), ERR_NONE);
    assert_int_equal(receive(&found, &err), ERR_NONE);
    assert_null(found.desktop.url);
    assert_null(found.desktop.no_proxy);
    assert_null(found.login);
    assert_null(found.login_wrong);
    assert_false(found.desktop.script);
}

#define NONE UINT32_MAX

static void lies_are_refused(void **state)
{
    static const uint32_t heads[][6] = {
        {0, 0, 100000, NONE, NONE, NONE}, {0, 0, NONE, 100000, NONE, NONE},
        {0, 0, NONE, NONE, 100000, NONE}, {0, 0, NONE, NONE, NONE, 100000},
        {0, 0, NONE, NONE, NONE, 0},      {0, 0, NONE, NONE, NONE, 1},
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct err err;
        struct proxy_told found;
        assert_int_equal(write(ends[0], heads[i], sizeof heads[i]), sizeof heads[i]);
        assert_int_equal(receive(&found, &err), ERR_SOCKET);
    }
}

static void an_early_end_is_refused(void **state)
{
    struct err err;
    struct proxy_told found;
    const uint32_t head[6] = {0, 0, 10, NONE, NONE, NONE};
    assert_int_equal(write(ends[0], head, sizeof head), sizeof head);
    shutdown(ends[0], SHUT_WR);
    assert_int_equal(receive(&found, &err), ERR_SOCKET);
}

static void silence_has_an_end(void **state)
{
    struct err err = ERR_INIT;
    struct proxy_told found;
    assert_int_equal(proxy_wire_receive(ends[1], deadline_in_ms(1), &found, &err), ERR_DEADLINE);
}

#define ON_A_PAIR(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_PAIR(everything_comes_over), ON_A_PAIR(nothing_comes_over_too),
        ON_A_PAIR(lies_are_refused),      ON_A_PAIR(an_early_end_is_refused),
        ON_A_PAIR(silence_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
