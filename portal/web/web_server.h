/* The pages and their interface as routes of an HTTP server: one guard before all of them, one way to
 * answer. */
#pragma once

#include "portal/web/web.h"

struct web_server;

struct web_server_options {
    struct portal *portal;
    struct loop *loop;
    const struct payment_provider *payment; /* NULL: none */
    const char *origin; /* as web_guard_origin makes it */
};
/* ERR_INTERNAL. */
MUST_CHECK enum err_code web_server_new(const struct web_server_options *options,
                                        struct web_server **out, struct err *err);
/* After the HTTP server, which ends the requests that wait for an answer. */
void web_server_free(struct web_server *server);
void web_server_freep(struct web_server **server);
/* What handlers see. */
struct web *web_server_peek(struct web_server *server);
/* Borrowed; they need nothing of the HTTP server's context. */
const struct http_route *web_server_routes(const struct web_server *server, size_t *out_count);
/* Of http_server_options: what answers a path that no route knows. Borrowed. */
const struct http_route *web_server_missing(const struct web_server *server);
/* Headers of every answer to a path that is ours: the pages' policy, or the interface's. */
void web_server_decorate(struct http_request *request);
/* The same for http_server_options: of what is refused before it is a request. */
extern const char web_server_refusal_headers[];
