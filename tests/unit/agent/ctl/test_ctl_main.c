/* The program itself: its exit codes, and what goes to which output. */

#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "tests/unit/agent/ctl/stand_in_agent.h"

#define WORDS_MAX 12

extern char **environ;

static const char *program;

struct result {
    int code;
    char *out, *err;
};

static void result_done(struct result *result)
{
    free(result->out);
    free(result->err);
}

static char *taken(int file)
{
    static char text[65536];
    ssize_t length = pread(file, text, sizeof text - 1, 0);
    text[length < 0 ? 0 : length] = '\0';
    return memory_text(text);
}

static int scratch(void)
{
    char path[] = "/tmp/test_ctl_main.XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    unlink(path);
    return fd;
}

/* Runs "ukeyctl --lang en --socket SOCKET" with these words. */
static void run(const char *const *words, struct result *result)
{
    const char *arguments[WORDS_MAX + 6] = {program, "--lang", "en", "--socket",
                                            stand_in_agent_socket()};
    for (size_t i = 0; words[i] != NULL && i < WORDS_MAX; i++)
        arguments[5 + i] = words[i];
    AUTO(file_closep) int out = scratch();
    AUTO(file_closep) int err = scratch();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    pid_t pid;
    int status;
    assert_int_equal(
        posix_spawn(&pid, program, &actions, NULL, (char *const *)(uintptr_t)arguments, environ),
        0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    posix_spawn_file_actions_destroy(&actions);
    *result = (struct result){WEXITSTATUS(status), taken(out), taken(err)};
}

/* Words, the agent's answer, the exit code, and words that stand on the two outputs. */
static const struct {
    const char *words[WORDS_MAX];
    struct stand_in_answer answer;
    int code;
    const char *out, *err;
} cases[] = {
    {{"status"}, {200, "{\"version\":\"9.9\"}"}, 0, "Version: 9.9\n", ""},
    {{"--json", "status"}, {200, "{\"version\":\"9.9\"}"}, 0, "\"9.9\"", ""},
    {{"tokens"}, {200, "{\"tokens\":[]}"}, 0, "No key is plugged in", ""},
    {{"operations"}, {200, "{\"operations\":[]}"}, 0, "no operations", ""},
    {{"status"}, {503, "{\"code\":\"pcsc-no-service\"}"}, 1, "", "Code: pcsc-no-service\n"},
    {{"--json", "status"}, {503, "{\"code\":\"pcsc\"}"}, 1, "\"pcsc\"", "Code: pcsc\n"},
    {{"status"}, {.raw = ""}, 1, "", "Code: agent-unreachable\n"},
    {{"check", "--json"},
     {202, "{\"id\":\"0123456789abcdef0123456789abcdef\",\"state\":\"failed\","
           "\"error\":{\"code\":\"no-key\"}}"},
     1,
     "\"failed\"",
     "Code: no-key\n"},
    {{"--help"}, {200, "{}"}, 0, "usage: ukeyctl", ""},
    {{"--version"}, {200, "{}"}, 0, "ukeyctl " UKEYD_VERSION "\n", ""},
    {{NULL}, {200, "{}"}, 2, "", "no command"},
    {{"frobnicate"}, {200, "{}"}, 2, "", "no such command"},
    {{"cert"}, {200, "{}"}, 2, "", "no such command"},
    {{"cert", "delete"}, {200, "{}"}, 2, "", "no such command"},
    {{"status", "more"}, {200, "{}"}, 2, "", "too many words"},
    {{"cert", "export", "more"}, {200, "{}"}, 2, "", "too many words"},
    {{"status", "--ticket", "x"}, {200, "{}"}, 2, "", "does not take"},
    {{"renew", "--usage", "sign"}, {200, "{}"}, 2, "", "does not take"},
    {{"renew", "--ticket", "x"}, {200, "{}"}, 2, "", "--platform"},
    {{"resume"}, {200, "{}"}, 2, "", "needs the operation's id"},
    {{"resume", "0123"}, {200, "{}"}, 2, "", "32 hexadecimal digits"},
    {{"resume", "0123456789abcdef0123456789abcdef"},
     {202, "{\"id\":\"0123456789abcdef0123456789abcdef\",\"state\":\"done\",\"message\":\"ok\"}"},
     0,
     "ok",
     ""},
    {{"abandon", "0123456789abcdef0123456789abcdef"},
     {202, "{\"id\":\"0123456789abcdef0123456789abcdef\",\"state\":\"cancelled\"}"},
     0,
     "Given up.",
     ""},
    {{"abandon"}, {200, "{}"}, 2, "", "needs the operation's id"},
    {{"extend-seal", "--ticket", "x"}, {200, "{}"}, 2, "", "extend-seal needs --platform"},
    {{"reset-pin", "--ticket", "x"}, {200, "{}"}, 2, "", "reset-pin needs --platform"},
    {{"change-pin", "--ticket", "x"}, {200, "{}"}, 2, "", "does not take"},
    {{"change-pin", "--platform", "x"}, {200, "{}"}, 2, "", "does not take"},
    {{"change-pin"},
     {202, "{\"id\":\"0123456789abcdef0123456789abcdef\",\"kind\":\"change-pin\","
           "\"state\":\"done\",\"message\":\"The PIN was changed.\",\"result\":{}}"},
     0,
     "The PIN was changed.\n",
     ""},
    {{"--what"}, {200, "{}"}, 2, "", "--what"},
    {{"seal"}, {200, "{}"}, 2, "", "no such command"},
    {{"seal", "show"}, {200, "{}"}, 2, "", "needs a file"},
    {{"seal", "show", "a", "b"}, {200, "{}"}, 2, "", "too many words"},
    {{"seal", "show", "a", "--roots", "b"}, {200, "{}"}, 2, "", "does not take"},
    {{"seal", "verify", "a"}, {200, "{}"}, 2, "", "--roots"},
    {{"seal", "verify", "a", "--picture", "b"}, {200, "{}"}, 2, "", "does not take"},
    {{"seal", "show", "/nonexistent"}, {200, "{}"}, 1, "", "Code: file-missing\n"},
    {{"seal", "show", "/dev/null"}, {200, "{}"}, 1, "", "Code: "},
};

static void each_command_line(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(result_done) struct result result = {0};
        stand_in_agent_start(&cases[i].answer, 1);
        run(cases[i].words, &result);
        stand_in_agent_stop(NULL);
        if (result.code != cases[i].code || strstr(result.out, cases[i].out) == NULL ||
            strstr(result.err, cases[i].err) == NULL)
            fail_msg("%zu: %d\n%s\n%s", i, result.code, result.out, result.err);
        if (*cases[i].out == '\0')
            assert_string_equal(result.out, "");
        if (*cases[i].err == '\0')
            assert_string_equal(result.err, "");
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_command_line)};
    if (argc != 2)
        return 99;
    program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
