#include "portal/portal_login.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs some of the above */
#include <cmocka.h>

#include "base/clock.h"
#include "portal/portal_session.h"
#include "world.h"

static struct portal *portal;
static const struct portal_password password = {16, 1, 1, "", "a"};
static const struct portal_password other_password = {16, 1, 1, "", "b"};

static int setup(void **state)
{
    const struct portal_account_new new = {"Zhang", "张三", PORTAL_ROLE_REVIEWER, NULL, &password};
    struct err err = ERR_INIT;
    int64_t id = 0;
    portal = world_bare();
    world_must(portal_account_add(portal, &new, &id, &err), &err);
    return 0;
}

static int teardown(void **state)
{
    portal_freep(&portal);
    clock_set_for_test(0);
    return 0;
}

static struct portal_login *begin(const char *login, const char *address)
{
    struct portal_login *attempt = NULL;
    struct err err = ERR_INIT;
    int retry_after_s = 0;
    world_must(portal_login_begin(portal, login, address, &attempt, &retry_after_s, &err), &err);
    return attempt;
}

static enum err_code begin_refused(const char *login, const char *address, int *out_retry_after_s)
{
    AUTO(portal_login_freep) struct portal_login *attempt = NULL;
    struct err err = ERR_INIT;
    return portal_login_begin(portal, login, address, &attempt, out_retry_after_s, &err);
}

static enum err_code end(const struct portal_login *attempt, bool matched, const char *old_token,
                         char **out_token)
{
    struct err err = ERR_INIT;
    return portal_login_end(portal, attempt, matched, old_token, out_token, &err);
}

static void fail_once(const char *login, const char *address)
{
    AUTO(portal_login_freep) struct portal_login *attempt = begin(login, address);
    char *token = NULL;
    assert_int_equal(end(attempt, false, NULL, &token), ERR_LOGIN_FAILED);
    assert_null(token);
}

static void succeed(const char *login, const char *address)
{
    AUTO(portal_login_freep) struct portal_login *attempt = begin(login, address);
    AUTO(memory_freep) char *token = NULL;
    assert_int_equal(end(attempt, true, NULL, &token), ERR_NONE);
    assert_true(portal_session_is_token(span_text(token)));
}

static int64_t lines(const char *event)
{
    AUTO(memory_freep)
    char *sql = memory_printf("SELECT count(*) FROM audit WHERE event = '%s'", event);
    return world_count(portal, sql);
}

static void who_has_the_password_gets_a_session(void **state)
{
    AUTO(portal_login_freep) struct portal_login *attempt = begin("zhANG", "1.2.3.4");
    AUTO(memory_freep) char *token = NULL;
    AUTO(portal_account_freep) struct portal_account *account = NULL;
    int64_t user_id = 0;
    struct err err = ERR_INIT;
    assert_memory_equal(portal_login_kept(attempt), &password, sizeof password);
    assert_int_equal(end(attempt, true, NULL, &token), ERR_NONE);
    world_must(portal_session_find(portal, token, &user_id, &err), &err);
    world_must(portal_account_load(portal, user_id, &account, &err), &err);
    assert_string_equal(account->login, "Zhang");
    assert_int_equal(world_count(portal, "SELECT count(*) FROM audit WHERE event = 'login' AND "
                                         "actor = 'user:Zhang' AND detail = '1.2.3.4'"),
                     1);
}

static void there_is_nothing_to_compare_with_for_nobody(void **state)
{
    AUTO(portal_login_freep) struct portal_login *attempt = begin("nobody", "1.2.3.4");
    char *token = NULL;
    assert_null(portal_login_kept(attempt));
    assert_int_equal(end(attempt, false, NULL, &token), ERR_LOGIN_FAILED);
}

static void what_can_not_be_a_login_is_not_counted(void **state)
{
    int retry = 0;
    assert_int_equal(begin_refused("a b", "1.2.3.4", &retry), ERR_LOGIN_FAILED);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM login_limit"), 0);
}

static void a_login_has_so_many_failures(void **state)
{
    int retry = 0;
    for (int i = 0; i < PORTAL_LOGIN_FAILURES_MAX; i++)
        fail_once(i % 2 == 0 ? "zhang" : "ZHANG", "1.2.3.4");
    assert_int_equal(begin_refused("zhang", "5.6.7.8", &retry), ERR_LOGIN_LIMIT);
    assert_int_equal(retry, PORTAL_LOGIN_WINDOW_S);
    clock_set_for_test(clock_now_utc() + PORTAL_LOGIN_WINDOW_S - 1);
    assert_int_equal(begin_refused("zhang", "5.6.7.8", &retry), ERR_LOGIN_LIMIT);
    assert_int_equal(retry, 1);
    clock_set_for_test(clock_now_utc() + 1);
    succeed("zhang", "5.6.7.8");
}

/* Else anybody could keep a bidder out on the day of a tender. */
static void who_guesses_elsewhere_keeps_nobody_out(void **state)
{
    int retry = 0;
    succeed("zhang", "1.2.3.4");
    for (int i = 0; i < PORTAL_LOGIN_FAILURES_MAX; i++)
        fail_once("zhang", "5.6.7.8");
    assert_int_equal(begin_refused("zhang", "5.6.7.8", &retry), ERR_LOGIN_LIMIT);
    assert_int_equal(begin_refused("zhang", "9.9.9.9", &retry), ERR_LOGIN_LIMIT);
    succeed("zhang", "1.2.3.4");
    for (int i = 0; i < PORTAL_LOGIN_FAILURES_MAX; i++)
        fail_once("zhang", "1.2.3.4");
    assert_int_equal(begin_refused("zhang", "1.2.3.4", &retry), ERR_LOGIN_LIMIT);
}

static void a_place_is_forgotten(void **state)
{
    int retry = 0;
    succeed("zhang", "1.2.3.4");
    clock_set_for_test(clock_now_utc() + PORTAL_LOGIN_PLACE_S);
    for (int i = 0; i < PORTAL_LOGIN_FAILURES_MAX; i++)
        fail_once("zhang", "5.6.7.8");
    assert_int_equal(begin_refused("zhang", "1.2.3.4", &retry), ERR_LOGIN_LIMIT);
}

static void so_many_places_are_remembered(void **state)
{
    for (int i = 0; i <= PORTAL_LOGIN_PLACES_MAX; i++) {
        AUTO(memory_freep) char *address = memory_printf("10.0.0.%d", i);
        succeed("zhang", address);
        clock_set_for_test(clock_now_utc() + 1);
    }
    assert_int_equal(world_count(portal, "SELECT count(*) FROM login_place"),
                     PORTAL_LOGIN_PLACES_MAX);
    assert_int_equal(
        world_count(portal, "SELECT count(*) FROM login_place WHERE address = '10.0.0.0'"), 0);
}

static int64_t rows_that_a_failure_writes(const char *login)
{
    AUTO(portal_login_freep) struct portal_login *attempt = begin(login, "1.2.3.4");
    int64_t before = world_count(portal, "SELECT total_changes()");
    char *token = NULL;
    assert_int_equal(end(attempt, false, NULL, &token), ERR_LOGIN_FAILED);
    return world_count(portal, "SELECT total_changes()") - before;
}

/* The commit of a transaction that has written waits for the disk. */
static void each_failure_is_written(void **state)
{
    assert_true(rows_that_a_failure_writes("zhang") > 0); /* with a line of the audit trail */
    assert_true(rows_that_a_failure_writes("zhang") > 0);
    assert_true(rows_that_a_failure_writes("nobody") > 0);
}

static void attempts_at_once_are_counted(void **state)
{
    struct portal_login *attempts[PORTAL_LOGIN_FAILURES_MAX];
    int retry = 0;
    for (size_t i = 0; i < ARRAY_SIZE(attempts); i++)
        attempts[i] = begin("zhang", "1.2.3.4");
    assert_int_equal(begin_refused("zhang", "1.2.3.4", &retry), ERR_LOGIN_LIMIT);
    for (size_t i = 0; i < ARRAY_SIZE(attempts); i++)
        portal_login_free(attempts[i]);
}

static void an_address_has_so_many_failures(void **state)
{
    int retry = 0;
    for (int i = 0; i < PORTAL_LOGIN_ADDRESS_FAILURES_MAX; i++) {
        AUTO(memory_freep) char *login = memory_printf("guess%d", i);
        fail_once(login, "1.2.3.4");
    }
    assert_int_equal(begin_refused("zhang", "1.2.3.4", &retry), ERR_LOGIN_LIMIT);
    succeed("zhang", "5.6.7.8");
    assert_int_equal(lines("login.failed"), 0);
    assert_int_equal(lines("login.address-limit"), 1);
}

static void a_success_takes_the_failures_back(void **state)
{
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < PORTAL_LOGIN_FAILURES_MAX - 1; i++)
            fail_once("zhang", "1.2.3.4");
        succeed("zhang", "1.2.3.4");
    }
    assert_int_equal(
        world_count(portal, "SELECT count FROM login_limit WHERE subject = 'address:1.2.3.4'"),
        3 * (PORTAL_LOGIN_FAILURES_MAX - 1));
}

static void log_ins_have_a_limit_too(void **state)
{
    int retry = 0;
    for (int i = 0; i < PORTAL_LOGIN_SUCCESSES_MAX; i++)
        succeed("zhang", "1.2.3.4");
    assert_int_equal(begin_refused("zhang", "1.2.3.4", &retry), ERR_LOGIN_LIMIT);
}

static void guessing_does_not_fill_the_audit_trail(void **state)
{
    for (int i = 0; i < PORTAL_LOGIN_FAILURES_MAX; i++)
        fail_once("zhang", "1.2.3.4");
    assert_int_equal(lines("login.failed"), 1);
    assert_int_equal(lines("login.limit"), 1);
}

/* A password in the wrong field must not stay in the database. */
static void what_was_typed_is_not_kept(void **state)
{
    fail_once("my.secret.password", "1.2.3.4");
    assert_int_equal(
        world_count(portal, "SELECT count(*) FROM login_limit WHERE subject LIKE '%secret%'"), 0);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM audit WHERE subject LIKE '%secret%' "
                                         "OR detail LIKE '%secret%'"),
                     0);
}

static void what_is_counted_is_forgotten(void **state)
{
    fail_once("zhang", "1.2.3.4");
    fail_once("other", "5.6.7.8");
    clock_set_for_test(clock_now_utc() + PORTAL_LOGIN_WINDOW_S);
    succeed("zhang", "1.2.3.4");
    assert_int_equal(
        world_count(portal, "SELECT count(*) FROM login_limit WHERE subject LIKE 'login:%'"), 0);
}

static void a_user_who_changed_meanwhile_is_refused(void **state)
{
    AUTO(portal_login_freep) struct portal_login *disabled = begin("zhang", "1.2.3.4");
    char *token = NULL;
    bool yes = true, no = false;
    struct err err = ERR_INIT;
    const struct portal_account_change disable = {.disabled = &yes};
    const struct portal_account_change renew = {.disabled = &no, .password = &other_password};
    world_must(portal_account_change(portal, "zhang", &disable, &err), &err);
    assert_int_equal(end(disabled, true, NULL, &token), ERR_LOGIN_FAILED);
    world_must(portal_account_change(portal, "zhang", &renew, &err), &err);
    assert_int_equal(end(disabled, true, NULL, &token), ERR_LOGIN_FAILED);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM session"), 0);
}

static void the_session_before_ends(void **state)
{
    AUTO(portal_login_freep) struct portal_login *first = begin("zhang", "1.2.3.4");
    AUTO(portal_login_freep) struct portal_login *second = begin("zhang", "1.2.3.4");
    AUTO(memory_freep) char *old_token = NULL;
    AUTO(memory_freep) char *token = NULL;
    assert_int_equal(end(first, true, NULL, &old_token), ERR_NONE);
    assert_int_equal(end(second, true, old_token, &token), ERR_NONE);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM session"), 1);
}

static void a_password_is_proved_again(void **state)
{
    AUTO(portal_login_freep) struct portal_login *right = begin("zhang", "1.2.3.4");
    struct err err = ERR_INIT;
    world_must(portal_login_prove(portal, right, true, &err), &err);
    AUTO(portal_login_freep) struct portal_login *wrong = begin("zhang", "1.2.3.4");
    assert_int_equal(portal_login_prove(portal, wrong, false, &err), ERR_PASSWORD_WRONG);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM session"), 0);
    assert_int_equal(
        world_count(portal, "SELECT count FROM login_limit WHERE subject LIKE 'login:%'"), 1);
}

static void addresses_are_counted_by_their_owner(void **state)
{
    static const struct {
        const char *address, *counted;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
        {"2001:db8:1:2::1", "2001:db8:1:2::"},
        {"2001:db8:1:3::1", "2001:db8:1:3::"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
    };
    char out[PORTAL_LOGIN_ADDRESS_BYTES];
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct sockaddr_in four = {.sin_family = AF_INET};
        struct sockaddr_in6 six = {.sin6_family = AF_INET6};
        bool is_six = inet_pton(AF_INET6, cases[i].address, &six.sin6_addr) == 1;
        assert_true(is_six || inet_pton(AF_INET, cases[i].address, &four.sin_addr) == 1);
        portal_login_address(is_six ? (struct sockaddr *)&six : (struct sockaddr *)&four, out);
        assert_string_equal(out, cases[i].counted);
    }
    portal_login_address(&(struct sockaddr){.sa_family = AF_UNIX}, out);
    assert_string_equal(out, "local");
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(who_has_the_password_gets_a_session),
        T(there_is_nothing_to_compare_with_for_nobody),
        T(what_can_not_be_a_login_is_not_counted),
        T(a_login_has_so_many_failures),
        T(who_guesses_elsewhere_keeps_nobody_out),
        T(a_place_is_forgotten),
        T(so_many_places_are_remembered),
        T(each_failure_is_written),
        T(attempts_at_once_are_counted),
        T(an_address_has_so_many_failures),
        T(a_success_takes_the_failures_back),
        T(log_ins_have_a_limit_too),
        T(guessing_does_not_fill_the_audit_trail),
        T(what_was_typed_is_not_kept),
        T(what_is_counted_is_forgotten),
        T(a_user_who_changed_meanwhile_is_refused),
        T(the_session_before_ends),
        T(a_password_is_proved_again),
        T(addresses_are_counted_by_their_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
