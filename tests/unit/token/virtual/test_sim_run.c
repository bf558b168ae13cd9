#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authority.h"
#include "base/clock.h"
#include "bench.h"
#include "token/virtual/sim_commands.h"
#include "token/virtual/virtual_control.h"

#define WAIT_MS 10000

struct running {
    struct authority authority;
    char socket[96];
    char trace[96];
    char other[96];
    pthread_t thread;
    enum err_code code;
};

static void *run(void *context)
{
    struct running *running = context;
    struct err err = ERR_INIT;
    const char *words[] = {"--state",   running->authority.state,
                           "--control", running->socket,
                           "--trace",   running->trace,
                           "--port",    "1",
                           "--removed", "--latency",
                           "real"};
    running->code = sim_run(words, ARRAY_SIZE(words), &err);
    return NULL;
}

static void make_key(struct authority *authority, const char *path, const char *serial)
{
    struct err err = ERR_INIT;
    const char *words[] = {
        "--state",           path,           "--serial",        serial, "--issuer-cert",
        authority->sm2_cert, "--issuer-key", authority->sm2_key};
    assert_int_equal(sim_create(words, ARRAY_SIZE(words), &err), ERR_NONE);
}

static char *ask(const struct running *running, const char *line)
{
    struct err err = ERR_INIT;
    char *answer = NULL;
    struct deadline deadline = deadline_in_ms(WAIT_MS);
    while (virtual_control_ask(running->socket, line, deadline, &answer, &err) != ERR_NONE) {
        assert_false(deadline_passed(deadline));
        usleep(10000);
    }
    return answer;
}

static void check(const struct running *running, const char *line, const char *expected)
{
    AUTO(memory_freep) char *answer = ask(running, line);
    if (strstr(answer, expected) == NULL)
        fail_msg("%s: %s lacks %s", line, answer, expected);
}

static void running_open(struct running *running)
{
    *running = (struct running){.code = ERR_INTERNAL};
    authority_init(&running->authority);
    snprintf(running->socket, sizeof running->socket, "%s/c.sock", running->authority.folder);
    snprintf(running->trace, sizeof running->trace, "%s/trace", running->authority.folder);
    snprintf(running->other, sizeof running->other, "%s/other.json", running->authority.folder);
    make_key(&running->authority, running->authority.state, "FIRST");
    make_key(&running->authority, running->other, "SECOND");
    assert_int_equal(pthread_create(&running->thread, NULL, run, running), 0);
}

static void running_close(struct running *running)
{
    check(running, "quit", "{\"ok\":true}");
    pthread_join(running->thread, NULL);
    assert_int_equal(running->code, ERR_NONE);
    unlink(running->trace);
    unlink(running->other);
    authority_done(&running->authority);
}

static void obeys_its_control_socket(void **state)
{
    (void)state;
    struct running running;
    running_open(&running);
    check(&running, "stats", "\"serial\":\"FIRST\",\"inserted\":false");
    check(&running, "swap /nowhere", "{\"ok\":false,\"code\":\"file-missing\"");
    check(&running, "stats clear", "\"serial\":\"FIRST\"");
    AUTO(memory_freep) char *swap = memory_printf("swap %s", running.other);
    check(&running, swap, "{\"ok\":true}");
    check(&running, "stats", "\"serial\":\"SECOND\",\"inserted\":true");
    check(&running, "remove", "{\"ok\":true}");
    check(&running, "stats", "\"inserted\":false");
    check(&running, "insert", "{\"ok\":true}");
    check(&running, "stats", "\"inserted\":true");
    check(&running, "fault hang 3", "{\"ok\":true}");
    check(&running, "fault hang", "\"code\":\"usage\"");
    check(&running, "fault", "\"code\":\"usage\"");
    check(&running, "swap", "\"code\":\"usage\"");
    check(&running, "nonsense", "\"code\":\"usage\"");
    check(&running, "", "\"code\":\"usage\"");
    running_close(&running);
}

static void refuses_what_it_does_not_understand(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    const char *no_state[] = {"--port", "1"};
    const char *bad_port[] = {"--state", "x", "--port", "0"};
    const char *bad_latency[] = {"--state", "x", "--latency", "slow"};
    const char *bad_state[] = {"--state", "/nowhere"};
    assert_int_equal(sim_run(no_state, 2, &err), ERR_USAGE);
    assert_int_equal(sim_run(bad_port, 4, &err), ERR_USAGE);
    assert_int_equal(sim_run(bad_latency, 4, &err), ERR_USAGE);
    assert_int_equal(sim_run(bad_state, 2, &err), ERR_FILE_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(obeys_its_control_socket),
        cmocka_unit_test(refuses_what_it_does_not_understand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
