#include "agent/trust/trust_certutil.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>

#include "tests/unit/agent/trust/fixture.h"

static enum err_code run(struct home *home, const char *script, struct bytes **out, struct err *err)
{
    const char *const arguments[] = {"-x", "two words", NULL};
    *err = ERR_INIT;
    home_fake_certutil(home, script);
    return trust_certutil_run(&home->user.certutil, arguments, span_text("the input"), out, err);
}

static void test_arguments_input_and_output(void **state)
{
    struct err err;
    AUTO(bytes_freep) struct bytes *out = NULL;
    assert_int_equal(run(*state, "echo \"$#|$1|$2\"; cat; echo noise >&2", &out, &err), ERR_NONE);
    assert_string_equal((const char *)out->at, "2|-x|two words\nthe input");
    assert_int_equal(run(*state, "exit 0", NULL, &err), ERR_NONE);
}

static void test_nothing_of_our_environment(void **state)
{
    struct err err;
    AUTO(bytes_freep) struct bytes *out = NULL;
    setenv("LD_PRELOAD_TEST", "1", 1);
    setenv("LANG", "zh_CN.UTF-8", 1);
    assert_int_equal(run(*state, "env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= | sort", &out, &err),
                     ERR_NONE);
    assert_string_equal((const char *)out->at, "LC_ALL=C\nPATH=/usr/bin:/bin\n");
    bytes_freep(&out);
    struct home *home = *state;
    home->user.certutil.libraries = "/nonexistent/lib";
    assert_int_equal(run(home, "echo $LD_LIBRARY_PATH", &out, &err), ERR_NONE);
    assert_string_equal((const char *)out->at, "/nonexistent/lib\n");
}

/* Where NSS would ask for a password. */
static void test_no_terminal_and_no_files_of_ours(void **state)
{
    struct err err;
    AUTO(bytes_freep) struct bytes *out = NULL;
    assert_int_equal(
        run(*state,
            "(true </dev/tty) 2>/dev/null && echo terminal\n"
            "for f in 3 4 5 6 7 8 9; do [ -e /proc/self/fd/$f ] && echo $f; done; true",
            &out, &err),
        ERR_NONE);
    AUTO(memory_freep) char *text = memory_text((const char *)out->at);
    assert_null(strstr(text, "terminal"));
    assert_true(strlen(text) <= 2); /* the shell holds its script */
}

static void test_refusals_are_told_apart(void **state)
{
    static const struct {
        const char *script;
        enum err_code code;
        const char *detail;
    } cases[] = {
        {"echo 'certutil: x: SEC_ERROR_BAD_PASSWORD: wrong' >&2; exit 255", ERR_TRUST_PASSWORD,
         "certutil: x: SEC_ERROR_BAD_PASSWORD: wrong"},
        {"echo 'SEC_ERROR_TOKEN_NOT_LOGGED_IN' >&2; exit 255", ERR_TRUST_PASSWORD, NULL},
        {"echo 'SEC_ERROR_READ_ONLY: x' >&2; exit 255", ERR_TRUST_READ_ONLY, NULL},
        {"echo 'PR_NO_ACCESS_RIGHTS_ERROR: x' >&2; exit 255", ERR_TRUST_READ_ONLY, NULL},
        {"echo 'SEC_ERROR_BAD_DATABASE: x' >&2; exit 255", ERR_TRUST_DATABASE, NULL},
        {"echo one; echo two; exit 1", ERR_TRUST_DATABASE, "one two"},
        {"printf 'a\\377b' >&2; exit 1", ERR_TRUST_DATABASE, "a?b"},
        {"exit 3", ERR_TRUST_DATABASE, ""},
        {"kill -KILL $$", ERR_TRUST_DATABASE, ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err;
        struct bytes *out = NULL;
        assert_int_equal(run(*state, cases[i].script, &out, &err), cases[i].code);
        assert_null(out);
        if (cases[i].detail != NULL)
            assert_string_equal(err.detail, cases[i].detail);
    }
}

static void test_output_is_limited(void **state)
{
    struct err err;
    struct bytes *out = NULL;
    assert_int_equal(run(*state, "head -c 1048577 /dev/zero", &out, &err), ERR_TRUST_DATABASE);
    assert_int_equal(run(*state, "head -c 1048576 /dev/zero", &out, &err), ERR_NONE);
    bytes_free(out);
}

static void test_a_missing_program(void **state)
{
    struct err err = ERR_INIT;
    const char *const arguments[] = {"-L", NULL};
    const struct trust_certutil tool = {"/nonexistent/certutil", NULL, NULL};
    assert_int_equal(trust_certutil_run(&tool, arguments, SPAN_NONE, NULL, &err),
                     ERR_TRUST_TOOL_MISSING);
    const struct trust_certutil no_program = {"/etc/passwd", NULL, NULL};
    assert_int_equal(trust_certutil_run(&no_program, arguments, SPAN_NONE, NULL, &err),
                     ERR_INTERNAL);
}

static void test_it_is_ended_when_we_stop(void **state)
{
    struct home *home = *state;
    struct err err;
    AUTO(cancel_freep) struct cancel *cancel = NULL;
    assert_int_equal(cancel_new(&cancel, &err), ERR_NONE);
    cancel_request(cancel);
    home->user.certutil.cancel = cancel;
    assert_int_equal(run(home, "exec sleep 600", NULL, &err), ERR_CANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_arguments_input_and_output, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_nothing_of_our_environment, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_no_terminal_and_no_files_of_ours, home_start,
                                        home_stop),
        cmocka_unit_test_setup_teardown(test_refusals_are_told_apart, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_output_is_limited, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_a_missing_program, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_it_is_ended_when_we_stop, home_start, home_stop),
    };
    return cmocka_run_group_tests_name("agent/trust/trust_certutil", tests, NULL, NULL);
}
