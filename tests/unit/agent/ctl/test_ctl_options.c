#include "agent/ctl/ctl_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARGUMENTS_MAX 16

/* A command line in one text, split at blanks; "''" is an empty argument. */
static enum err_code parse(const char *line, struct ctl_options *out, struct err *err)
{
    static char copy[512];
    static char program[] = "ukeyctl";
    char *arguments[ARGUMENTS_MAX] = {program};
    int count = 1;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *rest = copy; rest != NULL;) {
        char *at = strsep(&rest, " ");
        arguments[count++] = strcmp(at, "''") == 0 ? at + 2 : at;
    }
    return ctl_options_parse(count, arguments, out, err);
}

static void options_stand_anywhere(void **state)
{
    struct err err = ERR_INIT;
    AUTO(ctl_options_done) struct ctl_options options = {0};
    assert_int_equal(
        parse("--json cert --lang en show --socket /s --token=S1 file.pem", &options, &err),
        ERR_NONE);
    assert_int_equal(options.given, CTL_JSON | CTL_LANG | CTL_SOCKET | CTL_TOKEN);
    assert_int_equal(options.lang, LANG_EN);
    assert_string_equal(options.socket_path, "/s");
    assert_string_equal(options.token, "S1");
    assert_int_equal(options.word_count, 3);
    assert_string_equal(options.words[0], "cert");
    assert_string_equal(options.words[2], "file.pem");
}

static void every_option_has_its_place(void **state)
{
    struct err err = ERR_INIT;
    AUTO(ctl_options_done) struct ctl_options options = {0};
    assert_int_equal(
        parse("x --ticket T --platform P --usage encrypt --container C", &options, &err), ERR_NONE);
    assert_string_equal(options.ticket, "T");
    assert_string_equal(options.platform, "P");
    assert_string_equal(options.usage, "encrypt");
    assert_string_equal(options.container, "C");
    ctl_options_done(&options);
    assert_int_equal(parse("x --picture P --roots R --signer S --at A", &options, &err), ERR_NONE);
    assert_string_equal(options.picture, "P");
    assert_string_equal(options.roots, "R");
    assert_string_equal(options.signer, "S");
    assert_string_equal(options.at, "A");
    ctl_options_done(&options);
    assert_int_equal(parse("x --system --state S --config C", &options, &err), ERR_NONE);
    assert_int_equal(options.given, CTL_SYSTEM | CTL_STATE | CTL_CONFIG);
    assert_string_equal(options.state, "S");
    assert_string_equal(options.config, "C");
}

static void the_socket_has_a_default(void **state)
{
    struct err err = ERR_INIT;
    struct ctl_options options = {0};
    setenv("XDG_RUNTIME_DIR", "/run/user/77", 1);
    assert_int_equal(parse("status", &options, &err), ERR_NONE);
    assert_string_equal(options.socket_path, "/run/user/77/ukeyd/ukeyd.sock");
    ctl_options_done(&options);
    unsetenv("XDG_RUNTIME_DIR");
    assert_int_equal(parse("status", &options, &err), ERR_NONE);
    assert_memory_equal(options.socket_path, "/run/user/", 10);
    ctl_options_done(&options);
}

static void the_language_is_the_environments(void **state)
{
    struct err err = ERR_INIT;
    struct ctl_options options = {0};
    setenv("LC_ALL", "en_GB.UTF-8", 1);
    assert_int_equal(parse("status", &options, &err), ERR_NONE);
    assert_int_equal(options.lang, LANG_EN);
    ctl_options_done(&options);
    assert_int_equal(parse("status --lang zh", &options, &err), ERR_NONE);
    assert_int_equal(options.lang, LANG_ZH);
    ctl_options_done(&options);
    unsetenv("LC_ALL");
}

static void what_is_wrong_is_refused(void **state)
{
    static const char *const lines[] = {
        "--frobnicate",     "status -x",
        "status --lang de", "status --usage both",
        "--ticket",         "status --ticket ''",
        "a b c d",          "--json --json status",
        "--json=1",         "--socket /a --socket /b",
    };
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        struct err err = ERR_INIT;
        struct ctl_options options = {.word_count = 77};
        if (parse(lines[i], &options, &err) != ERR_USAGE)
            fail_msg("%s is taken", lines[i]);
        assert_int_equal(options.word_count, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(every_option_has_its_place),
        cmocka_unit_test(the_socket_has_a_default),
        cmocka_unit_test(the_language_is_the_environments),
        cmocka_unit_test(what_is_wrong_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
