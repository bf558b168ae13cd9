#include "http/http_connection.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "http/http_head.h"
#include "http/http_problem.h"

/* A TLS record. */
#define OUT_BYTES 16384
/* By such pieces it is judged how long a client lets us wait. */
#define PIECE_BYTES OUT_BYTES

enum phase {
    PHASE_HANDSHAKE,
    PHASE_IDLE, /* no byte of a request yet */
    PHASE_HEAD, /* a part of a head */
    PHASE_BODY, /* the head was checked, it and the body go to the engine */
    PHASE_ANSWER, /* the engine has all of the request */
    PHASE_SOCKET, /* upgraded: bytes pass in both directions */
    PHASE_REFUSED, /* our own answer goes out */
    PHASE_LINGER, /* all was said */
};

struct http_connection {
    struct loop *loop;
    const struct http_times *times;
    struct http_connection_hooks hooks;
    struct http_stream stream;
    struct http_peer peer;
    void *data;
    int pipe_fd; /* -1 before the first request */
    struct loop_watch *client_watch;
    struct loop_watch *pipe_watch; /* NULL also when the engine closed its end */
    uint32_t client_events;
    uint32_t pipe_events;
    struct loop_timer *timer;

    enum phase phase;
    struct deadline deadline; /* of the phase */
    struct deadline write_deadline; /* for the client to take what is in out */
    bool broken; /* nothing more can be done for the client */
    bool due; /* run soon */
    bool waiting; /* the answer comes later */
    bool
        client_ready; /* the stream may have bytes; when it has none the loop tells of the next ones */
    bool client_ended; /* the client sends no more */
    bool client_blocked; /* the stream waits until it can write */
    bool pipe_ready; /* as client_ready */
    bool pipe_ended; /* the engine sends no more */
    bool pipe_refuses; /* the engine takes no more */
    bool pipe_full;

    uint64_t forward_left; /* bytes of the request that still go to the engine */
    size_t piece_bytes; /* of the body, that came since */
    int64_t piece_since_ms;
    size_t scanned; /* of the head */
    struct bytes *refusal;
    size_t in_length;
    size_t out_at;
    size_t out_length;
    uint8_t in[HTTP_HEAD_BYTES_MAX]; /* from the client */
    uint8_t out[OUT_BYTES]; /* to the client */
};

static void enter(struct http_connection *connection, enum phase phase, struct deadline deadline)
{
    connection->phase = phase;
    connection->deadline = deadline;
}

static void enter_for(struct http_connection *connection, enum phase phase, int64_t ms)
{
    enter(connection, phase, deadline_in_ms(ms));
}

static bool has_output(const struct http_connection *connection)
{
    return connection->out_at < connection->out_length;
}

static bool in_full(const struct http_connection *connection)
{
    return connection->in_length == sizeof connection->in;
}

/* ---- the steps; each says whether it moved anything ---- */

static bool shake_hands(struct http_connection *connection)
{
    if (connection->phase != PHASE_HANDSHAKE)
        return false;
    enum http_stream_state state = http_stream_handshake(&connection->stream);
    connection->client_blocked = state == HTTP_STREAM_WAIT_WRITE;
    connection->broken = state == HTTP_STREAM_BROKEN || state == HTTP_STREAM_END;
    if (state != HTTP_STREAM_DONE)
        return false;
    enter_for(connection, PHASE_IDLE, connection->times->idle_ms);
    connection->client_ready = true; /* a request may have come with the last of the handshake */
    return true;
}

static bool reads_client(const struct http_connection *connection)
{
    return connection->phase >= PHASE_IDLE && connection->phase <= PHASE_SOCKET &&
           !connection->client_ended && !in_full(connection);
}

static void note_client_ended(struct http_connection *connection)
{
    connection->client_ended = true;
    connection->pipe_ready = true; /* a last look at what the engine has said */
}

static bool read_client(struct http_connection *connection)
{
    size_t count = 0;
    if (!connection->client_ready || !reads_client(connection))
        return false;
    enum http_stream_state state =
        http_stream_read(&connection->stream, connection->in + connection->in_length,
                         sizeof connection->in - connection->in_length, &count);
    connection->client_ready = state == HTTP_STREAM_DONE ? http_stream_holds(&connection->stream)
                                                         : state == HTTP_STREAM_WAIT_WRITE;
    if (state == HTTP_STREAM_END)
        note_client_ended(connection);
    connection->broken = state == HTTP_STREAM_BROKEN;
    connection->in_length += count;
    return state == HTTP_STREAM_DONE;
}

/* Our own answer, after all that the engine has said. */
static void refuse(struct http_connection *connection, const struct err *err)
{
    connection->refusal = http_problem_message(err, LANG_ZH, connection->hooks.refusal_headers);
    connection->pipe_ready = true;
    enter_for(connection, PHASE_REFUSED, connection->times->write_ms);
}

static bool attach(struct http_connection *connection);

static bool take_head(struct http_connection *connection)
{
    struct err err = ERR_INIT;
    size_t length;
    struct http_head head;
    if (http_head_end(span_of(connection->in, connection->in_length), &connection->scanned, &length,
                      &err) != ERR_NONE) {
        refuse(connection, &err);
        return true;
    }
    if (length == 0)
        return false;
    if (http_head_check(span_of(connection->in, length), &head, &err) != ERR_NONE) {
        refuse(connection, &err);
        return true;
    }
    if (connection->pipe_fd < 0 && !attach(connection)) {
        connection->broken = true;
        return false;
    }
    connection->forward_left = length + head.content_length;
    connection->piece_bytes = 0;
    connection->piece_since_ms = clock_monotonic_ms();
    connection->phase = PHASE_BODY;
    return true;
}

static void note_forwarded(struct http_connection *connection, size_t count)
{
    connection->forward_left -= count;
    connection->piece_bytes += count;
    if (connection->piece_bytes >= PIECE_BYTES) {
        connection->piece_bytes = 0;
        connection->piece_since_ms = clock_monotonic_ms();
    }
    if (connection->forward_left == 0)
        enter(connection, PHASE_ANSWER, DEADLINE_NEVER);
}

static bool forward(struct http_connection *connection, size_t count)
{
    if (count == 0 || connection->pipe_refuses)
        return false;
    ssize_t put = send(connection->pipe_fd, connection->in, count, MSG_NOSIGNAL);
    connection->pipe_full = put < 0 && (errno == EAGAIN || errno == EINTR);
    connection->pipe_refuses = put < 0 && !connection->pipe_full;
    if (put <= 0)
        return false;
    connection->in_length -= (size_t)put;
    memmove(connection->in, connection->in + put, connection->in_length);
    if (connection->phase == PHASE_BODY)
        note_forwarded(connection, (size_t)put);
    return true;
}

static bool advance(struct http_connection *connection)
{
    switch (connection->phase) {
    case PHASE_IDLE:
        if (connection->in_length == 0 || connection->pipe_ended)
            return false;
        enter_for(connection, PHASE_HEAD, connection->times->request_ms);
        return true;
    case PHASE_HEAD:
        return take_head(connection);
    case PHASE_BODY:
        return forward(connection, connection->in_length < connection->forward_left
                                       ? connection->in_length
                                       : (size_t)connection->forward_left);
    case PHASE_SOCKET:
        return forward(connection, connection->in_length);
    default:
        return false;
    }
}

static bool send_refusal(struct http_connection *connection)
{
    if (connection->refusal == NULL)
        return false;
    assert(connection->refusal->len <= sizeof connection->out);
    memcpy(connection->out, connection->refusal->at, connection->refusal->len);
    connection->out_at = 0;
    connection->out_length = connection->refusal->len;
    bytes_freep(&connection->refusal);
    return true;
}

static bool read_pipe(struct http_connection *connection)
{
    if (has_output(connection))
        return false;
    if (connection->pipe_ended)
        return false;
    if (connection->pipe_fd < 0 || !connection->pipe_ready)
        return send_refusal(connection);
    ssize_t got = recv(connection->pipe_fd, connection->out, sizeof connection->out, 0);
    /* without a watch nobody tells of more, or of the end */
    connection->pipe_ready =
        connection->pipe_watch == NULL || got == (ssize_t)sizeof connection->out;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return send_refusal(connection);
    connection->pipe_ended = got <= 0;
    connection->out_at = 0;
    connection->out_length = got > 0 ? (size_t)got : 0;
    return true;
}

static bool write_client(struct http_connection *connection)
{
    size_t count = 0;
    if (!has_output(connection) || connection->phase == PHASE_LINGER)
        return false;
    enum http_stream_state state =
        http_stream_write(&connection->stream, connection->out + connection->out_at,
                          connection->out_length - connection->out_at, &count);
    connection->client_blocked = state == HTTP_STREAM_WAIT_WRITE;
    connection->broken = state == HTTP_STREAM_BROKEN || state == HTTP_STREAM_END;
    connection->out_at += count;
    if (!has_output(connection))
        connection->write_deadline = DEADLINE_NEVER;
    else if (connection->write_deadline.at_ms == INT64_MAX)
        connection->write_deadline = deadline_in_ms(connection->times->write_ms);
    return state == HTTP_STREAM_DONE;
}

static bool linger(struct http_connection *connection)
{
    if (connection->phase == PHASE_LINGER) {
        enum http_stream_state state = http_stream_drain(&connection->stream);
        connection->broken = state == HTTP_STREAM_END || state == HTTP_STREAM_BROKEN;
    }
    return false;
}

static bool step(struct http_connection *connection)
{
    static bool (*const steps[])(struct http_connection *) = {
        shake_hands, read_pipe, advance, read_client, write_client, linger,
    };
    bool moved = false;
    for (size_t i = 0; i < ARRAY_SIZE(steps) && !connection->broken; i++)
        moved |= steps[i](connection);
    return moved && !connection->broken;
}

/* ---- the end ---- */

/* Whether all was said that will ever be. */
static bool is_complete(const struct http_connection *connection)
{
    if (has_output(connection))
        return false;
    if (connection->pipe_ended)
        return true;
    if (connection->refusal != NULL)
        return false;
    switch (connection->phase) {
    case PHASE_IDLE:
    case PHASE_BODY:
        return connection->client_ended && connection->in_length == 0;
    case PHASE_HEAD:
        return connection->client_ended;
    case PHASE_ANSWER:
        return connection->client_ended && connection->waiting;
    case PHASE_REFUSED:
        return true;
    default:
        return false;
    }
}

/* The engine learns that an upgraded client sends no more; it has some time to say good-bye. */
static void pass_on_end(struct http_connection *connection)
{
    if (connection->phase != PHASE_SOCKET || !connection->client_ended ||
        connection->in_length > 0 || connection->pipe_refuses)
        return;
    shutdown(connection->pipe_fd, SHUT_WR);
    connection->pipe_refuses = true;
    connection->deadline = deadline_in_ms(HTTP_LINGER_MS);
}

static void end_if_complete(struct http_connection *connection)
{
    if (connection->broken || connection->phase == PHASE_LINGER || !is_complete(connection))
        return;
    http_stream_finish(&connection->stream);
    connection->broken = connection->client_ended;
    enter_for(connection, PHASE_LINGER, HTTP_LINGER_MS);
}

/* ---- what to wait for ---- */

static uint32_t client_events(const struct http_connection *connection)
{
    uint32_t events = connection->client_blocked ? (uint32_t)EPOLLOUT : 0;
    if (connection->phase == PHASE_HANDSHAKE || connection->phase == PHASE_LINGER ||
        reads_client(connection))
        events |= EPOLLIN;
    else if (connection->phase == PHASE_ANSWER && !connection->client_ended)
        events |= EPOLLRDHUP; /* a client that sent too much ahead may still leave */
    return events;
}

static uint32_t pipe_events(const struct http_connection *connection)
{
    uint32_t events = connection->pipe_full ? (uint32_t)EPOLLOUT : 0;
    return has_output(connection) ? events : events | (uint32_t)EPOLLIN;
}

static void set_events(struct loop_watch *watch, uint32_t *current, uint32_t events)
{
    if (*current != events)
        loop_watch_set(watch, events);
    *current = events;
}

static void wait_on(struct http_connection *connection)
{
    set_events(connection->client_watch, &connection->client_events, client_events(connection));
    if (connection->pipe_ended) {
        loop_watch_free(connection->pipe_watch);
        connection->pipe_watch = NULL;
    }
    if (connection->pipe_watch != NULL)
        set_events(connection->pipe_watch, &connection->pipe_events, pipe_events(connection));
    loop_timer_set(connection->timer,
                   deadline_earlier(connection->deadline, connection->write_deadline));
}

/* The connection may be gone afterwards. */
static void run(struct http_connection *connection)
{
    connection->due = false;
    while (step(connection))
        continue;
    if (!connection->broken) {
        pass_on_end(connection);
        end_if_complete(connection);
    }
    if (connection->broken)
        connection->hooks.over(connection->hooks.context, connection);
    else
        wait_on(connection);
}

static void on_client(void *context, uint32_t events)
{
    struct http_connection *connection = context;
    if ((events & (EPOLLHUP | EPOLLERR)) != 0)
        connection->broken = true;
    if ((events & EPOLLRDHUP) != 0 && in_full(connection))
        note_client_ended(connection);
    connection->client_ready |= (events & EPOLLIN) != 0;
    run(connection);
}

static void on_pipe(void *context, uint32_t events)
{
    struct http_connection *connection = context;
    if ((events & EPOLLHUP) != 0) { /* would be reported for ever while the client is slow */
        loop_watch_free(connection->pipe_watch);
        connection->pipe_watch = NULL;
    }
    connection->pipe_ready |= (events & (EPOLLIN | EPOLLHUP)) != 0;
    run(connection);
}

static void expire(struct http_connection *connection)
{
    struct err err = ERR_INIT;
    bool late = deadline_passed(connection->deadline);
    if (!late && !deadline_passed(connection->write_deadline))
        return;
    if (late && connection->phase == PHASE_HEAD) {
        err_set(&err, ERR_HTTP_TIMEOUT, "the head took longer than %d ms",
                connection->times->request_ms);
        refuse(connection, &err);
        return;
    }
    connection->broken = true;
}

static void on_timer(void *context)
{
    struct http_connection *connection = context;
    if (!connection->due)
        expire(connection);
    run(connection);
}

static void run_soon(struct http_connection *connection)
{
    connection->due = true;
    loop_timer_set(connection->timer, deadline_in_ms(0));
}

/* ---- exported ---- */

static bool attach(struct http_connection *connection)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    connection->pipe_fd = pair[0];
    connection->pipe_events = EPOLLIN;
    connection->pipe_watch =
        loop_watch_new(connection->loop, pair[0], EPOLLIN, on_pipe, connection);
    return connection->hooks.attach(connection->hooks.context, connection, pair[1]);
}

struct http_connection *http_connection_new(struct loop *loop, const struct http_times *times,
                                            const struct http_connection_hooks *hooks,
                                            struct http_stream stream, const struct http_peer *peer)
{
    struct http_connection *connection = memory_new(sizeof *connection);
    connection->loop = loop;
    connection->times = times;
    connection->hooks = *hooks;
    connection->stream = stream;
    connection->peer = *peer;
    connection->pipe_fd = -1;
    connection->write_deadline = DEADLINE_NEVER;
    enter_for(connection, PHASE_HANDSHAKE, times->handshake_ms);
    connection->client_events = EPOLLIN;
    connection->client_watch = loop_watch_new(loop, stream.fd, EPOLLIN, on_client, connection);
    connection->timer = loop_timer_new(loop, on_timer, connection);
    run_soon(connection);
    return connection;
}

void http_connection_free(struct http_connection *connection)
{
    if (connection == NULL)
        return;
    loop_watch_free(connection->client_watch);
    loop_watch_free(connection->pipe_watch);
    loop_timer_free(connection->timer);
    file_closep(&connection->pipe_fd);
    http_stream_done(&connection->stream);
    bytes_freep(&connection->refusal);
    explicit_bzero(connection->in, sizeof connection->in);
    explicit_bzero(connection->out, sizeof connection->out);
    memory_freep(&connection);
}

const struct http_peer *http_connection_peer(const struct http_connection *connection)
{
    return &connection->peer;
}

void http_connection_set_data(struct http_connection *connection, void *data)
{
    connection->data = data;
}

void *http_connection_data(const struct http_connection *connection)
{
    return connection->data;
}

bool http_connection_is_idle(const struct http_connection *connection)
{
    if (connection->phase >= PHASE_REFUSED)
        return true;
    return connection->phase <= PHASE_HEAD && !has_output(connection);
}

int64_t http_connection_waited_ms(const struct http_connection *connection)
{
    int64_t now = clock_monotonic_ms();
    if (connection->write_deadline.at_ms != INT64_MAX)
        return now - (connection->write_deadline.at_ms - connection->times->write_ms);
    if (connection->phase == PHASE_BODY && !connection->pipe_full)
        return now - connection->piece_since_ms;
    return 0;
}

void http_connection_answered(struct http_connection *connection)
{
    connection->waiting = false;
    connection->pipe_ready = true;
    if (connection->phase == PHASE_ANSWER)
        enter_for(connection, PHASE_IDLE, connection->times->idle_ms);
    run_soon(connection);
}

void http_connection_upgraded(struct http_connection *connection)
{
    enter(connection, PHASE_SOCKET, DEADLINE_NEVER);
    connection->pipe_ready = true;
    run_soon(connection);
}

void http_connection_takes_body(struct http_connection *connection, uint64_t body_bytes)
{
    if (connection->phase != PHASE_BODY)
        return; /* it has come already */
    connection->deadline.at_ms += (int64_t)(body_bytes * 1000 / HTTP_BODY_BYTES_PER_S_MIN);
    loop_timer_set(connection->timer,
                   deadline_earlier(connection->deadline, connection->write_deadline));
}

void http_connection_set_waiting(struct http_connection *connection, bool waiting)
{
    connection->waiting = waiting;
    if (waiting && connection->client_ended)
        run_soon(connection);
}
