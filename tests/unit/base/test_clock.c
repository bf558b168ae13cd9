#include "base/clock.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
/* needs those above */
#include <cmocka.h>

#include "base/memory.h"

static void the_wall_clock_can_be_fixed(void **state)
{
    (void)state;
    clock_set_for_test(1234567890);
    assert_int_equal(clock_now_utc(), 1234567890);
    clock_set_for_test(0);
    assert_in_range(clock_now_utc() - (int64_t)time(NULL) + 2, 0, 4);
}

static void the_environment_fixes_it_too(void **state)
{
    (void)state;
    unsetenv("UKEYD_TEST_NOW");
    clock_init_from_environment();
    assert_in_range(clock_now_utc() - (int64_t)time(NULL) + 2, 0, 4);
    setenv("UKEYD_TEST_NOW", "1767225600", 1);
    clock_init_from_environment();
    assert_int_equal(clock_now_utc(), 1767225600);
    clock_set_for_test(0);
    unsetenv("UKEYD_TEST_NOW");
}

static void the_monotonic_clock_does_not_go_back(void **state)
{
    (void)state;
    int64_t first_us = clock_monotonic_us();
    int64_t first_ms = clock_monotonic_ms();
    assert_true(first_us > 0);
    assert_true(clock_monotonic_us() >= first_us);
    assert_true(first_ms >= first_us / 1000);
}

static void deadlines_pass(void **state)
{
    (void)state;
    assert_true(deadline_passed(deadline_in_ms(0)));
    assert_true(deadline_passed(deadline_in_ms(-1000)));
    assert_false(deadline_passed(deadline_in_ms(60000)));
    assert_false(deadline_passed(DEADLINE_NEVER));
}

static void what_is_left_fits_poll(void **state)
{
    (void)state;
    assert_int_equal(deadline_left_ms(DEADLINE_NEVER), -1);
    assert_int_equal(deadline_left_ms(deadline_in_ms(-1)), 0);
    assert_in_range(deadline_left_ms(deadline_in_ms(60000)), 59000, 60000);
    assert_int_equal(deadline_left_ms(deadline_in_ms((int64_t)INT32_MAX * 2)), INT32_MAX);
}

static void a_deadline_too_far_never_passes(void **state)
{
    (void)state;
    assert_true(deadline_in_ms(INT64_MAX).at_ms == INT64_MAX);
    assert_false(deadline_passed(deadline_in_ms(INT64_MAX - 1)));
}

static void the_earlier_deadline_counts(void **state)
{
    (void)state;
    struct deadline soon = {5};
    struct deadline later = {6};
    assert_int_equal(deadline_earlier(soon, later).at_ms, 5);
    assert_int_equal(deadline_earlier(later, soon).at_ms, 5);
    assert_int_equal(deadline_earlier(DEADLINE_NEVER, later).at_ms, 6);
}

static void times_are_written_and_read(void **state)
{
    (void)state;
    static const struct {
        int64_t utc;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {1795357800, "2026-11-22T14:30:00Z"},
        {1709164800, "2024-02-29T00:00:00Z"},
        {4102444800, "2100-01-01T00:00:00Z"},
        {253402300799, "9999-12-31T23:59:59Z"},
        {-30610224000, "1000-01-01T00:00:00Z"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[CLOCK_TEXT_BYTES];
        int64_t utc = 1;
        clock_format_utc(cases[i].utc, text);
        assert_string_equal(text, cases[i].text);
        assert_true(clock_parse_utc(text, &utc));
        assert_int_equal(utc, cases[i].utc);
    }
}

static void years_without_four_digits_are_zeros(void **state)
{
    (void)state;
    static const int64_t times[] = {253402300800, -30610224001, -62198755200, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
        char text[CLOCK_TEXT_BYTES];
        int64_t utc = 7;
        clock_format_utc(times[i], text);
        assert_string_equal(text, "0000-00-00T00:00:00Z");
        assert_false(clock_parse_utc(text, &utc));
        assert_int_equal(utc, 7);
    }
}

static void only_one_form_is_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "2026-11-22",
        "2026-11-22T14:30:00",
        "2026-11-22T14:30:00z",
        "2026-11-22 14:30:00Z",
        "2026-11-22T14:30:00Z ",
        " 2026-11-22T14:30:00Z",
        "2026-11-22T14:30:00+00:00",
        "2026-11-22T14:30:00.0Z",
        "2026- 1-22T14:30:00Z",
        "2026-11- 2T14:30:00Z",
        "2026-11-22T 4:30:00Z",
        "2026-1-022T14:30:00Z",
        "2026-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "+026-01-01T00:00:00Z",
        "0999-01-01T00:00:00Z",
        "12026-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        int64_t utc = 7;
        if (clock_parse_utc(texts[i], &utc))
            fail_msg("\"%s\" was read", texts[i]);
        assert_int_equal(utc, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wall_clock_can_be_fixed),
        cmocka_unit_test(the_environment_fixes_it_too),
        cmocka_unit_test(the_monotonic_clock_does_not_go_back),
        cmocka_unit_test(deadlines_pass),
        cmocka_unit_test(what_is_left_fits_poll),
        cmocka_unit_test(a_deadline_too_far_never_passes),
        cmocka_unit_test(the_earlier_deadline_counts),
        cmocka_unit_test(times_are_written_and_read),
        cmocka_unit_test(years_without_four_digits_are_zeros),
        cmocka_unit_test(only_one_form_is_read),
    };
    return cmocka_run_group_tests_name("base/clock", tests, NULL, NULL);
}
