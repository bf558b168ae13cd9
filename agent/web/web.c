#include "agent/web/web.h"

#include <stdlib.h>
#include <unistd.h>

#include "agent/web/web_care.h"
#include "agent/web/web_context.h"
#include "agent/web/web_events.h"
#include "agent/web/web_gate.h"
#include "agent/web/web_identity.h"
#include "agent/web/web_listen.h"
#include "agent/web/web_peer.h"
#include "agent/web/web_routes.h"
#include "agent/web/web_tokens.h"
#include "agent/web/web_waits.h"
#include "base/file.h"
#include "base/log.h"
#include "base/wall_timer.h"

/* WebSockets and waiting requests have limits of their own; the rest is for those that are short. */
#define CONNECTIONS_MAX 128

/* Nothing that is answered is a document. */
#define POLICY "default-src 'none'; frame-ancestors 'none'"

struct web {
    struct web_context context;
    struct loop *loop;
    char *state_folder;
    char *socket_path; /* NULL: none of ours exists */
    struct http_server *server;
    struct wall_timer *identity_timer;
    loop_fn identity_used; /* may be NULL */
    void *identity_context;
    struct web_ports ports;
};

/* ---- before and after every request ---- */

/* Mark requests: whose origin may see the answers; whose page may learn that there is an answer. */
static char known_mark;
static char knock_mark;
/* Marks connections whose other end is our user's: a socket's owner never changes, so the kernel is not
 * asked again. */
static char ours_mark;

static bool belongs_to_us(struct http_request *request, const struct sockaddr *peer, uid_t uid,
                          bool local)
{
    struct err err = ERR_INIT;
    if (http_request_peer_data(request) == &ours_mark)
        return true;
    if (!local && web_peer_uid(peer, http_request_local_port(request), &uid, &err) != ERR_NONE) {
        if (err.code == ERR_SOCKET)
            log_err("web", "look for the owner of a connection", &err);
        return false;
    }
    if (uid != geteuid())
        return false;
    http_request_set_peer_data(request, &ours_mark);
    return true;
}

static struct web_gate_facts gather(const struct web_context *context, struct http_request *request)
{
    uid_t uid;
    struct web_gate_facts facts = {
        .port = http_request_local_port(request),
        .method = http_request_method(request),
        .names_pin = http_request_query(request, "pin") != NULL ||
                     http_request_query(request, "password") != NULL,
    };
    const struct sockaddr *peer = http_request_peer(request, &uid);
    const char *length = http_request_header(request, "Content-Length", NULL);
    facts.local = peer->sa_family == AF_UNIX;
    facts.loopback = web_peer_is_loopback(peer);
    facts.same_user =
        (facts.local || facts.loopback) && belongs_to_us(request, peer, uid, facts.local);
    facts.host = http_request_header(request, "Host", &facts.host_count);
    facts.origin = http_request_header(request, "Origin", &facts.origin_count);
    facts.origin_listed =
        facts.origin != NULL && context->origin_listed(context->origin_context, facts.origin);
    facts.fetch_mode = http_request_header(request, "Sec-Fetch-Mode", &facts.fetch_mode_count);
    facts.fetch_dest = http_request_header(request, "Sec-Fetch-Dest", &facts.fetch_dest_count);
    facts.content_type = http_request_header(request, "Content-Type", &facts.content_type_count);
    facts.content_length = length != NULL ? strtoull(length, NULL, 10) : 0;
    return facts;
}

static bool gate(void *context, struct http_request *request)
{
    const struct web_context *web = context;
    struct err err = ERR_INIT;
    bool known = false;
    struct web_gate_facts facts = gather(context, request);
    enum err_code code = web_gate_judge(&facts, &known, &err);
    if (known)
        http_request_set_data(request, &known_mark);
    if (code == ERR_NONE && facts.method != HTTP_OPTIONS) /* the browser's, before the page's own */
        code = web_care_admit(web->care, request, &err);
    if (code == ERR_NONE)
        return true;
    if (code == ERR_HTTP_METHOD)
        http_reply_header(request, "Allow", WEB_GATE_METHODS);
    if (code == ERR_HTTP_ORIGIN && web_gate_is_knock(&facts)) {
        http_request_set_data(request, &knock_mark);
        http_reply_empty(request, 403);
        return false;
    }
    http_reply_problem(request, &err);
    return false;
}

static void decorate(void *context, struct http_request *request)
{
    const struct web_context *web = context;
    bool known = http_request_data(request) == &known_mark;
    bool knock = http_request_data(request) == &knock_mark;
    http_reply_header(request, "Cache-Control", "no-store");
    http_reply_header(request, "X-Content-Type-Options", "nosniff");
    http_reply_header(request, "Content-Security-Policy", POLICY);
    http_reply_header(request, "Cross-Origin-Resource-Policy",
                      known || knock ? "cross-origin" : "same-origin");
    if (!known)
        return;
    web_care_answered(web->care, web_origin_of(request), http_reply_status(request));
    http_reply_header(request, "Access-Control-Allow-Origin", web_origin_of(request));
    http_reply_header(request, "Access-Control-Expose-Headers", "Location, Retry-After");
    http_reply_header(request, "Vary", "Origin");
}

static void on_change(void *context, const struct ops_change *change)
{
    struct web *web = context;
    web_care_change(web->context.care, change);
    if (change->event == OPS_OPERATION_CHANGED)
        web_waits_changed(web->context.waits, change->id);
    web_events_publish(web->context.events, change);
}

/* ---- life ---- */

static enum err_code use_identity(struct web *web, struct err *err)
{
    int64_t due_utc = 0;
    if (web_identity_use(web->state_folder, web->server, &due_utc, err) != ERR_NONE)
        return err->code;
    wall_timer_set(web->identity_timer, due_utc);
    return ERR_NONE;
}

static void tell_identity_used(const struct web *web)
{
    if (web->identity_used != NULL)
        web->identity_used(web->identity_context);
}

static void on_identity_timer(void *context)
{
    struct web *web = context;
    struct err err = ERR_INIT;
    if (use_identity(web, &err) == ERR_NONE) {
        tell_identity_used(web);
        return;
    }
    log_err("web", "renew the TLS identity", &err);
    wall_timer_set(web->identity_timer, clock_now_utc() + WEB_IDENTITY_RETRY_SECONDS);
}

static enum err_code open_server(struct web *web, struct err *err)
{
    struct http_server_options options = {
        .loop = web->loop,
        .routes = web_routes,
        .route_count = WEB_ROUTES_COUNT,
        .context = &web->context,
        .gate = gate,
        .decorate = decorate,
        .refusal_headers = "Allow: " WEB_GATE_METHODS "\r\n"
                           "Content-Security-Policy: " POLICY "\r\n"
                           "Cross-Origin-Resource-Policy: same-origin\r\n",
        .connections_max = CONNECTIONS_MAX,
    };
    return http_server_new(&options, &web->server, err);
}

/* Before anything else: it tells whether another agent of this user runs. */
static enum err_code open_socket(struct web *web, const char *folder, struct err *err)
{
    AUTO(memory_freep) char *path = file_join(folder, WEB_SOCKET_NAME);
    int fd;
    if (file_make_folder(folder, 0700, err) != ERR_NONE ||
        http_listen_unix(path, &fd, err) != ERR_NONE)
        return err->code;
    web->socket_path = TAKE(path);
    return http_server_listen(web->server, fd, false, err);
}

static enum err_code open_ports(struct web *web, const struct web_options *options, struct err *err)
{
    if (web_listen_inherited(web->server, options->inherited, options->inherited_count, &web->ports,
                             err) != ERR_NONE)
        return err->code;
    if (web->ports.https != 0 || web->ports.http != 0)
        return ERR_NONE;
    return web_listen_ports(web->server, options->port, &web->ports, err);
}

static void say_ready(const struct web *web, const struct web_options *options)
{
    log_info("web", "listening on 127.0.0.1:%u (https), 127.0.0.1:%u (http), %s%s",
             web->ports.https, web->ports.http,
             web->socket_path != NULL ? web->socket_path : "a Unix socket",
             options->inherited_count > 0 ? ", of the service manager" : "");
}

static void web_freep(struct web **web)
{
    web_free(*web);
}

enum err_code web_new(const struct web_options *options, struct web **out, struct err *err)
{
    AUTO(web_freep) struct web *web = memory_new(sizeof *web);
    web->loop = options->loop;
    web->state_folder = memory_text(options->state_folder);
    web->identity_used = options->identity_used;
    web->identity_context = options->identity_context;
    struct web_care *care = web_care_new(options->loop, options->ops, options->unlimited);
    web->context = (struct web_context){
        .ops = options->ops,
        .care = care,
        .origin_listed = options->origin_listed,
        .origin_context = options->origin_context,
        .waits = web_waits_new(options->loop, options->ops, care),
        .tokens = web_tokens_new(options->ops),
        .events = web_events_new(options->ops, care),
    };
    if (open_server(web, err) != ERR_NONE ||
        (!web_listen_has_unix(options->inherited, options->inherited_count) &&
         open_socket(web, options->runtime_folder, err) != ERR_NONE) ||
        wall_timer_new(web->loop, on_identity_timer, web, &web->identity_timer, err) != ERR_NONE ||
        use_identity(web, err) != ERR_NONE || open_ports(web, options, err) != ERR_NONE)
        return err->code;
    ops_observe(options->ops, on_change, web);
    say_ready(web, options);
    /* Last: what is done then takes the processor from whoever waits for us. */
    tell_identity_used(web);
    *out = TAKE(web);
    return ERR_NONE;
}

void web_free(struct web *web)
{
    if (web == NULL)
        return;
    ops_observe(web->context.ops, NULL, NULL);
    http_server_freep(&web->server);
    web_waits_free(web->context.waits);
    web_tokens_free(web->context.tokens);
    web_events_free(web->context.events);
    web_care_free(web->context.care);
    wall_timer_free(web->identity_timer);
    if (web->socket_path != NULL)
        unlink(web->socket_path);
    memory_freep(&web->socket_path);
    memory_freep(&web->state_folder);
    free(web);
}

uint16_t web_https_port(const struct web *web)
{
    return web->ports.https;
}

uint16_t web_http_port(const struct web *web)
{
    return web->ports.http;
}
