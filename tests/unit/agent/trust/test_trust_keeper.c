#include "agent/trust/trust_keeper.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <time.h>

#include "agent/trust/trust.h"
#include "agent/trust/trust_nss.h"
#include "base/clock.h"
#include "base/log.h"
#include "tests/unit/agent/trust/fixture.h"

#define PATIENCE_MS 30000

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

static void wait_until_trusted(struct home *home)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    struct deadline deadline = deadline_in_ms(PATIENCE_MS);
    while (!is_trusted(home)) {
        assert_false(deadline_passed(deadline));
        nanosleep(&pause, NULL);
    }
}

static struct trust_keeper *keeper_of(struct home *home)
{
    struct err err = ERR_INIT;
    struct trust_keeper *keeper = NULL;
    AUTO(memory_freep) char *state_folder = home_path(home, "state");
    log_set_level(LOG_LEVEL_ERROR);
    setenv("HOME", home->folder, 1);
    unsetenv("XDG_DATA_HOME");
    unsetenv("XDG_CONFIG_HOME");
    assert_int_equal(trust_keeper_new(state_folder, &keeper, &err), ERR_NONE);
    return keeper;
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
    trust_keeper_free(keeper);
}

static void test_does_nothing_unasked(void **state)
{
    struct home *home = *state;
    struct trust_keeper *keeper = keeper_of(home);
    AUTO(memory_freep) char *before = home_list(home, "none");
    trust_keeper_look(keeper);
    trust_keeper_free(keeper);
    AUTO(memory_freep) char *after = home_list(home, "none");
    assert_string_equal(after, before);
}

static void test_can_be_freed_at_any_time(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    assert_int_equal(trust_install(&home->user, &err), ERR_NONE);
    home_renew(home);
    struct trust_keeper *keeper = keeper_of(home);
    trust_keeper_look(keeper);
    trust_keeper_free(keeper);
    trust_keeper_free(NULL);
    keeper = keeper_of(home);
    trust_keeper_look(keeper);
    wait_until_trusted(home);
    trust_keeper_free(keeper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_renews_what_was_installed, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_does_nothing_unasked, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_can_be_freed_at_any_time, home_start, home_stop),
    };
    return cmocka_run_group_tests_name("agent/trust/trust_keeper", tests, NULL, NULL);
}
