#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"

void file_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static enum err_code read_all(int fd, struct bytes *into, struct err *err)
{
    size_t done = 0;
    while (done < into->len) {
        ssize_t got = read(fd, into->at + done, into->len - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_FILE, "read");
        if (got == 0)
            return err_set(err, ERR_FILE, "ends after %zu of %zu bytes", done, into->len);
        done += (size_t)got;
    }
    return ERR_NONE;
}

enum err_code file_read(const char *path, size_t limit_bytes, struct bytes **out, struct err *err)
{
    AUTO(file_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        err_set_errno(err, errno == ENOENT ? ERR_FILE_MISSING : ERR_FILE, "open");
        return err_add(err, "%s", path);
    }
    struct stat status;
    if (fstat(fd, &status) != 0) {
        err_set_errno(err, ERR_FILE, "stat");
        return err_add(err, "%s", path);
    }
    if (!S_ISREG(status.st_mode))
        return err_set(err, ERR_FILE, "%s: not a regular file", path);
    if ((uint64_t)status.st_size > limit_bytes)
        return err_set(err, ERR_FILE, "%s: %lld bytes, at most %zu", path,
                       (long long)status.st_size, limit_bytes);
    AUTO(bytes_freep) struct bytes *bytes = bytes_new_size((size_t)status.st_size);
    if (read_all(fd, bytes, err) != ERR_NONE)
        return err_add(err, "%s", path);
    *out = TAKE(bytes);
    return ERR_NONE;
}

static enum err_code write_all(int fd, struct span content, struct err *err)
{
    while (content.len > 0) {
        ssize_t put = write(fd, content.at, content.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return err_set_errno(err, ERR_FILE, "write");
        content = span_of(content.at + put, content.len - (size_t)put);
    }
    return ERR_NONE;
}

static enum err_code sync_folder_of(const char *path, struct err *err)
{
    AUTO(memory_freep) char *copy = memory_text(path);
    AUTO(file_closep) int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return err_set_errno(err, ERR_FILE, "sync the folder");
    return ERR_NONE;
}

static enum err_code write_and_sync(const char *path, struct span content, mode_t mode,
                                    struct err *err)
{
    AUTO(file_closep) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set_errno(err, ERR_FILE, "create");
    if (write_all(fd, content, err) != ERR_NONE)
        return err->code;
    if (fchmod(fd, mode) != 0 || fsync(fd) != 0)
        return err_set_errno(err, ERR_FILE, "sync");
    return ERR_NONE;
}

enum err_code file_write_atomic(const char *path, struct span content, mode_t mode, struct err *err)
{
    AUTO(memory_freep) char *suffix = hex_random(6);
    AUTO(memory_freep) char *fresh = memory_printf("%s.%s.new", path, suffix);
    if (write_and_sync(fresh, content, mode, err) != ERR_NONE) {
        unlink(fresh);
        return err_add(err, "%s", fresh);
    }
    if (rename(fresh, path) != 0) {
        err_set_errno(err, ERR_FILE, "rename");
        unlink(fresh);
        return err_add(err, "%s", path);
    }
    if (sync_folder_of(path, err) != ERR_NONE)
        return err_add(err, "%s", path);
    return ERR_NONE;
}

enum err_code file_make_folder(const char *path, mode_t mode, struct err *err)
{
    struct stat status;
    if (*path == '\0')
        return err_set(err, ERR_FILE, "a folder without a name");
    AUTO(memory_freep) char *copy = memory_text(path);
    for (char *at = copy + 1; *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(copy, mode) != 0 && errno != EEXIST)
            return err_set_errno(err, ERR_FILE, copy);
        *at = '/';
    }
    if (mkdir(copy, mode) != 0 && errno != EEXIST)
        return err_set_errno(err, ERR_FILE, copy);
    if (stat(copy, &status) != 0)
        return err_set_errno(err, ERR_FILE, copy);
    if (!S_ISDIR(status.st_mode))
        return err_set(err, ERR_FILE, "%s: not a folder", copy);
    return ERR_NONE;
}

char *file_join(const char *folder, const char *name)
{
    return memory_printf("%s/%s", folder, name);
}
