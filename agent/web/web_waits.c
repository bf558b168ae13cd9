#include "agent/web/web_waits.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/web/web_care.h"
#include "agent/web/web_context.h"

struct wait {
    struct web_waits *waits;
    struct http_request *request;
    char id[OPS_ID_BYTES];
    char *origin; /* NULL: a terminal */
    uint64_t version;
    struct loop_timer *timer;
    struct wait *next;
};

struct web_waits {
    struct loop *loop;
    struct ops *ops;
    struct web_care *care;
    struct wait *first;
    unsigned count;
};

struct web_waits *web_waits_new(struct loop *loop, struct ops *ops, struct web_care *care)
{
    struct web_waits *waits = memory_new(sizeof *waits);
    *waits = (struct web_waits){.loop = loop, .ops = ops, .care = care};
    return waits;
}

static void remove_wait(struct wait *wait)
{
    for (struct wait **at = &wait->waits->first; *at != NULL; at = &(*at)->next)
        if (*at == wait) {
            *at = wait->next;
            wait->waits->count--;
            break;
        }
    web_care_release(wait->waits->care, wait->origin);
    loop_timer_free(wait->timer);
    free(wait->origin);
    free(wait);
}

void web_waits_free(struct web_waits *waits)
{
    if (waits == NULL)
        return;
    while (waits->first != NULL)
        remove_wait(waits->first);
    free(waits);
}

static void answer(struct ops *ops, struct http_request *request, const char *id)
{
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *operation = NULL;
    if (ops_operation_json(ops, id, web_origin_of(request), http_request_lang(request), &operation,
                           &err) != ERR_NONE)
        http_reply_problem(request, &err);
    else
        http_reply_json(request, 200, operation);
}

static void end_wait(struct wait *wait)
{
    answer(wait->waits->ops, wait->request, wait->id);
    remove_wait(wait);
}

static void on_time(void *context)
{
    end_wait(context);
}

static void on_gone(void *context, struct http_request *request)
{
    remove_wait(context);
}

static void add_wait(struct web_waits *waits, struct http_request *request, const char *id,
                     uint64_t version, unsigned seconds)
{
    struct wait *wait = memory_new(sizeof *wait);
    *wait = (struct wait){.waits = waits, .request = request, .version = version};
    wait->origin = memory_text(web_origin_of(request));
    snprintf(wait->id, sizeof wait->id, "%s", id);
    web_care_hold(waits->care, wait->origin);
    wait->timer = loop_timer_new(waits->loop, on_time, wait);
    loop_timer_set(wait->timer, deadline_in_ms((int64_t)seconds * 1000));
    wait->next = waits->first;
    waits->first = wait;
    waits->count++;
    http_request_on_gone(request, on_gone, wait);
}

static bool has_room(const struct web_waits *waits, const char *origin)
{
    unsigned same = 0;
    for (const struct wait *wait = waits->first; wait != NULL; wait = wait->next)
        same += web_origin_same(wait->origin, origin);
    return waits->count < WEB_WAITS_MAX && same < WEB_WAITS_ORIGIN_MAX;
}

void web_waits_answer(struct web_waits *waits, struct http_request *request, const char *id,
                      unsigned seconds, uint64_t seen)
{
    struct err err = ERR_INIT;
    const char *origin = web_origin_of(request);
    uint64_t version = ops_operation_version(waits->ops, id, origin);
    bool missed = seen != 0 && seen != version;
    if (seconds == 0 || missed || version == 0 || ops_operation_over(waits->ops, id, origin)) {
        answer(waits->ops, request, id);
    } else if (!has_room(waits, origin)) {
        err_set(&err, ERR_HTTP_TOO_MANY, "%u requests wait already", waits->count);
        http_reply_header(request, "Retry-After", "1");
        http_reply_problem(request, &err);
    } else {
        add_wait(waits, request, id, version, seconds);
    }
}

static bool has_changed(const struct wait *wait)
{
    return ops_operation_version(wait->waits->ops, wait->id, web_origin_of(wait->request)) !=
           wait->version;
}

void web_waits_changed(struct web_waits *waits, const char *id)
{
    for (struct wait *wait = waits->first; wait != NULL;) {
        struct wait *next = wait->next;
        if (strcmp(wait->id, id) == 0 && has_changed(wait))
            end_wait(wait);
        wait = next;
    }
}
