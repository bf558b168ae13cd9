#include "agent/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
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

/* The same with LC_ALL=C. The list is the caller's, its texts are borrowed. */
static void english_environment(char *out[VARIABLES_MAX + 2])
{
    size_t count = 0;
    for (char **at = environ; *at != NULL && count < VARIABLES_MAX; at++)
        if (strncmp(*at, "LC_ALL=", strlen("LC_ALL=")) != 0)
            out[count++] = *at;
    out[count++] = (char *)(uintptr_t) "LC_ALL=C";
    out[count] = NULL;
}

static int spawn(const char *program, char *const *words, const int files[2], pid_t *out_pid)
{
    char *environment[VARIABLES_MAX + 2];
    sigset_t none, all;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    english_environment(environment);
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, files[0], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, files[1], STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    int failure = posix_spawn(out_pid, program, &actions, &attributes, words, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return failure;
}

static enum err_code wait_for(pid_t pid, int *out_status, struct err *err)
{
    struct deadline deadline = deadline_in_ms(CHILD_MS);
    AUTO(file_closep) int pidfd = pidfd_open(pid, 0);
    struct pollfd event = {.fd = pidfd, .events = POLLIN};
    int ready;
    do
        ready = poll(&event, 1, deadline_left_ms(deadline));
    while (ready < 0 && errno == EINTR);
    if (ready <= 0 || pidfd < 0)
        kill(pid, SIGKILL);
    while (waitpid(pid, out_status, 0) < 0 && errno == EINTR)
        continue;
    return ready > 0 && pidfd >= 0 ? ERR_NONE : err_set(err, ERR_DEADLINE, "it does not end");
}

static char *read_back(int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || status.st_size > CHILD_OUTPUT_MAX)
        return memory_text("");
    AUTO(bytes_freep) struct bytes *bytes = bytes_new_size((size_t)status.st_size);
    ssize_t got = pread(fd, bytes->at, bytes->len, 0);
    return memory_printf("%.*s", got < 0 ? 0 : (int)got, (const char *)bytes->at);
}

enum err_code child_run(const char *program, const char *const *arguments, char **out_text,
                        struct err *err)
{
    char *words[CHILD_ARGUMENTS_MAX + 2] = {(char *)(uintptr_t)program};
    AUTO(file_closep) int out = memfd_create("output", MFD_CLOEXEC);
    AUTO(file_closep) int messages = memfd_create("messages", MFD_CLOEXEC);
    pid_t pid;
    int status = -1;
    for (size_t i = 0; arguments[i] != NULL; i++) {
        assert(i < CHILD_ARGUMENTS_MAX);
        words[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    if (out < 0 || messages < 0)
        return err_set_errno(err, ERR_INTERNAL, "make a file in memory");
    int failure = spawn(program, words, (const int[]){out, messages}, &pid);
    if (failure != 0)
        return err_set_foreign(err, failure == ENOENT ? ERR_FILE_MISSING : ERR_INTERNAL, failure,
                               "start %s: %s", program, strerror(failure));
    if (wait_for(pid, &status, err) != ERR_NONE)
        return err_add(err, "%s", program);
    if (status != 0) {
        AUTO(memory_freep) char *said = read_back(messages);
        err_set_foreign(err, ERR_FILE, status, "%s: %s", program, said);
        text_repair_utf8(err->detail);
        return err->code;
    }
    *out_text = read_back(out);
    return ERR_NONE;
}
