#include "agent/web/web.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/web/web_identity.h"
#include "base/clock.h"
#include "base/file.h"
#include "http/http_identity.h"
#include "http/http_server.h"
#include "tests/unit/agent/web/fixture.h"

#define PEERS 500

static void ask_raw(const struct fixture *fixture, const char *request, struct answer *out)
{
    struct client client;
    client_tls(&client, "127.0.0.1", fixture->https);
    client_say(&client, "%s", request);
    client_answer(&client, out);
    client_close(&client);
}

static void expect_header(const struct answer *answer, const char *name, const char *value)
{
    AUTO(memory_freep) char *got = answer_header(answer, name);
    if (value == NULL)
        assert_null(got);
    else
        assert_string_equal(got, value);
}

static void test_speaks_on_every_address(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *address;
        const char *host;
    } names[] = {{"127.0.0.1", "127.0.0.1"}, {"127.0.0.1", "localhost"}, {"::1", "[::1]"}};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        for (int tls = 0; tls < 2; tls++) {
            struct client client;
            struct answer answer;
            uint16_t port = tls ? fixture->https : fixture->http;
            if (tls)
                client_tls(&client, names[i].address, port);
            else
                client_tcp(&client, names[i].address, port);
            client_say(&client,
                       "GET /v1/status HTTP/1.1\r\nHost: %s:%u\r\nOrigin: " LISTED "\r\n\r\n",
                       names[i].host, port);
            client_answer(&client, &answer);
            assert_int_equal(answer.status, 200);
            answer_done(&answer);
            client_close(&client);
        }
}

/* The port of the other listener is not ours either. */
static void test_demands_the_port_of_the_listener(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer;
    AUTO(memory_freep)
    char *request =
        memory_printf("GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: " LISTED "\r\n\r\n",
                      fixture->http);
    ask_raw(fixture, request, &answer);
    assert_int_equal(answer.status, 421);
    answer_done(&answer);
}

static void test_tells_a_listed_origin_everything(void **state)
{
    struct answer answer;
    fixture_ask(*state, LISTED, "GET", "/v1/status", NULL, &answer);
    assert_int_equal(answer.status, 200);
    expect_header(&answer, "Access-Control-Allow-Origin", LISTED);
    expect_header(&answer, "Access-Control-Expose-Headers", "Location, Retry-After");
    expect_header(&answer, "Access-Control-Allow-Credentials", NULL);
    expect_header(&answer, "Vary", "Origin");
    expect_header(&answer, "Cache-Control", "no-store");
    expect_header(&answer, "X-Content-Type-Options", "nosniff");
    expect_header(&answer, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    expect_header(&answer, "Cross-Origin-Resource-Policy", "cross-origin");
    answer_done(&answer);
    fixture_ask(*state, LISTED, "GET", "/v1/nothing", NULL, &answer);
    assert_int_equal(answer.status, 404);
    expect_header(&answer, "Access-Control-Allow-Origin", LISTED); /* so that it can read why */
    answer_done(&answer);
}

static void test_tells_other_origins_nothing(void **state)
{
    static const char *const origins[] = {
        "https://evil.test",
        "null",
        "NULL",
        "",
        "*",
        "http://portal.test",
        "https://portal.test:443",
        "https://portal.test/",
        "https://portal.test.evil.test",
        "https://evilportal.test",
        "https://portal.test@evil.test",
        "https://PORTAL.TEST",
        "https://portal.test, https://evil.test",
        "https://portal.test https://portal.test",
        "file://",
        "chrome-extension://abcdefghijklmnop",
        "https://127.0.0.1",
        "https://xn--portal-test",
        "https://portal.tes",
        "https://sub.portal.test",
    };
    static const struct {
        const char *method;
        const char *path;
        const char *body;
    } requests[] = {
        {"GET", "/v1/status", NULL},
        {"OPTIONS", "/v1/operations", NULL},
        {"POST", "/v1/operations", "{\"kind\":\"check\"}"},
        {"GET", "/v1/nothing", NULL},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_SIZE(origins) * ARRAY_SIZE(requests); i++) {
        struct answer answer;
        size_t r = i % ARRAY_SIZE(requests);
        fixture_ask(fixture, origins[i / ARRAY_SIZE(requests)], requests[r].method,
                    requests[r].path, requests[r].body, &answer);
        assert_int_equal(answer.status, 403);
        AUTO(memory_freep) char *code = fixture_code(&answer);
        assert_string_equal(code, "origin-refused");
        assert_null(strstr(answer.head, "Access-Control"));
        assert_null(strstr(answer.head, "Server"));
        assert_null(strstr(answer.body, "ukeyd"));
        assert_null(strstr(answer.body, UKEYD_VERSION));
        expect_header(&answer, "Cross-Origin-Resource-Policy", "same-origin");
        answer_done(&answer);
    }
    assert_int_equal(atomic_load(&fixture->ops.calls), 0);
}

static void test_refuses_what_the_gate_refuses(void **state)
{
    static const struct {
        const char *headers; /* after a good Host */
        const char *method;
        int status;
        const char *code;
    } cases[] = {
        {"", "GET", 403, "origin-refused"},
        {"Origin: " LISTED "\r\nOrigin: " LISTED "\r\n", "GET", 403, "origin-refused"},
        {"Origin: " LISTED "\r\nOrigin: https://evil.test\r\n", "GET", 403, "origin-refused"},
        {"Origin: " LISTED "\r\nSec-Fetch-Mode: navigate\r\n", "GET", 403,
         "fetch-metadata-refused"},
        {"Origin: " LISTED "\r\nSec-Fetch-Dest: image\r\n", "GET", 403, "fetch-metadata-refused"},
        {"Origin: " LISTED "\r\n", "PUT", 405, "method-not-allowed"},
        {"Origin: " LISTED "\r\n", "TRACE", 405, "method-not-allowed"},
        {"Origin: " LISTED "\r\nContent-Type: text/plain\r\n", "POST", 415, "content-type-refused"},
        {"Origin: " LISTED "\r\n", "POST", 415, "content-type-refused"},
        {"Origin: null\r\nSec-Fetch-Mode: navigate\r\nContent-Type: text/plain\r\n", "POST", 403,
         "origin-refused"},
        {"Origin: " LISTED "\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n", "POST", 411,
         "length-required"},
        {"Host: localhost\r\nOrigin: " LISTED "\r\n", "GET", 400, "bad-request"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct answer answer;
        AUTO(memory_freep)
        char *request = memory_printf("%s /v1/operations HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s\r\n",
                                      cases[i].method, fixture->https, cases[i].headers);
        ask_raw(fixture, request, &answer);
        AUTO(memory_freep) char *code = fixture_code(&answer);
        assert_string_equal(code, cases[i].code);
        assert_int_equal(answer.status, cases[i].status);
        answer_done(&answer);
    }
    assert_int_equal(atomic_load(&fixture->ops.calls), 0);
}

/* docs/adr/0008: no more than that something answers, and only to a script's fetch(). */
static void test_names_its_methods(void **state)
{
    static const char *const methods[] = {"PUT", "DELETE", "PATCH", "TRACE", "BREW"};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        struct answer answer;
        AUTO(memory_freep)
        char *request = memory_printf("%s /v1/status HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n"
                                      "Origin: https://evil.test\r\nConnection: close\r\n\r\n",
                                      methods[i], fixture->https);
        ask_raw(fixture, request, &answer);
        assert_int_equal(answer.status, 405);
        expect_header(&answer, "Allow", "GET, POST, OPTIONS");
        expect_header(&answer, "Access-Control-Allow-Origin", NULL);
        expect_header(&answer, "Cross-Origin-Resource-Policy", "same-origin");
        expect_header(&answer, "Content-Security-Policy",
                      "default-src 'none'; frame-ancestors 'none'");
        answer_done(&answer);
    }
}

static void test_lets_an_unlisted_page_knock(void **state)
{
    static const struct {
        const char *headers;
        const char *policy;
        bool empty;
    } cases[] = {
        {"Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: empty\r\n", "cross-origin", true},
        {"Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n", "same-origin", false},
        {"Sec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: empty\r\nOrigin: https://evil.test\r\n",
         "same-origin", false},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct answer answer;
        AUTO(memory_freep)
        char *request = memory_printf("GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s\r\n",
                                      fixture->https, cases[i].headers);
        ask_raw(fixture, request, &answer);
        assert_int_equal(answer.status, 403);
        expect_header(&answer, "Cross-Origin-Resource-Policy", cases[i].policy);
        expect_header(&answer, "X-Content-Type-Options", "nosniff");
        assert_null(strstr(answer.head, "Access-Control"));
        assert_null(strstr(answer.head, "Vary"));
        assert_int_equal(strlen(answer.body) == 0, cases[i].empty);
        answer_done(&answer);
    }
    assert_int_equal(atomic_load(&fixture->ops.calls), 0);
}

static void test_answers_preflights(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer;
    AUTO(memory_freep) char *headers = fixture_headers(fixture, LISTED);
    AUTO(memory_freep)
    char *request = memory_printf("OPTIONS /v1/operations HTTP/1.1\r\n%s"
                                  "Access-Control-Request-Method: POST\r\n"
                                  "Access-Control-Request-Headers: content-type\r\n"
                                  "Access-Control-Request-Private-Network: true\r\n"
                                  "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n\r\n",
                                  headers);
    ask_raw(fixture, request, &answer);
    assert_int_equal(answer.status, 204);
    expect_header(&answer, "Access-Control-Allow-Origin", LISTED);
    expect_header(&answer, "Access-Control-Allow-Methods", "GET, POST");
    expect_header(&answer, "Access-Control-Allow-Headers", "content-type");
    expect_header(&answer, "Access-Control-Max-Age", "600");
    expect_header(&answer, "Access-Control-Allow-Private-Network", "true");
    answer_done(&answer);
    fixture_ask(fixture, LISTED, "OPTIONS", "/v1/tokens", NULL, &answer);
    assert_int_equal(answer.status, 204);
    expect_header(&answer, "Access-Control-Allow-Private-Network", NULL);
    answer_done(&answer);
    assert_int_equal(atomic_load(&fixture->ops.calls), 0);
}

static void test_terminals_have_no_origin(void **state)
{
    struct fixture *fixture = *state;
    for (int origin = 0; origin < 2; origin++) {
        struct client client;
        struct answer answer;
        client_unix(&client, fixture->socket_path);
        client_say(&client, "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
                   origin ? "Origin: " LISTED "\r\n" : "");
        client_answer(&client, &answer);
        assert_int_equal(answer.status, origin ? 403 : 200);
        answer_done(&answer);
        client_close(&client);
    }
}

/* In a child, for which the user can be changed. */
static int ask_as_nobody(const struct fixture *fixture)
{
    struct client client;
    struct answer answer;
    if (setgid(65534) != 0 || setuid(65534) != 0)
        return 1;
    client_tcp(&client, "127.0.0.1", fixture->http);
    bool fine = true;
    for (int i = 0; i < 2; i++) { /* on the same connection */
        client_say(&client,
                   "GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: " LISTED "\r\n\r\n",
                   fixture->http);
        client_answer(&client, &answer);
        fine &= answer.status == 403 && strstr(answer.body, "\"peer-refused\"") != NULL &&
                strstr(answer.head, "Access-Control") == NULL;
        answer_done(&answer);
    }
    client_close(&client);
    return fine ? 0 : 2;
}

static void test_refuses_other_users(void **state)
{
    struct fixture *fixture = *state;
    int status;
    if (geteuid() != 0)
        skip();
    pid_t child = fork();
    if (child == 0)
        _exit(ask_as_nobody(fixture));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(atomic_load(&fixture->ops.calls), 0);
}

static void test_protects_its_files(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *name;
        mode_t mode;
    } files[] = {{"ukeyd.sock", 0600}, {"identity", 0700}, {"identity/loopback.key", 0600}};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        struct stat status;
        AUTO(memory_freep) char *path = memory_printf("%s/%s", fixture->folder, files[i].name);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, files[i].mode);
    }
}

/* Connections that say nothing must not keep others out. */
static void test_stays_reachable_under_idle_connections(void **state)
{
    struct fixture *fixture = *state;
    struct answer answer;
    AUTO(memory_freep) struct client *peers = memory_new(PEERS * sizeof *peers);
    for (size_t i = 0; i < PEERS; i++)
        client_tcp(&peers[i], "127.0.0.1", i % 2 == 0 ? fixture->https : fixture->http);
    int64_t from = clock_monotonic_ms();
    fixture_ask(fixture, LISTED, "GET", "/v1/status", NULL, &answer);
    assert_int_equal(answer.status, 200);
    assert_true(clock_monotonic_ms() - from < 3000); /* 1 s, and a busy machine */
    answer_done(&answer);
    for (size_t i = 0; i < PEERS; i++)
        client_close(&peers[i]);
}

static void test_runs_once_per_user(void **state)
{
    struct fixture *fixture = *state;
    struct err err = ERR_INIT;
    struct ops ops = {0};
    struct web *web = NULL;
    AUTO(loop_freep) struct loop *loop = NULL;
    assert_int_equal(loop_new(&loop, &err), ERR_NONE);
    struct web_options options = {
        .loop = loop,
        .ops = &ops,
        .state_folder = fixture->folder,
        .runtime_folder = fixture->folder,
    };
    assert_int_equal(web_new(&options, &web, &err), ERR_ALREADY_RUNNING);
    assert_null(web);
    assert_int_equal(access(fixture->socket_path, F_OK), 0); /* the other's socket is untouched */
}

static bool nobody(void *context, const char *origin)
{
    return false;
}

static void test_serves_inherited_sockets(void **state)
{
    struct err err = ERR_INIT;
    struct ops ops = {0};
    struct web *web = NULL;
    uint16_t port;
    struct web_inherited inherited = {.tls = false};
    char folder[] = "/tmp/ukeyd-inherit-XXXXXX";
    AUTO(loop_freep) struct loop *loop = NULL;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(loop_new(&loop, &err), ERR_NONE);
    assert_int_equal(http_listen_tcp("127.0.0.1", 0, &inherited.fd, &port, &err), ERR_NONE);
    struct web_options options = {
        .loop = loop,
        .ops = &ops,
        .state_folder = folder,
        .runtime_folder = folder,
        .origin_listed = nobody,
        .inherited = &inherited,
        .inherited_count = 1,
    };
    assert_int_equal(web_new(&options, &web, &err), ERR_NONE);
    assert_int_equal(web_https_port(web), 0);
    struct client client;
    client_tcp(&client, "127.0.0.1", port);
    client_close(&client);
    web_free(web);
    AUTO(memory_freep) char *clean = memory_printf("%s/identity/loopback.key", folder);
    AUTO(memory_freep) char *clean_too = memory_printf("%s/identity/loopback.pem", folder);
    AUTO(memory_freep) char *identity = memory_printf("%s/identity", folder);
    unlink(clean);
    unlink(clean_too);
    rmdir(identity);
    assert_int_equal(rmdir(folder), 0); /* the socket is gone too */
}

struct renewal {
    struct loop *loop;
    int used;
};

static void on_identity(void *context)
{
    struct renewal *renewal = context;
    if (++renewal->used == 2)
        loop_stop(renewal->loop);
}

/* More than a start takes on a loaded machine. */
#define START_SECONDS 4

/* An identity that has to be renewed in left_seconds. */
static void put_identity(const char *folder, int left_seconds)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(secret_freep) struct secret *key = NULL;
    AUTO(memory_freep) char *identity = memory_printf("%s/identity", folder);
    AUTO(memory_freep) char *cert_path = memory_printf("%s/loopback.pem", identity);
    AUTO(memory_freep) char *key_path = memory_printf("%s/loopback.key", identity);
    int64_t days = HTTP_IDENTITY_DAYS - WEB_IDENTITY_RENEW_DAYS;
    int64_t made = clock_now_utc() - days * 86400 + 3600 + left_seconds;
    assert_int_equal(http_identity_make(made, &cert, &key, &err), ERR_NONE);
    assert_int_equal(file_make_folder(identity, 0700, &err), ERR_NONE);
    assert_int_equal(file_write_atomic(cert_path, span_bytes(cert), 0644, &err), ERR_NONE);
    assert_int_equal(file_write_atomic(key_path, secret_peek(key), 0600, &err), ERR_NONE);
}

static int64_t identity_end(const char *folder)
{
    struct err err = ERR_INIT;
    int64_t end = 0;
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(memory_freep) char *path = memory_printf("%s/identity/loopback.pem", folder);
    assert_int_equal(file_read(path, HTTP_IDENTITY_PEM_BYTES_MAX, &cert, &err), ERR_NONE);
    assert_int_equal(http_identity_end(span_bytes(cert), &end, &err), ERR_NONE);
    return end;
}

static void remove_folder(const char *folder)
{
    static const char *const names[] = {"identity/loopback.key", "identity/loopback.pem",
                                        "identity"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO(memory_freep) char *path = file_join(folder, names[i]);
        remove(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void test_renews_its_identity_while_it_runs(void **state)
{
    struct err err = ERR_INIT;
    struct ops ops = {0};
    struct web *web = NULL;
    char folder[] = "/tmp/ukeyd-renewal-XXXXXX";
    AUTO(loop_freep) struct loop *loop = NULL;
    assert_non_null(mkdtemp(folder));
    put_identity(folder, START_SECONDS);
    int64_t before = identity_end(folder);
    assert_int_equal(loop_new(&loop, &err), ERR_NONE);
    struct renewal renewal = {.loop = loop};
    struct web_options options = {
        .loop = loop,
        .ops = &ops,
        .state_folder = folder,
        .runtime_folder = folder,
        .origin_listed = nobody,
        .identity_used = on_identity,
        .identity_context = &renewal,
    };
    assert_int_equal(web_new(&options, &web, &err), ERR_NONE);
    assert_int_equal(renewal.used, 1);
    assert_int_equal(identity_end(folder), before);
    assert_int_equal(loop_run(loop, &err), ERR_NONE);
    assert_true(identity_end(folder) > before + 300 * 86400);
    web_free(web);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_speaks_on_every_address, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_demands_the_port_of_the_listener, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(test_tells_a_listed_origin_everything, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(test_tells_other_origins_nothing, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(test_refuses_what_the_gate_refuses, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(test_names_its_methods, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_lets_an_unlisted_page_knock, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(test_answers_preflights, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_terminals_have_no_origin, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_refuses_other_users, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_protects_its_files, fixture_start, fixture_stop),
        cmocka_unit_test_setup_teardown(test_stays_reachable_under_idle_connections, fixture_start,
                                        fixture_stop),
        cmocka_unit_test_setup_teardown(test_runs_once_per_user, fixture_start, fixture_stop),
        cmocka_unit_test(test_serves_inherited_sockets),
        cmocka_unit_test(test_renews_its_identity_while_it_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
