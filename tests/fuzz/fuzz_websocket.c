/* Frames of a WebSocket, after a good handshake. */
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "fuzz.h"
#include "fuzz_input.h"
#include "fuzz_wire.h"
#include "http/http_server.h"

#define HEARD_BYTES_MAX ((size_t)4 << 20)

static const char handshake[] = "GET /socket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                                "Sec-WebSocket-Protocol: test.v1\r\n\r\n";

static struct loop *loop;
static struct http_server *server;
static char *socket_path;
static int sockets;

/* Says it again; that it is text of UTF-8 shows in that JSON takes it. */
static void on_message(void *context, struct http_socket *socket, struct span text)
{
    fuzz_require(text.len <= HTTP_SOCKET_MESSAGE_BYTES_MAX);
    fuzz_touch(text);
    AUTO(memory_freep) char *copy = fuzz_text(text);
    http_socket_send_text(socket, copy);
}

static void on_closed(void *context, struct http_socket *socket)
{
    sockets--;
}

static void accept_socket(void *context, struct http_request *request)
{
    static const struct http_socket_handlers handlers = {on_message, on_closed};
    sockets += http_socket_accept(request, "test.v1", &handlers, NULL) != NULL;
}

static void start(void)
{
    static const struct http_route routes[] = {{HTTP_GET, "/socket", .handler = accept_socket}};
    AUTO(memory_freep) char *folder = fuzz_folder();
    struct err err = ERR_INIT;
    int fd = -1;
    log_set_level(LOG_LEVEL_ERROR);
    fuzz_require(loop_new(&loop, &err) == ERR_NONE);
    const struct http_server_options options = {
        .loop = loop,
        .routes = routes,
        .route_count = ARRAY_SIZE(routes),
        .connections_max = 8,
    };
    socket_path = file_join(folder, "socket");
    fuzz_require(http_server_new(&options, &server, &err) == ERR_NONE);
    fuzz_require(http_listen_unix(socket_path, &fd, &err) == ERR_NONE);
    fuzz_require(http_server_listen(server, fd, false, &err) == ERR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buf_done) struct buf heard = BUF_INIT(HEARD_BYTES_MAX);
    if (size > FUZZ_WIRE_BYTES_MAX)
        return 0;
    if (loop == NULL)
        start();
    int fd = fuzz_wire_connect_unix(socket_path);
    fuzz_wire_talk(loop, fd, span_text(handshake), FUZZ_WIRE_LOOKS, &heard);
    fuzz_require(sockets == 1 && memcmp(buf_span(&heard).at, "HTTP/1.1 101", 12) == 0);
    fuzz_wire_talk(loop, fd, span_of(data, size), FUZZ_WIRE_CLOSES, &heard);
    close(fd);
    fuzz_require(sockets == 0);
    return 0;
}
