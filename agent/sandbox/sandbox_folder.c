#include "agent/sandbox/sandbox_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define FOLDER_MODE 0700

static enum err_code refuse_parent(const char *path, struct err *err)
{
    struct stat status;
    AUTO(memory_freep) char *copy = memory_text(path);
    const char *parent = dirname(copy);
    if (stat(parent, &status) != 0) {
        err_set_errno(err, ERR_FILE, "look at");
        return err_add(err, "%s", parent);
    }
    if ((status.st_mode & S_IWOTH) != 0 && (status.st_mode & S_ISVTX) == 0)
        return err_set(err, ERR_FOLDER_UNSAFE, "%s: others can write there (mode %04o)", parent,
                       status.st_mode & 07777);
    return ERR_NONE;
}

static enum err_code close_to_others(int fd, const char *path, struct err *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return err_set_errno(err, ERR_FILE, path);
    if (status.st_uid != geteuid())
        return err_set(err, ERR_FOLDER_UNSAFE, "%s belongs to user %u, this is user %u", path,
                       status.st_uid, geteuid());
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return err_set(err, ERR_FOLDER_UNSAFE, "%s: others can write there (mode %04o)", path,
                       status.st_mode & 07777);
    if ((status.st_mode & 077) != 0 && fchmod(fd, FOLDER_MODE) != 0)
        return err_set_errno(err, ERR_FILE, path);
    return ERR_NONE;
}

enum err_code sandbox_folder_own(const char *path, struct err *err)
{
    if (file_make_folder(path, FOLDER_MODE, err) != ERR_NONE)
        return err->code;
    AUTO(file_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        return err_set(err, ERR_FOLDER_UNSAFE, "%s is a link", path);
    if (fd < 0)
        return err_set_errno(err, ERR_FILE, path);
    if (close_to_others(fd, path, err) != ERR_NONE)
        return err->code;
    return refuse_parent(path, err);
}
