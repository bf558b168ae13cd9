/* The dialog's process: started by the launcher without arguments and with a short environment, always
 * ended. */
#pragma once

#include "agent/launch/launch.h"

struct prompt_process {
    struct launched launched;
    int fd; /* its standard input and output, ours; -1: none */
};

#define PROMPT_PROCESS_NONE ((struct prompt_process){LAUNCHED_NONE, -1})

#define PROMPT_PROCESS_PROGRAM "/usr/bin/pinentry"

/* For the launcher's list. program: absolute path of a pinentry, borrowed; NULL: PROMPT_PROCESS_PROGRAM.
 * ERR_CONFIG. */
MUST_CHECK enum err_code prompt_process_task(const char *program, struct launch_task *out,
                                             struct err *err);

/* task: the number of that one in the list. ERR_PROMPT_UNAVAILABLE when it can't be started. */
MUST_CHECK enum err_code prompt_process_start(struct launch *launch, size_t task,
                                              struct prompt_process *out, struct err *err);
/* Closes its input, waits grace_ms for it to leave, then SIGTERM, then after 500 ms SIGKILL; blocks until
 * it is gone. Nothing to do when there is none. */
void prompt_process_end(struct prompt_process *process, int grace_ms);
