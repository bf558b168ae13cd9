/* One line per event, to standard error or to the file of log_file.h. Library folders log at debug only; whoever handles an error
 * logs it, once. Never give it a secret, a PIN, or an APDU that carries one. */
#pragma once

#include "base/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
enum log_level log_level(void);
/* Of an operation's number, which a person may type: enough to tell 200 of them apart. */
#define LOG_OPERATION_SIGNS 8
/* From now on the lines of this thread carry "[...]", the first signs of the operation's number. NULL: none. */
void log_set_operation(const char *id);
/* With systemd's journal ("<6>" prefixes) when JOURNAL_STREAM names standard error, else with time and level. */
void log_line(enum log_level level, const char *area, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "area: doing: code (detail)" at warning, at error for bugs. */
void log_err(const char *area, const char *doing, const struct err *err);

#define log_debug(area, ...) log_line(LOG_LEVEL_DEBUG, area, __VA_ARGS__)
#define log_info(area, ...) log_line(LOG_LEVEL_INFO, area, __VA_ARGS__)
#define log_warning(area, ...) log_line(LOG_LEVEL_WARNING, area, __VA_ARGS__)
