/* The WebSockets that are told of what happens. */
#pragma once

#include "agent/ops/ops.h"
#include "http/http_server.h"

#define WEB_EVENTS_SUBPROTOCOL "ukeyd.v1"
/* A tab of a platform opens one. */
#define WEB_EVENTS_SOCKETS_MAX 32
/* Of one origin, or the terminals: the others keep some. */
#define WEB_EVENTS_ORIGIN_MAX 24

struct web_events;
struct web_care;

/* care: is told of pages that listen; outlives it. */
struct web_events *web_events_new(struct ops *ops, struct web_care *care);
/* The server must be gone. */
void web_events_free(struct web_events *events);
/* Makes the request a WebSocket of its origin, or answers with a problem. */
void web_events_accept(struct web_events *events, struct http_request *request);
/* Tells those whom it concerns: an operation's changes only its own origin and terminals. */
void web_events_publish(struct web_events *events, const struct ops_change *change);
