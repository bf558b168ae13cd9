/* The HTTPS server that agent and portal share: an OpenSSL front (accept, handshake deadline) before
 * libmicrohttpd, WebSocket by wslay on the upgraded socket, everything in the caller's event loop.
 *
 * Single-threaded: every callback runs in the loop's thread and must not block. Answers may be given
 * later from the loop's thread: a request lives until it is answered or its on_gone has run. */
#pragma once

#include <sys/socket.h>

#include "base/err.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/span.h"
#include "base/text.h"

#define HTTP_HEAD_BYTES_MAX 16384 /* request line and headers */
#define HTTP_HANDSHAKE_MS 5000 /* TLS */
#define HTTP_IDLE_MS 10000 /* a connection without a request */
#define HTTP_REQUEST_MS \
    10000 /* first byte of the head to last byte of the body, and beside that: */
/* What a slow line brings: a body that was let in gets the time for it. */
#define HTTP_BODY_BYTES_PER_S_MIN 65536
#define HTTP_WRITE_MS 10000 /* for the client to take each 16 KiB of an answer */
#define HTTP_SOCKET_MESSAGE_BYTES_MAX 65536
#define HTTP_SOCKET_PING_MS 25000
#define HTTP_REFUSAL_HEADERS_BYTES_MAX 1024 /* a policy, and what goes with it */

enum http_method {
    HTTP_GET,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_HEAD,
    HTTP_OTHER
};

struct http_request;
struct http_socket;
struct http_server;

typedef void (*http_handler)(void *context, struct http_request *request);

/* A route. pattern: "/v1/operations/{id}/cancel"; a {name} takes one segment of 1 to 128 characters
 * [A-Za-z0-9_-.], a {+name} up to 255 bytes of a file's name. The table is searched in order; a path that matches under another method gets 405
 * with Allow. */
struct http_route {
    enum http_method method;
    const char *pattern;
    http_handler handler;
    size_t body_bytes_max; /* 0: no body is taken */
    /* Before any byte of the body is read: returns true to go on; false after it answered. NULL: none. */
    bool (*gate)(void *context, struct http_request *request);
    const void *data; /* the handler's own: http_request_route_data */
};

/* Deadlines in milliseconds; 0 takes the default above. */
struct http_times {
    int handshake_ms;
    int idle_ms;
    int request_ms;
    int write_ms;
    int ping_ms;
};

struct http_server_options {
    struct loop *loop;
    const struct http_route *routes;
    size_t route_count;
    void *context; /* of handlers and gate */
    /* Before routing, when the head is complete and before any body byte is read: returns true to go
     * on; false after it answered (http_reply_*). NULL: none. */
    bool (*gate)(void *context, struct http_request *request);
    /* Adds headers to every answer (CORS, cache, CSP) through http_reply_header. NULL: none. */
    void (*decorate)(void *context, struct http_request *request);
    /* Takes a GET or HEAD of a path that no route knows, without a body. NULL: http-not-found. */
    const struct http_route *missing;
    /* Whole header lines, each with CRLF, beside what every refusal says of a request that is none, and so
     * never comes to decorate. At most HTTP_REFUSAL_HEADERS_BYTES_MAX; NULL: none. */
    const char *refusal_headers;
    /* At the limit an idle connection makes room for a new one, else one whose client dawdles; when
     * there is none, further ones wait in the backlog. */
    unsigned connections_max;
    struct http_times times;
};

/* Sets SIGPIPE to be ignored, for the whole process: TLS writes to sockets that the client may have
 * closed. */
MUST_CHECK enum err_code http_server_new(const struct http_server_options *options,
                                         struct http_server **out, struct err *err);
void http_server_free(struct http_server *server);
void http_server_freep(struct http_server **server);

/* TLS identity for the listeners that follow: PEM certificate (with its chain) and PEM key. May be
 * called again to replace it while running. ERR_TLS. */
MUST_CHECK enum err_code http_server_set_identity(struct http_server *server, struct span cert_pem,
                                                  struct span key_pem, struct err *err);
/* Serves on a listening socket (taken over, also when it fails). tls: needs an identity. */
MUST_CHECK enum err_code http_server_listen(struct http_server *server, int fd, bool tls,
                                            struct err *err);
/* A listening TCP socket on host ("127.0.0.1", "::1"), CLOEXEC, non-blocking, IPv6 only for IPv6; port 0
 * takes a free one. ERR_PORTS_TAKEN when it is taken, else ERR_SOCKET. */
MUST_CHECK enum err_code http_listen_tcp(const char *host, uint16_t port, int *out_fd,
                                         uint16_t *out_port, struct err *err);
/* A listening Unix socket with mode 0600; a stale one of ours is replaced. */
MUST_CHECK enum err_code http_listen_unix(const char *path, int *out_fd, struct err *err);

/* ---- the request; all texts are borrowed until it is answered ---- */
/* Every accessor gives what a request at the gate has too, but the segments and the route's data, which
 * are there from the route's own gate on, and the body, which is there from the handler on. */
enum http_method http_request_method(const struct http_request *request);
const char *http_request_path(const struct http_request *request);
/* The value of a header, NULL when absent; when it stands more than once, *out_count (may be NULL) says
 * so and the first is returned. */
const char *http_request_header(const struct http_request *request, const char *name,
                                unsigned *out_count);
/* The value of {name} in the pattern, of a query parameter; NULL when absent. */
const char *http_request_segment(const struct http_request *request, const char *name);
const char *http_request_query(const struct http_request *request, const char *name);
/* The data of the route that was found. */
const void *http_request_route_data(const struct http_request *request);
struct span http_request_body(const struct http_request *request);
enum lang http_request_lang(const struct http_request *request);
bool http_request_is_tls(const struct http_request *request);
/* The port of the listener that it came through, 0 for a Unix socket. */
uint16_t http_request_local_port(const struct http_request *request);
/* The address of the peer; a Unix socket's peer uid is in *out_uid, else (uid_t)-1. */
const struct sockaddr *http_request_peer(const struct http_request *request, uid_t *out_uid);
/* A pointer of the handlers' own, NULL at first. */
void http_request_set_data(struct http_request *request, void *data);
void *http_request_data(const struct http_request *request);
/* The same for all requests of this one's connection. */
void http_request_set_peer_data(struct http_request *request, void *data);
void *http_request_peer_data(const struct http_request *request);
/* Called once when the client leaves before the answer; the request is then no longer to be touched. */
void http_request_on_gone(struct http_request *request, http_handler gone, void *context);
/* Parses the body as a JSON object; checks that the content type is application/json. On failure it has
 * answered with the problem and returns false. */
bool http_request_json(struct http_request *request, struct json **out);
/* Whether a Content-Type is application/json, without parameters or with charset=utf-8. NULL: no. */
bool http_content_type_is_json(const char *value);

/* ---- the answer: exactly one of the replies, at once or later ---- */
void http_reply_header(struct http_request *request, const char *name, const char *value);
/* For decorate: the status of the answer that is being given. */
int http_reply_status(const struct http_request *request);
void http_reply_json(struct http_request *request, int status, const struct json *body);
void http_reply_bytes(struct http_request *request, int status, const char *content_type,
                      struct span body);
void http_reply_empty(struct http_request *request, int status);
/* The size bytes of an open regular file, read while they are sent; fd is taken over. */
void http_reply_file(struct http_request *request, int status, const char *content_type, int fd,
                     uint64_t size_bytes);
/* application/problem+json: code, title, detail, remedy in the request's language; status by code.
 * Source: RFC 9457. */
void http_reply_problem(struct http_request *request, const struct err *err);
/* The same object, for embedding in other answers. */
struct json *http_problem_json(const struct err *err, enum lang lang);

/* ---- WebSocket (RFC 6455) ---- */
struct http_socket_handlers {
    void (*message)(void *context, struct http_socket *socket,
                    struct span text); /* NULL: none taken */
    void (*closed)(void *context, struct http_socket *socket); /* the socket is gone after it */
};
/* Answers 101 when the request asks for the subprotocol, else refuses (426 or 400) and returns NULL.
 * The socket answers pings, pings itself, and closes at silence. */
struct http_socket *http_socket_accept(struct http_request *request, const char *subprotocol,
                                       const struct http_socket_handlers *handlers, void *context);
/* A slow reader that has more than 1 MiB waiting is closed. */
void http_socket_send_text(struct http_socket *socket, const char *text);
void http_socket_close(struct http_socket *socket, uint16_t code);
