#include "portal/portal_tasks.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/thread.h"

struct task {
    struct portal_tasks *tasks;
    portal_task_work work;
    portal_task_over over;
    void *context;
    pthread_t thread;
    bool started;
    bool joined;
    struct task *next;
};

struct portal_tasks {
    struct loop *loop;
    unsigned at_once_max, queue_max;
    unsigned running, waiting;
    bool closing;
    struct task *first; /* running ones first, in the order of adding */
};

struct portal_tasks *portal_tasks_new(struct loop *loop, unsigned at_once_max, unsigned queue_max)
{
    struct portal_tasks *tasks = memory_new(sizeof *tasks);
    tasks->loop = loop;
    tasks->at_once_max = at_once_max;
    tasks->queue_max = queue_max;
    return tasks;
}

unsigned portal_tasks_count(const struct portal_tasks *tasks)
{
    return tasks->running + tasks->waiting;
}

static void unlink_task(struct task *task)
{
    struct task **at = &task->tasks->first;
    while (*at != task)
        at = &(*at)->next;
    *at = task->next;
}

static void start_waiting(struct portal_tasks *tasks);

static void on_worked(void *context)
{
    struct task *task = context;
    struct portal_tasks *tasks = task->tasks;
    if (!task->joined)
        pthread_join(task->thread, NULL);
    unlink_task(task);
    tasks->running--;
    task->over(task->context, true);
    free(task);
    if (!tasks->closing)
        start_waiting(tasks);
}

static void *run_task(void *context)
{
    struct task *task = context;
    task->work(task->context);
    loop_post(task->tasks->loop, on_worked, task);
    return NULL;
}

static enum err_code start(struct task *task, struct err *err)
{
    if (thread_start(&task->thread, run_task, task, err) != ERR_NONE)
        return err->code;
    task->started = true;
    task->tasks->running++;
    return ERR_NONE;
}

/* A task that gets no thread now waits for one that ends; where none runs it is given up. */
static void start_waiting(struct portal_tasks *tasks)
{
    struct task *next = NULL;
    for (struct task *task = tasks->first; task != NULL; task = next) {
        struct err err = ERR_INIT;
        next = task->next;
        if (task->started)
            continue;
        if (tasks->running >= tasks->at_once_max)
            return;
        if (start(task, &err) == ERR_NONE) {
            tasks->waiting--;
            continue;
        }
        log_err("portal", "start a task", &err);
        if (tasks->running > 0)
            return;
        tasks->waiting--;
        unlink_task(task);
        task->over(task->context, false);
        free(task);
        next = tasks->first;
    }
}

enum err_code portal_tasks_add(struct portal_tasks *tasks, portal_task_work work,
                               portal_task_over over, void *context, struct err *err)
{
    bool now = tasks->running < tasks->at_once_max;
    if (tasks->closing)
        return err_set(err, ERR_CANCELLED, "no more tasks are taken");
    if (!now && tasks->waiting >= tasks->queue_max)
        return err_set(err, ERR_HTTP_TOO_MANY, "%u tasks are waiting", tasks->waiting);
    struct task *task = memory_new(sizeof *task);
    *task = (struct task){.tasks = tasks, .work = work, .over = over, .context = context};
    struct task **end = &tasks->first;
    while (*end != NULL)
        end = &(*end)->next;
    *end = task;
    if (!now) {
        tasks->waiting++;
        return ERR_NONE;
    }
    if (start(task, err) != ERR_NONE) {
        unlink_task(task);
        free(task);
        return err->code;
    }
    return ERR_NONE;
}

static void drop_waiting(struct portal_tasks *tasks)
{
    struct task *next = NULL;
    for (struct task *task = tasks->first; task != NULL; task = next) {
        next = task->next;
        if (task->started)
            continue;
        unlink_task(task);
        tasks->waiting--;
        task->over(task->context, false);
        free(task);
    }
}

static struct task *first_started(struct portal_tasks *tasks)
{
    struct task *task = tasks->first;
    while (!task->started)
        task = task->next;
    return task;
}

void portal_tasks_free(struct portal_tasks *tasks)
{
    if (tasks == NULL)
        return;
    tasks->closing = true;
    drop_waiting(tasks);
    while (tasks->running > 0) {
        struct task *task = first_started(tasks);
        pthread_join(task->thread, NULL);
        task->joined = true;
        loop_run_posted(tasks->loop);
    }
    free(tasks);
}
