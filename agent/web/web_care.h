/* What protects the person from a listed page: how often it may fail or ask, and that its dialogs go when it
 * has gone. Belongs to the loop's thread. Everywhere origin NULL is a terminal. */
#pragma once

#include "agent/ops/ops.h"
#include "http/http_server.h"

struct web_care;

/* unlimited: nobody is ever told to wait. */
struct web_care *web_care_new(struct loop *loop, struct ops *ops, bool unlimited);
/* The server must be gone. */
void web_care_free(struct web_care *care);

/* A request that the gate lets in. ERR_HTTP_TOO_MANY: its origin has failed too often and asks for more than
 * the status; the answer then says when it may come again. */
MUST_CHECK enum err_code web_care_admit(struct web_care *care, struct http_request *request,
                                        struct err *err);
/* What it was answered with. */
void web_care_answered(struct web_care *care, const char *origin, int status);
/* Before an operation starts or goes on. asks: it may open a dialog; ticket: it brings one. The refusal says
 * in the request's answer when it may. ERR_HTTP_TOO_MANY, ERR_TICKETS_PAUSED, ERR_DIALOGS_PAUSED. */
struct web_care_start {
    bool asks;
    bool ticket;
};
MUST_CHECK enum err_code web_care_start(struct web_care *care, struct http_request *request,
                                        const struct web_care_start *start, struct err *err);
/* A page has opened or closed a WebSocket, or a request that waits. */
void web_care_hold(struct web_care *care, const char *origin);
void web_care_release(struct web_care *care, const char *origin);
/* What the operations tell their observer. */
void web_care_change(struct web_care *care, const struct ops_change *change);
