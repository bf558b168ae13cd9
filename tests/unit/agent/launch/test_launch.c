#include "agent/launch/launch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS 4

static struct launch *launch;

static int end_with_seven(const void *context)
{
    return 7;
}

static int wait_for_input(const void *context)
{
    char byte;
    return read(STDIN_FILENO, &byte, 1) == 1 ? byte : 0;
}

enum { TASK_SEVEN, TASK_INPUT, TASK_MISSING, TASK_COUNT };

static const char *const no_names[] = {NULL};
static const struct launch_task tasks[TASK_COUNT] = {
    [TASK_SEVEN] = {.function = end_with_seven},
    [TASK_INPUT] = {.function = wait_for_input},
    [TASK_MISSING] = {.program = "/nonexistent/program", .passed_on = no_names},
};

static int open_launch(void **state)
{
    struct err err = ERR_INIT;
    return launch_new(tasks, TASK_COUNT, &launch, &err) == ERR_NONE ? 0 : -1;
}

static int close_launch(void **state)
{
    launch_freep(&launch);
    return 0;
}

static struct launched ask(size_t task, int stdio)
{
    struct err err = ERR_INIT;
    struct launched launched = LAUNCHED_NONE;
    assert_int_equal(launch_ask(launch, task, stdio, &launched, &err), ERR_NONE);
    return launched;
}

static void the_exit_status_comes_back(void **state)
{
    struct err err = ERR_INIT;
    struct launched launched = ask(TASK_SEVEN, -1);
    assert_int_equal(launched_wait_started(&launched, &err), ERR_NONE);
    assert_true(launched.pid > 0);
    assert_true(launched_wait_ended(&launched, DEADLINE_NEVER));
    assert_int_equal(launched.failure, 0);
    assert_true(WIFEXITED(launched.status));
    assert_int_equal(WEXITSTATUS(launched.status), 7);
    launched_signal(&launched, SIGKILL); /* too late, and no harm */
    launched_done(&launched);
    launched_done(&launched);
}

static void its_input_is_ours(void **state)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    struct launched launched = ask(TASK_INPUT, pair[1]);
    assert_false(launched_wait_ended(&launched, deadline_in_ms(20)));
    assert_int_equal(write(pair[0], "\x2A", 1), 1);
    assert_true(launched_wait_ended(&launched, DEADLINE_NEVER));
    assert_int_equal(WEXITSTATUS(launched.status), 0x2A);
    launched_done(&launched);
    close(pair[0]);
    close(pair[1]);
}

static void what_can_not_be_started_is_named(void **state)
{
    struct err err = ERR_INIT;
    struct launched launched = ask(TASK_MISSING, -1);
    assert_int_equal(launched_wait_started(&launched, &err), ERR_INTERNAL);
    assert_int_equal(err.foreign, ENOENT);
    assert_non_null(strstr(err.detail, "/nonexistent/program"));
    assert_true(launched_wait_ended(&launched, DEADLINE_NEVER));
    assert_int_equal(launched.status, -1);
    launched_done(&launched);
}

static void *perform(void *context)
{
    bool *good = context;
    for (int i = 0; i < 10; i++) {
        struct err err = ERR_INIT;
        struct launched launched = LAUNCHED_NONE;
        if (launch_ask(launch, TASK_SEVEN, -1, &launched, &err) != ERR_NONE ||
            !launched_wait_ended(&launched, DEADLINE_NEVER) || WEXITSTATUS(launched.status) != 7)
            return NULL;
        launched_done(&launched);
    }
    *good = true;
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
    pthread_t threads[THREADS];
    bool good[THREADS] = {false};
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, perform, &good[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(good[i]);
    }
}

static void a_lost_launcher_is_noticed(void **state)
{
    struct err err = ERR_INIT;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    struct launched launched = ask(TASK_INPUT, pair[1]);
    assert_int_equal(launched_wait_started(&launched, &err), ERR_NONE);
    assert_int_equal(shutdown(launch_fd(launch), SHUT_WR), 0); /* it ends itself */
    struct pollfd event = {.fd = launch_fd(launch), .events = POLLIN};
    assert_int_equal(poll(&event, 1, -1), 1);
    assert_true(event.revents & POLLHUP);
    assert_true(launched_wait_ended(&launched, DEADLINE_NEVER));
    launched_done(&launched);
    assert_int_equal(launch_ask(launch, TASK_SEVEN, -1, &launched, &err), ERR_INTERNAL);
    assert_int_equal(err.foreign, EPIPE);
    close(pair[0]);
    close(pair[1]);
}

static void nothing_is_freed_twice(void **state)
{
    struct launch *none = NULL;
    launch_free(NULL);
    launch_freep(&none);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_launch, close_launch)
    const struct CMUnitTest tests[] = {
        TEST(the_exit_status_comes_back),       TEST(its_input_is_ours),
        TEST(what_can_not_be_started_is_named), TEST(threads_do_not_disturb_each_other),
        TEST(a_lost_launcher_is_noticed),       TEST(nothing_is_freed_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
