#include "agent/sandbox/sandbox_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/agent/sandbox/apart.h"

/* A call with its arguments, and what comes of it. */
struct call {
    const char *name;
    long number;
    long arguments[6];
    int wanted; /* errno, 0: it goes, APART_KILLED */
};

static int shut_in(void)
{
    struct err err = ERR_INIT;
    bool restricted = false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        sandbox_calls_restrict(&restricted, &err) != ERR_NONE)
        return 254;
    return restricted ? 0 : 253;
}

static int perform(const void *context)
{
    const struct call *call = context;
    const long *with = call->arguments;
    int failure = shut_in();
    if (failure != 0)
        return failure;
    long result = syscall(call->number, with[0], with[1], with[2], with[3], with[4], with[5]);
    return result >= 0 ? 0 : errno;
}

#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)

static const struct call calls[] = {
    {"execve", SYS_execve, {0}, APART_KILLED},
    {"execveat", SYS_execveat, {0}, APART_KILLED},
    {"ptrace", SYS_ptrace, {0}, APART_KILLED},
    {"unshare", SYS_unshare, {CLONE_NEWUSER}, APART_KILLED},
    {"setns", SYS_setns, {-1}, APART_KILLED},
    {"bpf", SYS_bpf, {0}, APART_KILLED},
    {"io_uring_setup", SYS_io_uring_setup, {0}, APART_KILLED},
    {"userfaultfd", SYS_userfaultfd, {0}, APART_KILLED},
    {"perf_event_open", SYS_perf_event_open, {0}, APART_KILLED},
    {"pidfd_getfd", SYS_pidfd_getfd, {-1}, APART_KILLED},
    {"init_module", SYS_init_module, {0}, APART_KILLED},
    {"setuid", SYS_setuid, {0}, APART_KILLED},
    {"fork by clone", SYS_clone, {SIGCHLD}, APART_KILLED},
    {"a namespace by clone", SYS_clone, {CLONE_NEWUSER | SIGCHLD}, APART_KILLED},
    {"clone3", SYS_clone3, {0}, ENOSYS},
    {"memfd_create", SYS_memfd_create, {0}, ENOSYS},
    {"kill", SYS_kill, {1, 0}, ENOSYS},
    {"chmod", SYS_fchmodat, {AT_FDCWD}, ENOSYS},
    {"link", SYS_linkat, {0}, ENOSYS},
    {"symlink", SYS_symlinkat, {0}, ENOSYS},
    {"shmat", SYS_shmat, {-1}, ENOSYS},
    {"no call at all", 9999, {0}, ENOSYS},
    {"writable code", SYS_mmap, {0, 4096, RWX, PRIVATE, -1, 0}, ENOSYS},
    {"code from nowhere", SYS_mmap, {0, 4096, PROT_EXEC, PRIVATE, -1, 0}, ENOSYS},
    {"data", SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE, PRIVATE, -1, 0}, 0},
    {"data becomes code", SYS_mprotect, {0, 0, PROT_READ | PROT_EXEC}, EACCES},
    {"data becomes read-only", SYS_mprotect, {0, 0, PROT_READ}, 0},
    {"TCP", SYS_socket, {AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0}, 0},
    {"UDP", SYS_socket, {AF_INET, SOCK_DGRAM, 0}, 0},
    {"raw", SYS_socket, {AF_INET, SOCK_RAW, 1}, ENOSYS},
    {"raw, IPv6", SYS_socket, {AF_INET6, SOCK_RAW, 58}, ENOSYS},
    {"packet", SYS_socket, {AF_PACKET, SOCK_RAW, 0}, ENOSYS},
    {"local", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}, 0},
    {"routes", SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}, 0},
    {"owners of sockets", SYS_socket, {AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG}, 0},
    {"other netlink", SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT}, ENOSYS},
    {"Bluetooth", SYS_socket, {AF_BLUETOOTH, SOCK_RAW, 0}, ENOSYS},
    {"virtual machines", SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}, ENOSYS},
    {"typing into a terminal", SYS_ioctl, {0, TIOCSTI, 0}, ENOSYS},
    {"looking at limits", SYS_prlimit64, {0, RLIMIT_CORE, 0, 0}, 0},
    {"changing limits", SYS_prlimit64, {0, RLIMIT_CORE, 1, 0}, ENOSYS},
    {"dumpable again", SYS_prctl, {PR_SET_DUMPABLE, 1}, ENOSYS},
    {"another thread's signal", SYS_tgkill, {1, 1, 0}, ENOSYS},
    {"the time", SYS_clock_gettime, {CLOCK_REALTIME, 0}, EFAULT},
};

static void each_call_has_its_answer(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
        int found = apart(perform, &calls[i]);
        if (found != calls[i].wanted)
            fail_msg("%s: %d instead of %d", calls[i].name, found, calls[i].wanted);
    }
}

static void *do_nothing(void *context)
{
    return context;
}

/* libc does without clone3. */
static int start_threads(const void *context)
{
    pthread_t thread;
    int failure = shut_in();
    for (int i = 0; i < 3 && failure == 0; i++) {
        failure = pthread_create(&thread, NULL, do_nothing, NULL);
        if (failure == 0)
            pthread_join(thread, NULL);
    }
    return failure;
}

static void threads_start(void **state)
{
    assert_int_equal(apart(start_threads, NULL), 0);
}

/* libc forks by clone. */
static int fork_once(const void *context)
{
    int failure = shut_in();
    if (failure != 0)
        return failure;
    return fork() < 0 ? errno : 0;
}

static void a_fork_ends_the_process(void **state)
{
    assert_int_equal(apart(fork_once, NULL), APART_KILLED);
}

static int abort_now(const void *context)
{
    int failure = shut_in();
    signal(SIGABRT, SIG_DFL);
    if (failure == 0)
        abort();
    return failure;
}

static void abort_works(void **state)
{
    assert_int_equal(apart(abort_now, NULL), -SIGABRT);
}

static int close_listening(const void *context)
{
    struct err err = ERR_INIT;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int failure = shut_in();
    if (failure != 0)
        return failure;
    if (sandbox_calls_no_listen(&err) != ERR_NONE)
        return 252;
    return listen(fd, 1) == 0 ? 0 : errno;
}

static void listening_ends(void **state)
{
    assert_int_equal(apart(close_listening, NULL), EPERM);
}

/* Shuts itself in where seccomp(2) answers with this errno. */
static int where_the_call_fails(const void *context)
{
    const int *cause = context;
    struct sock_filter lines[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)*cause),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {ARRAY_SIZE(lines), lines};
    struct err err = ERR_INIT;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        return 252;
    int result = shut_in();
    return result == 253 && sandbox_calls_no_listen(&err) != ERR_NONE ? 251 : result;
}

/* A kernel that has no filters is made do with; one that refuses them is not. */
static void a_kernel_without_filters_is_told_from_one_that_refuses(void **state)
{
    (void)state;
    static const struct {
        int cause, wanted;
    } cases[] = {{ENOSYS, 253}, {EINVAL, 253}, {EPERM, 254}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(apart(where_the_call_fails, &cases[i].cause), cases[i].wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_has_its_answer),
        cmocka_unit_test(threads_start),
        cmocka_unit_test(a_fork_ends_the_process),
        cmocka_unit_test(abort_works),
        cmocka_unit_test(listening_ends),
        cmocka_unit_test(a_kernel_without_filters_is_told_from_one_that_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
