#include "portal/web/web_server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "portal/pay/payment_worker.h"
#include "portal/portal_account.h"
#include "portal/portal_change_limit.h"
#include "portal/portal_session.h"
#include "portal/web/web_guard.h"
#include "portal/web/web_page.h"
#include "portal/web/web_pool.h"

/* 32 MiB each while they compute; the wait of the last one in the queue is about two seconds. */
#define PASSWORD_THREADS 2
#define PASSWORD_QUEUE_MAX 32
/* One that verifies a long audit trail leaves the other to those who search; a search takes milliseconds. */
#define READER_THREADS 2
#define READER_QUEUE_MAX 32

/* A route of ours: a handler of a table, or an embedded file. */
struct entry {
    struct web_server *server;
    const struct web_route *route; /* NULL: a file */
    const struct web_file *file;
};

struct web_server {
    struct web web;
    char *origin;
    size_t count;
    struct http_route *routes;
    struct entry *entries;
    struct http_route missing;
};

static const struct web_table *const tables[] = {
    &web_session_table, &web_account_table,    &web_audit_table, &web_download_table,
    &web_order_table,   &web_attachment_table, &web_key_table,   &web_payment_table,
};

/* ---- who is there ---- */

struct visitor {
    char token[PORTAL_SESSION_TOKEN_CHARACTERS + 1];
    struct portal_account *account; /* NULL: nobody */
    struct web_user user;
};

static void visitor_done(struct visitor *visitor)
{
    portal_account_free(visitor->account);
}

static const enum web_role web_roles[] = {
    [PORTAL_ROLE_BIDDER] = WEB_BIDDER,
    [PORTAL_ROLE_REVIEWER] = WEB_REVIEWER,
    [PORTAL_ROLE_ADMINISTRATOR] = WEB_ADMINISTRATOR,
};

static enum err_code find_visitor(struct web *web, const struct web_headers *headers,
                                  struct visitor *out, struct err *err)
{
    struct visitor visitor = {0};
    int64_t user_id = 0;
    if (!web_guard_token(headers, visitor.token, sizeof visitor.token))
        return err_set(err, ERR_NOT_LOGGED_IN, "no cookie of a session");
    if (portal_session_find(web->portal, visitor.token, &user_id, err) != ERR_NONE ||
        portal_account_load(web->portal, user_id, &visitor.account, err) != ERR_NONE)
        return err->code;
    visitor.user = (struct web_user){
        .id = visitor.account->id,
        .login = visitor.account->login,
        .name = visitor.account->name,
        .role = web_roles[visitor.account->role],
        .organisation_id = visitor.account->organisation_id,
    };
    *out = visitor;
    return ERR_NONE;
}

static bool changes_something(const struct web_route *route)
{
    return route->method != HTTP_GET;
}

static bool takes_json(const struct web_route *route)
{
    return route->raw_bytes_max == 0 && (route->method == HTTP_POST || route->method == HTTP_PUT);
}

/* Everything that can be said before the body. out stays empty where anyone may call. */
static enum err_code admit(const struct entry *entry, struct http_request *request,
                           struct visitor *out, struct err *err)
{
    struct web *web = &entry->server->web;
    const struct web_route *route = entry->route;
    struct web_headers headers = web_guard_headers(request);
    bool guarded = changes_something(route) && !route->unguarded;
    if (web_guard_host(&headers, web->origin, err) != ERR_NONE ||
        (guarded && web_guard_same_origin(&headers, web->origin, err) != ERR_NONE))
        return err->code;
    if (takes_json(route) && !http_content_type_is_json(headers.content_type))
        return err_set(err, ERR_HTTP_CONTENT_TYPE, "one Content-Type, application/json");
    if (route->roles == WEB_ANYONE)
        return ERR_NONE;
    if (find_visitor(web, &headers, out, err) != ERR_NONE)
        return err->code;
    if (((int)out->user.role & route->roles) == 0)
        return err_set(err, ERR_ROLE, "the user is a %s", portal_role_text(out->account->role));
    return guarded ? web_guard_csrf(&headers, out->token, err) : ERR_NONE;
}

/* ---- the interface ---- */

static void refuse(struct http_request *request, struct err *err)
{
    struct web_answer nothing = {0};
    web_reply(request, err->code, &nothing, err);
}

/* A refused body is not even read. */
static bool gate(void *context, struct http_request *request)
{
    AUTO(visitor_done) struct visitor visitor = {0};
    struct err err = ERR_INIT;
    if (admit(http_request_route_data(request), request, &visitor, &err) == ERR_NONE)
        return true;
    refuse(request, &err);
    return false;
}

void web_act_as(struct web *web, const char *login)
{
    AUTO(memory_freep) char *actor = memory_printf("user:%s", login);
    portal_set_actor(web->portal, actor);
}

static void perform(const struct web_call *call, const struct web_route *route)
{
    struct web_answer answer = {0};
    struct err err = ERR_INIT;
    enum err_code result = route->handler(call, &answer, &err);
    assert(result == ERR_NONE || !answer.later);
    if (!answer.later)
        web_reply(call->request, result, &answer, &err);
}

/* false: it answered. */
static bool count_change(const struct entry *entry, struct http_request *request,
                         const struct visitor *visitor)
{
    const struct web_route *route = entry->route;
    struct web_answer answer = {0};
    struct err err = ERR_INIT;
    if (visitor->account == NULL || !changes_something(route) || route->uncounted ||
        portal_change_limit_count(entry->server->web.portal, visitor->user.id,
                                  &answer.retry_after_s, &err) == ERR_NONE)
        return true;
    web_reply(request, err.code, &answer, &err);
    return false;
}

static void handle(void *context, struct http_request *request)
{
    const struct entry *entry = http_request_route_data(request);
    AUTO(visitor_done) struct visitor visitor = {0};
    AUTO(json_freep) struct json *body = NULL;
    struct err err = ERR_INIT;
    /* Again: the session may have ended while the body came. */
    if (admit(entry, request, &visitor, &err) != ERR_NONE) {
        refuse(request, &err);
        return;
    }
    if (!count_change(entry, request, &visitor) ||
        (takes_json(entry->route) && !http_request_json(request, &body)))
        return;
    const struct web_call call = {
        .web = &entry->server->web,
        .request = request,
        .user = visitor.account != NULL ? &visitor.user : NULL,
        .token = visitor.account != NULL ? visitor.token : NULL,
        .body = body,
        .raw = entry->route->raw_bytes_max > 0 ? http_request_body(request) : SPAN_NONE,
    };
    if (visitor.account != NULL)
        web_act_as(call.web, visitor.user.login);
    else
        portal_set_actor(call.web->portal, "web");
    perform(&call, entry->route);
}

static void handle_file(void *context, struct http_request *request)
{
    const struct entry *entry = http_request_route_data(request);
    struct web_headers headers = web_guard_headers(request);
    struct err err = ERR_INIT;
    if (web_guard_host(&headers, entry->server->web.origin, &err) != ERR_NONE)
        refuse(request, &err);
    else
        web_page_reply(request, entry->file);
}

static void handle_missing(void *context, struct http_request *request)
{
    const struct web_server *server = http_request_route_data(request);
    struct web_headers headers = web_guard_headers(request);
    struct err err = ERR_INIT;
    if (web_guard_host(&headers, server->web.origin, &err) != ERR_NONE)
        refuse(request, &err);
    else
        web_page_reply_missing(request);
}

/* ---- headers ---- */

/* The agent's ports: see docs/api/local.md. */
#define AGENT_SOURCES(secure, plain) \
    " " secure "://127.0.0.1:27510 " secure "://127.0.0.1:27520 " secure "://127.0.0.1:27530" \
    " " plain "://127.0.0.1:27511 " plain "://127.0.0.1:27521 " plain "://127.0.0.1:27531"

#define PAGE_POLICY \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; " \
    "connect-src 'self'" AGENT_SOURCES("https", "http") AGENT_SOURCES( \
        "wss", "ws") "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " \
                     "require-trusted-types-for 'script'; trusted-types 'none'"
/* What is answered is data, also where a browser opens it as a page. */
#define DATA_POLICY "default-src 'none'; frame-ancestors 'none'; sandbox"

#define ALWAYS(header) \
    header("Referrer-Policy", "same-origin") header("Cross-Origin-Opener-Policy", "same-origin") \
        header("Cross-Origin-Resource-Policy", "same-origin") \
            header("Permissions-Policy", "loopback-network=(self), local-network-access=(self)") \
                header("Strict-Transport-Security", "max-age=31536000")
#define AS_PAIR(name, value) {name, value},
#define AS_LINE(name, value) name ": " value "\r\n"

const char web_server_refusal_headers[] =
    AS_LINE("Content-Security-Policy", DATA_POLICY) ALWAYS(AS_LINE);

void web_server_decorate(struct http_request *request)
{
    bool data = strncmp(http_request_path(request), WEB_BASE "/", sizeof WEB_BASE) == 0;
    const struct {
        const char *name, *value;
    } headers[] = {{"Cache-Control", data ? "no-store" : "no-cache"},
                   {"Content-Security-Policy", data ? DATA_POLICY : PAGE_POLICY},
                   {"X-Content-Type-Options", "nosniff"},
                   ALWAYS(AS_PAIR)};
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
        http_reply_header(request, headers[i].name, headers[i].value);
}

/* ---- the routes ---- */

static void add(struct web_server *server, enum http_method method, char *pattern,
                const struct entry *entry)
{
    struct entry *own = &server->entries[server->count];
    *own = *entry;
    own->server = server;
    struct http_route route = {method, pattern, handle_file, .data = own};
    if (entry->route != NULL) {
        route.handler = handle;
        route.body_bytes_max = entry->route->raw_bytes_max;
        if (takes_json(entry->route))
            route.body_bytes_max = WEB_BODY_BYTES_MAX;
        route.gate = route.body_bytes_max > 0 ? gate : NULL;
    }
    server->routes[server->count++] = route;
}

/* What is there to GET is there for HEAD too; the HTTP engine leaves the body out. */
static void add_with_head(struct web_server *server, enum http_method method, const char *base,
                          const char *pattern, const struct entry *entry)
{
    add(server, method, memory_printf("%s%s", base, pattern), entry);
    if (method == HTTP_GET)
        add(server, HTTP_HEAD, memory_printf("%s%s", base, pattern), entry);
}

static void add_routes(struct web_server *server)
{
    size_t room = web_page_count();
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        room += tables[i]->count;
    server->routes = memory_new(2 * room * sizeof *server->routes);
    server->entries = memory_new(2 * room * sizeof *server->entries);
    for (size_t i = 0; i < web_page_count(); i++) {
        struct web_page page = web_page_at(i);
        add_with_head(server, HTTP_GET, "", page.pattern, &(struct entry){.file = page.file});
    }
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
        for (size_t k = 0; k < tables[i]->count; k++) {
            const struct web_route *route = &tables[i]->routes[k];
            add_with_head(server, route->method, WEB_BASE, route->pattern,
                          &(struct entry){.route = route});
        }
}

/* ---- life ---- */

enum err_code web_server_new(const struct web_server_options *options, struct web_server **out,
                             struct err *err)
{
    AUTO(web_server_freep) struct web_server *server = memory_new(sizeof *server);
    server->origin = memory_text(options->origin);
    server->missing = (struct http_route){.handler = handle_missing, .data = server};
    server->web = (struct web){
        .portal = options->portal,
        .loop = options->loop,
        .payment = options->payment,
        .origin = server->origin,
    };
    server->web.passwords = web_pool_new(options->loop, PASSWORD_THREADS, PASSWORD_QUEUE_MAX);
    server->web.readers = web_pool_new(options->loop, READER_THREADS, READER_QUEUE_MAX);
    if (options->payment != NULL &&
        payment_worker_new(options->portal, options->loop, options->payment,
                           &server->web.payment_worker, err) != ERR_NONE)
        return err->code;
    add_routes(server);
    *out = TAKE(server);
    return ERR_NONE;
}

void web_server_free(struct web_server *server)
{
    if (server == NULL)
        return;
    payment_worker_free(server->web.payment_worker);
    web_pool_free(server->web.passwords);
    web_pool_free(server->web.readers);
    free(server->web.audit);
    for (size_t i = 0; i < server->count; i++) {
        /* Made by add_with_head, const for those who match. */
        free((void *)(uintptr_t)server->routes[i].pattern);
    }
    free(server->routes);
    free(server->entries);
    free(server->origin);
    free(server);
}

void web_server_freep(struct web_server **server)
{
    web_server_free(*server);
    *server = NULL;
}

struct web *web_server_peek(struct web_server *server)
{
    return &server->web;
}

const struct http_route *web_server_missing(const struct web_server *server)
{
    return &server->missing;
}

const struct http_route *web_server_routes(const struct web_server *server, size_t *out_count)
{
    *out_count = server->count;
    return server->routes;
}
