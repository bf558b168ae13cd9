/* The server of http/ with what a bench needs: GET / is answered with the same 56 bytes each time, GET /echo is a
 * WebSocket that sends each message back. bench_server CERTIFICATE KEY PORT */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "http/http_server.h"

/* More than a load opens at once. */
#define CONNECTIONS_MAX 64
#define PEM_BYTES_MAX 65536

static const char answer[] = "{\"agent\":\"bench\",\"version\":\"1.0.0\",\"api\":1,\"busy\":false}";

static void give(void *context, struct http_request *request)
{
    http_reply_bytes(request, 200, "application/json", span_text(answer));
}

static void send_back(void *context, struct http_socket *socket, struct span text)
{
    AUTO(memory_freep) char *copy = memory_printf("%.*s", (int)text.len, (const char *)text.at);
    http_socket_send_text(socket, copy);
}

static void echo(void *context, struct http_request *request)
{
    static const struct http_socket_handlers handlers = {.message = send_back};
    http_socket_accept(request, "echo", &handlers, NULL);
}

static const struct http_route routes[] = {
    {HTTP_GET, "/", give},
    {HTTP_GET, "/echo", echo},
};

static enum err_code serve(char **arguments, struct err *err)
{
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(bytes_freep) struct bytes *key = NULL;
    AUTO(loop_freep) struct loop *loop = NULL;
    AUTO(http_server_freep) struct http_server *server = NULL;
    int fd;
    uint16_t port;
    if (file_read(arguments[0], PEM_BYTES_MAX, &cert, err) != ERR_NONE ||
        file_read(arguments[1], PEM_BYTES_MAX, &key, err) != ERR_NONE ||
        loop_new(&loop, err) != ERR_NONE)
        return err->code;
    struct http_server_options options = {.loop = loop,
                                          .routes = routes,
                                          .route_count = ARRAY_SIZE(routes),
                                          .connections_max = CONNECTIONS_MAX};
    if (http_server_new(&options, &server, err) != ERR_NONE ||
        http_server_set_identity(server, span_bytes(cert), span_bytes(key), err) != ERR_NONE ||
        http_listen_tcp("127.0.0.1", (uint16_t)strtoul(arguments[2], NULL, 10), &fd, &port, err) !=
            ERR_NONE ||
        http_server_listen(server, fd, true, err) != ERR_NONE)
        return err->code;
    return loop_run(loop, err);
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    if (argc == 4 && serve(argv + 1, &err) == ERR_NONE)
        return 0;
    (void)fprintf(stderr, "bench_server CERTIFICATE KEY PORT: %s\n", err.detail);
    return 1;
}
