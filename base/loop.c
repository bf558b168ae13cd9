#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/file.h"

#define EVENTS_PER_WAIT 32

struct loop_watch {
    struct loop *loop;
    int fd;
    loop_watch_fn function;
    void *context;
    bool dead;
    struct loop_watch *next_dead;
};

struct loop_timer {
    struct loop *loop;
    loop_fn function;
    void *context;
    struct deadline deadline;
    bool dead;
    struct loop_timer *next;
};

struct message {
    loop_fn function;
    void *context;
    struct message *next;
};

struct loop {
    int epoll_fd;
    int wake_fd;
    atomic_bool stopping;
    struct loop_watch *wake_watch;
    struct loop_watch *dead_watches; /* freed after the batch of events that may still name them */
    struct loop_timer *timers;
    pthread_mutex_t lock; /* guards first and last */
    struct message *first;
    struct message **last;
};

static void wake(struct loop *loop)
{
    uint64_t one = 1;
    ssize_t written = write(loop->wake_fd, &one, sizeof one);
    (void)written; /* full means that it is awake already */
}

static struct message *take_messages(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    struct message *first = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    pthread_mutex_unlock(&loop->lock);
    return first;
}

void loop_run_posted(struct loop *loop)
{
    for (struct message *message = take_messages(loop); message != NULL;) {
        struct message *next = message->next;
        message->function(message->context);
        free(message);
        message = next;
    }
}

static void run_messages(void *context, uint32_t events)
{
    struct loop *loop = context;
    (void)events;
    uint64_t count;
    ssize_t got = read(loop->wake_fd, &count, sizeof count);
    (void)got;
    loop_run_posted(loop);
}

enum err_code loop_new(struct loop **out, struct err *err)
{
    AUTO(loop_freep) struct loop *loop = memory_new(sizeof *loop);
    loop->last = &loop->first;
    pthread_mutex_init(&loop->lock, NULL);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->epoll_fd < 0 || loop->wake_fd < 0)
        return err_set_errno(err, ERR_INTERNAL, "make an event loop");
    loop->wake_watch = loop_watch_new(loop, loop->wake_fd, EPOLLIN, run_messages, loop);
    *out = TAKE(loop);
    return ERR_NONE;
}

static void free_dead(struct loop *loop)
{
    while (loop->dead_watches != NULL) {
        struct loop_watch *watch = loop->dead_watches;
        loop->dead_watches = watch->next_dead;
        free(watch);
    }
    for (struct loop_timer **at = &loop->timers; *at != NULL;) {
        struct loop_timer *timer = *at;
        if (!timer->dead) {
            at = &timer->next;
            continue;
        }
        *at = timer->next;
        free(timer);
    }
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    loop_watch_free(loop->wake_watch);
    free_dead(loop);
    for (struct message *message = take_messages(loop); message != NULL;) {
        struct message *next = message->next;
        free(message);
        message = next;
    }
    file_closep(&loop->epoll_fd);
    file_closep(&loop->wake_fd);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

void loop_freep(struct loop **loop)
{
    loop_free(*loop);
    *loop = NULL;
}

static struct deadline next_deadline(const struct loop *loop)
{
    struct deadline next = DEADLINE_NEVER;
    for (const struct loop_timer *timer = loop->timers; timer != NULL; timer = timer->next)
        if (!timer->dead)
            next = deadline_earlier(next, timer->deadline);
    return next;
}

static void run_timers(struct loop *loop)
{
    /* New timers go to the front, so a timer that a callback makes is not run in this round. */
    int64_t now_ms = clock_monotonic_ms();
    for (struct loop_timer *timer = loop->timers; timer != NULL; timer = timer->next) {
        if (timer->dead || timer->deadline.at_ms > now_ms)
            continue;
        timer->deadline = DEADLINE_NEVER;
        timer->function(timer->context);
    }
}

enum err_code loop_run(struct loop *loop, struct err *err)
{
    struct epoll_event events[EVENTS_PER_WAIT];
    while (!atomic_load(&loop->stopping)) {
        int count = epoll_wait(loop->epoll_fd, events, EVENTS_PER_WAIT,
                               deadline_left_ms(next_deadline(loop)));
        if (count < 0 && errno != EINTR)
            return err_set_errno(err, ERR_INTERNAL, "wait for events");
        for (int i = 0; i < count; i++) {
            struct loop_watch *watch = events[i].data.ptr;
            if (!watch->dead)
                watch->function(watch->context, events[i].events);
        }
        run_timers(loop);
        free_dead(loop);
    }
    atomic_store(&loop->stopping, false);
    return ERR_NONE;
}

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->stopping, true);
    wake(loop);
}

void loop_post(struct loop *loop, loop_fn function, void *context)
{
    struct message *message = memory_new(sizeof *message);
    message->function = function;
    message->context = context;
    pthread_mutex_lock(&loop->lock);
    *loop->last = message;
    loop->last = &message->next;
    pthread_mutex_unlock(&loop->lock);
    wake(loop);
}

struct loop_watch *loop_watch_new(struct loop *loop, int fd, uint32_t events,
                                  loop_watch_fn function, void *context)
{
    struct loop_watch *watch = memory_new(sizeof *watch);
    *watch = (struct loop_watch){.loop = loop, .fd = fd, .function = function, .context = context};
    struct epoll_event event = {.events = events, .data.ptr = watch};
    int result = epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    assert(result == 0);
    (void)result;
    return watch;
}

void loop_watch_set(struct loop_watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (watch->dead)
        return; /* its descriptor's number may be another watch's by now */
    epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_watch_free(struct loop_watch *watch)
{
    if (watch == NULL || watch->dead)
        return;
    epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    watch->dead = true;
    watch->next_dead = watch->loop->dead_watches;
    watch->loop->dead_watches = watch;
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_fn function, void *context)
{
    struct loop_timer *timer = memory_new(sizeof *timer);
    *timer = (struct loop_timer){
        .loop = loop,
        .function = function,
        .context = context,
        .deadline = DEADLINE_NEVER,
        .next = loop->timers,
    };
    loop->timers = timer;
    return timer;
}

void loop_timer_set(struct loop_timer *timer, struct deadline deadline)
{
    timer->deadline = deadline;
}

void loop_timer_stop(struct loop_timer *timer)
{
    timer->deadline = DEADLINE_NEVER;
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer != NULL)
        timer->dead = true;
}
