#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_file.h"

#define LOG_LINE_BYTES 1024
/* Time, level, area and operation; a longer area is cut. */
#define PREFIX_BYTES_MAX 80

static _Atomic int current_level = LOG_LEVEL_INFO;
/* "[0123abcd] " */
static _Thread_local char operation[LOG_OPERATION_SIGNS + 4];

void log_set_level(enum log_level level)
{
    atomic_store(&current_level, (int)level);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load(&current_level);
}

void log_set_operation(const char *id)
{
    operation[0] = '\0';
    if (id != NULL)
        snprintf(operation, sizeof operation, "[%.*s] ", LOG_OPERATION_SIGNS, id);
}

/* A terminal that a service opened passes the variable on: standard error must be what it names.
 * Source: systemd.exec(5), $JOURNAL_STREAM. */
static bool is_journal(void)
{
    char own[2 * 3 * sizeof(uintmax_t)];
    struct stat status;
    const char *stream = getenv("JOURNAL_STREAM");
    if (stream == NULL || log_file_is_open() || fstat(STDERR_FILENO, &status) != 0)
        return false;
    snprintf(own, sizeof own, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    return strcmp(stream, own) == 0;
}

static int prefix(char *line, size_t size, enum log_level level, const char *area)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    static const int syslog_levels[] = {3, 4, 6, 7};
    if (is_journal())
        return snprintf(line, size, "<%d>%s: %s", syslog_levels[level], area, operation);
    char now[CLOCK_TEXT_BYTES];
    clock_format_utc(clock_now_utc(), now);
    return snprintf(line, size, "%s %s %s: %s", now, names[level], area, operation);
}

void log_line(enum log_level level, const char *area, const char *format, ...)
{
    if (level > log_level())
        return;
    char line[LOG_LINE_BYTES];
    int used = prefix(line, PREFIX_BYTES_MAX, level, area);
    if (used >= PREFIX_BYTES_MAX)
        used = PREFIX_BYTES_MAX - 1;
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(line + used, sizeof line - 1 - (size_t)used, format, arguments);
    va_end(arguments);
    size_t length = (size_t)used + (more > 0 ? (size_t)more : 0);
    if (length > sizeof line - 2)
        length = sizeof line - 2;
    for (size_t i = (size_t)used; i < length; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7F)
            line[i] = ' '; /* one event, one line: foreign text can't forge another */
        else if (line[i] == '\xC2' && i + 1 < length && ((unsigned char)line[i + 1] & 0xE0) == 0x80)
            line[i] = line[i + 1] = ' '; /* U+0080 to U+009F, which some terminals obey */
    line[length] = '\n';
    if (log_file_is_open() && !log_file_has_room(length + 1))
        return;
    ssize_t written = write(STDERR_FILENO, line, length + 1);
    (void)written; /* there is nowhere left to say so */
}

void log_err(const char *area, const char *doing, const struct err *err)
{
    enum log_level level =
        err_kind_of(err->code) == ERR_KIND_BUG ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING;
    log_line(level, area, "%s: %s (%s; %ld)", doing, err_code_text(err->code), err->detail,
             err->foreign);
}
