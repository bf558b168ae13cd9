#include "http/http_server.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/http/client.h"

static char folder[] = "/tmp/ukeyd-listen-XXXXXX";

static int start(void **state)
{
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int stop(void **state)
{
    return rmdir(folder);
}

static void test_listens_on_both_families(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        struct err err = ERR_INIT;
        struct client client;
        uint16_t port = 0;
        uint16_t again = 0;
        int other = -1;
        AUTO(file_closep) int fd = -1;
        assert_int_equal(http_listen_tcp(hosts[i], 0, &fd, &port, &err), ERR_NONE);
        assert_int_not_equal(port, 0);
        assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
        assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
        client_tcp(&client, hosts[i], port);
        client_close(&client);
        assert_int_equal(http_listen_tcp(hosts[i], port, &other, &again, &err), ERR_PORTS_TAKEN);
        assert_int_equal(other, -1);
    }
}

/* The same port on the other family is another listener. */
static void test_keeps_the_families_apart(void **state)
{
    struct err err = ERR_INIT;
    uint16_t port;
    uint16_t same;
    AUTO(file_closep) int v6 = -1;
    AUTO(file_closep) int v4 = -1;
    assert_int_equal(http_listen_tcp("::1", 0, &v6, &port, &err), ERR_NONE);
    assert_int_equal(http_listen_tcp("127.0.0.1", port, &v4, &same, &err), ERR_NONE);
    assert_int_equal(port, same);
}

static void test_takes_addresses_only(void **state)
{
    static const char *const bad[] = {"localhost", "",          "127.0.0.1.",
                                      "[::1]",     "300.0.0.1", "203.0.113.7"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err err = ERR_INIT;
        uint16_t port;
        int fd = -1;
        assert_int_equal(http_listen_tcp(bad[i], 0, &fd, &port, &err), ERR_SOCKET);
        assert_int_equal(fd, -1);
    }
}

static void test_unix_socket(void **state)
{
    struct err err = ERR_INIT;
    struct stat status;
    int other = -1;
    mode_t mask = umask(0);
    AUTO(memory_freep) char *path = file_join(folder, "sock");
    AUTO(file_closep) int fd = -1;
    assert_int_equal(http_listen_unix(path, &fd, &err), ERR_NONE);
    umask(mask);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(http_listen_unix(path, &other, &err), ERR_ALREADY_RUNNING);
    file_closep(&fd); /* as after a crash: the file stays */
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(http_listen_unix(path, &fd, &err), ERR_NONE);
    unlink(path);
}

static void test_removes_nothing_but_an_old_socket(void **state)
{
    struct err err = ERR_INIT;
    int fd = -1;
    AUTO(memory_freep) char *path = file_join(folder, "file");
    assert_int_equal(file_write_atomic(path, span_text("precious"), 0600, &err), ERR_NONE);
    assert_int_equal(http_listen_unix(path, &fd, &err), ERR_SOCKET);
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_int_equal(http_listen_unix(path, &fd, &err), ERR_SOCKET);
    unlink(path);
}

static void test_limits_the_path(void **state)
{
    size_t room = sizeof((struct sockaddr_un *)0)->sun_path;
    for (int more = -1; more <= 1; more++) {
        struct err err = ERR_INIT;
        int fd = -1;
        size_t length = (size_t)((int)room - 1 + more);
        AUTO(memory_freep) char *path = memory_new(length + 1);
        memset(path, 'p', length);
        memcpy(path, folder, strlen(folder));
        path[strlen(folder)] = '/';
        assert_int_equal(http_listen_unix(path, &fd, &err), more <= 0 ? ERR_NONE : ERR_SOCKET);
        if (fd >= 0)
            close(fd);
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listens_on_both_families),
        cmocka_unit_test(test_keeps_the_families_apart),
        cmocka_unit_test(test_takes_addresses_only),
        cmocka_unit_test_setup_teardown(test_unix_socket, start, stop),
        cmocka_unit_test_setup_teardown(test_removes_nothing_but_an_old_socket, start, stop),
        cmocka_unit_test_setup_teardown(test_limits_the_path, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
