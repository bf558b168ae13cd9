#include "http/http_server.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "http/http_front.h"
#include "http/http_head.h"
#include "http/http_request.h"
#include "http/http_socket.h"

/* What MHD has for each connection: a head of HTTP_HEAD_BYTES_MAX, its parsed form, and our headers. It is
 * cleared at each request. */
#define MHD_POOL_BYTES ((size_t)32768)
/* Runs of MHD in a row before other work gets its turn. */
#define MHD_RUNS_MAX 8

/* MHD's connection and ours know each other through it; either may go first. */
struct link {
    struct http_server *server;
    struct http_connection *connection; /* NULL when it is over */
    struct http_request *request; /* the one under way, NULL when there is none */
    int fd; /* MHD's end, until MHD has taken it */
    struct link *next;
};

struct http_server {
    struct http_server_options options;
    struct http_front *front;
    struct MHD_Daemon *mhd;
    struct loop_watch *watch;
    struct loop_timer *timer;
    struct link *links;
};

/* ---- MHD in the loop ---- */

static void run_mhd(struct http_server *server)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    bool waits = true;
    for (int i = 0; i < MHD_RUNS_MAX && waits && wait_ms == 0; i++) {
        MHD_run(server->mhd);
        waits = MHD_get_timeout(server->mhd, &wait_ms) == MHD_YES;
    }
    if (waits)
        loop_timer_set(server->timer, deadline_in_ms((int64_t)wait_ms));
}

static void on_mhd(void *context, uint32_t events)
{
    run_mhd(context);
}

static void on_mhd_timer(void *context)
{
    run_mhd(context);
}

static void kick(void *context)
{
    struct http_server *server = context;
    loop_timer_set(server->timer, deadline_in_ms(0));
}

/* MHD complains of TCP options that a Unix socket hasn't, at each answer. */
static bool is_noise(const char *text)
{
    static const char *const parts[] = {"TCP_NODELAY", "TCP_CORK", "push the data from buffers"};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (strstr(text, parts[i]) != NULL)
            return true;
    return false;
}

__attribute__((format(printf, 2, 0))) static void log_mhd(void *context, const char *format,
                                                          va_list arguments)
{
    char text[256];
    int length = vsnprintf(text, sizeof text, format, arguments);
    if (length > 0 && !is_noise(text))
        log_debug("http", "%.*s", (int)strcspn(text, "\n"), text);
}

/* ---- connections ---- */

static struct link *link_of(struct http_server *server, const struct http_connection *connection)
{
    struct link *link = server->links;
    while (link != NULL && link->connection != connection)
        link = link->next;
    return link;
}

static void remove_link(struct http_server *server, struct link *link)
{
    for (struct link **at = &server->links; *at != NULL; at = &(*at)->next)
        if (*at == link) {
            *at = link->next;
            free(link);
            return;
        }
}

static bool on_attach(void *context, struct http_connection *connection, int fd)
{
    struct http_server *server = context;
    struct sockaddr address = {.sa_family = AF_UNSPEC}; /* the connection knows the real one */
    struct link *link = memory_new(sizeof *link);
    *link = (struct link){server, connection, NULL, fd, server->links};
    server->links = link;
    kick(server);
    if (MHD_add_connection(server->mhd, fd, &address, sizeof address) == MHD_YES)
        return true;
    remove_link(server, link);
    return false;
}

/* The client has left while its answer is being prepared. */
static void leave(struct http_request *request)
{
    http_handler gone = TAKE(request->gone);
    if (!request->suspended)
        return;
    request->suspended = false;
    if (gone != NULL)
        gone(request->gone_context, request);
    MHD_resume_connection(request->mhd);
    request->kick(request->kick_context);
}

static void on_over(void *context, struct http_connection *connection)
{
    struct link *link = link_of(context, connection);
    if (link == NULL)
        return;
    link->connection = NULL;
    if (link->request == NULL)
        return;
    link->request->connection = NULL;
    if (link->request->socket != NULL)
        http_socket_end(link->request->socket);
    leave(link->request);
}

static void on_mhd_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                              enum MHD_ConnectionNotificationCode code)
{
    struct http_server *server = context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*socket_context != NULL)
            remove_link(server, *socket_context);
        return;
    }
    int fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    for (struct link *link = server->links; link != NULL; link = link->next)
        if (link->fd == fd) {
            link->fd = -1;
            *socket_context = link;
        }
}

/* ---- requests ---- */

static enum http_method method_of(const char *name)
{
    for (int method = 0; method < HTTP_OTHER; method++)
        if (strcmp(http_method_name((enum http_method)method), name) == 0)
            return (enum http_method)method;
    return HTTP_OTHER;
}

static struct http_request *new_request(struct link *link, struct MHD_Connection *mhd,
                                        const char *url, const char *method)
{
    struct http_request *request = memory_new(sizeof *request);
    request->options = &link->server->options;
    request->connection = link->connection;
    request->mhd = mhd;
    request->peer = *http_connection_peer(link->connection);
    request->method = method_of(method);
    request->path = memory_text(url);
    request->kick = kick;
    request->kick_context = link->server;
    const char *length = http_request_header(request, "Content-Length", NULL);
    request->content_length = length != NULL ? strtoull(length, NULL, 10) : 0;
    link->request = request;
    return request;
}

static void refuse(struct http_request *request, enum err_code code, const char *detail)
{
    struct err err = ERR_INIT;
    err_set(&err, code, "%s", detail);
    http_reply_problem(request, &err);
}

/* The gate, the route and the length, before any byte of the body. */
static void judge(struct http_request *request)
{
    const struct http_server_options *options = request->options;
    char allow[HTTP_ROUTE_ALLOW_BYTES] = "";
    if (options->gate != NULL && !options->gate(options->context, request)) {
        assert(request->answered);
        return;
    }
    request->route = http_route_find(options->routes, options->route_count, request->method,
                                     request->path, &request->match, allow);
    if (request->route == NULL && allow[0] == '\0' &&
        (request->method == HTTP_GET || request->method == HTTP_HEAD))
        request->route = options->missing;
    if (request->route == NULL && allow[0] != '\0') {
        http_reply_header(request, "Allow", allow);
        refuse(request, ERR_HTTP_METHOD, allow);
    } else if (request->route == NULL) {
        refuse(request, ERR_HTTP_NOT_FOUND, "no such path");
    } else if (request->content_length > request->route->body_bytes_max) {
        refuse(request, ERR_HTTP_TOO_LARGE, "the body is larger than this address takes");
    } else if (request->route->gate == NULL || request->route->gate(options->context, request)) {
        request->body = BUF_INIT(request->route->body_bytes_max);
        http_connection_takes_body(request->connection, request->content_length);
    } else {
        assert(request->answered);
    }
}

static enum MHD_Result handle(struct http_request *request)
{
    if (!request->handled && !request->answered) {
        request->handled = true;
        request->route->handler(request->options->context, request);
    }
    if (request->answered)
        return http_reply_queue(request);
    request->suspended = true;
    MHD_suspend_connection(request->mhd);
    http_connection_set_waiting(request->connection, true);
    return MHD_YES;
}

/* MHD calls it when the head is there, for each part of the body, and when the request is complete or
 * was resumed. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_length, void **request_context)
{
    struct link *link =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    struct http_request *request = *request_context;
    if (link == NULL || link->connection == NULL)
        return MHD_NO; /* the client has left: nothing is begun for it */
    if (request == NULL) {
        request = *request_context = new_request(link, mhd, url, method);
        judge(request);
        /* Without a body the answer may wait until MHD asks again, and the connection lives on. */
        return request->answered && request->content_length > 0 ? http_reply_queue(request)
                                                                : MHD_YES;
    }
    if (*upload_length > 0) {
        buf_add(&request->body, span_of(upload, *upload_length));
        *upload_length = 0;
        return MHD_YES;
    }
    return handle(request);
}

static void on_completed(void *context, struct MHD_Connection *mhd, void **request_context,
                         enum MHD_RequestTerminationCode why)
{
    struct http_request *request = *request_context;
    struct link *link =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    *request_context = NULL;
    if (request == NULL)
        return;
    if (link != NULL)
        link->request = NULL;
    if (request->socket != NULL)
        http_socket_end(request->socket);
    if (request->connection != NULL)
        http_connection_answered(request->connection);
    http_request_free(request);
}

/* ---- life ---- */

static int or_default(int value, int otherwise)
{
    return value > 0 ? value : otherwise;
}

static struct http_times complete_times(const struct http_times *times)
{
    return (struct http_times){
        .handshake_ms = or_default(times->handshake_ms, HTTP_HANDSHAKE_MS),
        .idle_ms = or_default(times->idle_ms, HTTP_IDLE_MS),
        .request_ms = or_default(times->request_ms, HTTP_REQUEST_MS),
        .write_ms = or_default(times->write_ms, HTTP_WRITE_MS),
        .ping_ms = or_default(times->ping_ms, HTTP_SOCKET_PING_MS),
    };
}

/* Its complaints are put into words at each answer, so only for somebody who reads them. */
static unsigned log_flag(void)
{
    return log_level() == LOG_LEVEL_DEBUG ? MHD_USE_ERROR_LOG : 0;
}

static enum err_code start_mhd(struct http_server *server, struct err *err)
{
    server->mhd = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC | MHD_ALLOW_UPGRADE |
            MHD_ALLOW_SUSPEND_RESUME | log_flag(),
        0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, log_mhd, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, on_mhd_connection, server, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, server, MHD_OPTION_CONNECTION_LIMIT, server->options.connections_max * 2,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, MHD_POOL_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (server->mhd == NULL)
        return err_set(err, ERR_INTERNAL, "libmicrohttpd does not start");
    int fd = MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    server->watch = loop_watch_new(server->options.loop, fd, EPOLLIN, on_mhd, server);
    return ERR_NONE;
}

enum err_code http_server_new(const struct http_server_options *options, struct http_server **out,
                              struct err *err)
{
    assert(options->connections_max > 0);
    assert(options->refusal_headers == NULL ||
           strlen(options->refusal_headers) <= HTTP_REFUSAL_HEADERS_BYTES_MAX);
    signal(SIGPIPE, SIG_IGN);
    AUTO(http_server_freep) struct http_server *server = memory_new(sizeof *server);
    server->options = *options;
    server->options.times = complete_times(&options->times);
    server->timer = loop_timer_new(options->loop, on_mhd_timer, server);
    struct http_front_options front = {
        .loop = options->loop,
        .connections_max = options->connections_max,
        .times = &server->options.times,
        .hooks = {.attach = on_attach,
                  .over = on_over,
                  .context = server,
                  .refusal_headers = options->refusal_headers},
    };
    server->front = http_front_new(&front);
    if (start_mhd(server, err) != ERR_NONE)
        return err->code;
    *out = TAKE(server);
    return ERR_NONE;
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    /* Ends the connections, so that MHD has none left that is suspended. */
    http_front_free(server->front);
    loop_watch_free(server->watch);
    if (server->mhd != NULL)
        MHD_stop_daemon(server->mhd);
    loop_timer_free(server->timer);
    while (server->links != NULL)
        remove_link(server, server->links);
    free(server);
}

void http_server_freep(struct http_server **server)
{
    http_server_free(*server);
    *server = NULL;
}

enum err_code http_server_set_identity(struct http_server *server, struct span cert_pem,
                                       struct span key_pem, struct err *err)
{
    return http_front_set_identity(server->front, cert_pem, key_pem, err);
}

enum err_code http_server_listen(struct http_server *server, int fd, bool tls, struct err *err)
{
    return http_front_listen(server->front, fd, tls, err);
}
