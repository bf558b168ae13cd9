/* A file for the log, for an agent that no service manager listens to: it becomes standard error, also that of
 * children. It never grows past its limit: then the file is kept once under another name and begun anew. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

#define LOG_FILE_NAME "ukeyd.log" /* in the agent's state folder */
#define LOG_FILE_OLDER ".1" /* behind the name of the one before */
/* Some 10,000 lines: a renewal has 20. */
#define LOG_FILE_BYTES_MAX 1048576

/* From now on standard error goes there, appended, mode 0600. Once, while there is one thread. ERR_FILE: also
 * when the file is no regular one. */
MUST_CHECK enum err_code log_file_open(const char *path, struct err *err);
bool log_file_is_open(void);
/* Before a line of length bytes is written: begins the file anew when it would grow past its limit. False when
 * that can't be done and the line must be left out. Any thread. */
bool log_file_has_room(size_t length);
/* Standard error stays what it is. For tests. */
void log_file_close(void);
