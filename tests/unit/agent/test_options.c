#include "agent/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum err_code parse(const char *const *words, struct options *out)
{
    char name[] = "ukeyd";
    char *argv[8] = {name};
    int argc = 1;
    struct err err = ERR_INIT;
    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = memory_text(words[argc - 1]);
    enum err_code code = options_parse(argc, argv, out, &err);
    for (int i = 1; i < argc; i++)
        if (out->config_file != argv[i])
            free(argv[i]);
    return code;
}

static int set_up(void **state)
{
    (void)state;
    setenv("HOME", "/home/a", 1);
    unsetenv("XDG_DATA_HOME");
    setenv("XDG_RUNTIME_DIR", "/run/user/1", 1);
    return 0;
}

static void folders_come_from_the_environment(void **state)
{
    (void)state;
    AUTO(options_done) struct options options = {0};
    assert_int_equal(parse((const char *const[]){NULL}, &options), ERR_NONE);
    assert_string_equal(options.state_folder, "/home/a/.local/share/ukeyd");
    assert_string_equal(options.runtime_folder, "/run/user/1/ukeyd");
    assert_int_equal(options.log_level, LOG_LEVEL_INFO);
    assert_null(options.config_file);
    assert_false(options.trust);
    assert_false(options.log_file);
}

static void options_go_before_the_environment(void **state)
{
    (void)state;
    AUTO(options_done) struct options options = {0};
    const char *const words[] = {"--state", "/s",      "--runtime=/r", "--log-level",
                                 "debug",   "--trust", "--log-file",   NULL};
    setenv("XDG_DATA_HOME", "/data", 1);
    assert_int_equal(parse(words, &options), ERR_NONE);
    assert_string_equal(options.state_folder, "/s");
    assert_string_equal(options.runtime_folder, "/r");
    assert_int_equal(options.log_level, LOG_LEVEL_DEBUG);
    assert_true(options.trust);
    assert_true(options.log_file);
}

static void relative_folders_are_ignored(void **state)
{
    (void)state;
    AUTO(options_done) struct options options = {0};
    setenv("XDG_DATA_HOME", "data", 1);
    assert_int_equal(parse((const char *const[]){NULL}, &options), ERR_NONE);
    assert_string_equal(options.state_folder, "/home/a/.local/share/ukeyd");
}

static void what_only_prints_needs_no_folders(void **state)
{
    (void)state;
    const char *const words[] = {"--sandbox-report", NULL};
    AUTO(options_done) struct options options = {0};
    unsetenv("HOME");
    unsetenv("XDG_RUNTIME_DIR");
    assert_int_equal(parse(words, &options), ERR_NONE);
    assert_true(options.sandbox_report);
    assert_null(options.state_folder);
}

static void wrong_words_are_usage_errors(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"--what", NULL}, {"word", NULL}, {"--state", NULL}, {"--log-level", "loud", NULL}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(options_done) struct options options = {0};
        assert_int_equal(parse(cases[i], &options), ERR_USAGE);
        assert_null(options.state_folder);
    }
    AUTO(options_done) struct options options = {0};
    unsetenv("XDG_RUNTIME_DIR");
    assert_int_equal(parse((const char *const[]){NULL}, &options), ERR_USAGE);
    /* Asking for help needs no folders. */
    assert_int_equal(parse((const char *const[]){"--help", NULL}, &options), ERR_NONE);
    assert_true(options.show_help);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(folders_come_from_the_environment, set_up),
        cmocka_unit_test_setup(options_go_before_the_environment, set_up),
        cmocka_unit_test_setup(relative_folders_are_ignored, set_up),
        cmocka_unit_test_setup(what_only_prints_needs_no_folders, set_up),
        cmocka_unit_test_setup(wrong_words_are_usage_errors, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
