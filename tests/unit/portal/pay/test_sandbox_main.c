#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stand.h"

#define OUTPUT_BYTES_MAX 16384

extern char **environ;
static char *program; /* the path of ukey-pay */

struct result {
    int status;
    char text[OUTPUT_BYTES_MAX]; /* both outputs */
};

/* words: separated by '|'. */
static struct result *run(const char *words)
{
    struct result *result = memory_new(sizeof *result);
    AUTO(memory_freep) char *copy = memory_text(words);
    char *arguments[16] = {program};
    size_t count = 1;
    for (char *at = copy; at != NULL && count + 1 < ARRAY_SIZE(arguments);)
        arguments[count++] = strsep(&at, "|");
    int fds[2];
    pid_t pid = -1;
    posix_spawn_file_actions_t actions;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDERR_FILENO);
    assert_int_equal(posix_spawn(&pid, program, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    size_t used = 0;
    for (ssize_t got; (got = read(fds[0], result->text + used, OUTPUT_BYTES_MAX - 1 - used)) > 0;)
        used += (size_t)got;
    close(fds[0]);
    assert_int_equal(waitpid(pid, &result->status, 0), pid);
    return result;
}

static void expect(const struct result *result, int status, const char *part)
{
    if (WEXITSTATUS(result->status) != status || strstr(result->text, part) == NULL)
        fail_msg("not %d with %s: %s", status, part, result->text);
}

static void help_names_every_command(void **state)
{
    static const char *const commands[] = {"init", "trust", "run", "control", "list"};
    AUTO(memory_freep) struct result *help = run("--help");
    expect(help, 0, "usage: ukey-pay");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        expect(help, 0, commands[i]);
    AUTO(memory_freep) struct result *version = run("--version");
    expect(version, 0, "ukey-pay " UKEYD_VERSION "\n");
}

static void a_service_is_made_and_told_how_to_behave(void **state)
{
    const struct stand *stand = *state;
    AUTO(memory_freep)
    char *init = memory_printf("init|--folder|%s/cli|--portal-key|%s/merchant-public.pem",
                               stand->folder, stand->folder);
    AUTO(memory_freep)
    char *trust = memory_printf("trust|--folder|%s/cli|--portal-key|%s/merchant-public.pem|"
                                "--payee|某平台",
                                stand->folder, stand->folder);
    AUTO(memory_freep)
    char *control = memory_printf("control|--folder|%s/cli|--notify|late", stand->folder);
    AUTO(memory_freep) char *list = memory_printf("list|--folder|%s/cli", stand->folder);
    AUTO(memory_freep) struct result *made = run(init);
    expect(made, 0, "/cli/service.pem");
    AUTO(memory_freep) struct result *again = run(init);
    expect(again, 1, "record-exists");
    AUTO(memory_freep) struct result *trusted = run(trust);
    expect(trusted, 0, "/cli/tls/ca.pem");
    AUTO(memory_freep) struct result *controlled = run(control);
    expect(controlled, 0, "{\"notify\":\"late\"}");
    AUTO(memory_freep) struct result *listed = run(list);
    expect(listed, 0, "[]");
}

static void a_failure_says_code_and_remedy_in_the_users_language(void **state)
{
    setenv("LC_ALL", "en_US.UTF-8", 1);
    AUTO(memory_freep) struct result *english = run("walk");
    expect(english, 1, "ukey-pay: usage: The command line is wrong");
    setenv("LC_ALL", "zh_CN.UTF-8", 1);
    AUTO(memory_freep) struct result *chinese = run("control|--folder|/nowhere|--notify|x");
    expect(chinese, 1, "ukey-pay: usage: 命令行参数有误");
    AUTO(memory_freep) struct result *missing = run("run|--folder|/tmp/ukey-pay-there-is-none");
    expect(missing, 1, "file-missing");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_names_every_command),
        cmocka_unit_test(a_service_is_made_and_told_how_to_behave),
        cmocka_unit_test(a_failure_says_code_and_remedy_in_the_users_language),
    };
    if (argc != 2)
        return 2;
    program = argv[1];
    return cmocka_run_group_tests(tests, stand_setup, stand_teardown);
}
