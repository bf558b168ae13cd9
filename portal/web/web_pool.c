#include "portal/web/web_pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/thread.h"

#define THREADS_MAX 8

struct item {
    struct web_pool *pool;
    struct web_work work;
    struct http_request *request; /* the loop's; NULL when the client has left */
    struct item *next;
};

struct web_pool {
    struct loop *loop;
    unsigned queue_max;
    unsigned count; /* the loop's: waiting, running, or done and not yet answered */
    pthread_t threads[THREADS_MAX];
    unsigned thread_count;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t filled;
    struct item *first;
    struct item **last;
    bool ends;
};

/* In the loop. */
static void finish(void *context)
{
    struct item *item = context;
    struct http_request *request = item->request;
    item->pool->count--;
    if (request != NULL)
        http_request_on_gone(request, NULL, NULL);
    item->work.done(item->work.context, request);
    free(item);
}

/* NULL: the end. */
static struct item *take(struct web_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->first == NULL && !pool->ends)
        pthread_cond_wait(&pool->filled, &pool->lock);
    struct item *item = pool->ends ? NULL : pool->first;
    if (item != NULL) {
        pool->first = item->next;
        if (pool->first == NULL)
            pool->last = &pool->first;
    }
    pthread_mutex_unlock(&pool->lock);
    return item;
}

static void *run(void *context)
{
    struct web_pool *pool = context;
    for (struct item *item; (item = take(pool)) != NULL;) {
        item->work.work(item->work.context);
        loop_post(pool->loop, finish, item);
    }
    return NULL;
}

enum err_code web_pool_new(struct loop *loop, unsigned threads, unsigned queue_max,
                           struct web_pool **out, struct err *err)
{
    assert(threads >= 1 && threads <= THREADS_MAX);
    AUTO(web_pool_freep) struct web_pool *pool = memory_new(sizeof *pool);
    pool->loop = loop;
    pool->queue_max = queue_max;
    pool->last = &pool->first;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->filled, NULL);
    for (; pool->thread_count < threads; pool->thread_count++)
        if (thread_start(&pool->threads[pool->thread_count], run, pool, err) != ERR_NONE)
            return err->code;
    *out = TAKE(pool);
    return ERR_NONE;
}

void web_pool_free(struct web_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->ends = true;
    pthread_cond_broadcast(&pool->filled);
    pthread_mutex_unlock(&pool->lock);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    loop_run_posted(pool->loop);
    for (struct item *item = pool->first, *next; item != NULL; item = next) {
        next = item->next;
        finish(item); /* it was never begun */
    }
    pthread_cond_destroy(&pool->filled);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

void web_pool_freep(struct web_pool **pool)
{
    web_pool_free(*pool);
    *pool = NULL;
}

bool web_pool_has_room(const struct web_pool *pool)
{
    return pool->count < pool->queue_max;
}

static void on_gone(void *context, struct http_request *request)
{
    struct item *item = context;
    item->request = NULL;
}

enum err_code web_pool_start(struct web_pool *pool, struct http_request *request,
                             const struct web_work *work, struct err *err)
{
    if (!web_pool_has_room(pool))
        return err_set(err, ERR_HTTP_TOO_MANY, "%u are waiting", pool->count);
    struct item *item = memory_new(sizeof *item);
    *item = (struct item){.pool = pool, .work = *work, .request = request};
    if (request != NULL)
        http_request_on_gone(request, on_gone, item);
    pool->count++;
    pthread_mutex_lock(&pool->lock);
    *pool->last = item;
    pool->last = &item->next;
    pthread_cond_signal(&pool->filled);
    pthread_mutex_unlock(&pool->lock);
    return ERR_NONE;
}
