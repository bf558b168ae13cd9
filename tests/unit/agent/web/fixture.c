#include "tests/unit/agent/web/fixture.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

struct call {
    void (*function)(void *context);
    void *context;
    sem_t done;
};

static void must(enum err_code code, const struct err *err)
{
    if (code == ERR_NONE)
        return;
    fprintf(stderr, "fixture: %s: %s\n", err_code_text(code), err->detail);
    abort();
}

static bool origin_listed(void *context, const char *origin)
{
    return strcmp(origin, LISTED) == 0 || strcmp(origin, OTHER_LISTED) == 0;
}

static void *run(void *context)
{
    struct fixture *fixture = context;
    struct err err = ERR_INIT;
    must(loop_run(fixture->loop, &err), &err);
    return NULL;
}

int fixture_start(void **state)
{
    struct err err = ERR_INIT;
    char folder[] = "/tmp/ukeyd-web-XXXXXX";
    struct fixture *fixture = memory_new(sizeof *fixture);
    log_set_level(LOG_LEVEL_ERROR);
    fixture->folder = memory_text(mkdtemp(folder));
    must(loop_new(&fixture->loop, &err), &err);
    struct web_options options = {
        .loop = fixture->loop,
        .ops = &fixture->ops,
        .state_folder = fixture->folder,
        .runtime_folder = fixture->folder,
        .origin_listed = origin_listed,
    };
    must(web_new(&options, &fixture->web, &err), &err);
    fixture->socket_path = memory_printf("%s/%s", fixture->folder, WEB_SOCKET_NAME);
    fixture->https = web_https_port(fixture->web);
    fixture->http = web_http_port(fixture->web);
    if (pthread_create(&fixture->thread, NULL, run, fixture) != 0)
        abort();
    *state = fixture;
    return 0;
}

static void remove_files(const struct fixture *fixture)
{
    static const char *const names[] = {"identity/loopback.key", "identity/loopback.pem"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO(memory_freep) char *path = memory_printf("%s/%s", fixture->folder, names[i]);
        unlink(path);
    }
    AUTO(memory_freep) char *identity = memory_printf("%s/identity", fixture->folder);
    rmdir(identity);
    rmdir(fixture->folder);
}

int fixture_stop(void **state)
{
    struct fixture *fixture = *state;
    loop_stop(fixture->loop);
    pthread_join(fixture->thread, NULL);
    web_free(fixture->web);
    stand_in_done(&fixture->ops);
    loop_freep(&fixture->loop);
    remove_files(fixture);
    free(fixture->socket_path);
    free(fixture->folder);
    free(fixture);
    return 0;
}

static void run_call(void *context)
{
    struct call *call = context;
    call->function(call->context);
    sem_post(&call->done);
}

void fixture_call(struct fixture *fixture, void (*function)(void *context), void *context)
{
    struct call call = {.function = function, .context = context};
    sem_init(&call.done, 0, 0);
    loop_post(fixture->loop, run_call, &call);
    sem_wait(&call.done);
    sem_destroy(&call.done);
}

void fixture_wait_for(atomic_int *counter, int value)
{
    for (int64_t from = clock_monotonic_ms(); atomic_load(counter) != value; usleep(1000))
        if (clock_monotonic_ms() - from > CLIENT_WAIT_MS) {
            fprintf(stderr, "fixture: counter is %d, not %d\n", atomic_load(counter), value);
            abort();
        }
}

char *fixture_headers(const struct fixture *fixture, const char *origin)
{
    return memory_printf("Host: 127.0.0.1:%u\r\nOrigin: %s\r\n", fixture->https, origin);
}

void fixture_ask(const struct fixture *fixture, const char *origin, const char *method,
                 const char *path, const char *body, struct answer *out)
{
    struct client client;
    AUTO(memory_freep) char *headers = fixture_headers(fixture, origin);
    client_tls(&client, "127.0.0.1", fixture->https);
    if (body != NULL)
        client_say(&client,
                   "%s %s HTTP/1.1\r\n%sContent-Type: application/json\r\nContent-Length: %zu\r\n"
                   "\r\n%s",
                   method, path, headers, strlen(body), body);
    else
        client_say(&client, "%s %s HTTP/1.1\r\n%s\r\n", method, path, headers);
    client_answer(&client, out);
    client_close(&client);
}

char *fixture_code(const struct answer *answer)
{
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *problem = NULL;
    if (answer->body == NULL)
        return memory_text("(no answer)");
    must(json_parse(span_text(answer->body), 16384, &problem, &err), &err);
    const char *code = json_text_of(json_member(problem, "code"));
    return memory_text(code != NULL ? code : "(no code)");
}
