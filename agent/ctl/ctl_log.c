#include "agent/ctl/ctl_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/ctl/ctl_interrupt.h"
#include "agent/ctl/ctl_text.h"
#include "agent/doctor/doctor_world.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/log_file.h"

#define JOURNALCTL "/usr/bin/journalctl"
#define UNIT "--unit=ukeyd.service"
/* The newest: of the longest lines that base/log.h writes they fit into CHILD_OUTPUT_MAX. */
#define JOURNAL_NEWEST "--lines=3600"
/* Both files together, and room. */
#define FILE_BYTES_MAX ((size_t)LOG_FILE_BYTES_MAX + 65536)
/* Between two looks at a file that is followed. */
#define FOLLOW_US 300000
#define MARK_BYTES (LOG_OPERATION_SIGNS + 1)

/* ---- which lines ---- */

struct wish {
    char mark[MARK_BYTES]; /* a line must hold it; "": any */
    char since[CLOCK_TEXT_BYTES]; /* a line must not begin with an earlier time; "": any */
};

static enum err_code wish_of(const struct ctl_options *options, struct wish *out, struct err *err)
{
    int64_t utc;
    *out = (struct wish){0};
    if (options->since != NULL && !clock_parse_utc(options->since, &utc))
        return err_set(err, ERR_USAGE, "--since: a time like 2026-11-22T14:30:00Z");
    if (options->since != NULL)
        snprintf(out->since, sizeof out->since, "%s", options->since);
    if (options->operation == NULL)
        return ERR_NONE;
    if (strlen(options->operation) < LOG_OPERATION_SIGNS)
        return err_set(err, ERR_USAGE, "--operation: at least the first %d signs of its number",
                       LOG_OPERATION_SIGNS);
    snprintf(out->mark, sizeof out->mark, "%.*s", LOG_OPERATION_SIGNS, options->operation);
    return ERR_NONE;
}

static bool is_wanted(const struct wish *wish, const char *line, size_t length)
{
    if (wish->since[0] != '\0' &&
        (length < CLOCK_TEXT_BYTES - 1 || strncmp(line, wish->since, CLOCK_TEXT_BYTES - 1) < 0))
        return false;
    return wish->mark[0] == '\0' || memmem(line, length, wish->mark, strlen(wish->mark)) != NULL;
}

static void print_line(const char *line, size_t length)
{
    AUTO(memory_freep) char *text = memory_printf("%.*s", (int)length, line);
    ctl_text_print(stdout, text);
    fputc('\n', stdout);
}

/* Prints whole lines; returns how many bytes they had. */
static size_t print_wanted(const struct wish *wish, const char *text)
{
    const char *at = text;
    for (const char *end = strchr(at, '\n'); end != NULL; end = strchr(at, '\n')) {
        if (is_wanted(wish, at, (size_t)(end - at)))
            print_line(at, (size_t)(end - at));
        at = end + 1;
    }
    fflush(stdout);
    return (size_t)(at - text);
}

/* ---- the file ---- */

/* NULL when there is no HOME. */
static char *file_of(const char *state_folder)
{
    AUTO(memory_freep) char *folder = doctor_world_state_folder(state_folder);
    return folder == NULL ? NULL : file_join(folder, LOG_FILE_NAME);
}

/* -1 when there is none. */
static int open_log(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* What it holds from offset on, "" when there is nothing. A power cut may leave zeros. The caller frees. */
static char *read_from(int fd, off_t offset)
{
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= offset)
        return memory_text("");
    size_t left = (size_t)(status.st_size - offset);
    AUTO(bytes_freep)
    struct bytes *bytes = bytes_new_size(left < FILE_BYTES_MAX ? left : FILE_BYTES_MAX);
    ssize_t got = pread(fd, bytes->at, bytes->len, offset);
    for (ssize_t i = 0; i < got; i++)
        if (bytes->at[i] == '\0')
            bytes->at[i] = ' ';
    return memory_printf("%.*s", got < 0 ? 0 : (int)got, (const char *)bytes->at);
}

static char *read_older(const char *path)
{
    AUTO(memory_freep) char *older = memory_printf("%s" LOG_FILE_OLDER, path);
    AUTO(file_closep) int fd = open_log(older);
    return read_from(fd, 0);
}

static bool is_replaced(int fd, const char *path)
{
    struct stat ours, there;
    return stat(path, &there) == 0 &&
           (fd < 0 || fstat(fd, &ours) != 0 || ours.st_ino != there.st_ino);
}

static bool is_shorter(int fd, off_t offset)
{
    struct stat status;
    return fd >= 0 && fstat(fd, &status) == 0 && status.st_size < offset;
}

/* All that is logged until a signal comes. Whether the file was begun anew is asked before its rest is read, so that
 * none of it is missed. */
static void follow_file(const struct wish *wish, const char *path, int *fd, off_t offset)
{
    for (;;) {
        bool last = ctl_interrupt_count() > 0;
        bool replaced = is_replaced(*fd, path);
        if (is_shorter(*fd, offset))
            offset = 0;
        AUTO(memory_freep) char *more = read_from(*fd, offset);
        offset += (off_t)print_wanted(wish, more);
        if (replaced) {
            file_closep(fd);
            *fd = open_log(path);
            offset = 0;
        } else if (last) {
            return;
        } else {
            usleep(FOLLOW_US);
        }
    }
}

/* ---- systemd's journal ---- */

/* For journalctl; NULL: from the beginning. The caller frees. */
static char *since_of(const struct wish *wish)
{
    if (wish->since[0] == '\0')
        return NULL;
    return memory_printf("--since=%.10s %.8s UTC", wish->since,
                         wish->since + strlen("2026-11-22T"));
}

/* "" when there is none or nothing in it; NULL: *err says why it can't be read. Lines begin with a time in UTC. The
 * caller frees. */
static char *read_journal(const struct wish *wish, struct err *err)
{
    AUTO(memory_freep) char *since = since_of(wish);
    const char *const arguments[] = {
        "--user",        UNIT,           "--no-pager", "--quiet", "--utc", "--output=short-iso",
        "--no-hostname", JOURNAL_NEWEST, since,        NULL};
    struct err why = ERR_INIT;
    char *text = NULL;
    if (child_run(JOURNALCTL, arguments, &text, &why) == ERR_FILE_MISSING)
        return memory_text("");
    if (text == NULL)
        *err = why;
    return text;
}

/* What is there too: between two programs a line would be lost. */
static enum err_code follow_journal(const struct wish *wish, struct err *err)
{
    AUTO(memory_freep) char *mark = memory_printf("--grep=%s", wish->mark);
    AUTO(memory_freep) char *since = since_of(wish);
    execl(JOURNALCTL, "journalctl", "--user", UNIT, "--follow", "--quiet", "--utc",
          "--output=short-iso", "--no-hostname", JOURNAL_NEWEST, since != NULL ? since : "--quiet",
          wish->mark[0] == '\0' ? NULL : mark, (char *)NULL);
    return err_set_errno(err, ERR_FILE, "start journalctl");
}

/* ---- exported ---- */

enum err_code ctl_log(struct ctl *ctl, struct err *err)
{
    struct wish wish;
    struct err why = ERR_INIT;
    if (wish_of(ctl->options, &wish, err) != ERR_NONE)
        return err->code;
    const struct wish in_journal = {.mark = {0}};
    struct wish journal_wish = in_journal;
    memcpy(journal_wish.mark, wish.mark, sizeof wish.mark);
    AUTO(memory_freep) char *path = file_of(ctl->options->state);
    AUTO(memory_freep) char *older = path == NULL ? memory_text("") : read_older(path);
    AUTO(file_closep) int fd = path == NULL ? -1 : open_log(path);
    AUTO(memory_freep) char *file = read_from(fd, 0);
    AUTO(memory_freep) char *journal = read_journal(&wish, &why);
    if (*older == '\0' && *file == '\0' && (journal == NULL || *journal == '\0'))
        return err_set(err, ERR_FILE_MISSING, "no log at %s and none in the journal%s%s",
                       path == NULL ? "(no HOME)" : path, journal == NULL ? ": " : "", why.detail);
    print_wanted(&wish, older);
    off_t printed = (off_t)print_wanted(&wish, file);
    bool follows = (ctl->options->given & CTL_FOLLOW) != 0;
    fflush(stdout);
    if (!follows || (path != NULL && *file != '\0'))
        print_wanted(&journal_wish, journal == NULL ? "" : journal);
    if (!follows)
        return ERR_NONE;
    if (path == NULL || *file == '\0')
        return follow_journal(&wish, err);
    ctl_interrupt_catch();
    follow_file(&wish, path, &fd, printed);
    return ERR_NONE;
}

char *ctl_log_end(const char *state_folder, size_t limit_bytes)
{
    const struct wish any = {0};
    struct err why = ERR_INIT;
    AUTO(memory_freep) char *path = file_of(state_folder);
    AUTO(memory_freep) char *older = path == NULL ? memory_text("") : read_older(path);
    AUTO(file_closep) int fd = path == NULL ? -1 : open_log(path);
    AUTO(memory_freep) char *file = read_from(fd, 0);
    AUTO(memory_freep) char *journal = read_journal(&any, &why);
    AUTO(memory_freep)
    char *all =
        memory_printf("%s%s%s%s%s", older, file, journal == NULL ? "" : journal,
                      journal == NULL ? "systemd's journal can't be read: " : "", why.detail);
    size_t length = strlen(all);
    const char *at = length > limit_bytes ? all + length - limit_bytes : all;
    if (at != all)
        at += strcspn(at, "\n");
    return memory_text(at + (*at == '\n'));
}
