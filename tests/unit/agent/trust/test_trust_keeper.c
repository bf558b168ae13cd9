#include "agent/trust/trust_keeper.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <unistd.h>

#include "agent/trust/trust.h"
#include "agent/trust/trust_nss.h"
#include "base/clock.h"
#include "base/log.h"
#include "tests/unit/agent/trust/fixture.h"

#define PATIENCE_MS 30000
#define TRIES_MORE_THAN_ALL 8
#define LOOK_MS 20

static bool is_trusted(struct home *home)
{
    struct err err = ERR_INIT;
    enum trust_nss_state found = TRUST_NSS_ABSENT;
    AUTO(memory_freep) char *folder = home_path(home, ".pki/nssdb");
    /* NSS may say that it is busy. */
    return trust_nss_look(&home->user.certutil, folder, span_bytes(home->der), &found, &err) ==
               ERR_NONE &&
           found == TRUST_NSS_TRUSTED;
}

static struct loop *loop;
static struct launch *launch;
static char *folders_text[2];
static struct trust_keeper_folders folders; /* the launcher keeps it */

/* A little of the loop's time. */
static void run_loop(void)
{
    struct err err = ERR_INIT;
    struct loop_timer *timer = loop_timer_new(loop, (loop_fn)loop_stop, loop);
    loop_timer_set(timer, deadline_in_ms(LOOK_MS));
    assert_int_equal(loop_run(loop, &err), ERR_NONE);
    loop_timer_free(timer);
}

static void wait_until_trusted(struct home *home)
{
    struct deadline deadline = deadline_in_ms(PATIENCE_MS);
    while (!is_trusted(home)) {
        assert_false(deadline_passed(deadline));
        run_loop();
    }
}

static void close_all(struct trust_keeper *keeper)
{
    trust_keeper_free(keeper);
    launch_freep(&launch);
    loop_freep(&loop);
    for (size_t i = 0; i < ARRAY_SIZE(folders_text); i++)
        memory_freep(&folders_text[i]);
}

static struct trust_keeper *keeper_with(struct home *home, bool unasked)
{
    struct err err = ERR_INIT;
    folders_text[0] = home_path(home, "state");
    folders_text[1] = home_path(home, "runtime");
    folders = (struct trust_keeper_folders){folders_text[0], folders_text[1], unasked};
    const struct launch_task task = trust_keeper_task(&folders);
    log_set_level(LOG_LEVEL_ERROR);
    setenv("HOME", home->folder, 1);
    unsetenv("XDG_DATA_HOME");
    unsetenv("XDG_CONFIG_HOME");
    assert_int_equal(loop_new(&loop, &err), ERR_NONE);
    assert_int_equal(launch_new(&task, 1, &launch, &err), ERR_NONE);
    return trust_keeper_new(loop, launch, 0);
}

static struct trust_keeper *keeper_of(struct home *home)
{
    return keeper_with(home, false);
}

static void test_renews_what_was_installed(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    struct trust_keeper *keeper = keeper_of(home);
    assert_int_equal(trust_install(&home->user, &err), ERR_NONE);
    for (int i = 0; i < 3; i++) {
        home_renew(home);
        trust_keeper_look(keeper);
        trust_keeper_look(keeper); /* while the first one runs */
        wait_until_trusted(home);
    }
    close_all(keeper);
}

static void test_does_nothing_unasked(void **state)
{
    struct home *home = *state;
    struct trust_keeper *keeper = keeper_of(home);
    assert_false(trust_keeper_is_first(&folders));
    AUTO(memory_freep) char *before = home_list(home, "none");
    trust_keeper_look(keeper);
    run_loop();
    close_all(keeper);
    AUTO(memory_freep) char *after = home_list(home, "none");
    assert_string_equal(after, before);
}

static void test_waits_for_the_first_trust(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    struct trust_keeper *keeper = keeper_with(home, true);
    trust_keeper_wait(keeper, PATIENCE_MS); /* nothing runs */
    assert_false(is_trusted(home));
    assert_true(trust_keeper_is_first(&folders));
    trust_keeper_look(keeper);
    trust_keeper_look(keeper); /* again, once it has ended */
    trust_keeper_wait(keeper, PATIENCE_MS);
    assert_true(is_trusted(home));
    assert_false(trust_keeper_is_first(&folders));
    assert_int_equal(trust_refuse(&home->user, &err), ERR_NONE);
    assert_false(trust_keeper_is_first(&folders));
    trust_keeper_look(keeper);
    trust_keeper_wait(keeper, PATIENCE_MS);
    close_all(keeper);
    assert_false(is_trusted(home));
}

static void test_waits_only_so_long(void **state)
{
    struct home *home = *state;
    struct trust_keeper *keeper = keeper_with(home, true);
    trust_keeper_look(keeper);
    trust_keeper_wait(keeper, 0);
    wait_until_trusted(home);
    close_all(keeper);
}

static void test_what_fails_is_tried_again(void **state)
{
    struct home *home = *state;
    struct trust_keeper *keeper = keeper_with(home, true);
    AUTO(memory_freep) char *in_the_way = home_path(home, ".pki");
    home_write(home, ".pki", "no folder", 0600);
    trust_keeper_retry_for_test(keeper, 1);
    trust_keeper_look(keeper);
    trust_keeper_wait(keeper, PATIENCE_MS);
    assert_false(trust_keeper_is_first(&folders)); /* recorded, but not done */
    assert_int_equal(unlink(in_the_way), 0);
    wait_until_trusted(home);
    close_all(keeper);
}

/* As when a browser was open all day, and the certificate is then renewed. */
static void test_what_is_asked_for_anew_has_all_its_tries(void **state)
{
    struct home *home = *state;
    struct trust_keeper *keeper = keeper_with(home, true);
    AUTO(memory_freep) char *in_the_way = home_path(home, ".pki");
    home_write(home, ".pki", "no folder", 0600);
    trust_keeper_retry_for_test(keeper, 1);
    trust_keeper_look(keeper);
    for (int tries = 0; tries < TRIES_MORE_THAN_ALL; tries++) {
        trust_keeper_wait(keeper, PATIENCE_MS);
        run_loop();
    }
    trust_keeper_look(keeper);
    trust_keeper_wait(keeper, PATIENCE_MS);
    assert_int_equal(unlink(in_the_way), 0);
    wait_until_trusted(home);
    close_all(keeper);
}

static void test_can_be_freed_at_any_time(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    assert_int_equal(trust_install(&home->user, &err), ERR_NONE);
    home_renew(home);
    struct trust_keeper *keeper = keeper_of(home);
    trust_keeper_look(keeper);
    close_all(keeper);
    trust_keeper_free(NULL);
    keeper = keeper_of(home);
    trust_keeper_look(keeper);
    wait_until_trusted(home);
    close_all(keeper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_renews_what_was_installed, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_does_nothing_unasked, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_waits_for_the_first_trust, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_waits_only_so_long, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_what_fails_is_tried_again, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_what_is_asked_for_anew_has_all_its_tries, home_start,
                                        home_stop),
        cmocka_unit_test_setup_teardown(test_can_be_freed_at_any_time, home_start, home_stop),
    };
    return cmocka_run_group_tests_name("agent/trust/trust_keeper", tests, NULL, NULL);
}
