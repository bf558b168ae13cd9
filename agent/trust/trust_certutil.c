#include "agent/trust/trust_certutil.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

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

static int spawn(const struct trust_certutil *tool, char *const *arguments,
                 const struct streams *streams, pid_t *out_pid)
{
    AUTO(memory_freep)
    char *libraries =
        tool->libraries == NULL ? NULL : memory_printf("LD_LIBRARY_PATH=%s", tool->libraries);
    /* What it needs: its messages are read, so they must be English. */
    char *const environment[] = {
        (char *)(uintptr_t) "PATH=/usr/bin:/bin",
        (char *)(uintptr_t) "LC_ALL=C",
        libraries,
        NULL,
    };
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
    int failure =
        posix_spawn(out_pid, tool->program, &actions, &attributes, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

static enum err_code start(const struct trust_certutil *tool, const char *const *arguments,
                           const struct streams *streams, pid_t *out_pid, struct err *err)
{
    char *words[TRUST_CERTUTIL_ARGUMENTS_MAX + 2] = {(char *)(uintptr_t)tool->program};
    size_t count = 0;
    for (; arguments[count] != NULL; count++) {
        assert(count < TRUST_CERTUTIL_ARGUMENTS_MAX);
        words[count + 1] = (char *)(uintptr_t)arguments[count];
    }
    int failure = spawn(tool, words, streams, out_pid);
    if (failure == 0)
        return ERR_NONE;
    errno = failure;
    err_set_errno(err, failure == ENOENT ? ERR_TRUST_TOOL_MISSING : ERR_INTERNAL, "start");
    return err_add(err, "%s", tool->program);
}

static enum err_code wait_until_gone(const struct trust_certutil *tool, pid_t pid, struct err *err)
{
    struct deadline deadline = deadline_in_ms(TRUST_CERTUTIL_MS);
    AUTO(file_closep) int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0)
        return err_set_errno(err, ERR_INTERNAL, "watch a process");
    struct pollfd events[] = {{.fd = pidfd, .events = POLLIN},
                              {.fd = cancel_fd(tool->cancel), .events = POLLIN}};
    int ready;
    do
        ready = poll(events, ARRAY_SIZE(events), deadline_left_ms(deadline));
    while (ready < 0 && errno == EINTR);
    if (events[0].revents != 0)
        return ERR_NONE;
    if (ready > 0)
        return err_set(err, ERR_CANCELLED, "%s was stopped", tool->program);
    return err_set(err, ERR_DEADLINE, "%s takes longer than %d ms", tool->program,
                   TRUST_CERTUTIL_MS);
}

static int reap(pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

static enum err_code read_back(int fd, struct bytes **out, struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_set_errno(err, ERR_INTERNAL, "look at the output");
    if (status.st_size > TRUST_CERTUTIL_OUTPUT_MAX)
        return err_set(err, ERR_TRUST_DATABASE, "%lld bytes of output", (long long)status.st_size);
    AUTO(bytes_freep) struct bytes *bytes = bytes_new_size((size_t)status.st_size);
    if (pread(fd, bytes->at, bytes->len, 0) != (ssize_t)bytes->len)
        return err_set_errno(err, ERR_INTERNAL, "read the output");
    *out = TAKE(bytes);
    return ERR_NONE;
}

/* Source: NSS 3.87, what certutil said when each was provoked. */
static enum err_code meaning_of(const char *messages)
{
    static const struct {
        const char *text;
        enum err_code code;
    } meanings[] = {
        {"SEC_ERROR_BAD_PASSWORD", ERR_TRUST_PASSWORD},
        {"SEC_ERROR_TOKEN_NOT_LOGGED_IN", ERR_TRUST_PASSWORD},
        {"SEC_ERROR_READ_ONLY", ERR_TRUST_READ_ONLY},
        {"PR_NO_ACCESS_RIGHTS_ERROR", ERR_TRUST_READ_ONLY},
    };
    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
        if (strstr(messages, meanings[i].text) != NULL)
            return meanings[i].code;
    return ERR_TRUST_DATABASE;
}

/* Some messages go to the output. */
static enum err_code refused(const struct streams *streams, int status, struct err *err)
{
    AUTO(bytes_freep) struct bytes *messages = NULL;
    AUTO(bytes_freep) struct bytes *output = NULL;
    if (read_back(streams->err, &messages, err) != ERR_NONE ||
        read_back(streams->out, &output, err) != ERR_NONE)
        return err->code;
    char *text = (char *)(messages->len > 0 ? messages->at : output->at);
    for (char *at = strchr(text, '\n'); at != NULL; at = strchr(at, '\n'))
        *at = at[1] == '\0' ? '\0' : ' ';
    err_set_foreign(err, meaning_of(text), status, "%s", text);
    text_repair_utf8(err->detail);
    return err->code;
}

enum err_code trust_certutil_run(const struct trust_certutil *tool, const char *const *arguments,
                                 struct span input, struct bytes **out_text, struct err *err)
{
    AUTO(streams_done) struct streams streams = {-1, -1, -1};
    pid_t pid;
    if (streams_open(input, &streams, err) != ERR_NONE ||
        start(tool, arguments, &streams, &pid, err) != ERR_NONE)
        return err->code;
    enum err_code code = wait_until_gone(tool, pid, err);
    if (code != ERR_NONE)
        kill(pid, SIGKILL);
    int status = reap(pid);
    if (code != ERR_NONE)
        return code;
    if (status != 0)
        return refused(&streams, status, err);
    return out_text == NULL ? ERR_NONE : read_back(streams.out, out_text, err);
}
