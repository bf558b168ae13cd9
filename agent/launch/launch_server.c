#include "agent/launch/launch_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/launch/launch_child.h"
#include "agent/launch/launch_wire.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/secret.h"

/* Where the socket lies: behind the standard descriptors. */
#define SOCKET_FD 3

struct child {
    pid_t pid; /* 0: none */
    int pidfd;
    int channel; /* -1: nobody waits for it any more */
    struct deadline kill_at;
};

struct server {
    int socket; /* -1: the agent is gone */
    const struct launch_task *tasks;
    size_t task_count;
    struct child children[LAUNCH_CHILDREN_MAX];
};

static void tell(int channel, enum launch_word word, int value)
{
    const struct launch_message message = {word, value};
    launch_wire_send(channel, &message, NULL); /* nobody to tell is told by the channel's end */
}

/* ---- one child ---- */

static struct child *free_child(struct server *server)
{
    for (size_t i = 0; i < LAUNCH_CHILDREN_MAX; i++)
        if (server->children[i].pid == 0)
            return &server->children[i];
    return NULL;
}

static void abandon(struct child *child)
{
    file_closep(&child->channel);
    kill(child->pid, SIGTERM);
    child->kill_at = deadline_in_ms(LAUNCH_GRACE_MS);
}

static void kill_late(struct child *child)
{
    if (!deadline_passed(child->kill_at))
        return;
    kill(child->pid, SIGKILL);
    child->kill_at = DEADLINE_NEVER;
}

static void reap(struct child *child)
{
    int status = 0;
    if (waitpid(child->pid, &status, WNOHANG) != child->pid)
        return;
    if (child->channel >= 0)
        tell(child->channel, LAUNCH_ENDED, status);
    file_closep(&child->channel);
    file_closep(&child->pidfd);
    child->pid = 0;
}

static void obey(struct child *child)
{
    struct launch_message message;
    struct launch_fds fds = {0};
    enum launch_received received = launch_wire_receive(child->channel, &message, &fds);
    launch_fds_done(&fds);
    if (received == LAUNCH_CLOSED)
        abandon(child);
    else if (received == LAUNCH_RECEIVED && message.word == LAUNCH_SIGNAL &&
             (message.value == SIGTERM || message.value == SIGKILL))
        kill(child->pid, message.value);
}

/* ---- starting one ---- */

/* 0 or errno. The channel becomes the child's. */
static int start(struct server *server, const struct launch_message *message, int channel,
                 int stdio)
{
    struct child *child = free_child(server);
    pid_t pid;
    if (child == NULL)
        return EAGAIN;
    if (message->word != LAUNCH_START || message->value < 0 ||
        (size_t)message->value >= server->task_count)
        return EINVAL;
    int failure = launch_child_start(&server->tasks[message->value], stdio, &pid);
    if (failure != 0)
        return failure;
    *child = (struct child){pid, pidfd_open(pid, 0), channel, DEADLINE_NEVER};
    if (child->pidfd >= 0) {
        tell(channel, LAUNCH_STARTED, pid);
        return 0;
    }
    failure = errno;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    child->pid = 0;
    return failure;
}

static void serve_request(struct server *server)
{
    struct launch_message message;
    struct launch_fds fds = {0};
    enum launch_received received = launch_wire_receive(server->socket, &message, &fds);
    if (received == LAUNCH_CLOSED)
        file_closep(&server->socket);
    if (received != LAUNCH_RECEIVED || fds.count == 0) {
        launch_fds_done(&fds);
        return;
    }
    int channel = fds.at[0];
    int stdio = fds.count > 1 ? fds.at[1] : -1;
    int failure = start(server, &message, channel, stdio);
    file_closep(&stdio);
    if (failure == 0)
        return;
    tell(channel, LAUNCH_FAILED, failure);
    close(channel);
}

/* ---- the loop ---- */

static bool has_children(const struct server *server)
{
    for (size_t i = 0; i < LAUNCH_CHILDREN_MAX; i++)
        if (server->children[i].pid != 0)
            return true;
    return false;
}

static struct deadline next_kill(const struct server *server)
{
    struct deadline next = DEADLINE_NEVER;
    for (size_t i = 0; i < LAUNCH_CHILDREN_MAX; i++)
        if (server->children[i].pid != 0)
            next = deadline_earlier(next, server->children[i].kill_at);
    return next;
}

static void look_after(struct child *child, const struct pollfd *ended, const struct pollfd *asked)
{
    if (child->pid == 0)
        return;
    if (ended->revents != 0)
        reap(child);
    if (child->pid != 0 && asked->revents != 0)
        obey(child);
    if (child->pid != 0)
        kill_late(child);
}

static void wait_once(struct server *server)
{
    struct pollfd events[1 + 2 * LAUNCH_CHILDREN_MAX];
    events[0] = (struct pollfd){.fd = server->socket, .events = POLLIN};
    for (size_t i = 0; i < LAUNCH_CHILDREN_MAX; i++) {
        const struct child *child = &server->children[i];
        bool there = child->pid != 0;
        events[1 + 2 * i] = (struct pollfd){.fd = there ? child->pidfd : -1, .events = POLLIN};
        events[2 + 2 * i] = (struct pollfd){.fd = there ? child->channel : -1, .events = POLLIN};
    }
    if (poll(events, ARRAY_SIZE(events), deadline_left_ms(next_kill(server))) < 0)
        return;
    for (size_t i = 0; i < LAUNCH_CHILDREN_MAX; i++)
        look_after(&server->children[i], &events[1 + 2 * i], &events[2 + 2 * i]);
    if (events[0].revents != 0)
        serve_request(server);
}

static void end_children(struct server *server)
{
    for (size_t i = 0; i < LAUNCH_CHILDREN_MAX; i++)
        if (server->children[i].pid != 0)
            abandon(&server->children[i]);
    while (has_children(server))
        wait_once(server);
}

/* ---- the process ---- */

/* Nothing that it starts gets more rights than it has, or writes a core file. */
static bool set_up_process(int socket)
{
    sigset_t all;
    sigfillset(&all);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    return sigprocmask(SIG_SETMASK, &all, NULL) == 0 && secret_forbid_core() &&
           prctl(PR_SET_NAME, "ukeyd-launch") == 0 && prctl(PR_SET_DUMPABLE, 0) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && null >= 0 &&
           dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
           (socket == SOCKET_FD || dup3(socket, SOCKET_FD, O_CLOEXEC) >= 0) &&
           close_range(SOCKET_FD + 1, UINT_MAX, 0) == 0;
}

void launch_server_run(int socket, const struct launch_task *tasks, size_t count)
{
    struct server server = {.socket = SOCKET_FD, .tasks = tasks, .task_count = count};
    if (!set_up_process(socket))
        return;
    while (server.socket >= 0)
        wait_once(&server);
    end_children(&server);
}
