/* What a page asks of the portal: the first byte of an input is who is logged in ('A' to 'E': the users, then
 * nobody), then come a line with method and path, one with the content type ("-": JSON), and the body. Everything
 * else about the request is right. */
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "fuzz.h"
#include "fuzz_input.h"
#include "fuzz_wire.h"
#include "portal/portal_account.h"
#include "portal/portal_session.h"
#include "portal/web/web_server.h"

#define NOW INT64_C(1795357800) /* 2026-11-22T14:30:00Z */
#define ORIGIN "https://portal.test"
#define HEARD_BYTES_MAX ((size_t)4 << 20)

static const struct {
    const char *login;
    enum portal_role role;
    const char *organisation;
} users[] = {
    {"zhang", PORTAL_ROLE_BIDDER, "one"},
    {"li", PORTAL_ROLE_BIDDER, "two"},
    {"shen", PORTAL_ROLE_REVIEWER, NULL},
    {"admin", PORTAL_ROLE_ADMINISTRATOR, NULL},
};
#define NOBODY ARRAY_SIZE(users)

static struct portal *portal;
static struct loop *loop;
static struct web_server *web;
static struct http_server *http;
static uint16_t port;
static int64_t ids[ARRAY_SIZE(users)];

/* ---- a portal ---- */

static void sql(const char *statement)
{
    struct err err = ERR_INIT;
    fuzz_require(portal_db_run(portal->db, statement, PORTAL_NO_VALUES, &err) == ERR_NONE);
}

static void add_records(void)
{
    static const struct portal_password never = {.n = 16384, .r = 8, .p = 1};
    sql("INSERT INTO organisation (id, name, created_utc) VALUES (1, 'one', 0), (2, 'two', 0)");
    sql("INSERT INTO holder (id, organisation_id, name, created_utc) VALUES (1, 1, 'a', 0), (2, 2, "
        "'b', 0)");
    sql("INSERT INTO key (id, serial, number, profile, holder_id, created_utc) VALUES "
        "(1, 'KEY1', '2059000001', 'gmt0017-2012', 1, 0), (2, 'KEY2', '2059000002', 'longmai', 2, "
        "0), (3, 'KEY3', '2059000003', 'syno', 1, 0)");
    for (size_t i = 0; i < ARRAY_SIZE(users); i++) {
        const struct portal_account_new user = {users[i].login, "name", users[i].role,
                                                users[i].organisation, &never};
        struct err err = ERR_INIT;
        fuzz_require(portal_account_add(portal, &user, &ids[i], &err) == ERR_NONE);
    }
}

/* Every input finds the same orders, and nobody shut out by an earlier one. */
static void set_back(void)
{
    sql("DELETE FROM login_limit");
    sql("DELETE FROM login_place");
    sql("DELETE FROM session");
    sql("UPDATE user SET disabled_utc = NULL");
    sql("INSERT INTO renewal_order (number, key_id, organisation_id, fee_kind, months, "
        "fee_fen, paid_utc, state, key_policy, algorithm, dual, created_utc, changed_utc, "
        "revision) "
        "VALUES "
        "('20261122000001', 1, 1, '续费', 12, 24000, NULL, '编辑中', 'keep', 'sm2', 1, 5, 5, 1001),"
        "('20261122000002', 1, 1, '续费', 12, 24000, 6, '编辑中', 'keep', 'sm2', 1, 5, 6, 1002),"
        "('20261122000003', 3, 1, '续费', 12, 24000, 6, '待审核', 'replace', 'sm2', 1, 5, 7, 1003),"
        "('20261122000004', 2, 2, '续费', 12, 24000, 6, '审核通过', 'keep', 'rsa2048', 0, 5, 8, "
        "1004) ON CONFLICT (number) DO UPDATE SET paid_utc = excluded.paid_utc, "
        "state = excluded.state, months = excluded.months, revision = excluded.revision");
}

static void decorate(void *context, struct http_request *request)
{
    web_server_decorate(request);
}

static void open_http(void)
{
    struct err err = ERR_INIT;
    int fd = -1;
    const struct web_server_options options = {.portal = portal, .loop = loop, .origin = ORIGIN};
    fuzz_require(web_server_new(&options, &web, &err) == ERR_NONE);
    struct http_server_options server = {
        .loop = loop,
        .decorate = decorate,
        .refusal_headers = web_server_refusal_headers,
        .connections_max = 8,
    };
    server.routes = web_server_routes(web, &server.route_count);
    server.missing = web_server_missing(web);
    fuzz_require(http_server_new(&server, &http, &err) == ERR_NONE);
    fuzz_require(http_listen_tcp("127.0.0.1", 0, &fd, &port, &err) == ERR_NONE);
    fuzz_require(http_server_listen(http, fd, false, &err) == ERR_NONE);
}

/* Before the libraries' own ends: a thread may still compare a password. */
static void stop(void)
{
    http_server_free(http);
    web_server_free(web);
}

static void start(void)
{
    struct err err = ERR_INIT;
    clock_set_for_test(NOW);
    log_set_level(LOG_LEVEL_ERROR);
    portal = memory_new(sizeof *portal);
    portal->folder = fuzz_folder();
    portal->actor = memory_text("test");
    AUTO(memory_freep) char *path = file_join(portal->folder, "portal.db");
    fuzz_require(portal_db_open(path, &portal->db, &err) == ERR_NONE);
    fuzz_require(loop_new(&loop, &err) == ERR_NONE);
    add_records();
    open_http();
    fuzz_require(atexit(stop) == 0);
}

/* ---- a request ---- */

/* The headers of a session; the caller frees. */
static char *headers_of(size_t user)
{
    AUTO(memory_freep) char *token = NULL;
    struct err err = ERR_INIT;
    if (user == NOBODY)
        return memory_text("");
    fuzz_require(portal_session_open(portal, ids[user], &token, &err) == ERR_NONE);
    AUTO(memory_freep) char *csrf = portal_session_csrf(token);
    return memory_printf("Cookie: __Host-session=%s\r\nX-CSRF-Token: %s\r\n", token, csrf);
}

static void write_request(size_t user, const char *line, const char *type, struct span body,
                          struct buf *out)
{
    AUTO(memory_freep) char *session = headers_of(user);
    buf_printf(out,
               "%s HTTP/1.1\r\nHost: portal.test\r\nConnection: close\r\nOrigin: " ORIGIN
               "\r\nSec-Fetch-Site: same-origin\r\n%s",
               line, session);
    if (body.len > 0)
        buf_printf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                   type != NULL ? type : "application/json", body.len);
    buf_add_text(out, "\r\n");
    buf_add(out, body);
}

/* No answer is none to a client that has left before it; else it is a whole one, and not that we failed. */
static void check_answer(struct span heard)
{
    int status = 0;
    if (heard.len == 0)
        return;
    AUTO(memory_freep) char *text = fuzz_text(heard);
    fuzz_require(sscanf(text, "HTTP/1.1 %3d ", &status) == 1 && status >= 200);
    if (status < 500 || status == 503)
        return;
    (void)fprintf(stderr, "fuzz: %s\n", text);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    AUTO(buf_done) struct buf said = BUF_INIT(FUZZ_WIRE_BYTES_MAX);
    AUTO(buf_done) struct buf heard = BUF_INIT(HEARD_BYTES_MAX);
    size_t user = fuzz_byte(&rest) % (NOBODY + 1); /* 'A' is a multiple of 5 */
    AUTO(memory_freep) char *line = fuzz_line(&rest);
    AUTO(memory_freep) char *type = fuzz_line(&rest);
    if (line == NULL)
        return 0;
    if (portal == NULL)
        start();
    set_back();
    write_request(user, line, type, rest, &said);
    if (said.bad)
        return 0;
    int fd = fuzz_wire_connect_tcp(port);
    fuzz_wire_talk(loop, fd, buf_span(&said), FUZZ_WIRE_CLOSES, &heard);
    close(fd);
    check_answer(buf_span(&heard));
    return 0;
}
