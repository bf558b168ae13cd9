#include "base/wall_timer.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <time.h>

static struct loop *loop;
static struct wall_timer *timer;
static int fired;

static void on_time(void *context)
{
    fired++;
    loop_stop(loop);
}

static void end_loop(void *context)
{
    loop_stop(loop);
}

static int start(void **state)
{
    struct err err = ERR_INIT;
    fired = 0;
    assert_int_equal(loop_new(&loop, &err), ERR_NONE);
    return wall_timer_new(loop, on_time, NULL, &timer, &err) == ERR_NONE ? 0 : -1;
}

static int stop(void **state)
{
    wall_timer_free(timer);
    loop_freep(&loop);
    return 0;
}

static void run(void)
{
    struct err err = ERR_INIT;
    assert_int_equal(loop_run(loop, &err), ERR_NONE);
}

static void test_fires_at_the_date(void **state)
{
    struct timespec now;
    time_t date = time(NULL) + 1;
    wall_timer_set(timer, date);
    run();
    assert_int_equal(fired, 1);
    clock_gettime(CLOCK_REALTIME, &now);
    assert_true(now.tv_sec >= date);
}

static void test_fires_at_once_when_the_date_has_passed(void **state)
{
    const int64_t passed[] = {time(NULL) - 86400, 1, 0, INT64_MIN};
    for (size_t i = 0; i < ARRAY_SIZE(passed); i++) {
        wall_timer_set(timer, passed[i]);
        run();
        assert_int_equal(fired, i + 1);
    }
}

static void test_can_be_set_anew(void **state)
{
    struct loop_timer *end = loop_timer_new(loop, end_loop, NULL);
    wall_timer_set(timer, 1);
    wall_timer_set(timer, time(NULL) + 86400);
    loop_timer_set(end, deadline_in_ms(50));
    run();
    assert_int_equal(fired, 0);
    loop_timer_free(end);
}

static void test_can_be_freed_unset(void **state)
{
    wall_timer_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fires_at_the_date, start, stop),
        cmocka_unit_test_setup_teardown(test_fires_at_once_when_the_date_has_passed, start, stop),
        cmocka_unit_test_setup_teardown(test_can_be_set_anew, start, stop),
        cmocka_unit_test_setup_teardown(test_can_be_freed_unset, start, stop),
    };
    return cmocka_run_group_tests_name("base/wall_timer", tests, NULL, NULL);
}
