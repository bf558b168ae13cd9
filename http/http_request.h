/* A request inside: between the HTTP engine, its connection and the handler. */
#pragma once

#include <microhttpd.h>

#include "base/buf.h"
#include "http/http_connection.h"
#include "http/http_route.h"

/* The headers of an answer: ours are about 12. */
#define HTTP_REPLY_HEADERS_MAX 32

struct http_reply_header {
    char *name;
    char *value;
};

struct http_request {
    const struct http_server_options *options; /* the server's */
    struct http_connection *connection; /* NULL when the client has left */
    struct MHD_Connection *mhd;
    struct http_peer peer;
    enum http_method method;
    char *path;
    uint64_t content_length;
    const struct http_route *route; /* NULL until it was found */
    struct http_route_match match;
    struct buf body;

    bool handled; /* the handler has run */
    bool suspended; /* MHD rests until the answer is there */
    bool answered; /* response is, or was, there */
    bool queued; /* MHD has the response */
    unsigned status;
    struct MHD_Response *response;
    size_t header_count;
    struct http_reply_header headers[HTTP_REPLY_HEADERS_MAX];

    void *data;
    http_handler gone;
    void *gone_context;
    void (*kick)(void *context); /* makes MHD run soon */
    void *kick_context;
    struct http_socket *socket; /* NULL when it is none, or over */
};

/* Makes response the answer and takes it over; the headers set so far and the server's decoration are
 * added. Exactly once. */
void http_reply_give(struct http_request *request, int status, struct MHD_Response *response);
/* Gives MHD the answer, in its callback. */
enum MHD_Result http_reply_queue(struct http_request *request);
void http_request_free(struct http_request *request);
