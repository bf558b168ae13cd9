/* One client's connection: TLS, the strict look at each head, the deadlines, and the bytes between the
 * client and the HTTP engine, which sits at the other end of a pair of Unix sockets.
 *
 * One request at a time goes to the engine: the next one, though it may have come already, is held until
 * the answer has been given. So every deadline is kept here, and whatever is refused here gets its answer
 * in the right place. */
#pragma once

#include <sys/socket.h>

#include "base/loop.h"
#include "http/http_server.h"
#include "http/http_stream.h"

/* How long what a client still sends is thrown away after our last byte. */
#define HTTP_LINGER_MS 2000

struct http_connection;

/* Where the client is. */
struct http_peer {
    struct sockaddr_storage address;
    uid_t uid; /* of a Unix socket's peer, else (uid_t)-1 */
    uint16_t local_port;
    bool tls;
};

struct http_connection_hooks {
    /* Gives the engine its end of the pair, before the first request; it owns fd. */
    bool (*attach)(void *context, struct http_connection *connection, int fd);
    /* The connection is over; the owner frees it. */
    void (*over)(void *context, struct http_connection *connection);
    void *context;
    const char *refusal_headers; /* as in http_server_options; outlives the connection */
};

/* Takes stream over. times: no member is 0. */
struct http_connection *http_connection_new(struct loop *loop, const struct http_times *times,
                                            const struct http_connection_hooks *hooks,
                                            struct http_stream stream,
                                            const struct http_peer *peer);
void http_connection_free(struct http_connection *connection);
const struct http_peer *http_connection_peer(const struct http_connection *connection);
/* A pointer of the handlers' own, NULL at first. */
void http_connection_set_data(struct http_connection *connection, void *data);
void *http_connection_data(const struct http_connection *connection);
/* Whether it may be closed to make room for another: no request of it is being worked on. */
bool http_connection_is_idle(const struct http_connection *connection);
/* How long the client has been taking over the present 16 KiB of its request or of our answer; 0 when
 * nobody waits for it. */
int64_t http_connection_waited_ms(const struct http_connection *connection);

/* What the engine says of the request that it was given. None of them calls a hook. */
/* The body, of so many bytes, is wanted: a slow line has the time for it that it needs. */
void http_connection_takes_body(struct http_connection *connection, uint64_t body_bytes);
void http_connection_answered(struct http_connection *connection);
void http_connection_upgraded(struct http_connection *connection);
/* waiting: the answer comes later; until then the client's leaving ends the connection. */
void http_connection_set_waiting(struct http_connection *connection, bool waiting);
