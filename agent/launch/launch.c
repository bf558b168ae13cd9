#include "agent/launch/launch.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/launch/launch_server.h"
#include "agent/launch/launch_wire.h"
#include "base/file.h"

/* To fork and to find the program on a disk that sleeps. */
#define START_MS 15000

struct launch {
    pid_t pid;
    int socket;
    const char *programs[LAUNCH_TASKS_MAX];
};

enum err_code launch_new(const struct launch_task *tasks, size_t count, struct launch **out,
                         struct err *err)
{
    int pair[2];
    assert(count <= LAUNCH_TASKS_MAX);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set_errno(err, ERR_INTERNAL, "make a socket pair");
    AUTO(file_closep) int ours = pair[0];
    AUTO(file_closep) int theirs = pair[1];
    pid_t pid = fork();
    if (pid < 0)
        return err_set_errno(err, ERR_INTERNAL, "fork the launcher");
    if (pid == 0) {
        launch_server_run(theirs, tasks, count);
        _exit(EXIT_SUCCESS);
    }
    struct launch *launch = memory_new(sizeof *launch);
    *launch = (struct launch){.pid = pid, .socket = ours};
    for (size_t i = 0; i < count; i++)
        launch->programs[i] = tasks[i].program;
    ours = -1;
    *out = launch;
    return ERR_NONE;
}

void launch_free(struct launch *launch)
{
    if (launch == NULL)
        return;
    file_closep(&launch->socket);
    while (waitpid(launch->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    free(launch);
}

void launch_freep(struct launch **launch)
{
    launch_free(*launch);
    *launch = NULL;
}

int launch_fd(const struct launch *launch)
{
    return launch->socket;
}

enum err_code launch_ask(struct launch *launch, size_t task, int stdio, struct launched *out,
                         struct err *err)
{
    int pair[2];
    assert(task < LAUNCH_TASKS_MAX);
    const struct launch_message message = {LAUNCH_START, (int32_t)task};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set_errno(err, ERR_INTERNAL, "make a socket pair");
    AUTO(file_closep) int ours = pair[0];
    AUTO(file_closep) int theirs = pair[1];
    const struct launch_fds fds = {stdio < 0 ? 1 : 2, {theirs, stdio}};
    if (!launch_wire_send(launch->socket, &message, &fds))
        return err_set_errno(err, ERR_INTERNAL, "ask the launcher");
    *out = LAUNCHED_NONE;
    out->program = launch->programs[task];
    out->channel = ours;
    ours = -1;
    return ERR_NONE;
}

static void learn(struct launched *launched, const struct launch_message *message)
{
    if (message->word == LAUNCH_STARTED) {
        launched->pid = message->value;
        return;
    }
    launched->ended = true;
    if (message->word == LAUNCH_ENDED)
        launched->status = message->value;
    else
        launched->failure = message->value;
}

void launched_look(struct launched *launched)
{
    while (!launched->ended) {
        struct launch_message message = {0};
        struct launch_fds fds = {0};
        enum launch_received received = launch_wire_receive(launched->channel, &message, &fds);
        launch_fds_done(&fds);
        if (received == LAUNCH_NOTHING)
            return;
        if (received !=
            LAUNCH_RECEIVED) /* without a word: the launcher is gone, and what it started */
            message = (struct launch_message){LAUNCH_FAILED, EPIPE};
        learn(launched, &message);
    }
}

static bool wait_for_news(const struct launched *launched, struct deadline deadline)
{
    struct pollfd news = {.fd = launched->channel, .events = POLLIN};
    int ready;
    do
        ready = poll(&news, 1, deadline_left_ms(deadline));
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

enum err_code launched_wait_started(struct launched *launched, struct err *err)
{
    struct deadline deadline = deadline_in_ms(START_MS);
    while (launched->pid < 0 && !launched->ended && wait_for_news(launched, deadline))
        launched_look(launched);
    if (launched->pid >= 0)
        return ERR_NONE;
    errno = launched->ended ? launched->failure : ETIMEDOUT;
    err_set_errno(err, ERR_INTERNAL, "start");
    return launched->program == NULL ? err->code : err_add(err, "%s", launched->program);
}

bool launched_wait_ended(struct launched *launched, struct deadline deadline)
{
    while (!launched->ended && wait_for_news(launched, deadline))
        launched_look(launched);
    return launched->ended;
}

void launched_signal(const struct launched *launched, int number)
{
    const struct launch_message message = {LAUNCH_SIGNAL, number};
    if (launched->channel >= 0 && !launched->ended)
        launch_wire_send(launched->channel, &message, NULL);
}

void launched_done(struct launched *launched)
{
    file_closep(&launched->channel);
    *launched = LAUNCHED_NONE;
}
