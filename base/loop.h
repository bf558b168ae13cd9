/* The event loop: descriptors, timers, and messages from other threads. One thread runs it; every
 * call but loop_post and loop_stop belongs to that thread. Nothing in a callback may block. */
#pragma once

#include <stdint.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/err.h"

struct loop;
struct loop_watch;
struct loop_timer;

typedef void (*loop_fn)(void *context);
/* events: EPOLLIN, EPOLLOUT, EPOLLHUP, EPOLLERR as epoll reports them. */
typedef void (*loop_watch_fn)(void *context, uint32_t events);

MUST_CHECK enum err_code loop_new(struct loop **out, struct err *err);
/* Watches and timers must have been freed; posted messages that were not run are dropped. */
void loop_free(struct loop *loop);
void loop_freep(struct loop **loop);

/* Runs until loop_stop. */
MUST_CHECK enum err_code loop_run(struct loop *loop, struct err *err);
/* From any thread or signal handler. */
void loop_stop(struct loop *loop);
/* From any thread: runs function(context) in the loop's thread, in the order of posting. */
void loop_post(struct loop *loop, loop_fn function, void *context);
/* Runs now what was posted so far: for an owner that goes away before the loop runs again. */
void loop_run_posted(struct loop *loop);

/* The descriptor stays the caller's. Level-triggered. */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, uint32_t events,
                                  loop_watch_fn function, void *context);
void loop_watch_set(struct loop_watch *watch, uint32_t events);
/* Safe from any callback, also the watch's own; call it before close(fd). NULL is fine. */
void loop_watch_free(struct loop_watch *watch);

/* Idle until set; fires once per setting. */
struct loop_timer *loop_timer_new(struct loop *loop, loop_fn function, void *context);
void loop_timer_set(struct loop_timer *timer, struct deadline deadline);
void loop_timer_stop(struct loop_timer *timer);
/* Safe from any callback, also the timer's own. NULL is fine. */
void loop_timer_free(struct loop_timer *timer);
