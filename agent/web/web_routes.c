#include "agent/web/web_routes.h"

#include <limits.h>

#include "agent/web/web_care.h"
#include "agent/web/web_context.h"
#include "agent/web/web_events.h"
#include "agent/web/web_gate.h"
#include "agent/web/web_tokens.h"
#include "agent/web/web_waits.h"

/* Of a platform's section in the configuration. */
#define PLATFORM_BYTES_MAX 64

static void get_status(void *context, struct http_request *request)
{
    const struct web_context *web = context;
    AUTO(json_freep) struct json *status = ops_status_json(web->ops);
    http_reply_json(request, 200, status);
}

static void get_tokens(void *context, struct http_request *request)
{
    const struct web_context *web = context;
    web_tokens_answer(web->tokens, request);
}

static void get_events(void *context, struct http_request *request)
{
    const struct web_context *web = context;
    web_events_accept(web->events, request);
}

static void get_operations(void *context, struct http_request *request)
{
    const struct web_context *web = context;
    AUTO(json_freep) struct json *answer = json_new_object();
    json_add(answer, "operations",
             ops_list_json(web->ops, web_origin_of(request), http_request_lang(request)));
    http_reply_json(request, 200, answer);
}

/* A whole number of at most nine digits, up to limit; absent: 0. */
static bool read_number(const char *text, unsigned limit, unsigned *out)
{
    unsigned number = 0;
    size_t length = text != NULL ? strlen(text) : 0;
    if (text != NULL && (length == 0 || length > 9 || strspn(text, "0123456789") != length))
        return false;
    for (size_t i = 0; i < length; i++)
        number = number * 10 + (unsigned)(text[i] - '0');
    *out = number;
    return number <= limit;
}

static void get_operation(void *context, struct http_request *request)
{
    const struct web_context *web = context;
    struct err err = ERR_INIT;
    unsigned seconds = 0, seen = 0;
    if (!read_number(http_request_query(request, "wait"), OPS_WAIT_SECONDS_MAX, &seconds))
        err_set(&err, ERR_FIELD_VALUE, "wait: 0 to %d seconds", OPS_WAIT_SECONDS_MAX);
    else if (!read_number(http_request_query(request, "version"), UINT_MAX, &seen))
        err_set(&err, ERR_FIELD_VALUE, "version: the number of the operation that was seen last");
    if (err.code != ERR_NONE)
        http_reply_problem(request, &err);
    else
        web_waits_answer(web->waits, request, http_request_segment(request, "id"), seconds, seen);
}

/* The body with nothing in it that looks like a PIN; false when the request was answered. */
static bool read_body(struct http_request *request, struct json **out)
{
    static const char *const names[] = {"pin", "password"};
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *body = NULL;
    if (!http_request_json(request, &body))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (json_has_member_anywhere(body, names[i])) {
            err_set(&err, ERR_PIN_IN_REQUEST, "a member named \"%s\"", names[i]);
            http_reply_problem(request, &err);
            return false;
        }
    *out = TAKE(body);
    return true;
}

/* platform is a terminal's way to say what a page's origin says. */
static enum err_code read_start(const struct json *body, struct ops_start *start, struct err *err)
{
    const struct json_field fields[] = {
        {"kind", JSON_TEXT, false, OPS_KIND_BYTES_MAX, &start->kind},
        {"ticket", JSON_TEXT, true, OPS_TICKET_BYTES_MAX, &start->ticket},
        {"token", JSON_TEXT, true, OPS_SERIAL_BYTES_MAX, &start->token},
        {"platform", JSON_TEXT, true, PLATFORM_BYTES_MAX, &start->platform},
    };
    size_t count = ARRAY_SIZE(fields) - (start->origin != NULL ? 1 : 0);
    return json_read(body, fields, count, JSON_UNKNOWN_REFUSED, err);
}

/* Whether the page may ask for one now. */
static enum err_code check_pace(const struct web_context *web, struct http_request *request,
                                const struct ops_start *start, struct err *err)
{
    const struct web_care_start asked = {
        .asks = strcmp(start->kind, "check") != 0, /* the one kind without a dialog */
        .ticket = start->ticket != NULL,
    };
    return web_care_start(web->care, request, &asked, err);
}

static enum err_code reply_operation(const struct web_context *web, struct http_request *request,
                                     const char *id, struct err *err)
{
    AUTO(json_freep) struct json *operation = NULL;
    if (ops_operation_json(web->ops, id, web_origin_of(request), http_request_lang(request),
                           &operation, err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep) char *location = memory_printf("/v1/operations/%s", id);
    http_reply_header(request, "Location", location);
    http_reply_json(request, 202, operation);
    return ERR_NONE;
}

static void post_operation(void *context, struct http_request *request)
{
    const struct web_context *web = context;
    struct err err = ERR_INIT;
    char id[OPS_ID_BYTES];
    AUTO(json_freep) struct json *body = NULL;
    struct ops_start start = {
        .origin = web_origin_of(request),
        .lang = http_request_lang(request),
    };
    if (!read_body(request, &body))
        return;
    if (read_start(body, &start, &err) != ERR_NONE ||
        check_pace(web, request, &start, &err) != ERR_NONE ||
        ops_start(web->ops, &start, id, &err) != ERR_NONE ||
        reply_operation(web, request, id, &err) != ERR_NONE)
        http_reply_problem(request, &err);
}

typedef enum err_code (*operation_act)(const struct web_context *web, const char *id,
                                       struct http_request *request, struct err *err);

/* What is done to an operation that exists: an empty body, the operation as the answer. */
static void post_act(const struct web_context *web, struct http_request *request, operation_act act)
{
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *body = NULL;
    const char *id = http_request_segment(request, "id");
    if (!read_body(request, &body))
        return;
    if (json_read(body, NULL, 0, JSON_UNKNOWN_REFUSED, &err) != ERR_NONE ||
        act(web, id, request, &err) != ERR_NONE ||
        reply_operation(web, request, id, &err) != ERR_NONE)
        http_reply_problem(request, &err);
}

static enum err_code cancel(const struct web_context *web, const char *id,
                            struct http_request *request, struct err *err)
{
    return ops_cancel(web->ops, id, web_origin_of(request), err);
}

static void post_cancel(void *context, struct http_request *request)
{
    post_act(context, request, cancel);
}

static enum err_code resume(const struct web_context *web, const char *id,
                            struct http_request *request, struct err *err)
{
    static const struct web_care_start asked = {.asks = true};
    if (web_care_start(web->care, request, &asked, err) != ERR_NONE)
        return err->code;
    return ops_resume(web->ops, id, web_origin_of(request), http_request_lang(request), err);
}

static void post_resume(void *context, struct http_request *request)
{
    post_act(context, request, resume);
}

static enum err_code abandon(const struct web_context *web, const char *id,
                             struct http_request *request, struct err *err)
{
    return ops_abandon(web->ops, id, web_origin_of(request), err);
}

static void post_abandon(void *context, struct http_request *request)
{
    post_act(context, request, abandon);
}

/* The gate has checked the origin; what every answer to it carries is added there. */
static void preflight(void *context, struct http_request *request)
{
    const char *private =
        http_request_header(request, "Access-Control-Request-Private-Network", NULL);
    http_reply_header(request, "Access-Control-Allow-Methods", "GET, POST");
    http_reply_header(request, "Access-Control-Allow-Headers", "content-type");
    http_reply_header(request, "Access-Control-Max-Age", "600");
    if (private != NULL && strcmp(private, "true") == 0)
        http_reply_header(request, "Access-Control-Allow-Private-Network", "true");
    http_reply_empty(request, 204);
}

const struct http_route web_routes[WEB_ROUTES_COUNT] = {
    {HTTP_GET, "/v1/status", get_status, 0},
    {HTTP_OPTIONS, "/v1/status", preflight, 0},
    {HTTP_GET, "/v1/tokens", get_tokens, 0},
    {HTTP_OPTIONS, "/v1/tokens", preflight, 0},
    {HTTP_GET, "/v1/operations", get_operations, 0},
    {HTTP_POST, "/v1/operations", post_operation, WEB_BODY_BYTES_MAX},
    {HTTP_OPTIONS, "/v1/operations", preflight, 0},
    {HTTP_GET, "/v1/operations/{id}", get_operation, 0},
    {HTTP_OPTIONS, "/v1/operations/{id}", preflight, 0},
    {HTTP_POST, "/v1/operations/{id}/cancel", post_cancel, WEB_BODY_BYTES_MAX},
    {HTTP_OPTIONS, "/v1/operations/{id}/cancel", preflight, 0},
    {HTTP_POST, "/v1/operations/{id}/resume", post_resume, WEB_BODY_BYTES_MAX},
    {HTTP_OPTIONS, "/v1/operations/{id}/resume", preflight, 0},
    {HTTP_POST, "/v1/operations/{id}/abandon", post_abandon, WEB_BODY_BYTES_MAX},
    {HTTP_OPTIONS, "/v1/operations/{id}/abandon", preflight, 0},
    {HTTP_GET, "/v1/events", get_events, 0},
};
