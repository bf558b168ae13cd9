#include "agent/ctl/ctl_trust.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <unistd.h>

#include "agent/trust/trust_user.h"
#include "base/file.h"
#include "tests/unit/agent/ctl/stand_in_agent.h"
#include "tests/unit/agent/trust/fixture.h"

#define NOBODY 65534
#define RECORD "state/identity/trust.json"

static char *state_folder;
static char *config;

static int start(void **state)
{
    home_start(state);
    struct home *home = *state;
    setenv("HOME", home->folder, 1);
    unsetenv("XDG_DATA_HOME");
    unsetenv("XDG_CONFIG_HOME");
    state_folder = home_path(home, "state");
    config = home_path(home, "ukeyd.conf");
    home_write(home, "ukeyd.conf", "[ukeyd]\n", 0600);
    return 0;
}

static int stop(void **state)
{
    memory_freep(&state_folder);
    memory_freep(&config);
    return home_stop(state);
}

static enum err_code run(enum err_code (*function)(struct ctl *, struct err *), unsigned given,
                         char **out_text, struct err *err)
{
    const struct ctl_options options = {
        .given = given, .lang = LANG_EN, .state = state_folder, .config = config};
    struct ctl ctl = {.options = &options};
    *err = ERR_INIT;
    return stand_in_agent_capture(function, &ctl, out_text, err);
}

static void test_installs_shows_and_removes(void **state)
{
    struct err err;
    AUTO(memory_freep) char *before = home_list(*state, RECORD);
    AUTO(memory_freep) char *installed = NULL;
    AUTO(memory_freep) char *shown = NULL;
    AUTO(memory_freep) char *removed = NULL;
    assert_int_equal(run(ctl_trust_install, 0, &installed, &err), ERR_NONE);
    assert_non_null(strstr(installed, "chromium: trusted\n"));
    assert_null(strstr(installed, "Policies"));
    assert_int_equal(run(ctl_trust_status, 0, &shown, &err), ERR_NONE);
    assert_non_null(strstr(shown, "chromium: trusted\n"));
    assert_non_null(strstr(shown, "Policies for all users"));
    assert_non_null(strstr(shown, "/etc/opt/edge/policies/managed/ukeyd.json\n"));
    assert_int_equal(run(ctl_trust_remove, 0, &removed, &err), ERR_NONE);
    assert_non_null(strstr(removed, "chromium: not trusted\n"));
    AUTO(memory_freep) char *after = home_list(*state, RECORD);
    assert_string_equal(after, before);
    assert_true(home_has(*state, RECORD)); /* that it was refused */
}

static void test_as_json(void **state)
{
    struct err err;
    AUTO(memory_freep) char *text = NULL;
    AUTO(json_freep) struct json *json = NULL;
    assert_int_equal(run(ctl_trust_status, CTL_JSON, &text, &err), ERR_NONE);
    assert_int_equal(json_parse(span_text(text), 65536, &json, &err), ERR_NONE);
    assert_non_null(
        strstr(json_text_of(json_member(json, "certificate")), "identity/loopback.pem"));
    assert_int_equal(json_count(json_member(json, "browsers")), 2);
    assert_int_equal(json_count(json_member(json, "system")), 4);
}

static void test_a_configuration_that_is_wrong(void **state)
{
    struct err err;
    AUTO(memory_freep) char *text = NULL;
    AUTO(memory_freep) char *nothing = NULL;
    home_write(*state, "ukeyd.conf", "[nonsense]\nx = 1\n", 0600);
    assert_int_equal(run(ctl_trust_status, 0, &text, &err), ERR_NONE);
    assert_non_null(strstr(text, "Code: config\n"));
    if (geteuid() == 0)
        assert_int_equal(run(ctl_trust_install, CTL_SYSTEM, &nothing, &err), ERR_CONFIG);
}

static void test_a_platform_without_its_roots(void **state)
{
    struct err err;
    AUTO(memory_freep) char *text = NULL;
    home_write(*state, "ukeyd.conf",
               "[platform gone]\nname = x\norigin = https://gone.example\n"
               "roots = /nowhere/roots.pem\n",
               0600);
    assert_int_equal(run(ctl_trust_status, 0, &text, &err), ERR_NONE);
    assert_non_null(strstr(text, "Code: file-missing\n"));
    assert_non_null(strstr(text, "/nowhere/roots.pem"));
    assert_non_null(strstr(text, "platform gone is left out"));
}

static void test_the_machine_is_the_administrators(void **state)
{
    struct err err;
    AUTO(memory_freep) char *text = NULL;
    AUTO(memory_freep) char *nothing = NULL;
    bool root = geteuid() == 0;
    if (root)
        assert_int_equal(seteuid(NOBODY), 0);
    enum err_code install = run(ctl_trust_install, CTL_SYSTEM, &text, &err);
    enum err_code take_back = run(ctl_trust_remove, CTL_SYSTEM, &nothing, &err);
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(install, ERR_TRUST_NOT_ROOT);
    assert_int_equal(take_back, ERR_TRUST_NOT_ROOT);
    assert_string_equal(text, "");
}

static void test_says_when_it_can_not(void **state)
{
    struct err err;
    AUTO(memory_freep) char *nothing = NULL;
    AUTO(memory_freep) char *path = home_path(*state, "state/identity/loopback.pem");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(run(ctl_trust_install, 0, &nothing, &err), ERR_TRUST_NO_IDENTITY);
    assert_string_equal(nothing, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_installs_shows_and_removes, start, stop),
        cmocka_unit_test_setup_teardown(test_as_json, start, stop),
        cmocka_unit_test_setup_teardown(test_a_configuration_that_is_wrong, start, stop),
        cmocka_unit_test_setup_teardown(test_a_platform_without_its_roots, start, stop),
        cmocka_unit_test_setup_teardown(test_the_machine_is_the_administrators, start, stop),
        cmocka_unit_test_setup_teardown(test_says_when_it_can_not, start, stop),
    };
    return cmocka_run_group_tests_name("agent/ctl_trust", tests, NULL, NULL);
}
