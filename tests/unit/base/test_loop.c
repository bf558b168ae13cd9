#include "base/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
/* needs those above */
#include <cmocka.h>

static struct loop *loop;

static int make_loop(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    return loop_new(&loop, &err);
}

static int free_loop(void **state)
{
    (void)state;
    loop_freep(&loop);
    return 0;
}

static void stop(void *context)
{
    (void)context;
    loop_stop(loop);
}

static void run(void)
{
    struct err err = ERR_INIT;
    assert_int_equal(loop_run(loop, &err), ERR_NONE);
}

/* Runs for some milliseconds. */
static void run_for(int ms)
{
    struct loop_timer *timer = loop_timer_new(loop, stop, NULL);
    loop_timer_set(timer, deadline_in_ms(ms));
    run();
    loop_timer_free(timer);
}

/* ---- messages ---- */

struct order {
    int seen[8];
    int count;
};

struct note {
    struct order *order;
    int number;
};

static void write_down(void *context)
{
    struct note *note = context;
    note->order->seen[note->order->count++] = note->number;
}

static void messages_keep_their_order(void **state)
{
    (void)state;
    struct order order = {0};
    struct note notes[] = {{&order, 1}, {&order, 2}, {&order, 3}};
    for (size_t i = 0; i < ARRAY_SIZE(notes); i++)
        loop_post(loop, write_down, &notes[i]);
    loop_post(loop, stop, NULL);
    run();
    assert_int_equal(order.count, 3);
    assert_memory_equal(order.seen, ((int[]){1, 2, 3}), 3 * sizeof(int));
}

static void post_again(void *context)
{
    int *left = context;
    if ((*left)-- > 0)
        loop_post(loop, post_again, context);
    else
        loop_stop(loop);
}

static void a_message_may_post_another(void **state)
{
    (void)state;
    int left = 5;
    loop_post(loop, post_again, &left);
    run();
    assert_int_equal(left, -1);
}

static void a_stop_before_the_run_counts(void **state)
{
    (void)state;
    loop_stop(loop);
    run();
    loop_stop(loop);
    run();
}

static void messages_not_run_are_dropped(void **state)
{
    (void)state;
    struct order order = {0};
    struct note note = {&order, 1};
    loop_post(loop, write_down, &note);
    loop_freep(&loop);
    assert_int_equal(order.count, 0);
}

#define THREADS 4
#define POSTS 500

static atomic_int posted;
static int received;

static void receive(void *context)
{
    (void)context;
    if (++received == THREADS * POSTS)
        loop_stop(loop);
}

static void *post_many(void *context)
{
    (void)context;
    for (int i = 0; i < POSTS; i++) {
        loop_post(loop, receive, NULL);
        atomic_fetch_add(&posted, 1);
    }
    return NULL;
}

static void every_thread_may_post(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    received = 0;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, NULL), 0);
    run();
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(received, THREADS * POSTS);
}

static void *stop_from_thread(void *context)
{
    (void)context;
    loop_stop(loop);
    return NULL;
}

static void every_thread_may_stop(void **state)
{
    (void)state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, stop_from_thread, NULL), 0);
    run();
    pthread_join(thread, NULL);
}

static void stop_by_signal(int number)
{
    (void)number;
    loop_stop(loop);
}

static void raise_soon(void *context)
{
    (void)context;
    raise(SIGUSR1);
}

static void a_signal_handler_may_stop(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = stop_by_signal};
    sigaction(SIGUSR1, &action, NULL);
    loop_post(loop, raise_soon, NULL);
    run();
    signal(SIGUSR1, SIG_DFL);
}

/* ---- watches ---- */

struct watched {
    int fd;
    int calls;
    uint32_t events;
    struct loop_watch *watch;
    struct watched *victim; /* its watch is freed in the callback */
};

static void count_call(void *context, uint32_t events)
{
    struct watched *watched = context;
    watched->calls++;
    watched->events = events;
    if (watched->victim != NULL) {
        loop_watch_free(watched->victim->watch);
        watched->victim->watch = NULL;
    }
}

static void watch_readable(struct watched *watched)
{
    watched->fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    watched->watch = loop_watch_new(loop, watched->fd, EPOLLIN, count_call, watched);
}

static void unwatch(struct watched *watched)
{
    loop_watch_free(watched->watch);
    watched->watch = NULL;
    close(watched->fd);
}

static void a_watch_is_called_while_it_is_ready(void **state)
{
    (void)state;
    struct watched watched = {0};
    watch_readable(&watched);
    run_for(5);
    assert_true(watched.calls > 1); /* level-triggered */
    assert_true((watched.events & EPOLLIN) != 0);
    int calls = watched.calls;
    loop_watch_set(watched.watch, 0);
    run_for(5);
    assert_int_equal(watched.calls, calls);
    loop_watch_set(watched.watch, EPOLLOUT);
    run_for(5);
    assert_true(watched.calls > calls);
    assert_true((watched.events & EPOLLOUT) != 0);
    unwatch(&watched);
}

static void a_watch_freed_in_its_own_callback_is_not_called_again(void **state)
{
    (void)state;
    struct watched watched = {0};
    watched.victim = &watched;
    watch_readable(&watched);
    run_for(5);
    assert_int_equal(watched.calls, 1);
    unwatch(&watched);
}

/* Both are ready in the same batch of events, and each frees the other. */
static void a_watch_freed_by_another_is_not_called(void **state)
{
    (void)state;
    struct watched a = {0}, b = {0};
    a.victim = &b;
    b.victim = &a;
    watch_readable(&a);
    watch_readable(&b);
    run_for(5);
    assert_true((a.calls > 0) != (b.calls > 0));
    unwatch(&a);
    unwatch(&b);
}

static void replace(void *context, uint32_t events)
{
    struct watched *watched = context;
    (void)events;
    watched->calls++;
    struct loop_watch *old = watched->watch;
    loop_watch_free(old);
    close(watched->fd);
    watched->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); /* gets the same number */
    watched->watch = loop_watch_new(loop, watched->fd, EPOLLIN, count_call, watched);
    loop_watch_set(old, EPOLLIN | EPOLLOUT); /* too late: must not reach the new one */
    loop_watch_free(old);
}

static void the_number_of_a_closed_descriptor_may_come_again(void **state)
{
    (void)state;
    struct watched watched = {.fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK)};
    watched.watch = loop_watch_new(loop, watched.fd, EPOLLIN, replace, &watched);
    run_for(5);
    assert_int_equal(watched.calls, 1);
    uint64_t one = 1;
    assert_int_equal(write(watched.fd, &one, sizeof one), sizeof one);
    run_for(5);
    assert_true(watched.calls > 1);
    unwatch(&watched);
}

static void a_peer_that_leaves_is_told(void **state)
{
    (void)state;
    struct watched watched = {0};
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    watched.fd = ends[0];
    watched.watch = loop_watch_new(loop, ends[0], EPOLLIN, count_call, &watched);
    close(ends[1]);
    run_for(5);
    assert_true((watched.events & EPOLLHUP) != 0);
    unwatch(&watched);
}

static void more_are_ready_than_fit_one_wait(void **state)
{
    (void)state;
    struct watched many[100] = {0};
    for (size_t i = 0; i < ARRAY_SIZE(many); i++)
        watch_readable(&many[i]);
    run_for(20);
    for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
        assert_true(many[i].calls > 0);
        unwatch(&many[i]);
    }
}

/* ---- timers ---- */

struct ticking {
    struct loop_timer *timer;
    int calls;
    int again; /* sets itself so many times */
    struct ticking *victim;
    struct ticking *made;
};

static void tick(void *context)
{
    struct ticking *ticking = context;
    ticking->calls++;
    if (ticking->again-- > 0)
        loop_timer_set(ticking->timer, deadline_in_ms(0));
    if (ticking->victim != NULL) {
        loop_timer_free(ticking->victim->timer);
        ticking->victim->timer = NULL;
    }
    if (ticking->made != NULL && ticking->made->timer == NULL) {
        ticking->made->timer = loop_timer_new(loop, tick, ticking->made);
        loop_timer_set(ticking->made->timer, deadline_in_ms(0));
    }
}

static void start(struct ticking *ticking, int ms)
{
    ticking->timer = loop_timer_new(loop, tick, ticking);
    loop_timer_set(ticking->timer, deadline_in_ms(ms));
}

static void a_timer_fires_once_per_setting(void **state)
{
    (void)state;
    struct ticking ticking = {0};
    start(&ticking, 1);
    run_for(20);
    assert_int_equal(ticking.calls, 1);
    loop_timer_set(ticking.timer, deadline_in_ms(1));
    run_for(20);
    assert_int_equal(ticking.calls, 2);
    loop_timer_free(ticking.timer);
}

static void a_timer_does_not_fire_early(void **state)
{
    (void)state;
    int64_t before_us = clock_monotonic_us();
    run_for(30);
    assert_true(clock_monotonic_us() - before_us >= 29000);
}

static void an_idle_or_stopped_timer_is_silent(void **state)
{
    (void)state;
    struct ticking idle = {.timer = loop_timer_new(loop, tick, &idle)};
    struct ticking stopped = {0};
    start(&stopped, 1);
    loop_timer_stop(stopped.timer);
    run_for(10);
    assert_int_equal(idle.calls, 0);
    assert_int_equal(stopped.calls, 0);
    loop_timer_free(idle.timer);
    loop_timer_free(stopped.timer);
}

static void a_timer_may_set_itself_again(void **state)
{
    (void)state;
    struct ticking ticking = {.again = 3};
    start(&ticking, 0);
    run_for(20);
    assert_int_equal(ticking.calls, 4);
    loop_timer_free(ticking.timer);
}

static void a_timer_may_free_itself_and_others(void **state)
{
    (void)state;
    struct ticking self = {0}, first = {0}, second = {0};
    self.victim = &self;
    first.victim = &second;
    second.victim = &first;
    start(&self, 0);
    start(&first, 0);
    start(&second, 0);
    run_for(10);
    assert_int_equal(self.calls, 1);
    assert_int_equal(first.calls + second.calls, 1);
    loop_timer_free(first.timer);
    loop_timer_free(second.timer);
}

static void a_timer_made_in_a_callback_fires(void **state)
{
    (void)state;
    struct ticking made = {0};
    struct ticking maker = {.made = &made};
    start(&maker, 0);
    run_for(20);
    assert_int_equal(made.calls, 1);
    loop_timer_free(maker.timer);
    loop_timer_free(made.timer);
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    struct loop *none = NULL;
    loop_watch_free(NULL);
    loop_timer_free(NULL);
    loop_free(NULL);
    loop_freep(&none);
}

#define IN_LOOP(test) cmocka_unit_test_setup_teardown(test, make_loop, free_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_LOOP(messages_keep_their_order),
        IN_LOOP(a_message_may_post_another),
        IN_LOOP(a_stop_before_the_run_counts),
        IN_LOOP(messages_not_run_are_dropped),
        IN_LOOP(every_thread_may_post),
        IN_LOOP(every_thread_may_stop),
        IN_LOOP(a_signal_handler_may_stop),
        IN_LOOP(a_watch_is_called_while_it_is_ready),
        IN_LOOP(a_watch_freed_in_its_own_callback_is_not_called_again),
        IN_LOOP(a_watch_freed_by_another_is_not_called),
        IN_LOOP(the_number_of_a_closed_descriptor_may_come_again),
        IN_LOOP(a_peer_that_leaves_is_told),
        IN_LOOP(more_are_ready_than_fit_one_wait),
        IN_LOOP(a_timer_fires_once_per_setting),
        IN_LOOP(a_timer_does_not_fire_early),
        IN_LOOP(an_idle_or_stopped_timer_is_silent),
        IN_LOOP(a_timer_may_set_itself_again),
        IN_LOOP(a_timer_may_free_itself_and_others),
        IN_LOOP(a_timer_made_in_a_callback_fires),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests_name("base/loop", tests, NULL, NULL);
}
