#include "agent/prompt/prompt_process.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"

static char script[64];
static struct launch *launch;

/* Writes a program of the given lines; each test's own. */
static void write_script(const char *lines)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = memory_printf("#!/bin/sh\n%s\n", lines);
    snprintf(script, sizeof script, "/tmp/test_prompt_process.%d", (int)getpid());
    assert_int_equal(file_write_atomic(script, span_text(text), 0700, &err), ERR_NONE);
}

static int remove_script(void **state)
{
    launch_freep(&launch);
    unlink(script);
    return 0;
}

/* Of this program; the environment is as it is now. */
static void new_launcher(const char *program)
{
    struct err err = ERR_INIT;
    struct launch_task task;
    launch_freep(&launch);
    assert_int_equal(prompt_process_task(program, &task, &err), ERR_NONE);
    assert_int_equal(launch_new(&task, 1, &launch, &err), ERR_NONE);
}

static void start(struct prompt_process *process)
{
    struct err err = ERR_INIT;
    *process = PROMPT_PROCESS_NONE;
    new_launcher(script);
    if (prompt_process_start(launch, 0, process, &err) != ERR_NONE)
        fail_msg("%s", err.detail);
}

/* What the process says until it closes its output or a line ends. */
static void read_line(int fd, char *out, size_t size)
{
    size_t have = 0;
    while (have + 1 < size && read(fd, out + have, 1) == 1 && out[have] != '\n')
        have++;
    out[have] = '\0';
}

static void input_and_output_are_connected(void **state)
{
    char line[64];
    struct prompt_process process;
    write_script("read x; echo \"got $x\"; echo lost >&2; read y");
    start(&process);
    assert_int_equal(write(process.fd, "this\n", 5), 5);
    read_line(process.fd, line, sizeof line);
    assert_string_equal(line, "got this");
    pid_t pid = process.launched.pid;
    prompt_process_end(&process, 200);
    assert_int_equal(process.launched.channel, -1);
    assert_int_equal(process.fd, -1);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
}

static void only_what_a_dialog_needs_is_passed_on(void **state)
{
    char line[512];
    struct prompt_process process;
    setenv("DISPLAY", ":77", 1);
    setenv("LC_TIME", "zh_CN.UTF-8", 1);
    setenv("XDG_SESSION_TYPE", "x11", 1);
    setenv("UKEYD_SECRET", "x", 1);
    setenv("LD_PRELOAD_NOT", "x", 1);
    setenv("DISPLAYS", "x", 1);
    write_script("echo \"$DISPLAY/$LC_TIME/$XDG_SESSION_TYPE/$UKEYD_SECRET/$LD_PRELOAD_NOT/"
                 "$DISPLAYS/$PATH\"");
    start(&process);
    read_line(process.fd, line, sizeof line);
    prompt_process_end(&process, 200);
    assert_string_equal(line, ":77/zh_CN.UTF-8/x11/////usr/local/bin:/usr/bin:/bin");
}

static void no_other_descriptor_is_passed_on(void **state)
{
    char line[512];
    struct prompt_process process;
    assert_int_equal(dup2(STDERR_FILENO, 200), 200); /* as a careless library would open it */
    write_script("test -e /proc/self/fd/200 && echo leaked || echo clean");
    start(&process);
    read_line(process.fd, line, sizeof line);
    prompt_process_end(&process, 200);
    close(200);
    assert_string_equal(line, "clean");
}

static void what_can_not_be_started(void **state)
{
    static const char *const programs[] = {"/nonexistent/pinentry", "/etc/passwd", "/tmp"};
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        struct err err = ERR_INIT;
        struct prompt_process process = PROMPT_PROCESS_NONE;
        new_launcher(programs[i]);
        assert_int_equal(prompt_process_start(launch, 0, &process, &err), ERR_PROMPT_UNAVAILABLE);
        assert_non_null(strstr(err.detail, programs[i]));
        assert_int_equal(process.launched.channel, -1);
        prompt_process_end(&process, 0);
    }
}

/* How a process behaves when it shall leave, and how long that takes. */
static const struct {
    const char *lines;
    int grace_ms;
    int least_ms, most_ms;
} endings[] = {
    {"echo up; read x", 500, 0, 150}, /* leaves when its input closes */
    {"echo up; exec sleep 30", 0, 0, 150}, /* by SIGTERM */
    {"echo up; exec sleep 30", 100, 100, 300}, /* by SIGTERM, after the grace */
    {"trap '' TERM; echo up; sleep 1", 0, 499, 800}, /* by SIGKILL */
};

static void every_process_is_ended(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
        char line[64];
        struct prompt_process process;
        write_script(endings[i].lines);
        start(&process);
        read_line(process.fd, line, sizeof line);
        assert_string_equal(line, "up");
        pid_t pid = process.launched.pid;
        int64_t begin = clock_monotonic_ms();
        prompt_process_end(&process, endings[i].grace_ms);
        assert_in_range(clock_monotonic_ms() - begin, endings[i].least_ms, endings[i].most_ms);
        assert_int_equal(kill(pid, 0), -1);
    }
}

static void the_program_is_a_full_path(void **state)
{
    struct err err = ERR_INIT;
    struct launch_task task;
    assert_int_equal(prompt_process_task("pinentry", &task, &err), ERR_CONFIG);
    assert_int_equal(prompt_process_task(NULL, &task, &err), ERR_NONE);
    assert_string_equal(task.program, "/usr/bin/pinentry");
}

/* As when it is killed: there is no dialog any more, and no new one. */
static void a_lost_launcher_is_told(void **state)
{
    struct err err = ERR_INIT;
    struct prompt_process process = PROMPT_PROCESS_NONE;
    write_script("read x");
    start(&process);
    prompt_process_end(&process, 200);
    assert_int_equal(shutdown(launch_fd(launch), SHUT_RDWR), 0);
    assert_int_equal(prompt_process_start(launch, 0, &process, &err), ERR_PROMPT_UNAVAILABLE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, remove_script)
    const struct CMUnitTest tests[] = {
        TEST(input_and_output_are_connected),   TEST(only_what_a_dialog_needs_is_passed_on),
        TEST(no_other_descriptor_is_passed_on), TEST(what_can_not_be_started),
        TEST(every_process_is_ended),           TEST(the_program_is_a_full_path),
        TEST(a_lost_launcher_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
