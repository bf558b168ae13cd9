#include "tests/unit/http/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "http/http_identity.h"
#include "tests/unit/http/client.h"

static void must(enum err_code code, const struct err *err)
{
    if (code == ERR_NONE)
        return;
    fprintf(stderr, "fixture: %s: %s\n", err_code_text(code), err->detail);
    abort();
}

static void hello(void *context, struct http_request *request)
{
    struct fixture *fixture = context;
    atomic_fetch_add(&fixture->handled, 1);
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_text(json, "hello", http_request_query(request, "name"));
    json_add_text(json, "lang", http_request_lang(request) == LANG_ZH ? "zh" : "en");
    json_add_bool(json, "tls", http_request_is_tls(request));
    json_add_integer(json, "port", http_request_local_port(request));
    uid_t uid;
    json_add_integer(json, "family", http_request_peer(request, &uid)->sa_family);
    json_add_bool(json, "own_uid", uid == geteuid());
    http_reply_json(request, 200, json);
}

static void item(void *context, struct http_request *request)
{
    const char *id = http_request_segment(request, "id");
    http_reply_bytes(request, 200, "text/plain", span_text(id));
}

static void echo(void *context, struct http_request *request)
{
    struct fixture *fixture = context;
    atomic_fetch_add(&fixture->handled, 1);
    http_reply_bytes(request, 200, "application/octet-stream", http_request_body(request));
}

static bool has_key(void *context, struct http_request *request)
{
    struct err err = ERR_INIT;
    const char *key = http_request_header(request, "X-Key", NULL);
    if (key != NULL && strcmp(key, http_request_segment(request, "id")) == 0 &&
        strcmp(http_request_route_data(request), "behind a gate") == 0)
        return true;
    err_set(&err, ERR_HTTP_PEER, "no key");
    http_reply_problem(request, &err);
    return false;
}

static void gated(void *context, struct http_request *request)
{
    struct fixture *fixture = context;
    atomic_fetch_add(&fixture->handled, 1);
    http_reply_bytes(request, 200, "text/plain", span_text(http_request_route_data(request)));
}

/* A file of FIXTURE_BIG_BYTES bytes that are all zero. */
static void file(void *context, struct http_request *request)
{
    int fd = memfd_create("file", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, FIXTURE_BIG_BYTES) != 0)
        abort();
    http_reply_file(request, 200, "application/octet-stream", fd, FIXTURE_BIG_BYTES);
}

static void json_in(void *context, struct http_request *request)
{
    struct fixture *fixture = context;
    AUTO(json_freep) struct json *json = NULL;
    if (!http_request_json(request, &json))
        return;
    atomic_fetch_add(&fixture->handled, 1);
    http_reply_json(request, 201, json);
}

static void on_gone(void *context, struct http_request *request)
{
    struct fixture *fixture = context;
    fixture->later = NULL;
    atomic_fetch_add(&fixture->gone, 1);
}

static void later(void *context, struct http_request *request)
{
    struct fixture *fixture = context;
    fixture->later = request;
    http_request_on_gone(request, on_gone, fixture);
    atomic_fetch_add(&fixture->handled, 1);
}

static void release(void *context, struct http_request *request)
{
    struct fixture *fixture = context;
    if (fixture->later != NULL)
        http_reply_bytes(TAKE(fixture->later), 200, "text/plain", span_text("at last"));
    http_reply_empty(request, 204);
}

static void big(void *context, struct http_request *request)
{
    AUTO(memory_freep) char *bytes = memory_new(FIXTURE_BIG_BYTES);
    memset(bytes, 'b', FIXTURE_BIG_BYTES);
    http_reply_bytes(request, 200, "text/plain", span_of(bytes, FIXTURE_BIG_BYTES));
}

static void on_message(void *context, struct http_socket *socket, struct span text)
{
    AUTO(bytes_freep) struct bytes *bytes = bytes_new(text);
    if (strcmp((char *)bytes->at, "close") == 0)
        http_socket_close(socket, 1000);
    else if (strcmp((char *)bytes->at, "flood") == 0)
        for (int i = 0; i < 100; i++) {
            AUTO(memory_freep) char *block = memory_new(40001);
            memset(block, 'f', 40000);
            http_socket_send_text(socket, block);
        }
    else
        http_socket_send_text(socket, (char *)bytes->at);
}

static void on_closed(void *context, struct http_socket *socket)
{
    struct fixture *fixture = context;
    atomic_fetch_sub(&fixture->sockets, 1);
}

static void echo_socket(void *context, struct http_request *request)
{
    static const struct http_socket_handlers handlers = {on_message, on_closed};
    struct fixture *fixture = context;
    struct http_socket *socket = http_socket_accept(request, "test.v1", &handlers, fixture);
    if (socket == NULL)
        return;
    atomic_fetch_add(&fixture->sockets, 1);
    http_socket_send_text(socket, "welcome");
}

static void deaf_socket(void *context, struct http_request *request)
{
    static const struct http_socket_handlers handlers = {NULL, on_closed};
    struct fixture *fixture = context;
    if (http_socket_accept(request, "test.v1", &handlers, fixture) != NULL)
        atomic_fetch_add(&fixture->sockets, 1);
}

static bool gate(void *context, struct http_request *request)
{
    struct err err = ERR_INIT;
    if (http_request_header(request, "X-Evil", NULL) == NULL)
        return true;
    err_set(&err, ERR_HTTP_ORIGIN, "evil");
    http_reply_problem(request, &err);
    return false;
}

static void decorate(void *context, struct http_request *request)
{
    http_reply_header(request, "X-Decorated", "yes");
}

/* Whether the connection has asked before. */
static void again(void *context, struct http_request *request)
{
    static char mark;
    bool known = http_request_peer_data(request) == &mark;
    http_request_set_peer_data(request, &mark);
    http_reply_bytes(request, 200, "text/plain", span_text(known ? "again" : "first"));
}

static const struct http_route routes[] = {
    {HTTP_GET, "/hello", hello, 0},
    {HTTP_GET, "/again", again, 0},
    {HTTP_GET, "/items/{id}", item, 0},
    {HTTP_POST, "/echo", echo, FIXTURE_ECHO_BYTES_MAX},
    {HTTP_PUT, "/echo", echo, FIXTURE_ECHO_BYTES_MAX},
    {HTTP_PUT, "/gated/{id}", gated, FIXTURE_ECHO_BYTES_MAX, has_key, "behind a gate"},
    {HTTP_GET, "/file", file, 0},
    {HTTP_HEAD, "/file", file, 0},
    {HTTP_POST, "/large", echo, 2 << 20},
    {HTTP_POST, "/json", json_in, 4096},
    {HTTP_GET, "/later", later, 0},
    {HTTP_POST, "/later", later, 4096},
    {HTTP_GET, "/release", release, 0},
    {HTTP_GET, "/big", big, 0},
    {HTTP_GET, "/socket", echo_socket, 0},
    {HTTP_GET, "/deaf", deaf_socket, 0},
};

static void listen_on(struct fixture *fixture)
{
    struct err err = ERR_INIT;
    int fd = -1;
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(secret_freep) struct secret *key = NULL;
    must(http_identity_make(clock_now_utc(), &cert, &key, &err), &err);
    must(http_server_set_identity(fixture->server, span_bytes(cert), secret_peek(key), &err), &err);
    must(http_listen_tcp("127.0.0.1", 0, &fd, &fixture->tls_port, &err), &err);
    must(http_server_listen(fixture->server, fd, true, &err), &err);
    must(http_listen_tcp("127.0.0.1", 0, &fd, &fixture->plain_port, &err), &err);
    must(http_server_listen(fixture->server, fd, false, &err), &err);
    must(http_listen_unix(fixture->socket_path, &fd, &err), &err);
    must(http_server_listen(fixture->server, fd, false, &err), &err);
}

static void *run(void *context)
{
    struct fixture *fixture = context;
    struct err err = ERR_INIT;
    must(loop_run(fixture->loop, &err), &err);
    return NULL;
}

void fixture_start(struct fixture *fixture, struct http_times times, unsigned connections_max)
{
    struct err err = ERR_INIT;
    char folder[] = "/tmp/ukeyd-http-XXXXXX";
    *fixture = (struct fixture){.folder = memory_text(mkdtemp(folder))};
    fixture->socket_path = memory_printf("%s/sock", fixture->folder);
    must(loop_new(&fixture->loop, &err), &err);
    struct http_server_options options = {
        .loop = fixture->loop,
        .routes = routes,
        .route_count = ARRAY_SIZE(routes),
        .context = fixture,
        .gate = gate,
        .decorate = decorate,
        .connections_max = connections_max,
        .times = times,
    };
    must(http_server_new(&options, &fixture->server, &err), &err);
    listen_on(fixture);
    fixture->running = pthread_create(&fixture->thread, NULL, run, fixture) == 0;
}

void fixture_stop(struct fixture *fixture)
{
    loop_stop(fixture->loop);
    if (fixture->running)
        pthread_join(fixture->thread, NULL);
    http_server_freep(&fixture->server);
    loop_freep(&fixture->loop);
    unlink(fixture->socket_path);
    rmdir(fixture->folder);
    memory_freep(&fixture->socket_path);
    memory_freep(&fixture->folder);
}

void fixture_wait_for(atomic_int *counter, int value)
{
    for (int64_t from = clock_monotonic_ms(); atomic_load(counter) != value; usleep(1000))
        if (clock_monotonic_ms() - from > CLIENT_WAIT_MS) {
            fprintf(stderr, "fixture: counter is %d, not %d\n", atomic_load(counter), value);
            abort();
        }
}
