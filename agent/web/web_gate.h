/* Who may ask anything at all: the checks before any route, in the order of docs/api/local.md. Pure. */
#pragma once

#include "base/err.h"
#include "http/http_server.h"

/* Of any request body: kind, ticket and two names need less than 1 KiB. */
#define WEB_BODY_BYTES_MAX 4096

/* What check_method lets through, for Allow. */
#define WEB_GATE_METHODS "GET, POST, OPTIONS"

/* What is known when the head is there. Texts are NULL when absent; counts say how often a header stands
 * there. */
struct web_gate_facts {
    bool local; /* came through the Unix socket */
    bool loopback; /* the peer's address is a loopback address */
    bool same_user; /* the peer's process belongs to our user */
    uint16_t port; /* of the listener */
    enum http_method method;
    const char *host;
    unsigned host_count;
    const char *origin;
    unsigned origin_count;
    bool origin_listed;
    const char *fetch_mode;
    unsigned fetch_mode_count;
    const char *fetch_dest;
    unsigned fetch_dest_count;
    const char *content_type;
    unsigned content_type_count;
    bool names_pin; /* a query parameter of this kind */
    uint64_t content_length;
};

/* ERR_NONE, or why the request is refused: ERR_HTTP_PEER, _HOST, _METHOD, _ORIGIN, _FETCH_METADATA,
 * _CONTENT_TYPE, _TOO_LARGE, ERR_PIN_IN_REQUEST. *out_known: the origin may see what we answer, also when
 * it is refused. Source: docs/api/local.md; Fetch standard (CORS); Fetch Metadata. */
MUST_CHECK enum err_code web_gate_judge(const struct web_gate_facts *facts, bool *out_known,
                                        struct err *err);

/* Of a request refused for its origin: a page's fetch() of which it can't read the answer. The page may
 * learn that there is one, so that it can tell its user "not listed" from "not installed".
 * Source: docs/adr/0008-an-unlisted-page-may-knock.md. */
bool web_gate_is_knock(const struct web_gate_facts *facts);
