#include "http/http_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <wslay/wslay.h>

#include "http/http_request.h"
#include "http/http_upgrade.h"

/* Bytes that are read between two looks at other connections. */
#define READ_BYTES_PER_EVENT 16384

struct http_socket {
    struct http_request *request; /* lives as long as the upgraded connection */
    struct http_socket_handlers handlers;
    void *context;
    struct loop *loop;
    wslay_event_context_ptr frames;
    struct loop_watch *watch; /* NULL before the upgrade */
    struct loop_timer *timer;
    struct MHD_UpgradeResponseHandle *upgrade;
    int fd; /* MHD's */
    int ping_ms;
    size_t read_left; /* in this event */
    bool heard; /* something since the last ping */
    bool closing;
    bool broken;
};

static ssize_t receive(wslay_event_context_ptr frames, uint8_t *into, size_t size, int flags,
                       void *context)
{
    struct http_socket *socket = context;
    if (size > socket->read_left)
        size = socket->read_left;
    ssize_t got = size > 0 ? recv(socket->fd, into, size, 0) : -1;
    if (got > 0) {
        socket->heard = true;
        socket->read_left -= (size_t)got;
        return got;
    }
    bool later = size == 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    wslay_event_set_error(frames, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t transmit(wslay_event_context_ptr frames, const uint8_t *from, size_t length,
                        int flags, void *context)
{
    struct http_socket *socket = context;
    ssize_t put = send(socket->fd, from, length, MSG_NOSIGNAL);
    if (put >= 0)
        return put;
    bool later = errno == EAGAIN || errno == EINTR;
    wslay_event_set_error(frames, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

/* wslay answers pings and closes, and has checked the UTF-8. */
static void on_message(wslay_event_context_ptr frames,
                       const struct wslay_event_on_msg_recv_arg *message, void *context)
{
    struct http_socket *socket = context;
    if (wslay_is_ctrl_frame(message->opcode) || socket->closing)
        return;
    if (message->opcode != WSLAY_TEXT_FRAME)
        http_socket_close(socket, WSLAY_CODE_UNSUPPORTED_DATA);
    else if (socket->handlers.message == NULL)
        http_socket_close(socket, WSLAY_CODE_POLICY_VIOLATION);
    else
        socket->handlers.message(socket->context, socket,
                                 span_of(message->msg, message->msg_length));
}

static void end_soon(struct http_socket *socket)
{
    socket->broken = true;
    loop_timer_set(socket->timer, deadline_in_ms(0));
}

static void check_queue(struct http_socket *socket)
{
    if (wslay_event_get_queued_msg_length(socket->frames) > HTTP_SOCKET_WAITING_BYTES_MAX ||
        wslay_event_get_queued_msg_count(socket->frames) > HTTP_SOCKET_WAITING_MESSAGES_MAX)
        end_soon(socket);
}

static void wait_on(struct http_socket *socket)
{
    uint32_t events = wslay_event_want_read(socket->frames) ? (uint32_t)EPOLLIN : 0;
    if (wslay_event_want_write(socket->frames))
        events |= EPOLLOUT;
    if (socket->watch != NULL)
        loop_watch_set(socket->watch, events);
}

static void on_ready(void *context, uint32_t events)
{
    struct http_socket *socket = context;
    socket->read_left = READ_BYTES_PER_EVENT;
    bool fine = wslay_event_recv(socket->frames) == 0 && wslay_event_send(socket->frames) == 0;
    bool wants = wslay_event_want_read(socket->frames) || wslay_event_want_write(socket->frames);
    if (!fine || !wants || socket->broken) {
        http_socket_end(socket);
        return;
    }
    check_queue(socket);
    wait_on(socket);
}

static void on_timer(void *context)
{
    struct http_socket *socket = context;
    if (socket->broken || socket->closing || !socket->heard) {
        http_socket_end(socket);
        return;
    }
    struct wslay_event_msg ping = {.opcode = WSLAY_PING};
    socket->heard = false;
    wslay_event_queue_msg(socket->frames, &ping);
    wait_on(socket);
    loop_timer_set(socket->timer, deadline_in_ms(socket->ping_ms));
}

/* context is the request's answer; the socket may have ended before its 101 was sent. */
static void on_upgraded(void *context, struct MHD_Connection *mhd, void *request_context,
                        const char *extra, size_t extra_length, MHD_socket fd,
                        struct MHD_UpgradeResponseHandle *upgrade)
{
    struct http_request *request = request_context;
    struct http_socket *socket = request->socket;
    if (socket == NULL) {
        MHD_upgrade_action(upgrade, MHD_UPGRADE_ACTION_CLOSE);
        request->kick(request->kick_context);
        return;
    }
    socket->fd = fd;
    socket->upgrade = upgrade;
    socket->watch = loop_watch_new(socket->loop, fd, EPOLLIN, on_ready, socket);
    http_connection_upgraded(request->connection);
    if (extra_length > 0) /* the connection gives MHD no byte beyond the request */
        end_soon(socket);
    wait_on(socket);
    if (!socket->closing && !socket->broken)
        loop_timer_set(socket->timer, deadline_in_ms(socket->ping_ms));
}

static struct http_socket *new_socket(struct http_request *request,
                                      const struct http_socket_handlers *handlers, void *context)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = receive,
        .send_callback = transmit,
        .on_msg_recv_callback = on_message,
    };
    struct http_socket *socket = memory_new(sizeof *socket);
    *socket = (struct http_socket){
        .request = request,
        .handlers = *handlers,
        .context = context,
        .loop = request->options->loop,
        .fd = -1,
        .ping_ms = request->options->times.ping_ms,
        .heard = true,
    };
    if (wslay_event_context_server_init(&socket->frames, &callbacks, socket) != 0)
        abort(); /* out of memory */
    wslay_event_config_set_max_recv_msg_length(socket->frames, HTTP_SOCKET_MESSAGE_BYTES_MAX);
    socket->timer = loop_timer_new(socket->loop, on_timer, socket);
    return socket;
}

struct http_socket *http_socket_accept(struct http_request *request, const char *subprotocol,
                                       const struct http_socket_handlers *handlers, void *context)
{
    AUTO(memory_freep) char *accept = NULL;
    if (!http_upgrade_check(request, subprotocol, &accept))
        return NULL;
    struct http_socket *socket = new_socket(request, handlers, context);
    request->socket = socket;
    http_reply_header(request, "Upgrade", "websocket");
    http_reply_header(request, "Sec-WebSocket-Accept", accept);
    http_reply_header(request, "Sec-WebSocket-Protocol", subprotocol);
    http_reply_give(request, MHD_HTTP_SWITCHING_PROTOCOLS,
                    MHD_create_response_for_upgrade(on_upgraded, NULL));
    return socket;
}

void http_socket_send_text(struct http_socket *socket, const char *text)
{
    struct wslay_event_msg message = {
        .opcode = WSLAY_TEXT_FRAME, .msg = (const uint8_t *)text, .msg_length = strlen(text)};
    if (socket->broken || socket->closing)
        return;
    if (wslay_event_queue_msg(socket->frames, &message) == WSLAY_ERR_NOMEM)
        abort();
    check_queue(socket);
    wait_on(socket);
}

void http_socket_close(struct http_socket *socket, uint16_t code)
{
    if (socket->broken || socket->closing)
        return;
    socket->closing = true;
    wslay_event_queue_close(socket->frames, code, NULL, 0);
    wait_on(socket);
    loop_timer_set(socket->timer, deadline_in_ms(HTTP_SOCKET_CLOSE_MS));
}

void http_socket_end(struct http_socket *socket)
{
    struct http_request *request = socket->request;
    request->socket = NULL;
    if (socket->handlers.closed != NULL)
        socket->handlers.closed(socket->context, socket);
    loop_watch_free(socket->watch);
    loop_timer_free(socket->timer);
    if (socket->upgrade != NULL) {
        MHD_upgrade_action(socket->upgrade, MHD_UPGRADE_ACTION_CLOSE);
        request->kick(request->kick_context);
    }
    wslay_event_context_free(socket->frames);
    free(socket);
}
