#include "portal/portal_change_limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "world.h"

static int setup(void **state)
{
    *state = world_bare();
    clock_set_for_test(FIXTURE_NOW);
    return 0;
}

static int teardown(void **state)
{
    portal_free(*state);
    return 0;
}

static enum err_code count(struct portal *portal, int64_t user_id, int *out_retry)
{
    struct err err = ERR_INIT;
    return portal_change_limit_count(portal, user_id, out_retry, &err);
}

static void use_up(struct portal *portal)
{
    int retry = -1;
    for (int i = 0; i < PORTAL_CHANGES_MAX; i++)
        assert_int_equal(count(portal, 1, &retry), ERR_NONE);
    assert_int_equal(retry, -1);
}

static void one_more_than_the_limit_waits_for_the_window(void **state)
{
    int retry = -1;
    use_up(*state);
    assert_int_equal(count(*state, 1, &retry), ERR_HTTP_TOO_MANY);
    assert_int_equal(retry, PORTAL_CHANGES_WINDOW_S);
    clock_set_for_test(FIXTURE_NOW + PORTAL_CHANGES_WINDOW_S - 1);
    assert_int_equal(count(*state, 1, &retry), ERR_HTTP_TOO_MANY);
    assert_int_equal(retry, 1);
    clock_set_for_test(FIXTURE_NOW + PORTAL_CHANGES_WINDOW_S);
    use_up(*state);
    assert_int_equal(count(*state, 1, &retry), ERR_HTTP_TOO_MANY);
}

static void each_user_has_a_limit_of_their_own(void **state)
{
    int retry = -1;
    use_up(*state);
    assert_int_equal(count(*state, 2, &retry), ERR_NONE);
}

static void a_clock_that_was_set_back_keeps_nobody_out(void **state)
{
    int retry = -1;
    use_up(*state);
    clock_set_for_test(FIXTURE_NOW - 1);
    assert_int_equal(count(*state, 1, &retry), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_more_than_the_limit_waits_for_the_window, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(each_user_has_a_limit_of_their_own, setup, teardown),
        cmocka_unit_test_setup_teardown(a_clock_that_was_set_back_keeps_nobody_out, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
