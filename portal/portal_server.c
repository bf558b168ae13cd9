#include "portal/portal_server.h"

#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "http/http_server.h"
#include "portal/pay/payment_settings.h"
#include "portal/portal_api.h"
#include "portal/portal_secret_file.h"
#include "portal/web/web_guard.h"
#include "portal/web/web_server.h"

/* Each holds a request for milliseconds; more wait in the backlog. */
#define CONNECTIONS_MAX 128
#define PEM_BYTES_MAX 65536
#define HOST_BYTES_MAX 64
#define PORT_MAX 65535

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

struct address {
    char host[HOST_BYTES_MAX];
    uint16_t port;
};

static enum err_code parse_listen(const char *listen, struct address *out, struct err *err)
{
    const char *colon = strrchr(listen, ':');
    if (colon == NULL || colon == listen || colon[1] == '\0')
        return err_set(err, ERR_USAGE, "--listen: not HOST:PORT");
    struct span host = span_of(listen, (size_t)(colon - listen));
    if (host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']')
        host = span_of(host.at + 1, host.len - 2);
    char *end = NULL;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (host.len == 0 || host.len >= HOST_BYTES_MAX || *end != '\0' || port > PORT_MAX ||
        colon[1] == '-' || colon[1] == '+')
        return err_set(err, ERR_USAGE, "--listen: not HOST:PORT");
    *out = (struct address){.port = (uint16_t)port};
    memcpy(out->host, host.at, host.len);
    return ERR_NONE;
}

static void wipe(struct bytes **bytes)
{
    if (*bytes != NULL)
        OPENSSL_cleanse((*bytes)->at, (*bytes)->len);
    bytes_freep(bytes);
}

static enum err_code set_identity(const struct portal *portal, struct http_server *server,
                                  struct err *err)
{
    AUTO(memory_freep) char *cert_path = file_join(portal->folder, "tls/server.pem");
    AUTO(memory_freep) char *key_path = file_join(portal->folder, "tls/server.key");
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(wipe) struct bytes *key = NULL;
    if (portal_secret_file_check(key_path, err) != ERR_NONE ||
        file_read(cert_path, PEM_BYTES_MAX, &cert, err) != ERR_NONE ||
        file_read(key_path, PEM_BYTES_MAX, &key, err) != ERR_NONE)
        return err->code;
    return http_server_set_identity(server, span_bytes(cert), span_bytes(key), err);
}

/* "https://HOST:PORT"; the caller frees. */
static char *address_text(const struct address *address, uint16_t port)
{
    bool six = strchr(address->host, ':') != NULL;
    return memory_printf("https://%s%s%s:%u", six ? "[" : "", address->host, six ? "]" : "", port);
}

static void on_signal(void *context, uint32_t events)
{
    loop_stop(context);
}

static enum err_code open_signals(int *out_fd, struct err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    signal(SIGPIPE, SIG_IGN);
    int fd = sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_CLOEXEC) : -1;
    if (fd < 0)
        return err_set_errno(err, ERR_INTERNAL, "watch for signals");
    *out_fd = fd;
    return ERR_NONE;
}

/* In the order in which they must go. */
struct serving {
    struct http_server *server;
    struct web_server *web;
    struct payment_provider *payment;
    struct http_route *routes;
    struct loop_watch *watch;
    struct loop *loop;
    int signals;
    int listener;
};

static void serving_done(struct serving *serving)
{
    http_server_free(serving->server);
    web_server_free(serving->web);
    payment_settings_close(serving->payment);
    free(serving->routes);
    loop_watch_free(serving->watch);
    loop_free(serving->loop);
    file_closep(&serving->signals);
    file_closep(&serving->listener);
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
        .loop = serving->loop,
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
        .loop = serving->loop,
        .routes = serving->routes,
        .route_count = count + ARRAY_SIZE(agent_routes),
        .context = portal,
        .decorate = decorate,
        .refusal_headers = web_server_refusal_headers,
        .connections_max = CONNECTIONS_MAX,
    };
    if (http_server_new(&options, &serving->server, err) != ERR_NONE ||
        set_identity(portal, serving->server, err) != ERR_NONE)
        return err->code;
    int listener = serving->listener;
    serving->listener = -1;
    return http_server_listen(serving->server, listener, true, err);
}

static enum err_code start(struct serving *serving, struct portal *portal,
                           const struct portal_server_options *options, struct err *err)
{
    struct address address = {0};
    uint16_t port = 0;
    if (parse_listen(options->listen, &address, err) != ERR_NONE ||
        open_signals(&serving->signals, err) != ERR_NONE ||
        loop_new(&serving->loop, err) != ERR_NONE ||
        http_listen_tcp(address.host, address.port, &serving->listener, &port, err) != ERR_NONE)
        return err->code;
    AUTO(memory_freep) char *text = address_text(&address, port);
    serving->watch =
        loop_watch_new(serving->loop, serving->signals, EPOLLIN, on_signal, serving->loop);
    if (open_web(serving, portal, options->origin != NULL ? options->origin : text, err) !=
            ERR_NONE ||
        open_server(serving, portal, err) != ERR_NONE)
        return err->code;
    printf("listening on %s\n", text);
    fflush(stdout);
    return ERR_NONE;
}

enum err_code portal_server_run(struct portal *portal, const struct portal_server_options *options,
                                struct err *err)
{
    AUTO(serving_done) struct serving serving = {.signals = -1, .listener = -1};
    if (start(&serving, portal, options, err) != ERR_NONE)
        return err_add(err, "serve on %s", options->listen);
    return loop_run(serving.loop, err);
}
