#include "agent/child.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static void its_output_comes_back(void **state)
{
    static const char *const arguments[] = {"-c", "echo one; echo other >&2; echo \"$LC_ALL\"",
                                            NULL};
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    setenv("LC_ALL", "zh_CN.UTF-8", 1);
    assert_int_equal(child_run("/bin/sh", arguments, &text, &err), ERR_NONE);
    assert_string_equal(text, "one\nC\n");
}

static void a_failure_says_why(void **state)
{
    static const char *const arguments[] = {"-c", "echo because >&2; exit 3", NULL};
    static const char *const none[] = {NULL};
    struct err err = ERR_INIT;
    char *text = NULL;
    assert_int_equal(child_run("/bin/sh", arguments, &text, &err), ERR_FILE);
    assert_non_null(strstr(err.detail, "because"));
    err = ERR_INIT;
    assert_int_equal(child_run("/nowhere/program", none, &text, &err), ERR_FILE_MISSING);
    assert_null(text);
}

static void more_output_than_may_be_is_told(void **state)
{
    static const char *const most[] = {"-c", "4194304", "/dev/zero", NULL};
    static const char *const more[] = {"-c", "4194305", "/dev/zero", NULL};
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    assert_int_equal(child_run("/usr/bin/head", more, &text, &err), ERR_FILE);
    assert_null(text);
    assert_non_null(strstr(err.detail, "4194305"));
    err = ERR_INIT;
    assert_int_equal(child_run("/usr/bin/head", most, &text, &err), ERR_NONE);
}

static struct child a_shell(const char *const *arguments)
{
    return (struct child){
        .program = "/bin/sh", .arguments = arguments, .timeout_ms = 60000, .output_bytes_max = 100};
}

static void input_environment_and_both_outputs(void **state)
{
    static const char *const arguments[] = {"-c", "cat; echo \"$COLOUR$LC_ALL\" >&2; exit 3", NULL};
    char *const environment[] = {(char *)(uintptr_t) "COLOUR=green", NULL};
    struct err err = ERR_INIT;
    AUTO(child_result_done) struct child_result result = {0};
    struct child child = a_shell(arguments);
    child.input = span_text("what it reads");
    child.environment = environment;
    assert_int_equal(child_perform(&child, &result, &err), ERR_NONE);
    assert_true(WIFEXITED(result.status));
    assert_int_equal(WEXITSTATUS(result.status), 3);
    assert_string_equal((const char *)result.output->at, "what it reads");
    assert_string_equal((const char *)result.messages->at, "green\n");
}

static void it_is_ended(void **state)
{
    static const char *const arguments[] = {"-c", "exec sleep 600", NULL};
    struct err err = ERR_INIT;
    AUTO(cancel_freep) struct cancel *cancel = NULL;
    AUTO(child_result_done) struct child_result result = {0};
    struct child child = a_shell(arguments);
    child.timeout_ms = 50;
    assert_int_equal(child_perform(&child, &result, &err), ERR_DEADLINE);
    child.timeout_ms = 600000;
    assert_int_equal(cancel_new(&cancel, &err), ERR_NONE);
    cancel_request(cancel);
    child.cancel = cancel;
    assert_int_equal(child_perform(&child, &result, &err), ERR_CANCELLED);
    assert_null(result.output);
}

static void it_has_no_input(void **state)
{
    static const char *const none[] = {NULL};
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    assert_int_equal(child_run("/bin/cat", none, &text, &err), ERR_NONE);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_output_comes_back),
        cmocka_unit_test(a_failure_says_why),
        cmocka_unit_test(it_has_no_input),
        cmocka_unit_test(more_output_than_may_be_is_told),
        cmocka_unit_test(input_environment_and_both_outputs),
        cmocka_unit_test(it_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
