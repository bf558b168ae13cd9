/* The one process of the agent that starts others. It is forked before anything foreign is read, stays
 * outside of the agent's sandbox, and knows a fixed list of tasks: only a task's number and one descriptor
 * go over to it, no path, no argument, no variable, no secret. What it started ends when the agent ends,
 * however that comes. Why: docs/adr/0010. */
#pragma once

#include <sys/types.h>

#include "base/clock.h"
#include "base/err.h"

#define LAUNCH_TASKS_MAX 4

struct launch_task {
    const char *program; /* absolute path, run without arguments; NULL: the function is called */
    /* Variables that the program gets besides a fixed PATH, ends with NULL; a name that ends in "_" stands
     * for all that begin so. */
    const char *const *passed_on;
    int (*function)(const void *context); /* in a child; its result is the exit status */
    const void *context;
};

struct launch;

/* Forks: call it while the process has one thread. What the tasks point at must stay as long as the
 * launcher, which goes by what it is now. ERR_INTERNAL. */
MUST_CHECK enum err_code launch_new(const struct launch_task *tasks, size_t count,
                                    struct launch **out, struct err *err);
/* Ends the launcher and what it started; blocks until they are gone. NULL is fine. */
void launch_free(struct launch *launch);
void launch_freep(struct launch **launch);
/* Hangs up (EPOLLHUP) when the launcher is gone; nothing can be started then. */
int launch_fd(const struct launch *launch);

/* A task that was asked for. Belongs to one thread. */
struct launched {
    const char *program; /* of the task, borrowed from the launcher's list; may be NULL */
    int channel; /* readable when there is something to learn; -1: none */
    pid_t pid; /* once it is known to run; else -1 */
    bool ended;
    int status; /* as waitpid reports it, once it has ended; -1: that is not known */
    int failure; /* errno of why it did not run, or EPIPE when the launcher is gone; 0: none */
};

#define LAUNCHED_NONE ((struct launched){NULL, -1, -1, false, -1, 0})

/* From any thread; does not wait. stdio: the child's standard input and output, stays the caller's; -1:
 * /dev/null. ERR_INTERNAL, with EPIPE when the launcher is gone. */
MUST_CHECK enum err_code launch_ask(struct launch *launch, size_t task, int stdio,
                                    struct launched *out, struct err *err);
/* Blocks until it runs. ERR_INTERNAL with errno when it can't be started. */
MUST_CHECK enum err_code launched_wait_started(struct launched *launched, struct err *err);
/* Blocks until it has ended; false when the deadline came first. */
bool launched_wait_ended(struct launched *launched, struct deadline deadline);
/* Takes in what is there to learn, without blocking. */
void launched_look(struct launched *launched);
/* number: SIGTERM or SIGKILL. Nothing happens when it has ended. */
void launched_signal(const struct launched *launched, int number);
/* What still runs gets SIGTERM, then SIGKILL; nobody waits for it. */
void launched_done(struct launched *launched);
