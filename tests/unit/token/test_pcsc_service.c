#include "token/pcsc_service.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

static char folder[] = "/tmp/token-service-XXXXXX";
static char *inner, *path;

static int set_up(void **state)
{
    if (mkdtemp(folder) == NULL)
        return -1;
    inner = file_join(folder, "pcscd");
    path = file_join(inner, "pcscd.comm");
    return 0;
}

static int tear_down(void **state)
{
    memory_freep(&path);
    memory_freep(&inner);
    return rmdir(folder);
}

static int bind_socket(const char *at)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, at, strlen(at));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void finds_the_socket(void **state)
{
    unsetenv("PCSCLITE_CSOCK_NAME");
    assert_string_equal(pcsc_service_socket(), "/run/pcscd/pcscd.comm");
    setenv("PCSCLITE_CSOCK_NAME", "/elsewhere", 1);
    assert_string_equal(pcsc_service_socket(), "/elsewhere");
    unsetenv("PCSCLITE_CSOCK_NAME");
}

static void probes_it(void **state)
{
    char too_long[200];
    memset(too_long, '/', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    assert_int_equal(pcsc_service_probe(too_long), PCSC_SERVICE_ABSENT);
    assert_int_equal(pcsc_service_probe(path), PCSC_SERVICE_ABSENT);
    assert_int_equal(mkdir(inner, 0700), 0);
    int fd = bind_socket(path);
    assert_int_equal(pcsc_service_probe(path), PCSC_SERVICE_ABSENT); /* bound, nobody listens */
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(pcsc_service_probe(path), PCSC_SERVICE_LISTENING);
    close(fd);
    assert_int_equal(pcsc_service_probe(path), PCSC_SERVICE_ABSENT); /* left behind by a kill -9 */
    unlink(path);
    rmdir(inner);
}

static void tells_a_forbidden_one(void **state)
{
    if (geteuid() == 0) { /* nothing is forbidden to root */
        if (seteuid(65534) != 0)
            skip();
    }
    char mine[] = "/tmp/token-service-mine-XXXXXX";
    assert_non_null(mkdtemp(mine));
    AUTO(memory_freep) char *socket_path = file_join(mine, "socket");
    int fd = bind_socket(socket_path);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(chmod(socket_path, 0), 0);
    assert_int_equal(pcsc_service_probe(socket_path), PCSC_SERVICE_FORBIDDEN);
    close(fd);
    unlink(socket_path);
    rmdir(mine);
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

/* Does something to the files a little later, in a thread. */
static void *later(void *context)
{
    void (*action)(void) = *(void (**)(void))context;
    usleep(30000);
    action();
    return NULL;
}

static bool wait_while(void (*action)(void), struct pcsc_service *service, int timeout_ms)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, later, &action), 0);
    bool woken = pcsc_service_wait(service, -1, timeout_ms);
    pthread_join(thread, NULL);
    return woken;
}

static void make_folder(void)
{
    mkdir(inner, 0700);
}

static void make_socket(void)
{
    close(bind_socket(path));
}

static void open_socket(void)
{
    chmod(path, 0666);
}

static void make_other(void)
{
    AUTO(memory_freep) char *other = file_join(inner, "pcscd.pid");
    close(bind_socket(other));
    unlink(other);
}

static void remove_all(void)
{
    unlink(path);
    rmdir(inner);
}

static void notices_each_part_of_the_path(void **state)
{
    struct pcsc_service *service = pcsc_service_new(path);
    pcsc_service_arm(service);
    assert_true(pcsc_service_can_watch(service));
    assert_true(wait_while(make_folder, service, 5000));
    pcsc_service_arm(service);
    assert_false(wait_while(make_other, service, 100)); /* somebody else's file */
    assert_true(wait_while(make_socket, service, 5000));
    pcsc_service_arm(service);
    assert_true(wait_while(open_socket, service, 5000));
    pcsc_service_arm(service);
    assert_true(wait_while(remove_all, service, 5000));
    pcsc_service_arm(service);
    assert_true(wait_while(make_folder, service, 5000)); /* the outer folder is watched again */
    remove_all();
    pcsc_service_free(service);
}

static void sees_what_happened_since_it_was_armed(void **state)
{
    struct pcsc_service *service = pcsc_service_new(path);
    pcsc_service_arm(service);
    make_folder();
    assert_true(pcsc_service_wait(service, -1, 5000));
    assert_false(pcsc_service_wait(service, -1, 10));
    remove_all();
    pcsc_service_free(service);
}

static void stops_when_told(void **state)
{
    struct pcsc_service *service = pcsc_service_new(path);
    int stop_fd = eventfd(1, EFD_CLOEXEC);
    int64_t start_ms = clock_monotonic_ms();
    pcsc_service_arm(service);
    assert_false(pcsc_service_wait(service, stop_fd, -1));
    assert_in_range(clock_monotonic_ms() - start_ms, 0, 2000);
    close(stop_fd);
    pcsc_service_free(service);
    pcsc_service_free(NULL);
}

static void can_not_watch_a_path_without_root(void **state)
{
    struct pcsc_service *service = pcsc_service_new("relative");
    pcsc_service_arm(service);
    assert_false(pcsc_service_can_watch(service));
    assert_false(pcsc_service_wait(service, -1, 5));
    pcsc_service_free(service);
}

static void watches_the_root_for_a_path_of_nothing(void **state)
{
    struct pcsc_service *service = pcsc_service_new("/nonexistent-folder/a/b/socket");
    pcsc_service_arm(service);
    assert_true(pcsc_service_can_watch(service));
    pcsc_service_free(service);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_socket),
        cmocka_unit_test(probes_it),
        cmocka_unit_test(tells_a_forbidden_one),
        cmocka_unit_test(notices_each_part_of_the_path),
        cmocka_unit_test(sees_what_happened_since_it_was_armed),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(can_not_watch_a_path_without_root),
        cmocka_unit_test(watches_the_root_for_a_path_of_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
