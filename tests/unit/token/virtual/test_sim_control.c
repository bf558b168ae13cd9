#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "token/virtual/sim_commands.h"
#include "token/virtual/virtual_control.h"

struct server {
    char folder[64];
    char path[96];
    char line[64]; /* the last one that came */
    struct loop *loop;
    struct virtual_control *control;
    pthread_t thread;
};

/* Says ok to "good ...", not ok to "bad", and forgets to say either otherwise. */
static struct json *answer(void *context, const char *line)
{
    struct server *server = context;
    struct json *json = json_new_object();
    snprintf(server->line, sizeof server->line, "%s", line);
    if (strncmp(line, "good", 4) == 0)
        json_add_bool(json, "ok", true);
    if (strcmp(line, "bad") == 0)
        json_add_bool(json, "ok", false);
    return json;
}

static void *run_loop(void *context)
{
    struct err err = ERR_INIT;
    assert_int_equal(loop_run(context, &err), ERR_NONE);
    return NULL;
}

static void server_open(struct server *server)
{
    struct err err = ERR_INIT;
    *server = (struct server){.folder = "/tmp/sim-control-XXXXXX"};
    assert_non_null(mkdtemp(server->folder));
    snprintf(server->path, sizeof server->path, "%s/socket", server->folder);
    assert_int_equal(loop_new(&server->loop, &err), ERR_NONE);
    assert_int_equal(
        virtual_control_open(server->loop, server->path, answer, server, &server->control, &err),
        ERR_NONE);
    assert_int_equal(pthread_create(&server->thread, NULL, run_loop, server->loop), 0);
}

static void server_close(struct server *server)
{
    loop_stop(server->loop);
    pthread_join(server->thread, NULL);
    virtual_control_freep(&server->control);
    loop_freep(&server->loop);
    assert_int_equal(rmdir(server->folder), 0);
}

static enum err_code control(const struct server *server, const char *first, const char *second)
{
    struct err err = ERR_INIT;
    const char *words[] = {"--socket", server->path, first, second};
    return sim_control(words, first == NULL ? 2 : second == NULL ? 3 : 4, &err);
}

static void sends_its_words_as_one_line(void **state)
{
    (void)state;
    struct server server;
    server_open(&server);
    assert_int_equal(control(&server, "good", NULL), ERR_NONE);
    assert_int_equal(control(&server, "good", "--day"), ERR_NONE);
    assert_int_equal(control(&server, "bad", NULL), ERR_USAGE);
    assert_int_equal(control(&server, "neither", NULL), ERR_USAGE);
    assert_int_equal(control(&server, NULL, NULL), ERR_USAGE);
    assert_int_equal(control(&server, "good", "day"), ERR_NONE);
    server_close(&server);
    assert_string_equal(server.line, "good day");
    assert_int_equal(control(&server, "good", NULL), ERR_SOCKET);
}

static void refuses_what_it_can_not_send(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(VIRTUAL_CONTROL_LINE_BYTES_MAX + 1);
    memset(large->at, 'x', large->len);
    const char *words[] = {"--socket", "/nowhere", (const char *)large->at};
    assert_int_equal(sim_control(words, 3, &err), ERR_USAGE);
    assert_int_equal(sim_control(words + 2, 1, &err), ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_its_words_as_one_line),
        cmocka_unit_test(refuses_what_it_can_not_send),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
