#include "agent/web/web_events.h"

#include <stdlib.h>

#include "agent/web/web_care.h"
#include "agent/web/web_context.h"

struct listener {
    struct web_events *events;
    struct http_socket *socket;
    char *origin; /* NULL: a terminal */
    enum lang lang;
    struct listener *next;
};

struct web_events {
    struct ops *ops;
    struct web_care *care;
    struct listener *first;
    unsigned count;
};

struct web_events *web_events_new(struct ops *ops, struct web_care *care)
{
    struct web_events *events = memory_new(sizeof *events);
    events->ops = ops;
    events->care = care;
    return events;
}

void web_events_free(struct web_events *events)
{
    free(events);
}

static void on_closed(void *context, struct http_socket *socket)
{
    struct listener *listener = context;
    for (struct listener **at = &listener->events->first; *at != NULL; at = &(*at)->next)
        if (*at == listener) {
            *at = listener->next;
            listener->events->count--;
            break;
        }
    web_care_release(listener->events->care, listener->origin);
    free(listener->origin);
    free(listener);
}

static bool has_room(const struct web_events *events, const char *origin)
{
    unsigned same = 0;
    for (const struct listener *listener = events->first; listener != NULL;
         listener = listener->next)
        same += web_origin_same(listener->origin, origin);
    return events->count < WEB_EVENTS_SOCKETS_MAX && same < WEB_EVENTS_ORIGIN_MAX;
}

void web_events_accept(struct web_events *events, struct http_request *request)
{
    static const struct http_socket_handlers handlers = {.message = NULL, .closed = on_closed};
    struct err err = ERR_INIT;
    if (!has_room(events, web_origin_of(request))) {
        err_set(&err, ERR_HTTP_TOO_MANY, "%u WebSockets are open", events->count);
        http_reply_header(request, "Retry-After", "1");
        http_reply_problem(request, &err);
        return;
    }
    struct listener *listener = memory_new(sizeof *listener);
    *listener = (struct listener){
        .events = events,
        .origin = memory_text(web_origin_of(request)),
        .lang = http_request_lang(request),
    };
    listener->socket = http_socket_accept(request, WEB_EVENTS_SUBPROTOCOL, &handlers, listener);
    if (listener->socket == NULL) {
        free(listener->origin);
        free(listener);
        return;
    }
    listener->next = events->first;
    events->first = listener;
    events->count++;
    web_care_hold(events->care, listener->origin);
}

static bool concerns(const struct listener *listener, const struct ops_change *change)
{
    if (change->event == OPS_DIALOG_OPENED || change->event == OPS_DIALOG_CLOSED)
        return false;
    if (change->event != OPS_OPERATION_CHANGED || listener->origin == NULL)
        return true;
    return change->origin != NULL && strcmp(listener->origin, change->origin) == 0;
}

/* NULL when the operation is no longer there. */
static struct json *message_for(const struct listener *listener, const struct ops_change *change)
{
    static const char *const names[] = {
        [OPS_TOKEN_INSERTED] = "token.inserted",
        [OPS_TOKEN_REMOVED] = "token.removed",
        [OPS_OPERATION_CHANGED] = "operation.changed",
        [OPS_STATUS_CHANGED] = "status.changed",
    };
    struct err err = ERR_INIT;
    struct ops *ops = listener->events->ops;
    struct json *operation = NULL;
    if (change->event == OPS_OPERATION_CHANGED &&
        ops_operation_json(ops, change->id, listener->origin, listener->lang, &operation, &err) !=
            ERR_NONE)
        return NULL;
    struct json *message = json_new_object();
    json_add_text(message, "event", names[change->event]);
    if (operation != NULL)
        json_add(message, "operation", operation);
    else if (change->event == OPS_STATUS_CHANGED)
        json_add(message, "status", ops_status_json(ops));
    else
        json_add_text(message, "reader", change->reader);
    return message;
}

void web_events_publish(struct web_events *events, const struct ops_change *change)
{
    for (const struct listener *listener = events->first; listener != NULL;
         listener = listener->next) {
        AUTO(json_freep)
        struct json *message = concerns(listener, change) ? message_for(listener, change) : NULL;
        if (message == NULL)
            continue;
        AUTO(memory_freep) char *text = json_print(message);
        http_socket_send_text(listener->socket, text);
    }
}
