/* What the parts of the web side share: the context of every handler. */
#pragma once

#include <string.h>

#include "agent/ops/ops.h"
#include "agent/web/web.h"
#include "http/http_server.h"

struct web_care;

struct web_context {
    struct ops *ops;
    struct web_care *care;
    bool (*origin_listed)(void *context, const char *origin);
    void *origin_context;
    struct web_waits *waits;
    struct web_tokens *tokens;
    struct web_events *events;
};

/* Whether both are the same page's, or terminals. */
static inline bool web_origin_same(const char *one, const char *other)
{
    return one == NULL || other == NULL ? one == other : strcmp(one, other) == 0;
}

/* The page's origin, NULL for a terminal. Borrowed from the request. */
static inline const char *web_origin_of(const struct http_request *request)
{
    return http_request_header(request, "Origin", NULL);
}
