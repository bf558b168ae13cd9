#include "agent/launch/launch_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* More variables than any desktop's session has that are passed on. */
#define ENVIRONMENT_MAX 64
#define NOT_STARTED 127
/* Tells of a failure before the program runs; behind the standard descriptors. */
#define REPORT_FD 3

extern char **environ;

static char fixed_path[] = "PATH=/usr/local/bin:/usr/bin:/bin";

/* A name that ends in "_" stands for all that begin so. */
static bool is_passed_on(const char *variable, const char *const *names)
{
    for (; *names != NULL; names++) {
        size_t length = strlen(*names);
        if (strncmp(variable, *names, length) == 0 &&
            (variable[length] == '=' || (*names)[length - 1] == '_'))
            return true;
    }
    return false;
}

/* The entries stay the environment's. */
static void fill_environment(const char *const *names, char *out[ENVIRONMENT_MAX])
{
    size_t count = 0;
    out[count++] = fixed_path;
    for (char **at = environ; *at != NULL && count < ENVIRONMENT_MAX - 1; at++)
        if (is_passed_on(*at, names))
            out[count++] = *at;
    out[count] = NULL;
}

static void reset_signals(void)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* dup2 to the same number would leave it to be closed at exec. */
static bool put(int fd, int number)
{
    return fd == number ? fcntl(fd, F_SETFD, 0) == 0 : dup2(fd, number) >= 0;
}

static bool arrange_descriptors(bool keep_messages, int stdio, int report)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return false;
    int source = stdio >= 0 ? stdio : null;
    bool good = put(source, STDIN_FILENO) && put(source, STDOUT_FILENO) &&
                (keep_messages || put(null, STDERR_FILENO));
    return good && dup3(report, REPORT_FD, O_CLOEXEC) >= 0 &&
           close_range(REPORT_FD + 1, UINT_MAX, 0) == 0;
}

static _Noreturn void fail(int report)
{
    int cause = errno;
    ssize_t written = write(report, &cause, sizeof cause);
    (void)written; /* the parent is gone then */
    _exit(NOT_STARTED);
}

static _Noreturn void run(const struct launch_task *task, pid_t parent, int stdio, int report)
{
    char *arguments[] = {(char *)(uintptr_t)task->program, NULL};
    char *environment[ENVIRONMENT_MAX];
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
        _exit(NOT_STARTED);
    if (!arrange_descriptors(task->program == NULL, stdio, report))
        fail(report);
    reset_signals();
    if (task->program == NULL) {
        close(REPORT_FD);
        _exit(task->function(task->context));
    }
    fill_environment(task->passed_on, environment);
    execve(task->program, arguments, environment);
    fail(REPORT_FD);
}

/* What the child reports before its end of the pipe closes. */
static int wait_until_runs(int report, pid_t child)
{
    int cause = 0;
    ssize_t got;
    do
        got = read(report, &cause, sizeof cause);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof cause)
        return 0;
    waitpid(child, NULL, 0);
    return cause;
}

int launch_child_start(const struct launch_task *task, int stdio, pid_t *out)
{
    int pipe_ends[2];
    pid_t parent = getpid();
    /* Far from the numbers that the child arranges. */
    if (pipe2(pipe_ends, O_CLOEXEC) != 0)
        return errno;
    int report = fcntl(pipe_ends[1], F_DUPFD_CLOEXEC, 16);
    close(pipe_ends[1]);
    pid_t child = report < 0 ? -1 : fork();
    if (child == 0)
        run(task, parent, stdio, report);
    int cause = errno;
    if (report >= 0)
        close(report);
    cause = child < 0 ? cause : wait_until_runs(pipe_ends[0], child);
    close(pipe_ends[0]);
    if (cause == 0)
        *out = child;
    return cause;
}
