/* From fork to the first instruction of a task: what a child of the launcher gets, and what not. */
#pragma once

#include <sys/types.h>

#include "agent/launch/launch.h"

/* stdio becomes standard input and output, -1: /dev/null. A program's standard error is /dev/null, a
 * function's the launcher's. Nothing else is open, signals are as new, and the child ends with its parent.
 * 0, or the errno of what failed; blocks until the program runs. */
int launch_child_start(const struct launch_task *task, int stdio, pid_t *out);
