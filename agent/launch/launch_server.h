/* The launcher's side: a process that waits for tasks, starts them, and ends with the agent. */
#pragma once

#include "agent/launch/launch.h"

/* More than one dialog and one look at the browsers never run at once; the rest is for those that end. */
#define LAUNCH_CHILDREN_MAX 8
/* From SIGTERM to SIGKILL, for what nobody waits for any more. */
#define LAUNCH_GRACE_MS 500

/* socket: to the agent. Runs until the agent closes it or is gone, then ends what still runs, and returns. Call
 * it in a process of its own: it closes all other descriptors, and no signal but SIGKILL ends it. */
void launch_server_run(int socket, const struct launch_task *tasks, size_t count);
