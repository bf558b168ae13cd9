/* The dialog's process: started without a shell and with a short environment, always ended and reaped. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct prompt_process {
    pid_t pid; /* -1: none */
    int fd; /* its standard input and output, ours; -1: none */
};

#define PROMPT_PROCESS_NONE ((struct prompt_process){-1, -1})

/* program: absolute path. ERR_PROMPT_UNAVAILABLE when it can't be started. */
MUST_CHECK enum err_code prompt_process_start(const char *program, struct prompt_process *out,
                                              struct err *err);
/* Closes its input, waits grace_ms for it to leave, then SIGTERM, then after 500 ms SIGKILL; blocks until
 * it is gone. Nothing to do when there is none. */
void prompt_process_end(struct prompt_process *process, int grace_ms);
