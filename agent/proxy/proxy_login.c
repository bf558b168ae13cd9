#include "agent/proxy/proxy_login.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* Source: XDG Base Directory Specification 0.8. NULL when there is no HOME. */
static char *default_file(void)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (config != NULL && *config == '/')
        return memory_printf("%s/" PROXY_LOGIN_FILE, config);
    return home != NULL && *home == '/' ? memory_printf("%s/.config/" PROXY_LOGIN_FILE, home)
                                        : NULL;
}

static enum err_code check_file(int fd, struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_set_errno(err, ERR_CONFIG, "look at it");
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_CONFIG, "not a regular file");
    if (status.st_uid != geteuid())
        return err_set(err, ERR_CONFIG, "belongs to user %u", status.st_uid);
    if ((status.st_mode & 077) != 0)
        return err_set(err, ERR_CONFIG, "others may read it: mode %04o instead of 0600",
                       (unsigned)(status.st_mode & 07777));
    return ERR_NONE;
}

/* The first line; nothing else may be there. */
static enum err_code read_line(int fd, struct secret **out, struct err *err)
{
    AUTO(secret_freep) struct secret *secret = NULL;
    if (secret_new(PROXY_LOGIN_BYTES_MAX + 1, &secret, err) != ERR_NONE)
        return err->code;
    char *room = (char *)secret_room(secret);
    ssize_t got = pread(fd, room, PROXY_LOGIN_BYTES_MAX + 1, 0);
    if (got < 0)
        return err_set_errno(err, ERR_CONFIG, "read it");
    size_t length = (size_t)got;
    if (length > 0 && room[length - 1] == '\n')
        length--;
    bool odd = length == 0 || length > PROXY_LOGIN_BYTES_MAX;
    for (size_t i = 0; i < length; i++)
        odd |= (unsigned char)room[i] < ' ' || room[i] == 0x7F;
    if (odd || memchr(room, ':', length) == NULL)
        return err_set(err, ERR_CONFIG, "not one line user:password");
    room[length] = '\0';
    secret_set_length(secret, length + 1);
    *out = TAKE(secret);
    return ERR_NONE;
}

static enum err_code read_file(const char *path, bool may_miss, struct secret **out,
                               struct err *err)
{
    AUTO(file_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && may_miss && (errno == ENOENT || errno == ENOTDIR)) {
        *out = NULL;
        return ERR_NONE;
    }
    if (fd < 0)
        err_set_errno(err, ERR_CONFIG, "open it");
    else if (check_file(fd, err) == ERR_NONE && read_line(fd, out, err) == ERR_NONE)
        return ERR_NONE;
    return err_add(err, "the proxy's log-in in %s", path);
}

static enum err_code from_desktop(const struct proxy_desktop *desktop, struct secret **out,
                                  struct err *err)
{
    AUTO(secret_freep) struct secret *secret = NULL;
    struct span password = secret_peek(desktop->password);
    size_t user = strlen(desktop->user);
    size_t length = user + 1 + password.len;
    if (length > PROXY_LOGIN_BYTES_MAX)
        return err_set(err, ERR_CONFIG, "the proxy's log-in in the desktop's settings is too long");
    if (secret_new(length + 1, &secret, err) != ERR_NONE)
        return err->code;
    uint8_t *room = secret_room(secret);
    memcpy(room, desktop->user, user);
    room[user] = ':';
    memcpy(room + user + 1, password.at, password.len);
    room[length] = '\0';
    secret_set_length(secret, length + 1);
    *out = TAKE(secret);
    return ERR_NONE;
}

enum err_code proxy_login_read(const char *file, const struct proxy_desktop *desktop,
                               struct secret **out, struct err *err)
{
    AUTO(memory_freep) char *path = file != NULL ? memory_text(file) : default_file();
    AUTO(secret_freep) struct secret *found = NULL;
    if (path != NULL && read_file(path, file == NULL, &found, err) != ERR_NONE)
        return err->code;
    if (found == NULL && desktop->user != NULL && desktop->password != NULL)
        return from_desktop(desktop, out, err);
    *out = TAKE(found);
    return ERR_NONE;
}
