#include "agent/ctl/ctl_log.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <unistd.h>

#include "agent/ctl/ctl_interrupt.h"
#include "base/file.h"
#include "base/log_file.h"
#include "tests/unit/agent/ctl/stand_in_agent.h"
#include "tests/unit/scratch.h"

static char *folder;

static int start(void **state)
{
    folder = memory_printf("%s/ctllog.XXXXXX", scratch_top());
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int stop(void **state)
{
    AUTO(memory_freep) char *command = memory_printf("rm -rf %s", folder);
    memory_freep(&folder);
    return system(command);
}

static void put(const char *name, const char *text)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = file_join(folder, name);
    assert_int_equal(file_write_atomic(path, span_text(text), 0600, &err), ERR_NONE);
}

#define OLD "2026-11-20T10:00:00Z info ops: [aaaaaaaa] old\n"
#define FIRST "2026-11-22T10:00:00Z info ops: [aaaaaaaa] first\n"
#define SECOND "2026-11-22T11:00:00Z warning web: second\n"

static enum err_code log_of(const char *operation, const char *since, char **out_text,
                            struct err *err)
{
    const struct ctl_options options = {
        .lang = LANG_EN, .state = folder, .operation = operation, .since = since};
    struct ctl ctl = {.options = &options};
    *err = ERR_INIT;
    return stand_in_agent_capture(ctl_log, &ctl, out_text, err);
}

static void shows(const char *operation, const char *since, const char *wanted)
{
    struct err err;
    AUTO(memory_freep) char *text = NULL;
    assert_int_equal(log_of(operation, since, &text, &err), ERR_NONE);
    assert_string_equal(text, wanted);
}

static void lines_are_chosen(void **state)
{
    put(LOG_FILE_NAME LOG_FILE_OLDER, OLD);
    put(LOG_FILE_NAME, FIRST SECOND "half a li");
    shows(NULL, NULL, OLD FIRST SECOND);
    shows("aaaaaaaabbbbbbbb", NULL, OLD FIRST);
    shows("aaaaaaaa", "2026-11-22T00:00:00Z", FIRST);
    shows(NULL, "2026-11-22T10:00:01Z", SECOND);
    shows("bbbbbbbb", NULL, "");
}

/* As a power cut leaves them. */
static void zeros_hide_nothing_behind_them(void **state)
{
    struct err err = ERR_INIT;
    static const char torn[] = "\0\0\0\n" SECOND;
    AUTO(memory_freep) char *path = file_join(folder, LOG_FILE_NAME);
    const struct span bytes = span_of(torn, sizeof torn - 1);
    assert_int_equal(file_write_atomic(path, bytes, 0600, &err), ERR_NONE);
    shows(NULL, NULL, "   \n" SECOND);
}

/* What was logged up to the change is printed, then the new file, until Ctrl-C. */
static void a_file_begun_anew_is_followed(void **state)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = file_join(folder, LOG_FILE_NAME);
    AUTO(memory_freep) char *older = file_join(folder, LOG_FILE_NAME LOG_FILE_OLDER);
    AUTO(memory_freep)
    char *script =
        memory_printf("(sleep 0.5; printf '%%s' '%s' >>%s; mv %s %s; printf '%%s' '%s' >%s;"
                      " kill -INT %d) &",
                      SECOND, path, path, older, OLD, path, (int)getpid());
    const struct ctl_options options = {.lang = LANG_EN, .state = folder, .given = CTL_FOLLOW};
    struct ctl ctl = {.options = &options};
    AUTO(memory_freep) char *text = NULL;
    put(LOG_FILE_NAME, FIRST);
    ctl_interrupt_catch();
    assert_int_equal(system(script), 0);
    assert_int_equal(stand_in_agent_capture(ctl_log, &ctl, &text, &err), ERR_NONE);
    assert_string_equal(text, FIRST SECOND OLD);
}

static void control_characters_are_not_printed(void **state)
{
    put(LOG_FILE_NAME, "2026-11-22T10:00:00Z info ops: \x1B[31mred\n");
    shows(NULL, NULL, "2026-11-22T10:00:00Z info ops: ?[31mred\n");
}

static void what_is_wrong_is_said(void **state)
{
    struct err err;
    AUTO(memory_freep) char *text = NULL;
    AUTO(memory_freep) char *other = NULL;
    AUTO(memory_freep) char *third = NULL;
    assert_int_equal(log_of("aaaa", NULL, &text, &err), ERR_USAGE);
    assert_int_equal(log_of(NULL, "yesterday", &other, &err), ERR_USAGE);
    assert_int_equal(log_of(NULL, NULL, &third, &err), ERR_FILE_MISSING);
}

static void the_end_is_whole_lines(void **state)
{
    put(LOG_FILE_NAME, FIRST SECOND);
    AUTO(memory_freep) char *all = ctl_log_end(folder, strlen(FIRST SECOND));
    AUTO(memory_freep) char *last = ctl_log_end(folder, strlen(FIRST SECOND) - 1);
    assert_string_equal(all, FIRST SECOND);
    assert_string_equal(last, SECOND);
    AUTO(memory_freep) char *none = ctl_log_end("/nowhere", 100);
    assert_string_equal(none, "");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(lines_are_chosen),
        IN_FOLDER(zeros_hide_nothing_behind_them),
        IN_FOLDER(a_file_begun_anew_is_followed),
        IN_FOLDER(control_characters_are_not_printed),
        IN_FOLDER(what_is_wrong_is_said),
        IN_FOLDER(the_end_is_whole_lines),
    };
    unsetenv("XDG_RUNTIME_DIR"); /* no journal of this computer's */
    unsetenv("DBUS_SESSION_BUS_ADDRESS");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
