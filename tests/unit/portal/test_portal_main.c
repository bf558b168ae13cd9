#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

#define OUTPUT_BYTES_MAX 16384

extern char **environ;
static char *program; /* the path of ukey-portal */

struct result {
    int status;
    char out[OUTPUT_BYTES_MAX];
    char err[OUTPUT_BYTES_MAX];
};

static void read_end(int fd, char *into)
{
    size_t used = 0;
    for (ssize_t got; (got = read(fd, into + used, OUTPUT_BYTES_MAX - 1 - used)) > 0;)
        used += (size_t)got;
    close(fd);
}

/* The outputs are smaller than a pipe holds, so that they can be read one after the other. */
static struct result *run(char *const *words)
{
    struct result *result = memory_new(sizeof *result);
    int out[2];
    int err[2];
    pid_t pid = -1;
    assert_true(pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
    assert_int_equal(posix_spawn(&pid, program, &actions, NULL, words, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
    read_end(out[0], result->out);
    read_end(err[0], result->err);
    assert_int_equal(waitpid(pid, &result->status, 0), pid);
    return result;
}

#define RUN(...) run((char *const[]){program, __VA_ARGS__ __VA_OPT__(, ) NULL})
#define WORD(text) ((char[]){text})

static void a_failure_says_code_and_remedy_in_the_users_language(void **state)
{
    setenv("LC_ALL", "en_US.UTF-8", 1);
    AUTO(memory_freep) struct result *english = RUN(WORD("walk"));
    setenv("LC_ALL", "zh_CN.UTF-8", 1);
    AUTO(memory_freep) struct result *chinese = RUN(WORD("walk"));
    assert_int_equal(WEXITSTATUS(english->status), 1);
    assert_non_null(strstr(english->err, "ukey-portal: usage: The command line is wrong"));
    assert_non_null(strstr(english->err, "See \"--help\"."));
    assert_non_null(strstr(chinese->err, "ukey-portal: usage: 命令行参数有误"));
    assert_string_equal(english->out, "");
}

static void help_names_every_command(void **state)
{
    static const char *const commands[] = {
        "init",          "run",        "organisation add", "key add", "order add",
        "order approve", "ticket add", "certificate list", "crl",     "audit verify"};
    AUTO(memory_freep) struct result *result = RUN(WORD("--help"));
    assert_int_equal(result->status, 0);
    assert_string_equal(result->err, "");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        assert_non_null(strstr(result->out, commands[i]));
}

static void the_version_is_printed(void **state)
{
    AUTO(memory_freep) struct result *result = RUN(WORD("--version"));
    assert_int_equal(result->status, 0);
    assert_string_equal(result->out, "ukey-portal " UKEYD_VERSION "\n");
}

static void a_portal_that_is_not_there_is_not_made(void **state)
{
    AUTO(memory_freep)
    struct result *result =
        RUN(WORD("order"), WORD("list"), WORD("--folder"), WORD("/tmp/ukey-portal-there-is-none"));
    assert_int_equal(WEXITSTATUS(result->status), 1);
    assert_non_null(strstr(result->err, "file-missing"));
    assert_int_equal(access("/tmp/ukey-portal-there-is-none", F_OK), -1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_says_code_and_remedy_in_the_users_language),
        cmocka_unit_test(help_names_every_command),
        cmocka_unit_test(the_version_is_printed),
        cmocka_unit_test(a_portal_that_is_not_there_is_not_made),
    };
    if (argc != 2)
        return 2;
    program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
