/* A program of the system as a child process that is only asked something: no shell, no terminal, no input,
 * and ended when its time is over. */
#pragma once

#include "base/err.h"
#include "base/span.h"

#define CHILD_ARGUMENTS_MAX 12
/* systemctl and journalctl of a slow disk. */
#define CHILD_MS 10000
#define CHILD_OUTPUT_MAX 4194304

/* arguments: NULL-terminated, without the program's name. out_text: its standard output. It gets our
 * environment, with messages in English. Fails with ERR_FILE_MISSING (no such program), ERR_DEADLINE,
 * ERR_FILE (it ended with another status than 0; what it said is the detail), ERR_INTERNAL. */
MUST_CHECK enum err_code child_run(const char *program, const char *const *arguments,
                                   char **out_text, struct err *err);
