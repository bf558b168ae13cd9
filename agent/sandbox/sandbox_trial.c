#include "agent/sandbox/sandbox_trial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"

/* How a child ends that could not be shut in; no errno is that large. */
#define NOT_SHUT_IN 255
/* A port of the reserved ones that nobody listens on. Source: IANA, "tcpmux". */
#define CLOSED_PORT 1

static int errno_if(bool failed)
{
    return failed ? errno : 0;
}

static int open_and_close(const char *path, int flags)
{
    AUTO(file_closep) int fd = open(path, flags | O_CLOEXEC, 0600);
    return errno_if(fd < 0);
}

/* ---- programs and processes ---- */

static int try_execve(const struct sandbox_stage *stage)
{
    char *const words[] = {(char *)(uintptr_t) "true", NULL};
    char *const environment[] = {NULL};
    execve("/bin/true", words, environment);
    return errno;
}

static int try_fork(const struct sandbox_stage *stage)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return errno_if(pid < 0);
}

static int try_ptrace(const struct sandbox_stage *stage)
{
    return errno_if(ptrace(PTRACE_ATTACH, stage->user, NULL, NULL) != 0);
}

static int try_other_memory(const struct sandbox_stage *stage)
{
    char byte;
    const struct iovec here = {&byte, 1}, there = {(void *)(uintptr_t)stage, 1};
    return errno_if(process_vm_readv(stage->user, &here, 1, &there, 1, 0) != 1);
}

static int try_other_memory_file(const struct sandbox_stage *stage)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)stage->user);
    return open_and_close(path, O_RDONLY);
}

static int try_signal(const struct sandbox_stage *stage)
{
    return errno_if(kill(stage->user, 0) != 0);
}

/* ---- files ---- */

static int try_home(const struct sandbox_stage *stage)
{
    const char *home = getenv("HOME");
    return open_and_close(home != NULL ? home : "/root", O_RDONLY | O_DIRECTORY);
}

static int try_read_outside(const struct sandbox_stage *stage)
{
    return open_and_close(stage->outside_file, O_RDONLY);
}

static int try_write_outside(const struct sandbox_stage *stage)
{
    return open_and_close(stage->outside_file, O_WRONLY | O_APPEND);
}

static int try_create_outside(const struct sandbox_stage *stage)
{
    AUTO(memory_freep) char *path = file_join(stage->outside_folder, "created");
    return open_and_close(path, O_WRONLY | O_CREAT | O_EXCL);
}

static int try_truncate_outside(const struct sandbox_stage *stage)
{
    return open_and_close(stage->outside_file, O_RDONLY | O_TRUNC);
}

static int try_delete_outside(const struct sandbox_stage *stage)
{
    return errno_if(unlink(stage->outside_file) != 0);
}

static int try_link_in(const struct sandbox_stage *stage)
{
    return errno_if(link(stage->outside_file, stage->inside_file) != 0);
}

static int try_write_inside(const struct sandbox_stage *stage)
{
    struct err err = ERR_INIT;
    const struct span content = span_text("x");
    if (file_write_atomic(stage->inside_file, content, 0600, &err) != ERR_NONE)
        return err.foreign != 0 ? (int)err.foreign : EIO;
    return errno_if(unlink(stage->inside_file) != 0);
}

static int try_settings(const struct sandbox_stage *stage)
{
    return open_and_close("/etc/ssl/openssl.cnf", O_RDONLY);
}

/* ---- memory ---- */

static int try_writable_code(const struct sandbox_stage *stage)
{
    void *map =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return errno_if(map == MAP_FAILED);
}

static int try_code_later(const struct sandbox_stage *stage)
{
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED)
        return 0;
    return errno_if(mprotect(map, 4096, PROT_READ | PROT_EXEC) != 0);
}

static int try_secret(const struct sandbox_stage *stage)
{
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *secret = NULL;
    return secret_new(SECRET_BYTES_MAX, &secret, &err) == ERR_NONE ? 0 : ENOMEM;
}

static int try_crash(const struct sandbox_stage *stage)
{
    signal(SIGSEGV, SIG_DFL);
    raise(SIGSEGV);
    return 0;
}

/* The process that is looked at is shut in as the agent is. */
static int try_be_read(const struct sandbox_stage *stage)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)stage->user);
    return open_and_close(path, O_RDONLY);
}

static int try_be_traced(const struct sandbox_stage *stage)
{
    return errno_if(ptrace(PTRACE_SEIZE, stage->user, NULL, NULL) != 0);
}

/* ---- rights ---- */

static int try_namespace(const struct sandbox_stage *stage)
{
    return errno_if(unshare(CLONE_NEWUSER) != 0);
}

static int try_mount(const struct sandbox_stage *stage)
{
    return errno_if(mount("none", stage->settings.state_folder, "tmpfs", 0, NULL) != 0);
}

static int try_other_user(const struct sandbox_stage *stage)
{
    return errno_if(setuid(65534) != 0);
}

static int try_dumpable_again(const struct sandbox_stage *stage)
{
    return errno_if(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0);
}

static int try_new_rights(const struct sandbox_stage *stage)
{
    errno = EPERM;
    return errno_if(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static int try_ring(const struct sandbox_stage *stage)
{
    return errno_if(syscall(SYS_io_uring_setup, 1, NULL) < 0);
}

static int try_kernel_program(const struct sandbox_stage *stage)
{
    return errno_if(syscall(SYS_bpf, 0, NULL, 0) < 0);
}

/* ---- network ---- */

static int try_socket(int family, int kind, int protocol)
{
    AUTO(file_closep) int fd = socket(family, kind | SOCK_CLOEXEC, protocol);
    return errno_if(fd < 0);
}

static int try_raw_socket(const struct sandbox_stage *stage)
{
    return try_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
}

static int try_packet_socket(const struct sandbox_stage *stage)
{
    return try_socket(AF_PACKET, SOCK_DGRAM, 0);
}

static int try_netlink(const struct sandbox_stage *stage)
{
    return try_socket(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG);
}

/* What libc loads for it, and the files of the resolver. */
static int try_name(const struct sandbox_stage *stage)
{
    struct addrinfo *found = NULL;
    int result = getaddrinfo("localhost", "https", NULL, &found);
    if (result == 0)
        freeaddrinfo(found);
    return result == 0 ? 0 : EHOSTUNREACH;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
}

/* 0 stands for a port that is none of the settings'. */
static int try_bind(const struct sandbox_stage *stage)
{
    const struct sockaddr_in address = loopback(0);
    AUTO(file_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return errno_if(fd < 0 || bind(fd, (const void *)&address, sizeof address) != 0);
}

static int try_listen(const struct sandbox_stage *stage)
{
    AUTO(file_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length =
        snprintf(address.sun_path, sizeof address.sun_path, "%s/s", stage->settings.runtime_folder);
    if (fd < 0 || length >= (int)sizeof address.sun_path)
        return fd < 0 ? errno : ENAMETOOLONG;
    bool failed = bind(fd, (const void *)&address, sizeof address) != 0 || listen(fd, 1) != 0;
    int cause = errno_if(failed);
    unlink(address.sun_path);
    return cause;
}

/* Nobody listens there: a refusal by that computer shows that it was asked. */
static int try_connect(const struct sandbox_stage *stage)
{
    const struct sockaddr_in address = loopback(CLOSED_PORT);
    AUTO(file_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const void *)&address, sizeof address) == 0)
        return errno_if(fd < 0);
    return errno == ECONNREFUSED ? 0 : errno;
}

/* ---- what else the agent needs ---- */

static void *do_nothing(void *context)
{
    return context;
}

static int try_thread(const struct sandbox_stage *stage)
{
    pthread_t thread;
    int failure = pthread_create(&thread, NULL, do_nothing, NULL);
    if (failure == 0)
        pthread_join(thread, NULL);
    return failure;
}

#define CALLS .wanted = SANDBOX_REFUSED, .need = SANDBOX_NEEDS_CALLS
#define LANDLOCK(version) \
    .wanted = SANDBOX_REFUSED, .need = SANDBOX_NEEDS_LANDLOCK, .landlock = (version)
#define REFUSED .wanted = SANDBOX_REFUSED
#define ALLOWED .wanted = SANDBOX_ALLOWED

const struct sandbox_trial sandbox_trials[] = {
    {"start a program", CALLS, .attempt = try_execve},
    {"start a process", CALLS, .attempt = try_fork},
    {"debug another process", CALLS, .attempt = try_ptrace},
    {"read another process's memory", CALLS, .attempt = try_other_memory},
    {"read another process's variables", LANDLOCK(1), .attempt = try_other_memory_file},
    {"signal another process", CALLS, .attempt = try_signal},
    {"read the home folder", LANDLOCK(1), .attempt = try_home},
    {"read a file of the user", LANDLOCK(1), .attempt = try_read_outside},
    {"write a file of the user", LANDLOCK(1), .attempt = try_write_outside},
    {"make a file elsewhere", LANDLOCK(1), .attempt = try_create_outside},
    {"delete a file of the user", LANDLOCK(1), .attempt = try_delete_outside},
    {"empty a file of the user", LANDLOCK(1), .attempt = try_truncate_outside},
    {"link a file of the user", LANDLOCK(1), .attempt = try_link_in},
    {"memory that is writable and code", CALLS, .attempt = try_writable_code},
    {"make written memory code", CALLS, .attempt = try_code_later},
    {"write a core file", REFUSED, .attempt = try_crash},
    {"be read by another process", REFUSED, .attempt = try_be_read, .from_outside = true},
    {"be debugged by another process", REFUSED, .attempt = try_be_traced, .from_outside = true},
    {"undo that", CALLS, .attempt = try_dumpable_again},
    {"gain rights by a program", REFUSED, .attempt = try_new_rights},
    {"become another user", CALLS, .attempt = try_other_user},
    {"make a namespace", CALLS, .attempt = try_namespace},
    {"mount", CALLS, .attempt = try_mount},
    {"load a program into the kernel", CALLS, .attempt = try_kernel_program},
    {"make calls past the filter (io_uring)", CALLS, .attempt = try_ring},
    {"raw socket", CALLS, .attempt = try_raw_socket},
    {"packet socket", CALLS, .attempt = try_packet_socket},
    {"take another port", LANDLOCK(4), .attempt = try_bind},
    {"listen once it is up", CALLS, .attempt = try_listen},
    {"listen while it starts", ALLOWED, .attempt = try_listen, .from_the_start = true},
    {"write its own folder", ALLOWED, .attempt = try_write_inside},
    {"read the system's settings", ALLOWED, .attempt = try_settings},
    {"find a platform's address", ALLOWED, .attempt = try_name},
    {"connect to a platform", ALLOWED, .attempt = try_connect},
    {"ask who owns a connection", ALLOWED, .attempt = try_netlink},
    {"lock memory for a PIN", ALLOWED, .attempt = try_secret},
    {"start a thread", ALLOWED, .attempt = try_thread},
};
const size_t sandbox_trial_count = ARRAY_SIZE(sandbox_trials);

/* ---- performing one ---- */

static bool shut_in(const struct sandbox_trial *trial, const struct sandbox_stage *stage)
{
    struct err err = ERR_INIT;
    struct sandbox_facts facts;
    return sandbox_enter(&stage->settings, &facts, &err) == ERR_NONE &&
           (trial->from_the_start || sandbox_close(&err) == ERR_NONE);
}

static _Noreturn void attempt_inside(const struct sandbox_trial *trial,
                                     const struct sandbox_stage *stage)
{
    _exit(shut_in(trial, stage) ? trial->attempt(stage) : NOT_SHUT_IN);
}

/* Root may read what it likes; root's rights are given away to see what the user may. */
static bool drop_rights(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    return syscall(SYS_capset, &header, none) == 0;
}

static void wait_for_ever(void)
{
    while (poll(NULL, 0, -1) < 0)
        continue;
}

/* A process that is shut in stands still while this one tries to look into it. */
static _Noreturn void attempt_from_outside(const struct sandbox_trial *trial,
                                           const struct sandbox_stage *stage)
{
    int ends[2];
    char byte;
    struct sandbox_stage seen = *stage;
    if (pipe2(ends, O_CLOEXEC) != 0)
        _exit(NOT_SHUT_IN);
    seen.user = fork();
    if (seen.user == 0) {
        if (shut_in(trial, stage) && write(ends[1], "x", 1) == 1)
            wait_for_ever();
        _exit(NOT_SHUT_IN);
    }
    close(ends[1]);
    bool ready = read(ends[0], &byte, 1) == 1;
    int result = ready && drop_rights() ? trial->attempt(&seen) : NOT_SHUT_IN;
    if (seen.user > 0)
        kill(seen.user, SIGKILL);
    _exit(result);
}

static struct sandbox_outcome outcome_of(int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        return (struct sandbox_outcome){.ending = SANDBOX_KILLED};
    if (WIFSIGNALED(status))
        return (struct sandbox_outcome){
            .ending = WCOREDUMP(status) ? SANDBOX_WENT : SANDBOX_CRASHED,
            .cause = WTERMSIG(status),
        };
    int cause = WEXITSTATUS(status);
    return (struct sandbox_outcome){cause == 0 ? SANDBOX_WENT : SANDBOX_FAILED, cause};
}

enum err_code sandbox_trial_perform(const struct sandbox_trial *trial,
                                    const struct sandbox_stage *stage, struct sandbox_outcome *out,
                                    struct err *err)
{
    int status = 0;
    pid_t pid = fork();
    if (pid < 0)
        return err_set_errno(err, ERR_SANDBOX, "fork");
    if (pid == 0) {
        if (trial->from_outside)
            attempt_from_outside(trial, stage);
        attempt_inside(trial, stage);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    struct sandbox_outcome outcome = outcome_of(status);
    if (outcome.ending == SANDBOX_FAILED && outcome.cause == NOT_SHUT_IN)
        return err_set(err, ERR_SANDBOX, "%s: the process could not be shut in", trial->name);
    *out = outcome;
    return ERR_NONE;
}

bool sandbox_trial_holds(const struct sandbox_trial *trial, const struct sandbox_outcome *outcome)
{
    return (outcome->ending == SANDBOX_WENT) == (trial->wanted == SANDBOX_ALLOWED);
}
