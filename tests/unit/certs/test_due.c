#include "certs/due.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* needs the three above */
#include <cmocka.h>

#include "base/memory.h"

#define DAY 86400
#define END 1800000000
#define START (END - 365 * (int64_t)DAY)

static void judges_at_each_boundary(void **state)
{
    (void)state;
    static const struct {
        int64_t now_utc;
        enum due_state state;
        int days_left;
    } cases[] = {
        {START - 1, DUE_CLOCK_WRONG, 365},
        {START, DUE_NOT_YET, 365},
        {END - 90 * DAY - 1, DUE_NOT_YET, 90},
        {END - 90 * DAY, DUE_NOW, 90},
        {END - 90 * DAY + 1, DUE_NOW, 89},
        {END - DAY, DUE_NOW, 1},
        {END - DAY + 1, DUE_NOW, 0},
        {END - 1, DUE_NOW, 0},
        {END, DUE_NOW, 0},
        {END + 1, DUE_EXPIRED, -1},
        {END + DAY, DUE_EXPIRED, -1},
        {END + DAY + 1, DUE_EXPIRED, -2},
        {END + 365 * DAY, DUE_EXPIRED, -365},
        {END + 365 * DAY + 1, DUE_TOO_LATE, -366},
    };
    const struct cert_facts facts = {.not_before_utc = START, .not_after_utc = END};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct due due = due_judge(&facts, NULL, cases[i].now_utc);
        assert_int_equal(due.state, cases[i].state);
        assert_int_equal(due.days_left, cases[i].days_left);
        assert_int_equal(due.window_start_utc, END - 90 * DAY);
        assert_int_equal(due.not_after_utc, END);
        assert_int_equal(due.latest_utc, END + 365 * DAY);
    }
}

static void the_policy_moves_window_and_grace(void **state)
{
    (void)state;
    const struct cert_facts facts = {.not_before_utc = START, .not_after_utc = END};
    const struct due_policy policy = {.window_days = 10, .grace_days = 0};
    assert_int_equal(due_judge(&facts, &policy, END - 10 * DAY - 1).state, DUE_NOT_YET);
    assert_int_equal(due_judge(&facts, &policy, END - 10 * DAY).state, DUE_NOW);
    assert_int_equal(due_judge(&facts, &policy, END).state, DUE_NOW);
    assert_int_equal(due_judge(&facts, &policy, END + 1).state, DUE_TOO_LATE);
}

static void a_policy_without_sense_overflows_nothing(void **state)
{
    (void)state;
    const struct cert_facts facts = {.not_before_utc = START, .not_after_utc = 253402300799};
    const struct due_policy huge = {INT_MAX, INT_MAX};
    const struct due_policy negative = {INT_MIN, INT_MIN};
    assert_int_equal(due_judge(&facts, &huge, START).state, DUE_NOW);
    assert_int_equal(due_judge(&facts, &negative, 253402300799 - 1).state, DUE_NOT_YET);
    assert_int_equal(due_judge(&facts, &negative, 253402300799).state, DUE_NOW);
    assert_int_equal(due_judge(&facts, &negative, 253402300800).state, DUE_TOO_LATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_at_each_boundary),
        cmocka_unit_test(the_policy_moves_window_and_grace),
        cmocka_unit_test(a_policy_without_sense_overflows_nothing),
    };
    return cmocka_run_group_tests_name("certs/due", tests, NULL, NULL);
}
