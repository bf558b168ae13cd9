/* Work that blocks, done by threads beside an event loop: a bounded number at once, the rest in a bounded
 * queue. A thread lives as long as its task, so that an idle process has none. */
#pragma once

#include "base/loop.h"

struct pay_tasks;

/* In a thread of its own; touches nothing but context. */
typedef void (*pay_task_work)(void *context);
/* In the loop's thread, exactly once for each task that was added, also when the tasks are freed; worked: whether its
 * work was done. */
typedef void (*pay_task_over)(void *context, bool worked);

struct pay_tasks *pay_tasks_new(struct loop *loop, unsigned at_once_max, unsigned queue_max);
/* Whoever frees them first cancels what is under way: this waits for it. */
void pay_tasks_free(struct pay_tasks *tasks);
/* ERR_HTTP_TOO_MANY when the queue is full, ERR_INTERNAL; over is not called then. */
MUST_CHECK enum err_code pay_tasks_add(struct pay_tasks *tasks, pay_task_work work,
                                       pay_task_over over, void *context, struct err *err);
/* Under way and waiting. */
unsigned pay_tasks_count(const struct pay_tasks *tasks);
