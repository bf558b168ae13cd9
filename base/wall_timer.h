/* A timer for a date: it costs nothing until then, is not late by the time that the computer slept, and
 * follows a clock that is put right. Belongs to the loop's thread. */
#pragma once

#include "base/loop.h"

struct wall_timer;

/* Idle until set. function is called at the date, and also whenever the clock was put forward or back, so
 * it looks itself whether the time has come and sets the timer again. ERR_INTERNAL.
 * Source: timerfd_create(2), TFD_TIMER_CANCEL_ON_SET. */
MUST_CHECK enum err_code wall_timer_new(struct loop *loop, loop_fn function, void *context,
                                        struct wall_timer **out, struct err *err);
/* utc: seconds since 1970; a date that has passed fires at once. A clock that a test has set does not run,
 * so as much real time passes as lay between the two. */
void wall_timer_set(struct wall_timer *timer, int64_t utc);
/* NULL is fine. Not from its own function. */
void wall_timer_free(struct wall_timer *timer);
