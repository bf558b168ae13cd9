#include "tests/fault/fault_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/scratch.h"

#define FOLDERS_OPEN_MAX 8

static void give_up(const char *doing)
{
    perror(doing);
    exit(2);
}

char *fault_folder_new(void)
{
    char *path = memory_printf("%s/ukeyd-fault-XXXXXX", scratch_top());
    if (mkdtemp(path) == NULL)
        give_up(path);
    return path;
}

static void copy_file(const char *from, const char *to, const struct stat *status)
{
    AUTO(file_closep) int in = open(from, O_RDONLY | O_CLOEXEC);
    AUTO(file_closep)
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status->st_mode & 0777);
    off_t left = status->st_size;
    while (in >= 0 && out >= 0 && left > 0) {
        ssize_t sent = sendfile(out, in, NULL, (size_t)left);
        if (sent <= 0)
            give_up(to);
        left -= sent;
    }
    if (in < 0 || out < 0)
        give_up(to);
}

void fault_folder_copy(const char *from, const char *to)
{
    DIR *folder = opendir(from);
    if (folder == NULL || mkdir(to, 0700) != 0)
        give_up(to);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        AUTO(memory_freep) char *source = file_join(from, entry->d_name);
        AUTO(memory_freep) char *target = file_join(to, entry->d_name);
        if (lstat(source, &status) != 0)
            give_up(source);
        if (S_ISDIR(status.st_mode))
            fault_folder_copy(source, target);
        else
            copy_file(source, target, &status);
    }
    closedir(folder);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)type, (void)at;
    return remove(path);
}

void fault_folder_remove(const char *path)
{
    nftw(path, remove_entry, FOLDERS_OPEN_MAX, FTW_DEPTH | FTW_PHYS);
}
