#include "agent/prompt/prompt_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

/* A toolkit needs some milliseconds to take its window down. */
#define TERM_GRACE_MS 500
#define ENVIRONMENT_MAX 64

extern char **environ;

/* What a dialog needs to reach the display, the input method's bus and its texts; nothing else of the
 * agent's environment. A name that ends in "_" stands for all that begin so. */
static const char *const passed_on[] = {
    "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "XDG_", "HOME", "LANG",
    "LC_",     "LANGUAGE",        "TERM",
};

static const char fixed_path[] = "PATH=/usr/local/bin:/usr/bin:/bin";

static bool is_passed_on(const char *variable)
{
    for (size_t i = 0; i < ARRAY_SIZE(passed_on); i++) {
        size_t length = strlen(passed_on[i]);
        if (strncmp(variable, passed_on[i], length) == 0 &&
            (variable[length] == '=' || passed_on[i][length - 1] == '_'))
            return true;
    }
    return false;
}

/* The entries stay the environment's. */
static void fill_environment(char *out[ENVIRONMENT_MAX])
{
    size_t count = 0;
    out[count++] = (char *)(uintptr_t)fixed_path;
    for (char **at = environ; *at != NULL && count < ENVIRONMENT_MAX - 1; at++)
        if (is_passed_on(*at))
            out[count++] = *at;
    out[count] = NULL;
}

static int spawn(const char *program, int fd, pid_t *out_pid)
{
    char *arguments[] = {(char *)(uintptr_t)program, NULL};
    char *environment[ENVIRONMENT_MAX];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;

    fill_environment(environment);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    int failure = posix_spawn(out_pid, program, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

/* A socket instead of two pipes: writing to a dialog that died must not raise SIGPIPE. */
enum err_code prompt_process_start(const char *program, struct prompt_process *out, struct err *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set_errno(err, ERR_PROMPT_UNAVAILABLE, "make a socket pair");
    AUTO(file_closep) int ours = pair[0];
    AUTO(file_closep) int theirs = pair[1];
    pid_t pid;
    int failure = spawn(program, theirs, &pid);
    if (failure != 0) {
        errno = failure;
        err_set_errno(err, ERR_PROMPT_UNAVAILABLE, "start");
        return err_add(err, "%s", program);
    }
    *out = (struct prompt_process){.pid = pid, .fd = ours};
    ours = -1;
    return ERR_NONE;
}

/* Whether it has left; it stays to be reaped. */
static bool wait_for(int pidfd, int ms)
{
    struct deadline deadline = deadline_in_ms(ms);
    struct pollfd exit = {.fd = pidfd, .events = POLLIN};
    int ready;
    do
        ready = poll(&exit, 1, deadline_left_ms(deadline));
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

static void make_leave(pid_t pid, int grace_ms)
{
    AUTO(file_closep) int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0) {
        kill(pid, SIGKILL);
        return;
    }
    if (wait_for(pidfd, grace_ms))
        return;
    kill(pid, SIGTERM);
    if (!wait_for(pidfd, TERM_GRACE_MS))
        kill(pid, SIGKILL);
}

void prompt_process_end(struct prompt_process *process, int grace_ms)
{
    file_closep(&process->fd);
    if (process->pid < 0)
        return;
    make_leave(process->pid, grace_ms);
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    process->pid = -1;
}
