#include "agent/launch/launch_child.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

#define LINE_BYTES 512

static char script[64];

static void write_script(const char *lines)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = memory_printf("#!/bin/sh\n%s\n", lines);
    snprintf(script, sizeof script, "/tmp/test_launch_child.%d", (int)getpid());
    assert_int_equal(file_write_atomic(script, span_text(text), 0700, &err), ERR_NONE);
}

static int remove_script(void **state)
{
    unlink(script);
    return 0;
}

static const char *const no_names[] = {NULL};

/* The first line that the task says; its exit status. */
static int line_of(const struct launch_task *task, char line[LINE_BYTES])
{
    int pair[2], status = -1;
    pid_t pid = 0;
    size_t have = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(launch_child_start(task, pair[1], &pid), 0);
    close(pair[1]);
    while (have + 1 < LINE_BYTES && read(pair[0], line + have, 1) == 1 && line[have] != '\n')
        have++;
    line[have] = '\0';
    close(pair[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void a_program_gets_the_named_variables_alone(void **state)
{
    static const char *const names[] = {"LANG", "LC_", NULL};
    char line[LINE_BYTES];
    setenv("LANG", "zh_CN.UTF-8", 1);
    setenv("LC_TIME", "C", 1);
    setenv("LANGUAGE", "en", 1);
    setenv("UKEYD_SECRET", "x", 1);
    write_script("echo \"$LANG/$LC_TIME/$LANGUAGE/$UKEYD_SECRET/$PATH/$#\"");
    const struct launch_task task = {.program = script, .passed_on = names};
    assert_int_equal(line_of(&task, line), 0);
    assert_string_equal(line, "zh_CN.UTF-8/C////usr/local/bin:/usr/bin:/bin/0");
}

static void a_program_gets_no_other_descriptor(void **state)
{
    char line[LINE_BYTES];
    assert_int_equal(dup2(STDERR_FILENO, 200), 200); /* as a careless library would open it */
    /* The shell itself reads its script through number 10. */
    write_script("for n in 3 4 5 6 7 8 9 11 12 13 14 15 16 17 18 19 20 200; do\n"
                 "test -e /proc/$$/fd/$n && open=\"$open $n\"; done; echo \"open:$open\"");
    const struct launch_task task = {.program = script, .passed_on = no_names};
    int status = line_of(&task, line);
    close(200);
    assert_int_equal(status, 0);
    assert_string_equal(line, "open:");
}

static void signals_are_as_new(void **state)
{
    char line[LINE_BYTES];
    sigset_t all, before;
    sigfillset(&all);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_SETMASK, &all, &before);
    write_script("grep -E 'SigBlk|SigIgn' /proc/self/status | tr -d '\\n\\t'; echo");
    const struct launch_task task = {.program = script, .passed_on = no_names};
    int status = line_of(&task, line);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_int_equal(status, 0);
    assert_string_equal(line, "SigBlk:0000000000000000SigIgn:0000000000000000");
}

static int say_context(const void *context)
{
    const char *text = context;
    return write(STDOUT_FILENO, text, strlen(text)) > 0 ? 42 : 1;
}

static void a_function_is_called(void **state)
{
    char line[LINE_BYTES];
    const struct launch_task task = {.function = say_context, .context = "it says so\n"};
    int status = line_of(&task, line);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
    assert_string_equal(line, "it says so");
}

static void without_descriptors_there_is_dev_null(void **state)
{
    pid_t pid = 0;
    int status = -1;
    write_script("read x || test \"$(readlink /proc/$$/fd/1)\" = /dev/null");
    const struct launch_task task = {.program = script, .passed_on = no_names};
    assert_int_equal(launch_child_start(&task, -1, &pid), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void what_can_not_run_is_told(void **state)
{
    static const struct {
        const char *program;
        int cause;
    } cases[] = {{"/nonexistent/program", ENOENT}, {"/etc/passwd", EACCES}, {"/tmp", EACCES}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        pid_t pid = -5;
        const struct launch_task task = {.program = cases[i].program, .passed_on = no_names};
        assert_int_equal(launch_child_start(&task, -1, &pid), cases[i].cause);
        assert_int_equal(pid, -5);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left to be reaped */
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, remove_script)
    const struct CMUnitTest tests[] = {
        TEST(a_program_gets_the_named_variables_alone),
        TEST(a_program_gets_no_other_descriptor),
        TEST(signals_are_as_new),
        TEST(a_function_is_called),
        TEST(without_descriptors_there_is_dev_null),
        TEST(what_can_not_run_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
