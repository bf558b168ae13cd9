#include "portal/portal_server.h"

#include <stdlib.h>

#include "base/log.h"
#include "http/http_server.h"
#include "portal/pay/payment_settings.h"
#include "portal/portal_api.h"
#include "portal/portal_listener.h"
#include "portal/web/web_guard.h"
#include "portal/web/web_server.h"

/* Each holds a request for milliseconds; more wait in the backlog. */
#define CONNECTIONS_MAX 128

/* ---- answers ---- */

/* What failed inside is for the log, not for the client. */
static void reply_error(struct http_request *request, struct err *err)
{
    log_err("portal", http_request_path(request), err);
    if (err_http_status(err->code) >= 500 || err_kind_of(err->code) == ERR_KIND_BUG)
        err->detail[0] = '\0';
    http_reply_problem(request, err);
}

static void reply(struct http_request *request, enum err_code result,
                  struct portal_api_answer *answer, struct err *err)
{
    if (result != ERR_NONE) {
        reply_error(request, err);
        return;
    }
    if (answer->retry_after_s > 0) {
        AUTO(memory_freep) char *seconds = memory_printf("%d", answer->retry_after_s);
        http_reply_header(request, "Retry-After", seconds);
    }
    http_reply_json(request, answer->status, answer->body);
    json_wipe(answer->body); /* it may hold a PUK or a job's secret */
    json_free(answer->body);
}

/* NULL when there is none, or more than one. */
static const char *authorization_of(const struct http_request *request)
{
    unsigned count = 0;
    const char *value = http_request_header(request, "Authorization", &count);
    return count == 1 ? value : NULL;
}

static void handle_redeem(void *context, struct http_request *request)
{
    AUTO(json_freep) struct json *body = NULL;
    struct portal_api_answer answer = {0};
    struct err err = ERR_INIT;
    if (!http_request_json(request, &body))
        return;
    enum err_code result = portal_api_redeem(context, body, &answer, &err);
    reply(request, result, &answer, &err);
}

typedef enum err_code (*job_function)(struct portal *portal, const char *id,
                                      const char *authorization, const struct json *body,
                                      struct portal_api_answer *out, struct err *err);

static void handle_job(struct portal *portal, struct http_request *request, job_function function)
{
    AUTO(json_freep) struct json *body = NULL;
    struct portal_api_answer answer = {0};
    struct err err = ERR_INIT;
    if (!http_request_json(request, &body))
        return;
    enum err_code result = function(portal, http_request_segment(request, "id"),
                                    authorization_of(request), body, &answer, &err);
    reply(request, result, &answer, &err);
}

static void handle_request(void *context, struct http_request *request)
{
    handle_job(context, request, portal_api_request);
}

static void handle_seal(void *context, struct http_request *request)
{
    handle_job(context, request, portal_api_seal);
}

static void handle_unblock(void *context, struct http_request *request)
{
    handle_job(context, request, portal_api_unblock);
}

static void handle_confirm(void *context, struct http_request *request)
{
    handle_job(context, request, portal_api_confirm);
}

static void decorate(void *context, struct http_request *request)
{
    if (strncmp(http_request_path(request), PORTAL_API_BASE "/", sizeof PORTAL_API_BASE) != 0) {
        web_server_decorate(request);
        return;
    }
    http_reply_header(request, "Cache-Control", "no-store");
    http_reply_header(request, "X-Content-Type-Options", "nosniff");
}

static const struct http_route agent_routes[] = {
    {HTTP_POST, PORTAL_API_BASE "/jobs", handle_redeem, PORTAL_API_BODY_BYTES_MAX},
    {HTTP_PUT, PORTAL_API_BASE "/jobs/{id}/request", handle_request, PORTAL_API_BODY_BYTES_MAX},
    {HTTP_PUT, PORTAL_API_BASE "/jobs/{id}/seal", handle_seal, PORTAL_API_SEAL_BODY_BYTES_MAX},
    {HTTP_POST, PORTAL_API_BASE "/jobs/{id}/unblock", handle_unblock, PORTAL_API_BODY_BYTES_MAX},
    {HTTP_PUT, PORTAL_API_BASE "/jobs/{id}/confirmation", handle_confirm,
     PORTAL_API_BODY_BYTES_MAX},
};

/* ---- the process ---- */

/* In the order in which they must go. */
struct serving {
    struct http_server *server;
    struct web_server *web;
    struct payment_provider *payment;
    struct http_route *routes;
    struct portal_listener listener;
};

static void serving_done(struct serving *serving)
{
    http_server_free(serving->server);
    web_server_free(serving->web);
    payment_settings_close(serving->payment);
    free(serving->routes);
    portal_listener_done(&serving->listener);
}

static enum err_code open_web(struct serving *serving, struct portal *portal, const char *origin,
                              struct err *err)
{
    AUTO(memory_freep) char *ours = NULL;
    if (web_guard_origin(origin, &ours, err) != ERR_NONE)
        return err_add(err, "--origin");
    if (payment_settings_open(portal, &serving->payment, err) != ERR_NONE)
        return err->code;
    const struct web_server_options options = {
        .portal = portal,
        .loop = serving->listener.loop,
        .payment = serving->payment,
        .origin = ours,
    };
    return web_server_new(&options, &serving->web, err);
}

static enum err_code open_server(struct serving *serving, struct portal *portal, struct err *err)
{
    size_t count = 0;
    const struct http_route *web_routes = web_server_routes(serving->web, &count);
    serving->routes = memory_new((count + ARRAY_SIZE(agent_routes)) * sizeof *serving->routes);
    memcpy(serving->routes, agent_routes, sizeof agent_routes);
    memcpy(serving->routes + ARRAY_SIZE(agent_routes), web_routes, count * sizeof *web_routes);
    const struct http_server_options options = {
        .loop = serving->listener.loop,
        .routes = serving->routes,
        .route_count = count + ARRAY_SIZE(agent_routes),
        .context = portal,
        .decorate = decorate,
        .missing = web_server_missing(serving->web),
        .refusal_headers = web_server_refusal_headers,
        .connections_max = CONNECTIONS_MAX,
    };
    return http_server_new(&options, &serving->server, err);
}

enum err_code portal_server_run(struct portal *portal, const struct portal_server_options *options,
                                struct err *err)
{
    AUTO(serving_done)
    struct serving serving = {.listener = {.signals = -1, .socket = -1}};
    struct portal_listener *listener = &serving.listener;
    if (portal_listener_open(listener, options->listen, err) != ERR_NONE ||
        open_web(&serving, portal, options->origin != NULL ? options->origin : listener->url,
                 err) != ERR_NONE ||
        open_server(&serving, portal, err) != ERR_NONE ||
        portal_listener_serve(listener, serving.server, portal->folder, err) != ERR_NONE)
        return err_add(err, "serve on %s", options->listen);
    return ERR_NONE;
}
