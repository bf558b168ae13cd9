#include "agent/web/web_limits.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#define PAGE "https://portal.test"
#define OTHER "https://other.test"
#define NOW INT64_C(1000000)

static int set_up(void **state)
{
    *state = web_limits_new();
    return 0;
}

static int tear_down(void **state)
{
    web_limits_free(*state);
    return 0;
}

static void count(struct web_limits *limits, enum web_limit limit, unsigned times, int64_t now_ms)
{
    for (unsigned i = 0; i < times; i++)
        web_limits_count(limits, PAGE, limit, now_ms);
}

/* How many seconds a page has to wait, 0: none. */
static unsigned wait_of(struct web_limits *limits, const char *origin, enum web_limit limit,
                        int64_t now_ms)
{
    struct err err = ERR_INIT;
    unsigned wait_s = 0;
    enum err_code code = web_limits_check(limits, origin, limit, now_ms, &wait_s, &err);
    assert_int_equal(code, wait_s == 0 ? ERR_NONE : web_limit_rules[limit].code);
    assert_int_equal(code, err.code);
    return wait_s;
}

static void each_limit_at_its_edge(void **state)
{
    for (size_t i = 0; i < WEB_LIMIT_COUNT; i++) {
        const struct web_limit_rule *rule = &web_limit_rules[i];
        count(*state, i, rule->burst - 1, NOW);
        assert_int_equal(wait_of(*state, PAGE, i, NOW), 0);
        count(*state, i, 1, NOW);
        assert_int_equal(wait_of(*state, PAGE, i, NOW), (rule->each_ms + 999) / 1000);
        assert_true(wait_of(*state, PAGE, i, NOW + rule->each_ms - 1) > 0);
        assert_int_equal(wait_of(*state, PAGE, i, NOW + rule->each_ms), 0);
    }
}

static void what_is_over_the_edge_counts_no_further(void **state)
{
    for (size_t i = 0; i < WEB_LIMIT_COUNT; i++) {
        const struct web_limit_rule *rule = &web_limit_rules[i];
        count(*state, i, rule->burst * 3, NOW);
        assert_int_equal(wait_of(*state, PAGE, i, NOW + rule->each_ms), 0);
    }
}

static void one_comes_back_at_a_time(void **state)
{
    const struct web_limit_rule *rule = &web_limit_rules[WEB_LIMIT_DIALOGS];
    int64_t now_ms = NOW;
    count(*state, WEB_LIMIT_DIALOGS, rule->burst, now_ms);
    for (int i = 0; i < 5; i++) {
        now_ms += rule->each_ms;
        assert_int_equal(wait_of(*state, PAGE, WEB_LIMIT_DIALOGS, now_ms), 0);
        count(*state, WEB_LIMIT_DIALOGS, 1, now_ms);
        assert_true(wait_of(*state, PAGE, WEB_LIMIT_DIALOGS, now_ms) > 0);
    }
}

static void limits_and_origins_are_apart(void **state)
{
    count(*state, WEB_LIMIT_TICKETS, 100, NOW);
    assert_true(wait_of(*state, PAGE, WEB_LIMIT_TICKETS, NOW) > 0);
    assert_int_equal(wait_of(*state, PAGE, WEB_LIMIT_DIALOGS, NOW), 0);
    assert_int_equal(wait_of(*state, OTHER, WEB_LIMIT_TICKETS, NOW), 0);
}

static void what_is_forgotten_does_not_count(void **state)
{
    web_limits_forget(*state, PAGE, WEB_LIMIT_DIALOGS);
    count(*state, WEB_LIMIT_DIALOGS, 2, NOW);
    web_limits_forget(*state, OTHER, WEB_LIMIT_DIALOGS);
    web_limits_forget(*state, PAGE, WEB_LIMIT_TICKETS);
    assert_true(wait_of(*state, PAGE, WEB_LIMIT_DIALOGS, NOW) > 0);
    web_limits_forget(*state, PAGE, WEB_LIMIT_DIALOGS);
    assert_int_equal(wait_of(*state, PAGE, WEB_LIMIT_DIALOGS, NOW), 0);
}

static void terminals_are_not_limited(void **state)
{
    for (size_t i = 0; i < WEB_LIMIT_COUNT; i++) {
        for (unsigned n = 0; n < 1000; n++)
            web_limits_count(*state, NULL, i, NOW);
        web_limits_forget(*state, NULL, i);
        assert_int_equal(wait_of(*state, NULL, i, NOW), 0);
    }
}

/* A person who cancels twice, and wants it after all. */
static void two_refused_dialogs_make_a_pause(void **state)
{
    count(*state, WEB_LIMIT_DIALOGS, 1, NOW);
    assert_int_equal(wait_of(*state, PAGE, WEB_LIMIT_DIALOGS, NOW), 0);
    count(*state, WEB_LIMIT_DIALOGS, 1, NOW + 5000);
    assert_int_equal(wait_of(*state, PAGE, WEB_LIMIT_DIALOGS, NOW + 5000), 25);
    assert_int_equal(wait_of(*state, PAGE, WEB_LIMIT_DIALOGS, NOW + 30000), 0);
}

/* Two windows that stand until their time is over, as long as each would be made up for. */
static void time_with_a_dialog_open_makes_up_for_nothing(void **state)
{
    const int64_t open_ms = 120000;
    int64_t now_ms = NOW;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(wait_of(*state, PAGE, WEB_LIMIT_DIALOGS, now_ms), 0);
        now_ms += open_ms;
        web_limits_stand_still(*state, PAGE, WEB_LIMIT_DIALOGS, now_ms - open_ms, now_ms);
        count(*state, WEB_LIMIT_DIALOGS, 1, now_ms);
    }
    assert_int_equal(wait_of(*state, PAGE, WEB_LIMIT_DIALOGS, now_ms), 30);
    web_limits_stand_still(*state, PAGE, WEB_LIMIT_TICKETS, NOW, now_ms);
    web_limits_stand_still(*state, NULL, WEB_LIMIT_DIALOGS, NOW, now_ms);
    assert_int_equal(wait_of(*state, PAGE, WEB_LIMIT_TICKETS, now_ms), 0);
}

static void what_was_over_before_stays_over(void **state)
{
    count(*state, WEB_LIMIT_DIALOGS, 2, NOW);
    web_limits_stand_still(*state, PAGE, WEB_LIMIT_DIALOGS, NOW + 60000, NOW + 600000);
    assert_int_equal(wait_of(*state, PAGE, WEB_LIMIT_DIALOGS, NOW + 60000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_limit_at_its_edge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_over_the_edge_counts_no_further, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_comes_back_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_and_origins_are_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_forgotten_does_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(terminals_are_not_limited, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_refused_dialogs_make_a_pause, set_up, tear_down),
        cmocka_unit_test_setup_teardown(time_with_a_dialog_open_makes_up_for_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_over_before_stays_over, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
