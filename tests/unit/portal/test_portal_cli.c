#include "portal/portal_cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <string.h>

static enum err_code nothing(const struct portal_arguments *arguments, struct err *err)
{
    return ERR_NONE;
}

static const struct portal_command commands[] = {
    {"run", "", {{"listen", "HOST:PORT", false, "127.0.0.1:0"}}, nothing},
    {"order add",
     "",
     {{"serial", "S", true, NULL}, {"months", "N", false, "12"}, {"single", NULL, false, NULL}},
     nothing},
    {"order list", "", {{NULL}}, nothing},
};

#define PARSE(...) \
    parse((const char *const[]){"ukey-portal", __VA_ARGS__}, \
          sizeof((const char *const[]){"ukey-portal", __VA_ARGS__}) / sizeof(char *))

static struct portal_arguments arguments;

static enum err_code parse(const char *const *words, size_t count)
{
    char *argv[16];
    struct err err = ERR_INIT;
    for (size_t i = 0; i < count; i++)
        argv[i] = (char *)(uintptr_t)words[i];
    return portal_cli_parse(commands, ARRAY_SIZE(commands), (int)count, argv, &arguments, &err);
}

static void options_stand_anywhere_after_the_command(void **state)
{
    assert_int_equal(PARSE("order", "add", "--single", "--folder", "f", "--serial", "s"), ERR_NONE);
    assert_string_equal(arguments.command->name, "order add");
    assert_string_equal(arguments.folder, "f");
    assert_string_equal(portal_arguments_get(&arguments, "serial"), "s");
    assert_string_equal(portal_arguments_get(&arguments, "months"), "12");
    assert_true(portal_arguments_has(&arguments, "single"));
    assert_int_equal(PARSE("--folder", "g", "run", "--listen", "x:1"), ERR_NONE);
    assert_string_equal(arguments.folder, "g");
    assert_string_equal(portal_arguments_get(&arguments, "listen"), "x:1");
}

static void what_is_wrong_is_refused(void **state)
{
    char *none[] = {(char[]){"ukey-portal"}};
    struct err err = ERR_INIT;
    assert_int_equal(portal_cli_parse(commands, ARRAY_SIZE(commands), 1, none, &arguments, &err),
                     ERR_USAGE);
    assert_int_equal(PARSE("--folder", "f"), ERR_USAGE);
    assert_int_equal(PARSE("walk", "--folder", "f"), ERR_USAGE);
    assert_int_equal(PARSE("order"), ERR_USAGE);
    assert_int_equal(PARSE("order", "remove", "--folder", "f"), ERR_USAGE);
    assert_int_equal(PARSE("runs", "--folder", "f"), ERR_USAGE);
    assert_int_equal(PARSE("run"), ERR_USAGE);
    assert_int_equal(PARSE("run", "--folder"), ERR_USAGE);
    assert_int_equal(PARSE("run", "--folder", "f", "--folder", "g"), ERR_USAGE);
    assert_int_equal(PARSE("run", "--folder", "f", "--serial", "s"), ERR_USAGE);
    assert_int_equal(PARSE("run", "--folder", "f", "listen"), ERR_USAGE);
    assert_int_equal(PARSE("order", "add", "--folder", "f"), ERR_USAGE);
    assert_int_equal(
        PARSE("order", "add", "--folder", "f", "--serial", "s", "--single", "--single"), ERR_USAGE);
}

static void numbers_are_whole_and_bounded(void **state)
{
    static const struct {
        const char *text;
        enum err_code code;
    } cases[] = {
        {"0", ERR_NONE},    {"59", ERR_NONE},
        {"60", ERR_NONE},   {"61", ERR_USAGE},
        {"-1", ERR_USAGE},  {"", ERR_USAGE},
        {"1x", ERR_USAGE},  {" 1", ERR_USAGE},
        {"1.0", ERR_USAGE}, {"99999999999999999999", ERR_USAGE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t value = -7;
        struct err err = ERR_INIT;
        assert_int_equal(
            PARSE("order", "add", "--folder", "f", "--serial", "s", "--months", cases[i].text),
            ERR_NONE);
        assert_int_equal(portal_arguments_integer(&arguments, "months", 60, &value, &err),
                         cases[i].code);
        assert_true((value == -7) == (cases[i].code != ERR_NONE));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_stand_anywhere_after_the_command),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(numbers_are_whole_and_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
