#include "agent/web/web_pages.h"

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
    *state = web_pages_new();
    return 0;
}

static int tear_down(void **state)
{
    web_pages_free(*state);
    return 0;
}

static bool gone(struct web_pages *pages, int64_t now_ms)
{
    const char *origin;
    return web_pages_take_gone(pages, now_ms, &origin);
}

static void a_page_that_lets_go_is_gone_after_a_while(void **state)
{
    const char *origin = NULL;
    web_pages_hold(*state, PAGE, NOW);
    web_pages_dialog_opened(*state, PAGE, NOW);
    assert_true(web_pages_next_ms(*state) == INT64_MAX);
    assert_false(gone(*state, NOW + 1000000));
    web_pages_release(*state, PAGE, NOW + 5);
    assert_true(web_pages_next_ms(*state) == NOW + 5 + WEB_PAGES_AWAY_MS);
    assert_false(gone(*state, NOW + 4 + WEB_PAGES_AWAY_MS));
    assert_true(web_pages_take_gone(*state, NOW + 5 + WEB_PAGES_AWAY_MS, &origin));
    assert_string_equal(origin, PAGE);
}

static void it_is_told_once(void **state)
{
    web_pages_hold(*state, PAGE, NOW);
    web_pages_release(*state, PAGE, NOW);
    web_pages_dialog_opened(*state, PAGE, NOW);
    assert_true(gone(*state, NOW + WEB_PAGES_AWAY_MS));
    assert_false(gone(*state, NOW + 10 * WEB_PAGES_AWAY_MS));
    assert_true(web_pages_next_ms(*state) == INT64_MAX);
}

static void a_reload_comes_back_in_time(void **state)
{
    web_pages_hold(*state, PAGE, NOW);
    web_pages_dialog_opened(*state, PAGE, NOW);
    web_pages_release(*state, PAGE, NOW);
    web_pages_hold(*state, PAGE, NOW + WEB_PAGES_AWAY_MS - 1);
    assert_false(gone(*state, NOW + 10 * WEB_PAGES_AWAY_MS));
}

static void one_of_two_tabs_is_enough(void **state)
{
    web_pages_hold(*state, PAGE, NOW);
    web_pages_hold(*state, PAGE, NOW);
    web_pages_dialog_opened(*state, PAGE, NOW);
    web_pages_release(*state, PAGE, NOW);
    assert_false(gone(*state, NOW + 1000000));
    web_pages_release(*state, PAGE, NOW + 1000000);
    assert_true(gone(*state, NOW + 1000000 + WEB_PAGES_AWAY_MS));
}

static void a_page_that_only_asks_has_more_time(void **state)
{
    web_pages_seen(*state, PAGE, NOW);
    web_pages_dialog_opened(*state, PAGE, NOW);
    assert_false(gone(*state, NOW + WEB_PAGES_SILENT_MS - 1));
    web_pages_seen(*state, PAGE, NOW + WEB_PAGES_SILENT_MS - 1);
    assert_false(gone(*state, NOW + WEB_PAGES_SILENT_MS));
    assert_true(gone(*state, NOW + 2 * WEB_PAGES_SILENT_MS));
}

static void a_page_that_now_only_asks_has_more_time(void **state)
{
    web_pages_hold(*state, PAGE, NOW);
    web_pages_release(*state, PAGE, NOW);
    web_pages_seen(*state, PAGE, NOW + 5);
    web_pages_dialog_opened(*state, PAGE, NOW + 5);
    assert_false(gone(*state, NOW + 4 + WEB_PAGES_SILENT_MS));
    assert_true(gone(*state, NOW + 5 + WEB_PAGES_SILENT_MS));
}

static void a_page_that_asks_and_holds_is_one_that_holds(void **state)
{
    web_pages_hold(*state, PAGE, NOW);
    web_pages_seen(*state, PAGE, NOW);
    web_pages_dialog_opened(*state, PAGE, NOW);
    web_pages_release(*state, PAGE, NOW);
    assert_true(gone(*state, NOW + WEB_PAGES_AWAY_MS));
}

static void without_a_dialog_nobody_is_missed(void **state)
{
    web_pages_hold(*state, PAGE, NOW);
    web_pages_release(*state, PAGE, NOW);
    assert_true(web_pages_next_ms(*state) == INT64_MAX);
    web_pages_dialog_opened(*state, PAGE, NOW);
    web_pages_dialog_closed(*state, PAGE);
    web_pages_dialog_closed(*state, PAGE);
    assert_false(gone(*state, NOW + 10 * WEB_PAGES_SILENT_MS));
}

static void a_dialog_that_opens_when_the_page_is_gone_is_told_at_once(void **state)
{
    web_pages_hold(*state, PAGE, NOW);
    web_pages_release(*state, PAGE, NOW);
    web_pages_dialog_opened(*state, PAGE, NOW + 2 * WEB_PAGES_AWAY_MS);
    assert_true(gone(*state, NOW + 2 * WEB_PAGES_AWAY_MS));
}

static void origins_and_terminals_are_apart(void **state)
{
    const char *origin = PAGE;
    web_pages_hold(*state, PAGE, NOW);
    web_pages_hold(*state, OTHER, NOW);
    web_pages_hold(*state, NULL, NOW);
    web_pages_dialog_opened(*state, NULL, NOW);
    web_pages_release(*state, OTHER, NOW);
    assert_false(gone(*state, NOW + 1000000));
    web_pages_release(*state, NULL, NOW);
    assert_true(web_pages_take_gone(*state, NOW + WEB_PAGES_AWAY_MS, &origin));
    assert_null(origin);
    assert_false(gone(*state, NOW + 1000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_page_that_lets_go_is_gone_after_a_while, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(it_is_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reload_comes_back_in_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_of_two_tabs_is_enough, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_page_that_only_asks_has_more_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_page_that_now_only_asks_has_more_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_page_that_asks_and_holds_is_one_that_holds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_a_dialog_nobody_is_missed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dialog_that_opens_when_the_page_is_gone_is_told_at_once,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(origins_and_terminals_are_apart, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
