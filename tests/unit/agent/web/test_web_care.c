#include "agent/web/web_care.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>

#include "agent/web/web_limits.h"
#include "tests/unit/agent/web/fixture.h"

#define OPERATIONS "/v1/operations"
#define RENEW "{\"kind\":\"renew\",\"ticket\":\"t\"}"
#define CHECK "{\"kind\":\"check\"}"
#define RESUME OPERATIONS "/" STAND_IN_ID "/resume"

/* How a listed page's request is answered: "202", or the code of the refusal. */
static char *ask(const struct fixture *fixture, const char *origin, const char *method,
                 const char *path, const char *body)
{
    struct answer answer;
    fixture_ask(fixture, origin, method, path, body, &answer);
    char *said = answer.status < 400 ? memory_printf("%d", answer.status) : fixture_code(&answer);
    AUTO(memory_freep) char *retry = answer_header(&answer, "Retry-After");
    if (answer.status == 429)
        assert_true(retry != NULL && strtol(retry, NULL, 10) > 0);
    answer_done(&answer);
    return said;
}

static void expect(const struct fixture *fixture, const char *method, const char *path,
                   const char *body, const char *wanted)
{
    AUTO(memory_freep) char *said = ask(fixture, LISTED, method, path, body);
    assert_string_equal(said, wanted);
}

static char *ask_terminal(const struct fixture *fixture, const char *body)
{
    struct client client;
    struct answer answer;
    client_unix(&client, fixture->socket_path);
    client_say(&client,
               "POST " OPERATIONS " HTTP/1.1\r\nHost: localhost\r\n"
               "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
               strlen(body), body);
    client_answer(&client, &answer);
    char *said = answer.status < 400 ? memory_printf("%d", answer.status) : fixture_code(&answer);
    answer_done(&answer);
    client_close(&client);
    return said;
}

/* Until the page is told to wait; it gets something back each time that it asks, so that a slow computer
 * needs a few more. */
static void ask_until_refused(const struct fixture *fixture, const char *path, const char *body,
                              enum web_limit limit)
{
    unsigned burst = web_limit_rules[limit].burst;
    for (unsigned i = 0; i < 20 * burst; i++) {
        AUTO(memory_freep) char *said = ask(fixture, LISTED, "POST", path, body);
        if (strcmp(said, "too-many-requests") != 0)
            continue;
        assert_true(i >= burst);
        return;
    }
    fail_msg("never told to wait");
}

static void a_page_that_keeps_failing_has_to_wait(void **state)
{
    AUTO(memory_freep) char *other = NULL;
    AUTO(memory_freep) char *terminal = NULL;
    ask_until_refused(*state, OPERATIONS, "{}", WEB_LIMIT_FAILURES);
    other = ask(*state, OTHER_LISTED, "GET", "/v1/status", NULL);
    assert_string_equal(other, "200");
    terminal = ask_terminal(*state, CHECK);
    assert_string_equal(terminal, "202");
}

/* The browser asks before each POST, and shows the page nothing when that is refused; and who finds no status
 * takes the agent for another program. */
static void a_page_that_has_to_wait_can_read_why(void **state)
{
    ask_until_refused(*state, OPERATIONS, "{}", WEB_LIMIT_FAILURES);
    expect(*state, "OPTIONS", OPERATIONS, NULL, "204");
    expect(*state, "GET", "/v1/status", NULL, "200");
}

static void a_page_that_keeps_starting_has_to_wait(void **state)
{
    ask_until_refused(*state, OPERATIONS, CHECK, WEB_LIMIT_STARTS);
    expect(*state, "GET", "/v1/status", NULL, "200");
}

static void fail_tickets(void *context)
{
    struct ops *ops = context;
    for (unsigned i = 0; i < web_limit_rules[WEB_LIMIT_TICKETS].burst; i++) {
        stand_in_add(ops, LISTED);
        stand_in_fail(ops, i % 2 == 0 ? "ticket-unknown" : "ticket-used");
    }
}

static void a_page_with_bad_tickets_has_to_wait(void **state)
{
    struct fixture *fixture = *state;
    fixture_call(fixture, fail_tickets, &fixture->ops);
    expect(fixture, "POST", OPERATIONS, RENEW, "tickets-paused");
    expect(fixture, "POST", OPERATIONS, CHECK, "202");
}

/* Its earlier changes may be told when it has ended already. */
static void fail_while_changes_are_told(void *context)
{
    struct ops *ops = context;
    for (unsigned i = 0; i < web_limit_rules[WEB_LIMIT_TICKETS].burst - 1; i++) {
        stand_in_add(ops, LISTED);
        stand_in_tell_late(ops, "ticket-unknown", 3);
    }
}

static void each_bad_ticket_counts_once(void **state)
{
    struct fixture *fixture = *state;
    fixture_call(fixture, fail_while_changes_are_told, &fixture->ops);
    expect(fixture, "POST", OPERATIONS, RENEW, "202");
}

static void fail_otherwise(void *context)
{
    struct ops *ops = context;
    for (unsigned i = 0; i < web_limit_rules[WEB_LIMIT_TICKETS].burst; i++) {
        stand_in_add(ops, LISTED);
        stand_in_fail(ops, "no-key");
    }
}

static void other_failures_are_no_bad_tickets(void **state)
{
    struct fixture *fixture = *state;
    fixture_call(fixture, fail_otherwise, &fixture->ops);
    expect(fixture, "POST", OPERATIONS, RENEW, "202");
}

static void cancel_dialog(void *context)
{
    stand_in_dialog(context, OPS_DIALOG_OPENED, LISTED, OPS_NOT_ASKED);
    stand_in_dialog(context, OPS_DIALOG_CLOSED, LISTED, OPS_UNANSWERED);
}

static void answer_dialog(void *context)
{
    stand_in_dialog(context, OPS_DIALOG_OPENED, LISTED, OPS_NOT_ASKED);
    stand_in_dialog(context, OPS_DIALOG_CLOSED, LISTED, OPS_ANSWERED);
}

static void fail_to_show_dialog(void *context)
{
    stand_in_dialog(context, OPS_DIALOG_OPENED, LISTED, OPS_NOT_ASKED);
    stand_in_dialog(context, OPS_DIALOG_CLOSED, LISTED, OPS_NOT_ASKED);
}

static void two_cancelled_dialogs_make_a_pause(void **state)
{
    struct fixture *fixture = *state;
    fixture_call(fixture, fail_to_show_dialog, &fixture->ops);
    fixture_call(fixture, cancel_dialog, &fixture->ops);
    fixture_call(fixture, fail_to_show_dialog, &fixture->ops);
    expect(fixture, "POST", RESUME, "{}", "operation-unknown");
    fixture_call(fixture, cancel_dialog, &fixture->ops);
    expect(fixture, "POST", OPERATIONS, RENEW, "dialogs-paused");
    expect(fixture, "POST", OPERATIONS, "{\"kind\":\"change-pin\"}", "dialogs-paused");
    expect(fixture, "POST", RESUME, "{}", "dialogs-paused");
    expect(fixture, "POST", OPERATIONS, CHECK, "202");
    AUTO(memory_freep) char *terminal = ask_terminal(fixture, RENEW);
    assert_string_equal(terminal, "operation-busy");
}

static void an_answered_dialog_ends_the_row(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 4; i++) {
        fixture_call(fixture, cancel_dialog, &fixture->ops);
        fixture_call(fixture, answer_dialog, &fixture->ops);
    }
    expect(fixture, "POST", OPERATIONS, RENEW, "202");
}

static void a_dialog_in_the_pause_is_withdrawn(void **state)
{
    struct fixture *fixture = *state;
    fixture_call(fixture, cancel_dialog, &fixture->ops);
    fixture_call(fixture, cancel_dialog, &fixture->ops);
    assert_int_equal(atomic_load(&fixture->ops.withdrawals), 0);
    fixture_call(fixture, fail_to_show_dialog, &fixture->ops);
    assert_int_equal(atomic_load(&fixture->ops.withdrawals), 1);
    assert_string_equal(fixture->ops.withdrawn, LISTED " dialogs-paused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_page_that_keeps_failing_has_to_wait, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(a_page_that_keeps_starting_has_to_wait, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(a_page_with_bad_tickets_has_to_wait, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(a_page_that_has_to_wait_can_read_why, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(each_bad_ticket_counts_once, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(other_failures_are_no_bad_tickets, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(two_cancelled_dialogs_make_a_pause, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(an_answered_dialog_ends_the_row, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(a_dialog_in_the_pause_is_withdrawn, fixture_start,
                                        fixture_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
