/* Threads for what takes long, and a queue with a limit before them. */
#pragma once

#include "base/loop.h"
#include "http/http_server.h"

struct web_pool;

struct web_work {
    /* On a thread: no database, no request. */
    void (*work)(void *context);
    /* In the loop afterwards: answers. request: NULL when the client has left meanwhile, or the portal
     * ends. Frees context. */
    void (*done)(void *context, struct http_request *request);
    void *context;
};

/* queue_max: work that waits or runs. ERR_INTERNAL. */
MUST_CHECK enum err_code web_pool_new(struct loop *loop, unsigned threads, unsigned queue_max,
                                      struct web_pool **out, struct err *err);
/* Waits for what runs. The requests must be gone: the server is freed first. */
void web_pool_free(struct web_pool *pool);
void web_pool_freep(struct web_pool **pool);
/* Whether there is room for one more. */
bool web_pool_has_room(const struct web_pool *pool);
/* Takes the request over (NULL: nobody waits); the handler answers "later". ERR_HTTP_TOO_MANY when the queue is full: nothing was
 * taken over, context is the caller's. */
MUST_CHECK enum err_code web_pool_start(struct web_pool *pool, struct http_request *request,
                                        const struct web_work *work, struct err *err);
