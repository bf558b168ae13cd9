#include "base/log_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* Like the level, one for the process. */
static char *current_path; /* NULL: none */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* held while the file is begun anew */

static bool become_standard_error(const char *path)
{
    struct stat status;
    AUTO(file_closep)
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    return fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && fchmod(fd, 0600) == 0 &&
           dup2(fd, STDERR_FILENO) >= 0;
}

enum err_code log_file_open(const char *path, struct err *err)
{
    if (!become_standard_error(path)) {
        err_set_errno(err, ERR_FILE, "open the log");
        return err_add(err, "%s", path);
    }
    log_file_close();
    current_path = memory_text(path);
    return ERR_NONE;
}

bool log_file_is_open(void)
{
    return current_path != NULL;
}

/* Where the file can't be begun anew it is emptied: the limit holds in any case. */
static bool begin_anew(void)
{
    AUTO(memory_freep) char *older = memory_printf("%s" LOG_FILE_OLDER, current_path);
    return (rename(current_path, older) == 0 && become_standard_error(current_path)) ||
           ftruncate(STDERR_FILENO, 0) == 0;
}

static bool is_full(size_t length)
{
    struct stat status;
    return fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode) &&
           (size_t)status.st_size + length > LOG_FILE_BYTES_MAX;
}

/* The file under our name is another one: agent and launcher write to one log. */
static bool another_began_anew(void)
{
    struct stat held, named;
    return fstat(STDERR_FILENO, &held) == 0 && stat(current_path, &named) == 0 &&
           (held.st_ino != named.st_ino || held.st_dev != named.st_dev);
}

bool log_file_has_room(size_t length)
{
    pthread_mutex_lock(&lock);
    if (is_full(length) && another_began_anew())
        (void)become_standard_error(current_path); /* else it is begun anew once more */
    bool room = !is_full(length) || begin_anew();
    pthread_mutex_unlock(&lock);
    return room;
}

void log_file_close(void)
{
    memory_freep(&current_path);
}
