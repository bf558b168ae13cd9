/* What protects the person from a listed page: how often it may fail or ask, and that its dialogs go when it
 * has gone. Belongs to the loop's thread. Everywhere origin NULL is a terminal. */
#pragma once

#include "agent/ops/ops.h"
#include "http/http_server.h"

struct web_guard;

struct web_guard *web_guard_new(struct loop *loop, struct ops *ops);
/* The server must be gone. */
void web_guard_free(struct web_guard *guard);

/* A request that the gate lets in. ERR_HTTP_TOO_MANY: its origin has failed too often; the answer then
 * says when it may come again. */
MUST_CHECK enum err_code web_guard_admit(struct web_guard *guard, struct http_request *request,
                                         struct err *err);
/* What it was answered with. */
void web_guard_answered(struct web_guard *guard, const char *origin, int status);
/* Before an operation starts or goes on. asks: it may open a dialog; ticket: it brings one. The refusal says
 * in the request's answer when it may. ERR_HTTP_TOO_MANY, ERR_TICKETS_PAUSED, ERR_DIALOGS_PAUSED. */
struct web_guard_start {
    bool asks;
    bool ticket;
};
MUST_CHECK enum err_code web_guard_start(struct web_guard *guard, struct http_request *request,
                                         const struct web_guard_start *start, struct err *err);
/* A page has opened or closed a WebSocket, or a request that waits. */
void web_guard_hold(struct web_guard *guard, const char *origin);
void web_guard_release(struct web_guard *guard, const char *origin);
/* What the operations tell their observer. */
void web_guard_change(struct web_guard *guard, const struct ops_change *change);
