#include "token/virtual/virtual_control.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "bench.h"

#define WAIT_MS 10000

struct server {
    char folder[64];
    char path[96];
    struct loop *loop;
    struct virtual_control *control;
    pthread_t thread;
};

static struct json *echo(void *context, const char *line)
{
    (void)context;
    struct json *answer = json_new_object();
    json_add_text(answer, "line", line);
    return answer;
}

static void *run_loop(void *context)
{
    struct err err = ERR_INIT;
    assert_int_equal(loop_run(context, &err), ERR_NONE);
    return NULL;
}

static void server_open(struct server *server)
{
    struct err err = ERR_INIT;
    *server = (struct server){.folder = "/tmp/virtual-control-XXXXXX"};
    assert_non_null(mkdtemp(server->folder));
    snprintf(server->path, sizeof server->path, "%s/socket", server->folder);
    assert_int_equal(loop_new(&server->loop, &err), ERR_NONE);
    assert_int_equal(
        virtual_control_open(server->loop, server->path, echo, NULL, &server->control, &err),
        ERR_NONE);
    assert_int_equal(pthread_create(&server->thread, NULL, run_loop, server->loop), 0);
}

static void server_close(struct server *server)
{
    loop_stop(server->loop);
    pthread_join(server->thread, NULL);
    virtual_control_freep(&server->control);
    loop_freep(&server->loop);
    assert_int_not_equal(access(server->path, F_OK), 0);
    assert_int_equal(rmdir(server->folder), 0);
}

static int connect_to(const struct server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", server->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* What comes until the end or until so many lines. */
static void expect_lines(int fd, const char *expected)
{
    char got[4096] = {0};
    size_t len = 0;
    while (len < strlen(expected)) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
        ssize_t count = recv(fd, got + len, sizeof got - 1 - len, 0);
        assert_true(count > 0);
        len += (size_t)count;
    }
    assert_string_equal(got, expected);
}

static void expect_gone(int fd)
{
    char byte;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
    assert_true(recv(fd, &byte, 1, 0) <= 0);
}

static void put(int fd, const char *text, size_t len)
{
    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

static void answers_line_by_line(void **state)
{
    (void)state;
    struct server server;
    struct err err = ERR_INIT;
    server_open(&server);
    struct stat status;
    assert_int_equal(stat(server.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    AUTO(memory_freep) char *answer = NULL;
    assert_int_equal(
        virtual_control_ask(server.path, "hello there", deadline_in_ms(WAIT_MS), &answer, &err),
        ERR_NONE);
    assert_string_equal(answer, "{\"line\":\"hello there\"}");
    AUTO(file_closep) int fd = connect_to(&server);
    put(fd, "a\nb", 3);
    expect_lines(fd, "{\"line\":\"a\"}\n");
    put(fd, "c\n\n", 3);
    expect_lines(fd, "{\"line\":\"bc\"}\n{\"line\":\"\"}\n");
    server_close(&server);
}

static void drops_clients_that_misbehave(void **state)
{
    (void)state;
    struct server server;
    server_open(&server);
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(VIRTUAL_CONTROL_LINE_BYTES_MAX + 1);
    memset(large->at, 'x', large->len);
    AUTO(file_closep) int too_long = connect_to(&server);
    put(too_long, (const char *)large->at, large->len);
    expect_gone(too_long);
    AUTO(file_closep) int with_nul = connect_to(&server);
    put(with_nul, "a\0b\n", 4);
    expect_gone(with_nul);
    AUTO(file_closep) int good = connect_to(&server);
    large->at[large->len - 1] = '\n';
    put(good, (const char *)large->at, large->len);
    put(good, "z\n", 2);
    AUTO(memory_freep)
    char *expected = memory_printf("{\"line\":\"%.*s\"}\n", VIRTUAL_CONTROL_LINE_BYTES_MAX,
                                   (const char *)large->at);
    for (size_t done = 0; done < strlen(expected);) {
        char got[8192];
        size_t left = strlen(expected) - done;
        ssize_t count = recv(good, got, left < sizeof got ? left : sizeof got, 0);
        assert_true(count > 0);
        assert_memory_equal(got, expected + done, count);
        done += (size_t)count;
    }
    expect_lines(good, "{\"line\":\"z\"}\n");
    server_close(&server);
}

static void takes_only_so_many_clients(void **state)
{
    (void)state;
    struct server server;
    int fds[VIRTUAL_CONTROL_CLIENTS_MAX + 1];
    server_open(&server);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
        fds[i] = connect_to(&server);
        if (i < VIRTUAL_CONTROL_CLIENTS_MAX) {
            put(fds[i], "x\n", 2);
            expect_lines(fds[i], "{\"line\":\"x\"}\n");
        }
    }
    expect_gone(fds[VIRTUAL_CONTROL_CLIENTS_MAX]);
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        close(fds[i]);
    server_close(&server);
}

static void replaces_a_dead_socket_only(void **state)
{
    (void)state;
    struct server server;
    struct err err = ERR_INIT;
    struct virtual_control *second = NULL;
    server_open(&server);
    AUTO(loop_freep) struct loop *loop = NULL;
    assert_int_equal(loop_new(&loop, &err), ERR_NONE);
    assert_int_equal(virtual_control_open(loop, server.path, echo, NULL, &second, &err),
                     ERR_ALREADY_RUNNING);
    AUTO(memory_freep) char *file = file_join(server.folder, "file");
    close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    assert_int_equal(virtual_control_open(loop, file, echo, NULL, &second, &err), ERR_FILE);
    assert_int_equal(access(file, F_OK), 0);
    unlink(file);
    AUTO(file_closep) int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", file);
    assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof address), 0);
    file_closep(&dead);
    assert_int_equal(virtual_control_open(loop, file, echo, NULL, &second, &err), ERR_NONE);
    virtual_control_freep(&second);
    server_close(&server);
}

static void refuses_paths_and_lines_that_are_too_long(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    char *answer = NULL;
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(VIRTUAL_CONTROL_LINE_BYTES_MAX + 1);
    memset(large->at, 'x', large->len);
    const char *text = (const char *)large->at;
    assert_int_equal(virtual_control_ask(text, "x", DEADLINE_NEVER, &answer, &err), ERR_USAGE);
    assert_int_equal(virtual_control_ask("", "x", DEADLINE_NEVER, &answer, &err), ERR_USAGE);
    assert_int_equal(virtual_control_ask("/nowhere", text, DEADLINE_NEVER, &answer, &err),
                     ERR_USAGE);
    assert_int_equal(virtual_control_ask("/nowhere", "a\nb", DEADLINE_NEVER, &answer, &err),
                     ERR_USAGE);
    assert_int_equal(virtual_control_ask("/nowhere", "x", DEADLINE_NEVER, &answer, &err),
                     ERR_SOCKET);
    assert_null(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_line_by_line),
        cmocka_unit_test(drops_clients_that_misbehave),
        cmocka_unit_test(takes_only_so_many_clients),
        cmocka_unit_test(replaces_a_dead_socket_only),
        cmocka_unit_test(refuses_paths_and_lines_that_are_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
