#include "base/wall_timer.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

struct wall_timer {
    int fd;
    struct loop_watch *watch;
    loop_fn function;
    void *context;
};

/* Reading fails with ECANCELED when the clock was set: that is news too. */
static void on_event(void *context, uint32_t events)
{
    struct wall_timer *timer = context;
    uint64_t count;
    ssize_t got = read(timer->fd, &count, sizeof count);
    (void)got;
    timer->function(timer->context);
}

enum err_code wall_timer_new(struct loop *loop, loop_fn function, void *context,
                             struct wall_timer **out, struct err *err)
{
    AUTO(file_closep) int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (fd < 0)
        return err_set_errno(err, ERR_INTERNAL, "make a timer");
    struct wall_timer *timer = memory_new(sizeof *timer);
    *timer = (struct wall_timer){.fd = fd, .function = function, .context = context};
    timer->watch = loop_watch_new(loop, fd, EPOLLIN, on_event, timer);
    fd = -1;
    *out = timer;
    return ERR_NONE;
}

void wall_timer_set(struct wall_timer *timer, int64_t utc)
{
    int64_t real = utc < 1 ? 1 : utc + (time(NULL) - clock_now_utc());
    const struct itimerspec when = {.it_value.tv_sec = real < 1 ? 1 : real}; /* 0 would stop it */
    int result =
        timerfd_settime(timer->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL);
    assert(result == 0);
    (void)result;
}

void wall_timer_free(struct wall_timer *timer)
{
    if (timer == NULL)
        return;
    loop_watch_free(timer->watch);
    file_closep(&timer->fd);
    free(timer);
}
