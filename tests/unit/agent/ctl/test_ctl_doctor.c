#include "agent/ctl/ctl_doctor.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/agent/ctl/stand_in_agent.h"
#include "tests/unit/scratch.h"

/* A computer with nothing on it; what is found on others is tried in scenario/doctor. */
static char *folder, *config, *state_folder, *socket_path;

static int start(void **state)
{
    folder = memory_printf("%s/ctldoc.XXXXXX", scratch_top());
    if (mkdtemp(folder) == NULL)
        return -1;
    config = file_join(folder, "ukeyd.conf");
    state_folder = file_join(folder, "state");
    socket_path = file_join(folder, "runtime/ukeyd.sock");
    setenv("HOME", folder, 1);
    setenv("XDG_RUNTIME_DIR", folder, 1);
    setenv("UKEYD_TEST_ROOT", folder, 1);
    setenv("PCSCLITE_CSOCK_NAME", "/nowhere/pcscd", 1);
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    return 0;
}

static int stop(void **state)
{
    AUTO(memory_freep) char *command = memory_printf("rm -rf %s", folder);
    memory_freep(&folder);
    memory_freep(&config);
    memory_freep(&state_folder);
    memory_freep(&socket_path);
    return system(command);
}

static enum err_code run(unsigned given, const char *report, char **out_text, struct err *err)
{
    const struct ctl_options options = {
        .given = given,
        .lang = LANG_EN,
        .socket_path = socket_path,
        .state = state_folder,
        .config = config,
        .report = report,
    };
    struct ctl ctl = {.options = &options};
    *err = ERR_INIT;
    return stand_in_agent_capture(ctl_doctor, &ctl, out_text, err);
}

static void as_text(void **state)
{
    struct err err;
    AUTO(memory_freep) char *text = NULL;
    assert_int_equal(run(0, NULL, &text, &err), ERR_UNHEALTHY);
    assert_non_null(strstr(text, "1. The configuration is wrong\n   Found: "));
    assert_non_null(strstr(text, "   Code: pcsc-no-service\n"));
    assert_non_null(strstr(text, "   Code: no-display\n"));
    assert_null(strstr(text, "agent-not-running")); /* the configuration's consequence */
}

static void as_json(void **state)
{
    struct err err;
    AUTO(memory_freep) char *text = NULL;
    AUTO(json_freep) struct json *json = NULL;
    assert_int_equal(run(CTL_JSON, NULL, &text, &err), ERR_UNHEALTHY);
    assert_int_equal(json_parse(span_text(text), 65536, &json, &err), ERR_NONE);
    assert_true(json_count(json_member(json, "findings")) >= 3);
    assert_null(json_member(json, "fixed"));
}

static void what_it_mends_is_said(void **state)
{
    struct err err;
    AUTO(memory_freep) char *text = NULL;
    AUTO(memory_freep) char *again = NULL;
    assert_int_equal(mkdir(state_folder, 0700), 0);
    assert_int_equal(chmod(state_folder, 0755), 0);
    assert_int_equal(run(0, NULL, &text, &err), ERR_UNHEALTHY);
    assert_non_null(strstr(text, "   Code: state-mode (--fix may help)\n"));
    assert_int_equal(run(CTL_FIX, NULL, &again, &err), ERR_UNHEALTHY);
    assert_non_null(strstr(again, "Done: chmod 700 "));
    assert_null(strstr(again, "Code: state-mode"));
}

static void the_report_is_written(void **state)
{
    struct err err;
    struct stat status;
    AUTO(memory_freep) char *text = NULL;
    AUTO(memory_freep) char *other = NULL;
    AUTO(memory_freep) char *report = file_join(folder, "report");
    assert_int_equal(run(0, report, &text, &err), ERR_UNHEALTHY);
    assert_int_equal(stat(report, &status), 0);
    assert_true(status.st_size > 100);
    assert_int_equal(run(0, report, &other, &err), ERR_REPORT_EXISTS);
}

#define ON_IT(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_IT(as_text),
        ON_IT(as_json),
        ON_IT(what_it_mends_is_said),
        ON_IT(the_report_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
