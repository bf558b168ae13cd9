#include "agent/sandbox/sandbox_files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "tests/unit/agent/sandbox/apart.h"

#define NOT_SHUT_IN 254

static void write_file(const char *folder, const char *name)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = file_join(folder, name);
    assert_int_equal(file_write_atomic(path, span_text("x"), 0644, &err), ERR_NONE);
}

static bool shut_in(const struct sandbox_settings *settings)
{
    struct err err = ERR_INIT;
    int version;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           sandbox_files_restrict(settings, &version, &err) == ERR_NONE;
}

/* ---- files ---- */

static const struct access_case {
    const char *path; /* below the place's folder, or absolute */
    int flags;
    int wanted; /* errno, 0: it goes */
} accesses[] = {
    {"state/file", O_RDONLY, 0},
    {"state/file", O_WRONLY | O_TRUNC, 0},
    {"state/new", O_WRONLY | O_CREAT | O_EXCL, 0},
    {"state", O_RDONLY | O_DIRECTORY, 0},
    {"runtime/new", O_WRONLY | O_CREAT | O_EXCL, 0},
    {"outside/read", O_RDONLY, 0},
    {"outside/read", O_WRONLY, EACCES},
    {"outside/file", O_RDONLY, EACCES},
    {"outside/file", O_WRONLY, EACCES},
    {"outside/new", O_WRONLY | O_CREAT | O_EXCL, EACCES},
    {"outside", O_RDONLY | O_DIRECTORY, EACCES},
    {"state/link", O_RDONLY, EACCES}, /* leads outside */
    {"outside/link", O_RDONLY, 0}, /* leads inside */
    {"/etc/passwd", O_RDONLY, 0},
    {"/etc/passwd", O_WRONLY | O_APPEND, EACCES},
    {"/usr/bin/env", O_RDONLY, 0},
    {"/dev/null", O_RDWR, 0},
    {"/dev/urandom", O_RDONLY, 0},
    {"/dev/zero", O_RDONLY, EACCES},
    {"/tmp", O_RDONLY | O_DIRECTORY, EACCES},
    {"/", O_RDONLY | O_DIRECTORY, EACCES},
};

struct attempt {
    const struct apart_place *place;
    const struct access_case *access;
    struct sandbox_settings settings;
};

static int open_one(const void *context)
{
    const struct attempt *attempt = context;
    const char *path = attempt->access->path;
    AUTO(memory_freep)
    char *full = path[0] == '/' ? memory_text(path) : file_join(attempt->place->folder, path);
    if (!shut_in(&attempt->settings))
        return NOT_SHUT_IN;
    int fd = open(full, attempt->access->flags, 0600);
    return fd >= 0 ? 0 : errno;
}

static void each_file_has_its_answer(void **state)
{
    const struct apart_place *place = *state;
    AUTO(memory_freep) char *readable = file_join(place->outside, "read");
    AUTO(memory_freep) char *outside = file_join(place->outside, "file");
    AUTO(memory_freep) char *inside = file_join(place->state, "file");
    AUTO(memory_freep) char *leads_out = file_join(place->state, "link");
    AUTO(memory_freep) char *leads_in = file_join(place->outside, "link");
    if (apart_landlock() < 3)
        skip();
    write_file(place->state, "file");
    write_file(place->outside, "file");
    write_file(place->outside, "read");
    assert_int_equal(symlink(outside, leads_out), 0);
    assert_int_equal(symlink(inside, leads_in), 0);
    for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
        struct attempt attempt = {place, &accesses[i], place->settings};
        attempt.settings.read[attempt.settings.read_count++] = readable;
        attempt.settings.read[attempt.settings.read_count++] = "/nonexistent/file";
        int found = apart(open_one, &attempt);
#ifdef UKEYD_SANITIZED
        if (found == 0 && accesses[i].path[0] == '/')
            continue;
#endif
        if (found != accesses[i].wanted)
            fail_msg("%s: %d instead of %d", accesses[i].path, found, accesses[i].wanted);
    }
}

/* What SQLite, atomic writes and a socket need. */
static int work_inside(const void *context)
{
    const struct apart_place *place = context;
    AUTO(memory_freep) char *path = file_join(place->state, "made/file");
    AUTO(memory_freep) char *folder = file_join(place->state, "made");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct err err = ERR_INIT;
    if (!shut_in(&place->settings))
        return NOT_SHUT_IN;
    snprintf(address.sun_path, sizeof address.sun_path, "%s/s", place->runtime);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (file_make_folder(folder, 0700, &err) != ERR_NONE ||
        file_write_atomic(path, span_text("x"), 0600, &err) != ERR_NONE || truncate(path, 0) != 0 ||
        unlink(path) != 0 || rmdir(folder) != 0 ||
        bind(fd, (const void *)&address, sizeof address) != 0 || unlink(address.sun_path) != 0)
        return 1;
    return 0;
}

static void its_own_folders_can_be_worked_in(void **state)
{
    assert_int_equal(apart(work_inside, *state), 0);
}

/* ---- ports ---- */

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (void *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (void *)&address, &length), 0);
    close(fd);
    return ntohs(address.sin_port);
}

struct port_attempt {
    struct sandbox_settings settings;
    uint16_t port;
};

static int bind_one(const void *context)
{
    const struct port_attempt *attempt = context;
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(attempt->port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    if (!shut_in(&attempt->settings))
        return NOT_SHUT_IN;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return bind(fd, (const void *)&address, sizeof address) == 0 ? 0 : errno;
}

static void only_its_ports_can_be_taken(void **state)
{
    const struct apart_place *place = *state;
    struct port_attempt attempt = {place->settings, free_port()};
    if (apart_landlock() < 4)
        skip();
    assert_int_equal(apart(bind_one, &attempt), EACCES);
    attempt.settings.ports[attempt.settings.port_count++] = attempt.port;
    assert_int_equal(apart(bind_one, &attempt), 0);
    attempt.port = 0;
    assert_int_equal(apart(bind_one, &attempt), EACCES);
    attempt.settings.ports[attempt.settings.port_count++] = 0;
    assert_int_equal(apart(bind_one, &attempt), 0);
}

/* ---- names without files, and signals ---- */

static int connect_abstractly(const void *context)
{
    const struct apart_place *place = context;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", place->folder);
    if (!shut_in(&place->settings))
        return NOT_SHUT_IN;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    return connect(fd, (const void *)&address, size) == 0 ? 0 : errno;
}

static int listen_abstractly(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", name);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    assert_int_equal(bind(fd, (const void *)&address, size), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

/* Of a desktop: D-Bus and X11 have such names. A service manager may too. */
static void abstract_names_are_closed(void **state)
{
    const struct apart_place *place = *state;
    if (apart_landlock() < 6)
        skip();
    int fd = listen_abstractly(place->folder);
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(apart(connect_abstractly, place), EPERM);
    setenv("NOTIFY_SOCKET", "/run/user/1000/systemd/notify", 1);
    assert_int_equal(apart(connect_abstractly, place), EPERM);
    setenv("NOTIFY_SOCKET", "@manager", 1);
    assert_int_equal(apart(connect_abstractly, place), 0);
    unsetenv("NOTIFY_SOCKET");
    close(fd);
}

static int signal_parent(const void *context)
{
    const struct apart_place *place = context;
    if (!shut_in(&place->settings))
        return NOT_SHUT_IN;
    return kill(getppid(), 0) == 0 ? 0 : errno;
}

static void other_processes_get_no_signals(void **state)
{
    if (apart_landlock() < 6)
        skip();
    assert_int_equal(apart(signal_parent, *state), EPERM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, apart_place_make, apart_place_remove)
    const struct CMUnitTest tests[] = {
        TEST(each_file_has_its_answer),       TEST(its_own_folders_can_be_worked_in),
        TEST(only_its_ports_can_be_taken),    TEST(abstract_names_are_closed),
        TEST(other_processes_get_no_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
