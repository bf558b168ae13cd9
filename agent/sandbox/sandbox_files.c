#include "agent/sandbox/sandbox_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

/* What linux/landlock.h of Debian 12 does not know yet. Source: the same of Linux 6.15. */
#define ACCESS_TRUNCATE (1ULL << 14) /* version 3 */
#define ACCESS_IOCTL_DEVICE (1ULL << 15) /* version 5 */
#define ACCESS_BIND_TCP 1ULL /* version 4 */
#define SCOPE_ABSTRACT_SOCKET 1ULL /* version 6 */
#define SCOPE_SIGNAL 2ULL /* version 6 */
#define RULE_PORT 2

struct ruleset {
    uint64_t files;
    uint64_t net;
    uint64_t scoped;
};

struct port_rule {
    uint64_t allowed;
    uint64_t port;
};

#define READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define READ_ALL (READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_FILE (LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE)
#define CHANGE_ALL \
    (READ_ALL | WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR | \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
     LANDLOCK_ACCESS_FS_REMOVE_DIR)
/* All that version 1 knows: thirteen bits. */
#define FIRST_FILES ((1ULL << 13) - 1)

/* Beside the agent's own folders. Whole folders, since a file that is replaced is another file to the kernel: so are the
 * resolver's when the computer changes its network. What does not exist is left out. */
static const struct {
    const char *path;
    uint64_t allowed;
} system_rules[] = {
    {"/etc", READ_ALL}, /* TLS roots, resolver, our configuration */
    {"/usr",
     READ_ALL}, /* libraries that are loaded at the first call: libcurl, resolver, OpenSSL */
    {"/lib", READ_ALL},
    {"/lib64", READ_ALL},
    {"/var/lib/ca-certificates", READ_ALL},
    {"/run/systemd/resolve", READ_ALL},
    {"/run/resolvconf", READ_ALL},
    {"/run/NetworkManager", READ_ALL},
    {"/run/nscd", READ_ALL},
    {"/run/pcscd", READ_ALL},
    {"/dev/null", READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE},
    {"/dev/urandom", READ_FILE},
    {"/dev/random", READ_FILE},
#ifdef UKEYD_SANITIZED
    {"/proc/self", READ_ALL}, /* the sanitizers read their own maps */
#endif
};

static int version(void)
{
    const unsigned ask_version = 1;
    long found = syscall(SYS_landlock_create_ruleset, NULL, 0, ask_version);
    return found > 0 ? (int)found : 0;
}

/* A name that the service manager is told "ready" through may lie in the space that would be closed.
 * Source: sd_notify(3). */
static bool notifies_abstractly(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    return name != NULL && name[0] == '@';
}

static struct ruleset ruleset_of(int found)
{
    struct ruleset ruleset = {.files = FIRST_FILES};
    if (found >= 3)
        ruleset.files |= ACCESS_TRUNCATE;
    if (found >= 4)
        ruleset.net = ACCESS_BIND_TCP;
    if (found >= 5)
        ruleset.files |= ACCESS_IOCTL_DEVICE;
    if (found >= 6)
        ruleset.scoped = SCOPE_SIGNAL | (notifies_abstractly() ? 0 : SCOPE_ABSTRACT_SOCKET);
    return ruleset;
}

/* A file knows fewer rights than a folder. */
static uint64_t fitting(int fd, uint64_t allowed)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && !S_ISDIR(status.st_mode))
        allowed &= READ_FILE | WRITE_FILE;
    return allowed;
}

static enum err_code allow_path(int rules, const struct ruleset *ruleset, const char *path,
                                uint64_t allowed, struct err *err)
{
    AUTO(file_closep) int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, ERR_SANDBOX, path);
    const struct landlock_path_beneath_attr rule = {
        .allowed_access = fitting(fd, allowed) & ruleset->files,
        .parent_fd = fd,
    };
    if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
        return err_set_errno(err, ERR_SANDBOX, path);
    return ERR_NONE;
}

static enum err_code allow_if_there(int rules, const struct ruleset *ruleset, const char *path,
                                    uint64_t allowed, struct err *err)
{
    return access(path, F_OK) != 0 ? ERR_NONE : allow_path(rules, ruleset, path, allowed, err);
}

static enum err_code allow_ports(int rules, const struct sandbox_settings *settings,
                                 struct err *err)
{
    for (size_t i = 0; i < settings->port_count; i++) {
        const struct port_rule rule = {ACCESS_BIND_TCP, settings->ports[i]};
        if (syscall(SYS_landlock_add_rule, rules, RULE_PORT, &rule, 0) != 0)
            return err_set_errno(err, ERR_SANDBOX, "allow a port");
    }
    return ERR_NONE;
}

static enum err_code allow_all(int rules, const struct ruleset *ruleset,
                               const struct sandbox_settings *settings, struct err *err)
{
    if (allow_path(rules, ruleset, settings->state_folder, CHANGE_ALL, err) != ERR_NONE ||
        allow_path(rules, ruleset, settings->runtime_folder, CHANGE_ALL, err) != ERR_NONE)
        return err->code;
    for (size_t i = 0; i < ARRAY_SIZE(system_rules); i++)
        if (allow_if_there(rules, ruleset, system_rules[i].path, system_rules[i].allowed, err) !=
            ERR_NONE)
            return err->code;
    for (size_t i = 0; i < settings->read_count; i++)
        if (allow_if_there(rules, ruleset, settings->read[i], READ_ALL, err) != ERR_NONE)
            return err->code;
    return ruleset->net == 0 ? ERR_NONE : allow_ports(rules, settings, err);
}

enum err_code sandbox_files_restrict(const struct sandbox_settings *settings, int *out_version,
                                     struct err *err)
{
    int found = version();
    if (found == 0) {
        *out_version = 0;
        return ERR_NONE;
    }
    const struct ruleset ruleset = ruleset_of(found);
    AUTO(file_closep)
    int rules = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0);
    if (rules < 0)
        return err_set_errno(err, ERR_SANDBOX, "make a list of files");
    if (allow_all(rules, &ruleset, settings, err) != ERR_NONE)
        return err->code;
    if (syscall(SYS_landlock_restrict_self, rules, 0) != 0)
        return err_set_errno(err, ERR_SANDBOX, "restrict files");
    *out_version = found;
    return ERR_NONE;
}
