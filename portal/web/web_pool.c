#include "portal/web/web_pool.h"

#include <assert.h>
#include <stdlib.h>

#include "portal/portal_tasks.h"
#include "portal/web/web.h"

struct item {
    struct web_work work;
    struct http_request *request; /* NULL when the client has left */
};

struct web_pool {
    struct portal_tasks *tasks;
    unsigned queue_max;
};

struct web_pool *web_pool_new(struct loop *loop, unsigned threads, unsigned queue_max)
{
    assert(threads >= 1 && threads < queue_max);
    struct web_pool *pool = memory_new(sizeof *pool);
    pool->tasks = portal_tasks_new(loop, threads, queue_max - threads);
    pool->queue_max = queue_max;
    return pool;
}

void web_pool_free(struct web_pool *pool)
{
    if (pool == NULL)
        return;
    portal_tasks_free(pool->tasks);
    free(pool);
}

void web_pool_freep(struct web_pool **pool)
{
    web_pool_free(*pool);
    *pool = NULL;
}

bool web_pool_has_room(const struct web_pool *pool)
{
    return portal_tasks_count(pool->tasks) < pool->queue_max;
}

static void on_gone(void *context, struct http_request *request)
{
    struct item *item = context;
    item->request = NULL;
}

static void do_work(void *context)
{
    struct item *item = context;
    item->work.work(item->work.context);
}

static void refuse(struct http_request *request)
{
    struct web_answer nothing = {0};
    struct err err = ERR_INIT;
    err_set(&err, ERR_HTTP_TOO_MANY, "no thread could be had");
    web_reply(request, err.code, &nothing, &err);
}

static void finish(void *context, bool worked)
{
    struct item *item = context;
    struct http_request *request = item->request;
    if (request != NULL)
        http_request_on_gone(request, NULL, NULL);
    if (worked) {
        item->work.done(item->work.context, request);
    } else {
        item->work.dropped(item->work.context);
        if (request != NULL)
            refuse(request);
    }
    free(item);
}

enum err_code web_pool_start(struct web_pool *pool, struct http_request *request,
                             const struct web_work *work, struct err *err)
{
    struct item *item = memory_new(sizeof *item);
    *item = (struct item){*work, request};
    if (portal_tasks_add(pool->tasks, do_work, finish, item, err) != ERR_NONE) {
        free(item);
        return err->code;
    }
    if (request != NULL)
        http_request_on_gone(request, on_gone, item);
    return ERR_NONE;
}
