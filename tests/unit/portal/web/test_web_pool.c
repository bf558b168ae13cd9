#include "portal/web/web_pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
/* needs some of the above */
#include <cmocka.h>

#include "tests/unit/portal/world.h"

#define QUEUE_MAX 3

static struct loop *loop;
static struct web_pool *pool;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int begun;
static int over, dropped;
static int expected;

static int setup(void **state)
{
    struct err err = ERR_INIT;
    world_must(loop_new(&loop, &err), &err);
    pool = web_pool_new(loop, 1, QUEUE_MAX);
    begun = over = dropped = expected = 0;
    return 0;
}

static int teardown(void **state)
{
    web_pool_freep(&pool);
    loop_freep(&loop);
    return 0;
}

/* Waits while the test holds the gate. */
static void work(void *context)
{
    atomic_fetch_add(&begun, 1);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    *(int *)context += 1;
}

static void done(void *context, struct http_request *request)
{
    assert_null(request);
    free(context);
    if (++over == expected)
        loop_stop(loop);
}

static void drop(void *context)
{
    free(context);
    dropped++;
}

static enum err_code add(void)
{
    struct err err = ERR_INIT;
    struct web_work item = {work, done, drop, memory_new(sizeof(int))};
    enum err_code code = web_pool_start(pool, NULL, &item, &err);
    if (code != ERR_NONE)
        free(item.context);
    return code;
}

static void run_until(int count)
{
    struct err err = ERR_INIT;
    expected = count;
    world_must(loop_run(loop, &err), &err);
}

static void work_is_done_and_then_answered(void **state)
{
    for (int i = 0; i < QUEUE_MAX; i++)
        assert_int_equal(add(), ERR_NONE);
    assert_int_equal(over, 0);
    run_until(QUEUE_MAX);
    assert_int_equal(begun, QUEUE_MAX);
}

static void the_queue_has_an_end(void **state)
{
    pthread_mutex_lock(&gate);
    for (int i = 0; i < QUEUE_MAX; i++) {
        assert_true(web_pool_has_room(pool));
        assert_int_equal(add(), ERR_NONE);
    }
    assert_false(web_pool_has_room(pool));
    assert_int_equal(add(), ERR_HTTP_TOO_MANY);
    pthread_mutex_unlock(&gate);
    run_until(QUEUE_MAX);
    assert_true(web_pool_has_room(pool));
    assert_int_equal(add(), ERR_NONE);
}

/* Its outcome would be made of nothing. */
static void what_was_never_begun_is_dropped(void **state)
{
    pthread_mutex_lock(&gate);
    for (int i = 0; i < QUEUE_MAX; i++)
        assert_int_equal(add(), ERR_NONE);
    while (atomic_load(&begun) == 0)
        sched_yield();
    pthread_mutex_unlock(&gate);
    web_pool_freep(&pool);
    assert_int_equal(over, 1);
    assert_int_equal(dropped, QUEUE_MAX - 1);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(work_is_done_and_then_answered),
        T(the_queue_has_an_end),
        T(what_was_never_begun_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
