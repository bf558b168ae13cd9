/* The program itself; argv[1] is its path. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static const char *program;

struct outcome {
    int exit_code;
    char out[8192];
    char err[8192];
};

static void read_back(FILE *file, char *out, size_t size)
{
    rewind(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    fclose(file);
}

static struct outcome run(const char *first, const char *second, const char *third)
{
    struct outcome outcome = {0};
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fileno(out), STDOUT_FILENO);
        dup2(fileno(err), STDERR_FILENO);
        execl(program, program, first, second, third, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    outcome.exit_code = WEXITSTATUS(status);
    read_back(out, outcome.out, sizeof outcome.out);
    read_back(err, outcome.err, sizeof outcome.err);
    return outcome;
}

static void says_what_it_is(void **state)
{
    (void)state;
    struct outcome version = run("--version", NULL, NULL);
    assert_int_equal(version.exit_code, 0);
    assert_string_equal(version.out, "ukey-sim " UKEYD_VERSION "\n");
    struct outcome help = run("--help", NULL, NULL);
    assert_int_equal(help.exit_code, 0);
    static const char *const commands[] = {"create",  "put-file", "run",
                                           "control", "show",     "decrypt"};
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        assert_non_null(strstr(help.out, commands[i]));
}

static void tells_a_wrong_command_line_from_a_failure(void **state)
{
    (void)state;
    struct outcome none = run(NULL, NULL, NULL);
    assert_int_equal(none.exit_code, 2);
    assert_string_equal(none.out, "");
    assert_int_equal(run("explode", NULL, NULL).exit_code, 2);
    assert_int_equal(run("show", NULL, NULL).exit_code, 2);
    struct outcome missing = run("show", "--state", "/nowhere/at/all");
    assert_int_equal(missing.exit_code, 1);
    assert_non_null(strstr(missing.err, "(file-missing)"));
    assert_string_equal(missing.out, "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_it_is),
        cmocka_unit_test(tells_a_wrong_command_line_from_a_failure),
    };
    if (argc != 2)
        return EXIT_FAILURE;
    program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
