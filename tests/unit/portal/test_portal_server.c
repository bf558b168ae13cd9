#include "portal/portal_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "world.h"

#define ANSWER_BYTES_MAX 8192

/* The server in a process of its own, as its signals want it. */
struct serving {
    pid_t pid;
    char port[8];
};

static void serve(struct world *world, int out, const char *listen)
{
    struct err err = ERR_INIT;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    log_set_level(LOG_LEVEL_ERROR);
    const struct portal_server_options options = {.listen = listen};
    enum err_code code = portal_server_run(world->portal, &options, &err);
    _exit(code == ERR_NONE ? 0 : 1);
}

static struct serving start(struct world *world)
{
    struct serving serving = {0};
    char line[128] = "";
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    serving.pid = fork();
    assert_true(serving.pid >= 0);
    if (serving.pid == 0)
        serve(world, fds[1], "127.0.0.1:0");
    close(fds[1]);
    FILE *out = fdopen(fds[0], "r");
    assert_non_null(fgets(line, sizeof line, out));
    fclose(out);
    assert_int_equal(sscanf(line, "listening on https://127.0.0.1:%7[0-9]\n", serving.port), 1);
    return serving;
}

static int stop(const struct serving *serving, int signal)
{
    int status = -1;
    kill(serving->pid, signal);
    assert_int_equal(waitpid(serving->pid, &status, 0), serving->pid);
    return status;
}

static SSL_CTX *client(const struct world *world)
{
    AUTO(memory_freep) char *ca = file_join(world->folder, "tls/ca.pem");
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    assert_int_equal(SSL_CTX_load_verify_locations(context, ca, NULL), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return context;
}

/* Sends one request on a connection of its own; the whole answer, the caller frees. */
static char *exchange(const struct world *world, const struct serving *serving, const char *request)
{
    SSL_CTX *context = client(world);
    AUTO(memory_freep) char *peer = memory_printf("127.0.0.1:%s", serving->port);
    char *answer = memory_new(ANSWER_BYTES_MAX);
    BIO *bio = BIO_new_ssl_connect(context);
    BIO_set_conn_hostname(bio, peer);
    assert_int_equal(BIO_do_connect(bio), 1);
    assert_int_equal(BIO_write(bio, request, (int)strlen(request)), (int)strlen(request));
    size_t used = 0;
    for (int got = 1; got > 0 && used<ANSWER_BYTES_MAX - 1; used += got> 0 ? (size_t)got : 0)
        got = BIO_read(bio, answer + used, (int)(ANSWER_BYTES_MAX - 1 - used));
    BIO_free_all(bio);
    SSL_CTX_free(context);
    return answer;
}

static char *send_json(const struct world *world, const struct serving *serving,
                       const char *method_and_path, const char *headers, const char *body)
{
    AUTO(memory_freep)
    char *request = memory_printf("%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s"
                                  "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                                  method_and_path, headers, strlen(body), body);
    return exchange(world, serving, request);
}

static void expect(const char *answer, const char *status, const char *part)
{
    if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, 3) != 0 ||
        strstr(answer, part) == NULL)
        fail_msg("not %s with %s: %s", status, part, answer);
}

static void the_addresses_answer(void **state)
{
    const struct world *world = *state;
    struct serving serving = start(*state);
    AUTO(memory_freep)
    char *redeem = send_json(
        world, &serving, "POST /agent/v1/jobs", "",
        "{\"ticket\":\"t\",\"agent\":\"a\",\"token\":{\"serial\":\"s\"},\"certificates\":[]}");
    AUTO(memory_freep)
    char *request = send_json(world, &serving, "PUT /agent/v1/jobs/0/request",
                              "Authorization: Bearer x\r\n", "{}");
    AUTO(memory_freep)
    char *confirm = send_json(world, &serving, "PUT /agent/v1/jobs/0/confirmation",
                              "Authorization: Bearer x\r\n", "{}");
    AUTO(memory_freep)
    char *seal = send_json(world, &serving, "PUT /agent/v1/jobs/0/seal",
                           "Authorization: Bearer x\r\n", "{}");
    AUTO(memory_freep)
    char *unblock = send_json(world, &serving, "POST /agent/v1/jobs/0/unblock",
                              "Authorization: Bearer x\r\n", "{}");
    expect(seal, "404", "\"code\":\"job-unknown\"");
    expect(unblock, "404", "\"code\":\"job-unknown\"");
    expect(redeem, "404", "\"code\":\"ticket-unknown\"");
    expect(redeem, "404", "application/problem+json");
    expect(redeem, "404", "no-store");
    expect(request, "404", "\"code\":\"job-unknown\"");
    expect(confirm, "404", "\"code\":\"job-unknown\"");
    assert_int_equal(stop(&serving, SIGTERM), 0);
}

static void a_seal_may_be_longer_than_another_body(void **state)
{
    const struct world *world = *state;
    struct serving serving = start(*state);
    AUTO(memory_freep) char *body = memory_printf("{\"seal\":\"%0*d\"}", 90000, 1);
    AUTO(memory_freep)
    char *seal = send_json(world, &serving, "PUT /agent/v1/jobs/0/seal",
                           "Authorization: Bearer x\r\n", body);
    expect(seal, "404", "\"code\":\"job-unknown\"");
    assert_int_equal(stop(&serving, SIGTERM), 0);
}

static void what_is_not_asked_rightly_is_refused(void **state)
{
    const struct world *world = *state;
    struct serving serving = start(*state);
    AUTO(memory_freep)
    char *no_header = send_json(world, &serving, "PUT /agent/v1/jobs/0/request", "", "{}");
    AUTO(memory_freep)
    char *twice = send_json(world, &serving, "PUT /agent/v1/jobs/0/request",
                            "Authorization: Bearer x\r\nAuthorization: Bearer y\r\n", "{}");
    AUTO(memory_freep) char *broken = send_json(world, &serving, "POST /agent/v1/jobs", "", "{");
    AUTO(memory_freep)
    char *elsewhere = send_json(world, &serving, "POST /agent/v2/jobs", "", "{}");
    AUTO(memory_freep) char *method = send_json(world, &serving, "PUT /agent/v1/jobs", "", "{}");
    expect(no_header, "403", "\"code\":\"job-forbidden\"");
    expect(twice, "403", "\"code\":\"job-forbidden\"");
    expect(broken, "400", "\"code\":\"json-syntax\"");
    expect(elsewhere, "404", "\"code\":\"not-found\"");
    expect(method, "405", "\"code\":\"method-not-allowed\"");
    assert_int_equal(stop(&serving, SIGINT), 0);
}

static void a_listen_that_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        ":80",
                                        "[]:80",
                                        "127.0.0.1:65536",
                                        "127.0.0.1:-1",
                                        "127.0.0.1:8x",
                                        "127.0.0.1:+1"};
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err err = ERR_INIT;
        const struct portal_server_options options = {.listen = wrong[i]};
        assert_int_equal(portal_server_run(world->portal, &options, &err), ERR_USAGE);
    }
}

static void an_origin_that_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",           "portal.example",          "http://portal.example",
        "https://a/", "https://portal.example:", "https://A"};
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err err = ERR_INIT;
        const struct portal_server_options options = {.listen = "127.0.0.1:0", .origin = wrong[i]};
        assert_int_equal(portal_server_run(world->portal, &options, &err), ERR_USAGE);
    }
}

static void a_page_stands_beside_the_api(void **state)
{
    const struct world *world = *state;
    struct serving serving = start(*state);
    AUTO(memory_freep)
    char *ours = memory_printf("GET /login HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n"
                               "Connection: close\r\n\r\n",
                               serving.port);
    AUTO(memory_freep) char *page = exchange(world, &serving, ours);
    AUTO(memory_freep)
    char *foreign = exchange(world, &serving,
                             "GET /login HTTP/1.1\r\nHost: evil.example\r\n"
                             "Connection: close\r\n\r\n");
    AUTO(memory_freep) char *session = send_json(world, &serving, "POST /web/v1/session", "", "{}");
    expect(page, "200", "text/html; charset=utf-8");
    expect(page, "200", "Content-Security-Policy: default-src 'none'");
    expect(foreign, "421", "\"code\":\"host-refused\"");
    expect(session, "421", "\"code\":\"host-refused\"");
    assert_int_equal(stop(&serving, SIGTERM), 0);
}

static void a_tls_key_was_taken_from_a_file_that_others_could_read(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *path = file_join(world->folder, "tls/server.key");
    struct err err = ERR_INIT;
    assert_int_equal(chmod(path, 0640), 0);
    const struct portal_server_options options = {.listen = "127.0.0.1:0"};
    assert_int_equal(portal_server_run(world->portal, &options, &err), ERR_CONFIG);
    assert_int_equal(chmod(path, 0600), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_addresses_answer),
        cmocka_unit_test(a_seal_may_be_longer_than_another_body),
        cmocka_unit_test(what_is_not_asked_rightly_is_refused),
        cmocka_unit_test(a_listen_that_is_none_is_refused),
        cmocka_unit_test(an_origin_that_is_none_is_refused),
        cmocka_unit_test(a_page_stands_beside_the_api),
        cmocka_unit_test(a_tls_key_was_taken_from_a_file_that_others_could_read),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
