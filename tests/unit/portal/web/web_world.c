#include "web_world.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>
/* needs some of the above */
#include <cmocka.h>

#include "base/buf.h"
#include "portal/portal_session.h"
#include "tests/unit/portal/world.h"

#define ANSWER_BYTES_MAX (8 << 20)
#define LEAVE_US 20000 /* the request has arrived, and scrypt is not through */
#define WAIT_S 20 /* for an answer, also under a sanitizer */

static void decorate(void *context, struct http_request *request)
{
    web_server_decorate(request);
}

struct web_world *web_world_new(struct portal *portal, const struct payment_provider *payment)
{
    struct web_world *world = memory_new(sizeof *world);
    struct err err = ERR_INIT;
    int fd = -1;
    world->portal = portal;
    world_must(loop_new(&world->loop, &err), &err);
    const struct web_server_options web = {
        .portal = portal,
        .loop = world->loop,
        .payment = payment,
        .origin = WEB_WORLD_ORIGIN,
    };
    world_must(web_server_new(&web, &world->web, &err), &err);
    struct http_server_options http = {
        .loop = world->loop,
        .decorate = decorate,
        .refusal_headers = web_server_refusal_headers,
        .connections_max = 8,
    };
    http.routes = web_server_routes(world->web, &http.route_count);
    http.missing = web_server_missing(world->web);
    world_must(http_server_new(&http, &world->http, &err), &err);
    world_must(http_listen_tcp("127.0.0.1", 0, &fd, &world->port, &err), &err);
    world_must(http_server_listen(world->http, fd, false, &err), &err);
    return world;
}

void web_world_free(struct web_world *world)
{
    http_server_free(world->http);
    web_server_free(world->web);
    loop_free(world->loop);
    free(world->token);
    free(world->csrf);
    free(world);
}

/* ---- users ---- */

static void add_organisation(struct portal *portal, const char *name)
{
    struct err err = ERR_INIT;
    world_must(portal_db_run(portal->db,
                             "INSERT INTO organisation (name, created_utc) VALUES (?, 0) "
                             "ON CONFLICT DO NOTHING",
                             PORTAL_VALUES(PORTAL_TEXT(name)), &err),
               &err);
}

int64_t web_world_user(struct web_world *world, const char *login, enum portal_role role,
                       const char *organisation)
{
    static struct portal_password password; /* made once: scrypt is slow */
    struct err err = ERR_INIT;
    int64_t id = 0;
    if (password.n == 0) {
        AUTO(secret_freep) struct secret *secret = NULL;
        world_must(portal_password_take(span_text(WEB_WORLD_PASSWORD), &secret, &err), &err);
        world_must(portal_password_make(secret, &password, &err), &err);
    }
    if (organisation != NULL)
        add_organisation(world->portal, organisation);
    const struct portal_account_new new = {login, login, role, organisation, &password};
    world_must(portal_account_add(world->portal, &new, &id, &err), &err);
    return id;
}

/* The clock stands still: the changes of a whole test would count as those of one minute. */
static void forget_changes(struct web_world *world, const struct portal_account *account)
{
    AUTO(memory_freep) char *subject = memory_printf("changes:%lld", (long long)account->id);
    struct err err = ERR_INIT;
    world_must(portal_db_run(world->portal->db, "DELETE FROM login_limit WHERE subject = ?",
                             PORTAL_VALUES(PORTAL_TEXT(subject)), &err),
               &err);
}

void web_world_become(struct web_world *world, const char *login)
{
    AUTO(portal_account_freep) struct portal_account *account = NULL;
    struct err err = ERR_INIT;
    free(TAKE(world->token));
    free(TAKE(world->csrf));
    if (login == NULL)
        return;
    world_must(portal_account_find(world->portal, login, &account, &err), &err);
    world_must(portal_session_open(world->portal, account->id, &world->token, &err), &err);
    world->csrf = portal_session_csrf(world->token);
    forget_changes(world, account);
}

/* ---- one request ---- */

struct exchange {
    struct web_world *world;
    struct span request;
    bool leaves;
    struct buf answer;
};

static void converse(struct exchange *exchange, int fd)
{
    uint8_t block[65536];
    for (size_t at = 0; at < exchange->request.len;) {
        ssize_t put = send(fd, exchange->request.at + at, exchange->request.len - at, MSG_NOSIGNAL);
        if (put <= 0)
            break; /* refused before the end of the body */
        at += (size_t)put;
    }
    if (exchange->leaves) {
        usleep(LEAVE_US);
        return;
    }
    for (ssize_t got; (got = recv(fd, block, sizeof block, 0)) > 0;)
        buf_add(&exchange->answer, span_of(block, (size_t)got));
}

static void *run_client(void *context)
{
    struct exchange *exchange = context;
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(exchange->world->port),
        .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
    };
    const struct timeval wait = {.tv_sec = WAIT_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        converse(exchange, fd);
    close(fd);
    loop_stop(exchange->world->loop);
    return NULL;
}

static void read_answer(struct span answer, struct web_result *out)
{
    struct err err = ERR_INIT;
    const uint8_t *end = memmem(answer.at, answer.len, "\r\n\r\n", 4);
    if (end == NULL || sscanf((const char *)answer.at, "HTTP/1.1 %d ", &out->status) != 1)
        fail_msg("no answer but %zu bytes", answer.len);
    size_t head = (size_t)(end - answer.at) + 2;
    out->head = memory_printf("%.*s", (int)head, (const char *)answer.at);
    struct span body = span_part(answer, head + 2, answer.len - head - 2);
    out->body_bytes = body.len;
    out->body = memory_new(body.len + 1);
    if (body.len > 0)
        memcpy(out->body, body.at, body.len);
    if (json_parse(body, ANSWER_BYTES_MAX, &out->json, &err) != ERR_NONE)
        out->json = NULL;
}

static void perform(struct exchange *exchange)
{
    pthread_t client;
    struct err err = ERR_INIT;
    assert_int_equal(pthread_create(&client, NULL, run_client, exchange), 0);
    world_must(loop_run(exchange->world->loop, &err), &err);
    pthread_join(client, NULL);
}

void web_world_say(struct web_world *world, struct span request, struct web_result *out)
{
    struct exchange exchange = {world, request, false, BUF_INIT(ANSWER_BYTES_MAX)};
    *out = (struct web_result){0};
    perform(&exchange);
    read_answer(buf_span(&exchange.answer), out);
    buf_done(&exchange.answer);
}

void web_world_leave(struct web_world *world, struct span request)
{
    struct exchange exchange = {world, request, true, BUF_INIT(ANSWER_BYTES_MAX)};
    perform(&exchange);
}

char *web_world_head(const struct web_world *world, const char *method, const char *path,
                     const char *more)
{
    AUTO(memory_freep)
    char *session = world->token == NULL
                        ? memory_text("")
                        : memory_printf("Cookie: __Host-session=%s\r\nX-CSRF-Token: %s\r\n",
                                        world->token, world->csrf);
    return memory_printf("%s %s HTTP/1.1\r\nHost: " WEB_WORLD_HOST "\r\nConnection: close\r\n"
                         "Origin: " WEB_WORLD_ORIGIN "\r\nSec-Fetch-Site: same-origin\r\n%s%s",
                         method, path, session, more);
}

void web_world_ask(struct web_world *world, const char *method, const char *path, const char *body,
                   struct web_result *out)
{
    AUTO(memory_freep) char *whole = memory_printf(WEB_BASE "%s", path);
    AUTO(memory_freep)
    char *more = body == NULL ? memory_text("")
                              : memory_printf("Content-Type: application/json\r\n"
                                              "Content-Length: %zu\r\n",
                                              strlen(body));
    AUTO(memory_freep) char *head = web_world_head(world, method, whole, more);
    AUTO(memory_freep) char *request = memory_printf("%s\r\n%s", head, body != NULL ? body : "");
    web_world_say(world, span_text(request), out);
}

void web_world_expect(struct web_world *world, const char *method, const char *path,
                      const char *body, int status, struct web_result *out)
{
    web_world_ask(world, method, path, body, out);
    if (out->status != status)
        fail_msg("%s %s: %d instead of %d: %s", method, path, out->status, status, out->body);
}

void web_world_refused(struct web_world *world, const char *method, const char *path,
                       const char *body, const char *code)
{
    AUTO(web_result_done) struct web_result result = {0};
    web_world_ask(world, method, path, body, &result);
    const char *found = web_result_text(&result, "code");
    if (found == NULL || strcmp(found, code) != 0)
        fail_msg("%s %s: %d %s instead of %s", method, path, result.status, result.body, code);
}

/* ---- results ---- */

void web_result_done(struct web_result *result)
{
    free(result->head);
    free(result->body);
    json_free(result->json);
    *result = (struct web_result){0};
}

const char *web_result_text(const struct web_result *result, const char *name)
{
    return result->json == NULL ? NULL : json_text_of(json_member(result->json, name));
}

char *web_result_header(const struct web_result *result, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = result->head; (line = strstr(line, "\r\n")) != NULL;) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            return memory_printf("%.*s", (int)strcspn(line + length + 2, "\r"), line + length + 2);
    }
    return NULL;
}
