#include "agent/launch/launch_server.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/launch/launch_wire.h"

/* Generous: it says only that something never came. */
#define PATIENCE_MS 20000

static int agent_socket;
static pid_t server;

static int sleep_until_told(const void *context)
{
    while (pause() < 0)
        continue;
    return 0;
}

static int be_stubborn(const void *context)
{
    signal(SIGTERM, SIG_IGN);
    (void)!write(STDOUT_FILENO, "up", 2);
    while (pause() < 0)
        continue;
    return 0;
}

enum { TASK_SLEEP, TASK_STUBBORN, TASK_MISSING, TASK_COUNT };

static const char *const no_names[] = {NULL};
static const struct launch_task tasks[TASK_COUNT] = {
    [TASK_SLEEP] = {.function = sleep_until_told},
    [TASK_STUBBORN] = {.function = be_stubborn},
    [TASK_MISSING] = {.program = "/nonexistent/program", .passed_on = no_names},
};

static int start_server(void **state)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    server = fork();
    if (server == 0) {
        launch_server_run(pair[1], tasks, TASK_COUNT);
        _exit(EXIT_SUCCESS);
    }
    close(pair[1]);
    agent_socket = pair[0];
    return 0;
}

/* What the agent's death looks like; also when it was killed. */
static void agent_dies(void)
{
    close(agent_socket);
    agent_socket = -1;
    assert_int_equal(waitpid(server, NULL, 0), server);
    server = 0;
}

static int stop_server(void **state)
{
    if (agent_socket >= 0)
        close(agent_socket);
    return server == 0 || waitpid(server, NULL, 0) == server ? 0 : -1;
}

static int send_request(int word, int value, int stdio)
{
    int pair[2];
    const struct launch_message message = {word, value};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    const struct launch_fds fds = {stdio < 0 ? 1 : 2, {pair[1], stdio}};
    assert_true(launch_wire_send(agent_socket, &message, &fds));
    close(pair[1]);
    return pair[0];
}

static enum launch_received next(int channel, struct launch_message *out)
{
    struct launch_fds fds = {0};
    struct pollfd event = {.fd = channel, .events = POLLIN};
    assert_int_equal(poll(&event, 1, PATIENCE_MS), 1);
    return launch_wire_receive(channel, out, &fds);
}

static pid_t started(int channel)
{
    struct launch_message message;
    assert_int_equal(next(channel, &message), LAUNCH_RECEIVED);
    assert_int_equal(message.word, LAUNCH_STARTED);
    assert_true(message.value > 0);
    return message.value;
}

static void signal_child(int channel, int number)
{
    const struct launch_message message = {LAUNCH_SIGNAL, number};
    assert_true(launch_wire_send(channel, &message, NULL));
}

static void assert_ended_by(int channel, int number)
{
    struct launch_message message;
    assert_int_equal(next(channel, &message), LAUNCH_RECEIVED);
    assert_int_equal(message.word, LAUNCH_ENDED);
    assert_true(WIFSIGNALED(message.value));
    assert_int_equal(WTERMSIG(message.value), number);
    assert_int_equal(next(channel, &message), LAUNCH_CLOSED);
}

static bool is_gone(pid_t pid)
{
    return kill(pid, 0) != 0 && errno == ESRCH;
}

static void wait_until_gone(pid_t pid)
{
    const struct timespec pause_time = {.tv_nsec = 10000000};
    struct deadline deadline = deadline_in_ms(PATIENCE_MS);
    while (!is_gone(pid)) {
        assert_false(deadline_passed(deadline));
        nanosleep(&pause_time, NULL);
    }
}

static void a_signal_reaches_its_child_and_the_end_is_told(void **state)
{
    static const int numbers[] = {SIGTERM, SIGKILL};
    int other = send_request(LAUNCH_START, TASK_SLEEP, -1);
    pid_t other_pid = started(other);
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        int channel = send_request(LAUNCH_START, TASK_SLEEP, -1);
        started(channel);
        signal_child(channel, numbers[i]);
        assert_ended_by(channel, numbers[i]);
        close(channel);
    }
    assert_false(is_gone(other_pid));
    close(other);
}

static void other_signals_and_words_do_nothing(void **state)
{
    int channel = send_request(LAUNCH_START, TASK_SLEEP, -1);
    pid_t pid = started(channel);
    static const struct launch_message messages[] = {
        {LAUNCH_SIGNAL, SIGSTOP}, {LAUNCH_SIGNAL, SIGSEGV}, {LAUNCH_SIGNAL, -1},
        {LAUNCH_START, 0},        {LAUNCH_ENDED, 0},        {99, SIGKILL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
        assert_true(launch_wire_send(channel, &messages[i], NULL));
    assert_int_equal(send(channel, "x", 1, 0), 1);
    signal_child(channel, SIGTERM);
    assert_ended_by(channel, SIGTERM);
    assert_true(is_gone(pid));
    close(channel);
}

static void wrong_requests_are_refused(void **state)
{
    static const struct {
        int word, value, cause;
    } cases[] = {
        {LAUNCH_START, TASK_COUNT, EINVAL},   {LAUNCH_START, -1, EINVAL},
        {LAUNCH_START, INT32_MAX, EINVAL},    {LAUNCH_SIGNAL, SIGKILL, EINVAL},
        {LAUNCH_START, TASK_MISSING, ENOENT},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct launch_message message;
        int channel = send_request(cases[i].word, cases[i].value, -1);
        assert_int_equal(next(channel, &message), LAUNCH_RECEIVED);
        assert_int_equal(message.word, LAUNCH_FAILED);
        assert_int_equal(message.value, cases[i].cause);
        assert_int_equal(next(channel, &message), LAUNCH_CLOSED);
        close(channel);
    }
    /* Neither a request without a channel nor bytes that are none end it. */
    const struct launch_message bare = {LAUNCH_START, TASK_SLEEP};
    assert_true(launch_wire_send(agent_socket, &bare, NULL));
    assert_int_equal(send(agent_socket, "xyz", 3, 0), 3);
    int channel = send_request(LAUNCH_START, TASK_SLEEP, -1);
    started(channel);
    close(channel);
}

static void one_too_many_waits_for_another_time(void **state)
{
    int channels[LAUNCH_CHILDREN_MAX];
    struct launch_message message;
    for (int i = 0; i < LAUNCH_CHILDREN_MAX; i++) {
        channels[i] = send_request(LAUNCH_START, TASK_SLEEP, -1);
        started(channels[i]);
    }
    int channel = send_request(LAUNCH_START, TASK_SLEEP, -1);
    assert_int_equal(next(channel, &message), LAUNCH_RECEIVED);
    assert_int_equal(message.word, LAUNCH_FAILED);
    assert_int_equal(message.value, EAGAIN);
    close(channel);
    signal_child(channels[0], SIGKILL);
    assert_ended_by(channels[0], SIGKILL);
    channel = send_request(LAUNCH_START, TASK_SLEEP, -1);
    started(channel);
    close(channel);
    for (int i = 0; i < LAUNCH_CHILDREN_MAX; i++)
        close(channels[i]);
}

/* A child that ignores SIGTERM, once it does. */
static int start_stubborn(pid_t *out_pid)
{
    char bytes[2];
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    int channel = send_request(LAUNCH_START, TASK_STUBBORN, pair[1]);
    close(pair[1]);
    *out_pid = started(channel);
    assert_int_equal(read(pair[0], bytes, sizeof bytes), sizeof bytes);
    close(pair[0]);
    return channel;
}

static void what_nobody_waits_for_ends(void **state)
{
    pid_t stubborn;
    int channel = send_request(LAUNCH_START, TASK_SLEEP, -1);
    int stubborn_channel = start_stubborn(&stubborn);
    pid_t pid = started(channel);
    close(channel);
    close(stubborn_channel);
    wait_until_gone(pid);
    wait_until_gone(stubborn);
}

static void all_ends_with_the_agent(void **state)
{
    pid_t stubborn;
    int channel = send_request(LAUNCH_START, TASK_SLEEP, -1);
    int stubborn_channel = start_stubborn(&stubborn);
    pid_t pid = started(channel);
    agent_dies();
    assert_true(is_gone(pid));
    assert_true(is_gone(stubborn));
    close(channel);
    close(stubborn_channel);
}

static void the_children_end_with_it(void **state)
{
    struct launch_message message;
    int channel = send_request(LAUNCH_START, TASK_SLEEP, -1);
    pid_t pid = started(channel);
    assert_int_equal(kill(server, SIGTERM), 0); /* goes to the whole group, or control group */
    assert_int_equal(kill(server, SIGINT), 0);
    int another = send_request(LAUNCH_START, TASK_SLEEP, -1);
    pid_t another_pid = started(another);
    assert_int_equal(kill(server, SIGKILL), 0);
    assert_int_equal(next(channel, &message), LAUNCH_CLOSED);
    wait_until_gone(pid);
    wait_until_gone(another_pid);
    close(channel);
    close(another);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start_server, stop_server)
    const struct CMUnitTest tests[] = {
        TEST(a_signal_reaches_its_child_and_the_end_is_told),
        TEST(other_signals_and_words_do_nothing),
        TEST(wrong_requests_are_refused),
        TEST(one_too_many_waits_for_another_time),
        TEST(what_nobody_waits_for_ends),
        TEST(all_ends_with_the_agent),
        TEST(the_children_end_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
