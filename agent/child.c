#include "agent/child.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

/* Of our environment, of which more is nobody's business. */
#define VARIABLES_MAX 256

/* Files in memory instead of pipes: nobody has to read while it runs, and nobody is blocked. */
struct streams {
    int in, out, err;
};

static void streams_done(struct streams *streams)
{
    file_closep(&streams->in);
    file_closep(&streams->out);
    file_closep(&streams->err);
}

static enum err_code streams_open(struct span input, struct streams *streams, struct err *err)
{
    streams->in = memfd_create("input", MFD_CLOEXEC);
    streams->out = memfd_create("output", MFD_CLOEXEC);
    streams->err = memfd_create("messages", MFD_CLOEXEC);
    if (streams->in < 0 || streams->out < 0 || streams->err < 0 ||
        pwrite(streams->in, input.at, input.len, 0) != (ssize_t)input.len)
        return err_set_errno(err, ERR_INTERNAL, "make a file in memory");
    return ERR_NONE;
}

/* ---- starting ---- */

/* Ours with LC_ALL=C. The list is the caller's, its texts are borrowed. */
static void english_environment(char *out[VARIABLES_MAX + 2])
{
    size_t count = 0;
    for (char **at = environ; *at != NULL && count < VARIABLES_MAX; at++)
        if (strncmp(*at, "LC_ALL=", strlen("LC_ALL=")) != 0)
            out[count++] = *at;
    out[count++] = (char *)(uintptr_t) "LC_ALL=C";
    out[count] = NULL;
}

static int spawn(const char *program, char *const *words, char *const *environment,
                 const struct streams *streams, pid_t *out_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    /* A session of its own has no terminal on which it could ask for a password. */
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, streams->in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, streams->out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, streams->err, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    int failure = posix_spawn(out_pid, program, &actions, &attributes, words, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

static enum err_code start(const struct child *child, const struct streams *streams, pid_t *out_pid,
                           struct err *err)
{
    char *words[CHILD_ARGUMENTS_MAX + 2] = {(char *)(uintptr_t)child->program};
    char *english[VARIABLES_MAX + 2];
    for (size_t i = 0; child->arguments[i] != NULL; i++) {
        assert(i < CHILD_ARGUMENTS_MAX);
        words[i + 1] = (char *)(uintptr_t)child->arguments[i];
    }
    english_environment(english);
    int failure =
        spawn(child->program, words, child->environment == NULL ? english : child->environment,
              streams, out_pid);
    if (failure == 0)
        return ERR_NONE;
    errno = failure;
    err_set_errno(err, failure == ENOENT ? ERR_FILE_MISSING : ERR_INTERNAL, "start");
    return err_add(err, "%s", child->program);
}

/* ---- its end ---- */

static enum err_code wait_until_gone(const struct child *child, pid_t pid, struct err *err)
{
    struct deadline deadline = deadline_in_ms(child->timeout_ms);
    AUTO(file_closep) int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0)
        return err_set_errno(err, ERR_INTERNAL, "watch a process");
    struct pollfd events[] = {{.fd = pidfd, .events = POLLIN},
                              {.fd = cancel_fd(child->cancel), .events = POLLIN}};
    int ready;
    do
        ready = poll(events, ARRAY_SIZE(events), deadline_left_ms(deadline));
    while (ready < 0 && errno == EINTR);
    if (events[0].revents != 0)
        return ERR_NONE;
    if (ready > 0)
        return err_set(err, ERR_CANCELLED, "%s was stopped", child->program);
    return err_set(err, ERR_DEADLINE, "%s takes longer than %d ms", child->program,
                   child->timeout_ms);
}

static int reap(pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static enum err_code read_back(const struct child *child, int fd, struct bytes **out,
                               struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_set_errno(err, ERR_INTERNAL, "look at the output");
    if ((size_t)status.st_size > child->output_bytes_max)
        return err_set(err, ERR_FILE, "%s wrote %lld bytes, more than %zu", child->program,
                       (long long)status.st_size, child->output_bytes_max);
    AUTO(bytes_freep) struct bytes *bytes = bytes_new_size((size_t)status.st_size);
    if (pread(fd, bytes->at, bytes->len, 0) != (ssize_t)bytes->len)
        return err_set_errno(err, ERR_INTERNAL, "read the output");
    *out = TAKE(bytes);
    return ERR_NONE;
}

void child_result_done(struct child_result *result)
{
    bytes_wipe_freep(&result->output);
    bytes_wipe_freep(&result->messages);
}

enum err_code child_perform(const struct child *child, struct child_result *out, struct err *err)
{
    AUTO(streams_done) struct streams streams = {-1, -1, -1};
    AUTO(child_result_done) struct child_result result = {0};
    pid_t pid;
    if (streams_open(child->input, &streams, err) != ERR_NONE ||
        start(child, &streams, &pid, err) != ERR_NONE)
        return err->code;
    enum err_code code = wait_until_gone(child, pid, err);
    if (code != ERR_NONE)
        kill(pid, SIGKILL);
    result.status = reap(pid);
    if (code != ERR_NONE)
        return code;
    if (read_back(child, streams.out, &result.output, err) != ERR_NONE ||
        read_back(child, streams.err, &result.messages, err) != ERR_NONE)
        return err->code;
    *out = result;
    result = (struct child_result){0};
    return ERR_NONE;
}

/* ---- one that is only asked ---- */

enum err_code child_run(const char *program, const char *const *arguments, char **out_text,
                        struct err *err)
{
    AUTO(child_result_done) struct child_result result = {0};
    const struct child child = {.program = program,
                                .arguments = arguments,
                                .timeout_ms = CHILD_MS,
                                .output_bytes_max = CHILD_OUTPUT_MAX};
    if (child_perform(&child, &result, err) != ERR_NONE)
        return err->code;
    if (result.status != 0) {
        err_set_foreign(err, ERR_FILE, result.status, "%s: %s", program,
                        (const char *)result.messages->at);
        text_repair_utf8(err->detail);
        return err->code;
    }
    *out_text = memory_text((const char *)result.output->at);
    return ERR_NONE;
}
