#include "portal/pay/sandbox_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stand.h"

/* The server in a process of its own, as its signals want it. */
static void serve(const struct stand *stand, int out)
{
    struct err err = ERR_INIT;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    _exit(sandbox_server_run(stand->folder, "127.0.0.1:0", NULL, &err) == ERR_NONE ? 0 : 1);
}

static void it_serves_until_a_signal(void **state)
{
    char line[128] = "";
    unsigned port = 0;
    int fds[2];
    int status = -1;
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0)
        serve(*state, fds[1]);
    assert_true(pid > 0);
    close(fds[1]);
    FILE *out = fdopen(fds[0], "r");
    assert_non_null(fgets(line, sizeof line, out));
    fclose(out);
    assert_int_equal(sscanf(line, "listening on https://127.0.0.1:%5u\n", &port), 1);
    assert_int_not_equal(port, 0);
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void a_listen_that_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {"",      "127.0.0.1",       "127.0.0.1:",   ":80",
                                        "[]:80", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8x",
                                        "a:+1",  "a:000001"};
    const struct stand *stand = *state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(sandbox_server_run(stand->folder, wrong[i], NULL, &err), ERR_USAGE);
    }
}

static void a_portal_that_is_no_origin_is_refused(void **state)
{
    static const char *const wrong[] = {"http://p.cn", "https://p.cn/", "p.cn"};
    const struct stand *stand = *state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(sandbox_server_run(stand->folder, "127.0.0.1:0", wrong[i], &err),
                         ERR_USAGE);
    }
}

static void a_key_that_others_can_read_is_not_used(void **state)
{
    const struct stand *stand = *state;
    AUTO(memory_freep) char *key = stand_path(stand, "service.key");
    struct err err = ERR_INIT;
    assert_int_equal(chmod(key, 0644), 0);
    assert_int_equal(sandbox_server_run(stand->folder, "127.0.0.1:0", NULL, &err), ERR_CONFIG);
    assert_int_equal(chmod(key, 0600), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_serves_until_a_signal),
        cmocka_unit_test(a_listen_that_is_none_is_refused),
        cmocka_unit_test(a_portal_that_is_no_origin_is_refused),
        cmocka_unit_test(a_key_that_others_can_read_is_not_used),
    };
    return cmocka_run_group_tests(tests, stand_setup, stand_teardown);
}
