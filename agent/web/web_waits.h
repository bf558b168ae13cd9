/* Requests that wait for an operation to change. */
#pragma once

#include "agent/ops/ops.h"
#include "http/http_server.h"

/* Two tabs of each of some platforms wait; more is not a person's doing. */
#define WEB_WAITS_MAX 32
/* Of one origin, or the terminals: the others keep some. */
#define WEB_WAITS_ORIGIN_MAX 24

struct web_waits;
struct web_care;

/* care: is told of pages that wait; outlives it. */
struct web_waits *web_waits_new(struct loop *loop, struct ops *ops, struct web_care *care);
/* The server must be gone. */
void web_waits_free(struct web_waits *waits);
/* Answers with the operation: at once when it is over or unknown, when seconds is 0, or when it is no longer
 * at version seen (0: whatever it is now); else when it changes or the seconds are over.
 * ERR_HTTP_TOO_MANY when WEB_WAITS_MAX wait already, or WEB_WAITS_ORIGIN_MAX of this origin. */
void web_waits_answer(struct web_waits *waits, struct http_request *request, const char *id,
                      unsigned seconds, uint64_t seen);
/* An operation has changed. */
void web_waits_changed(struct web_waits *waits, const char *id);
