/* Work that blocks, done by threads beside an event loop: a bounded number at once, the rest in a bounded
 * queue. A thread lives as long as its task, so that an idle process has none. */
#pragma once

#include "base/loop.h"

struct portal_tasks;

/* In a thread of its own; touches nothing but context. */
typedef void (*portal_task_work)(void *context);
/* In the loop's thread, exactly once for each task that was added, also when the tasks are freed; worked: whether its
 * work was done. */
typedef void (*portal_task_over)(void *context, bool worked);

struct portal_tasks *portal_tasks_new(struct loop *loop, unsigned at_once_max, unsigned queue_max);
/* Whoever frees them first cancels what is under way: this waits for it. */
void portal_tasks_free(struct portal_tasks *tasks);
/* ERR_HTTP_TOO_MANY when the queue is full, ERR_INTERNAL; over is not called then. */
MUST_CHECK enum err_code portal_tasks_add(struct portal_tasks *tasks, portal_task_work work,
                                          portal_task_over over, void *context, struct err *err);
/* Under way and waiting. */
unsigned portal_tasks_count(const struct portal_tasks *tasks);
