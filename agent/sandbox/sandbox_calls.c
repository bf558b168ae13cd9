#include "agent/sandbox/sandbox_calls.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

/* The kinds of a socket without its flags. */
#define SOCKET_KIND 0xF
/* Source: linux/prctl.h of Linux 5.17: names for anonymous memory, which libc gives. */
#define SET_VMA 0x53564d41

/* By name, so that each machine takes those that it has. */
/* clang-format off */
static const char *const allowed[] = {
    /* memory */
    "brk", "madvise", "membarrier", "mincore", "mlock", "mlock2", "mremap", "munlock", "munmap",
    /* files; which ones is Landlock's to say */
    "access", "close", "close_range", "dup", "dup2", "dup3", "faccessat", "faccessat2", "fallocate",
    "fchmod", "fchown", "fcntl", "fdatasync", "flock", "fstat", "fstatfs", "fsync", "ftruncate",
    "getcwd", "getdents64", "lseek", "lstat", "mkdir", "mkdirat", "newfstatat", "open", "openat",
    "pipe2", "pread64", "preadv", "pwrite64", "pwritev", "read", "readlink", "readlinkat", "readv",
    "rename", "renameat", "renameat2", "rmdir", "stat", "statfs", "statx", "umask", "unlink",
    "unlinkat", "write", "writev",
    /* sockets; socket and socketpair below */
    "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen",
    "recvfrom", "recvmmsg", "recvmsg", "sendfile", "sendmmsg", "sendmsg", "sendto", "setsockopt",
    "shutdown",
    /* waiting */
    "inotify_add_watch", "inotify_init1", "inotify_rm_watch", "epoll_create1", "epoll_ctl",
    "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd2", "poll", "ppoll", "pselect6", "select",
    "signalfd4", "timerfd_create", "timerfd_gettime", "timerfd_settime",
    /* time */
    "clock_getres", "clock_gettime", "clock_nanosleep", "gettimeofday", "nanosleep", "time",
    /* threads and signals of its own; clone and tgkill below */
    "exit", "exit_group", "futex", "get_robust_list", "getcpu", "gettid", "restart_syscall", "rseq",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "sched_getaffinity",
    "sched_getparam", "sched_getscheduler", "sched_yield", "set_robust_list", "set_tid_address",
    "sigaltstack",
    /* about itself and the computer */
    "getegid", "geteuid", "getgid", "getgroups", "getpgrp", "getpid", "getppid", "getrandom",
    "getresgid", "getresuid", "getrlimit", "getrusage", "getsid", "getuid", "sysinfo", "times",
    "uname",
    /* the end of the launcher */
    "wait4", "waitid",
};
/* clang-format on */

/* No part of the agent, and no library of it, has a reason to. */
/* clang-format off */
static const char *const hostile[] = {
    /* programs and processes */
    "execve", "execveat", "fork", "vfork",
    /* other processes' memory and descriptors */
    "kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace",
    /* namespaces and mounts */
    "chroot", "fsconfig", "fsmount", "fsopen", "mount", "mount_setattr", "move_mount", "open_tree",
    "pivot_root", "setns", "umount2", "unshare",
    /* other identities */
    "capset", "setfsgid", "setfsuid", "setgid", "setgroups", "setregid", "setresgid", "setresuid",
    "setreuid", "setuid",
    /* the kernel */
    "acct", "add_key", "bpf", "delete_module", "finit_module", "init_module", "io_uring_enter",
    "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kexec_file_load", "kexec_load",
    "keyctl", "modify_ldt", "open_by_handle_at", "perf_event_open", "reboot", "request_key",
    "settimeofday", "clock_settime", "swapoff", "swapon", "userfaultfd",
};
/* clang-format on */

/* Calls that are allowed with certain arguments: all conditions of a row hold. */
#define CONDITIONS_MAX 3
struct conditional {
    const char *name;
    uint32_t action;
    unsigned count;
    struct scmp_arg_cmp conditions[CONDITIONS_MAX];
};

#define MASKED(number, mask, value) SCMP_CMP(number, SCMP_CMP_MASKED_EQ, mask, value)
#define EQUALS(number, value) SCMP_CMP(number, SCMP_CMP_EQ, value)
#define ALLOW(name, ...) \
    { \
        name, SCMP_ACT_ALLOW, \
            sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp), \
        { \
            __VA_ARGS__ \
        } \
    }
#define REFUSE(cause, name, ...) \
    { \
        name, SCMP_ACT_ERRNO(cause), \
            sizeof((struct scmp_arg_cmp[]){__VA_ARGS__}) / sizeof(struct scmp_arg_cmp), \
        { \
            __VA_ARGS__ \
        } \
    }

static enum err_code failed(int result, const char *doing, struct err *err)
{
    errno = -result;
    return err_set_errno(err, ERR_SANDBOX, doing);
}

/* One that this machine does not have is as good as refused. */
static enum err_code add(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned count,
                         const struct scmp_arg_cmp *conditions, struct err *err)
{
    int number = seccomp_syscall_resolve_name(name);
    if (number < 0)
        return ERR_NONE;
    int result = seccomp_rule_add_array(filter, action, number, count, conditions);
    return result == 0 ? ERR_NONE : failed(result, name, err);
}

static enum err_code add_all(scmp_filter_ctx filter, uint32_t action, const char *const *names,
                             size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (add(filter, action, names[i], 0, NULL, err) != ERR_NONE)
            return err->code;
    return ERR_NONE;
}

static enum err_code add_conditional(scmp_filter_ctx filter, struct err *err)
{
    const struct conditional rows[] = {
        /* Never both writable and code, and code only from a file that is mapped as such. */
        ALLOW("mmap", MASKED(2, PROT_EXEC, 0)),
        ALLOW("mmap", MASKED(2, PROT_EXEC | PROT_WRITE, PROT_EXEC), MASKED(3, MAP_ANONYMOUS, 0)),
        ALLOW("mprotect", MASKED(2, PROT_EXEC, 0)),
        REFUSE(EACCES, "mprotect", MASKED(2, PROT_EXEC, PROT_EXEC)),
        /* Of Internet sockets only TCP and UDP; of netlink the routes and the owners of sockets. */
        ALLOW("socket", EQUALS(0, AF_UNIX)),
        ALLOW("socket", EQUALS(0, AF_INET), MASKED(1, SOCKET_KIND, SOCK_STREAM)),
        ALLOW("socket", EQUALS(0, AF_INET), MASKED(1, SOCKET_KIND, SOCK_DGRAM)),
        ALLOW("socket", EQUALS(0, AF_INET6), MASKED(1, SOCKET_KIND, SOCK_STREAM)),
        ALLOW("socket", EQUALS(0, AF_INET6), MASKED(1, SOCKET_KIND, SOCK_DGRAM)),
        ALLOW("socket", EQUALS(0, AF_NETLINK), EQUALS(2, NETLINK_ROUTE)),
        ALLOW("socket", EQUALS(0, AF_NETLINK), EQUALS(2, NETLINK_SOCK_DIAG)),
        ALLOW("socketpair", EQUALS(0, AF_UNIX)),
        /* A thread, not a process; clone3 hides its flags from a filter, and libc does without. */
        ALLOW("clone", MASKED(0, CLONE_THREAD, CLONE_THREAD)),
        {"clone", SCMP_ACT_KILL_PROCESS, 1, {MASKED(0, CLONE_THREAD, 0)}},
        ALLOW("tgkill", EQUALS(0, (scmp_datum_t)getpid())),
        /* Looking at limits, not changing them. */
        ALLOW("prlimit64", EQUALS(2, 0)),
        /* Questions about a descriptor. */
        ALLOW("ioctl", EQUALS(1, FIONREAD)),
        ALLOW("ioctl", EQUALS(1, FIONBIO)),
        ALLOW("ioctl", EQUALS(1, TCGETS)),
        ALLOW("ioctl", EQUALS(1, TIOCGWINSZ)),
        ALLOW("prctl", EQUALS(0, PR_SET_NAME)),
        ALLOW("prctl", EQUALS(0, PR_GET_NAME)),
        ALLOW("prctl", EQUALS(0, PR_GET_DUMPABLE)),
        ALLOW("prctl", EQUALS(0, PR_GET_NO_NEW_PRIVS)),
        ALLOW("prctl", EQUALS(0, PR_GET_SECCOMP)),
        ALLOW("prctl", EQUALS(0, SET_VMA)),
        /* A further filter can only take away. */
        ALLOW("prctl", EQUALS(0, PR_SET_NO_NEW_PRIVS)),
        ALLOW("seccomp", EQUALS(0, SECCOMP_SET_MODE_FILTER)),
        ALLOW("seccomp", EQUALS(0, SECCOMP_GET_ACTION_AVAIL)),
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (add(filter, rows[i].action, rows[i].name, rows[i].count, rows[i].conditions, err) !=
            ERR_NONE)
            return err->code;
    return ERR_NONE;
}

static void releasep(scmp_filter_ctx *filter)
{
    if (*filter != NULL)
        seccomp_release(*filter);
}

/* A kernel that does not know the call or the action has no filters for us; any other answer is for the library to meet.
 * Source: seccomp(2). */
static bool is_in_kernel(void)
{
    const uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 ||
           (errno != ENOSYS && errno != EINVAL && errno != EOPNOTSUPP);
}

enum err_code sandbox_calls_restrict(bool *out_restricted, struct err *err)
{
    if (!is_in_kernel()) {
        *out_restricted = false;
        return ERR_NONE;
    }
    AUTO(releasep) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (filter == NULL)
        return err_set(err, ERR_SANDBOX, "make a filter");
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list */
    if (result != 0)
        return failed(result, "prepare a filter", err);
    if (add_all(filter, SCMP_ACT_ALLOW, allowed, ARRAY_SIZE(allowed), err) != ERR_NONE ||
        add_all(filter, SCMP_ACT_KILL_PROCESS, hostile, ARRAY_SIZE(hostile), err) != ERR_NONE ||
        add_conditional(filter, err) != ERR_NONE)
        return err->code;
    result = seccomp_load(filter);
    if (result != 0)
        return failed(result, "load a filter", err);
    *out_restricted = true;
    return ERR_NONE;
}

enum err_code sandbox_calls_no_listen(struct err *err)
{
    if (!is_in_kernel())
        return ERR_NONE;
    AUTO(releasep) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL)
        return err_set(err, ERR_SANDBOX, "make a filter");
    int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(listen), 0);
    if (result == 0)
        result = seccomp_load(filter);
    return result == 0 ? ERR_NONE : failed(result, "close the gate to new listeners", err);
}
