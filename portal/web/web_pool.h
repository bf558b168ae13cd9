/* Work that takes long for a request: on a thread, and answered in the loop. */
#pragma once

#include "base/loop.h"
#include "http/http_server.h"

struct web_pool;

struct web_work {
    /* On a thread: no request, and no database but one of its own. */
    void (*work)(void *context);
    /* In the loop afterwards: answers. request: NULL when the client has left meanwhile, or the portal
     * ends. Frees context. */
    void (*done)(void *context, struct http_request *request);
    /* In place of both, when it was never begun: frees context. The pool answers. */
    void (*dropped)(void *context);
    void *context;
};

/* queue_max: work that waits or runs, more than threads. */
struct web_pool *web_pool_new(struct loop *loop, unsigned threads, unsigned queue_max);
/* Waits for what runs. The requests must be gone: the server is freed first. */
void web_pool_free(struct web_pool *pool);
void web_pool_freep(struct web_pool **pool);
/* Whether there is room for one more. */
bool web_pool_has_room(const struct web_pool *pool);
/* Takes the request over (NULL: nobody waits); the handler answers "later". ERR_HTTP_TOO_MANY when the
 * queue is full, ERR_INTERNAL: nothing was taken over, context is the caller's. */
MUST_CHECK enum err_code web_pool_start(struct web_pool *pool, struct http_request *request,
                                        const struct web_work *work, struct err *err);
