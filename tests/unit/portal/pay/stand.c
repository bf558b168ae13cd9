#include "stand.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* needs some of the above */
#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/thread.h"

#define PEM_BYTES_MAX 65536

void stand_must(enum err_code code, const struct err *err)
{
    if (code != ERR_NONE)
        fail_msg("%s: %s", err_code_text(code), err->detail);
}

char *stand_path(const struct stand *stand, const char *name)
{
    return file_join(stand->folder, name);
}

static void make_merchant(struct stand *stand)
{
    AUTO(memory_freep) char *key = stand_path(stand, "merchant.key");
    AUTO(memory_freep) char *public = stand_path(stand, "merchant-public.pem");
    AUTO(memory_freep) char *ca = stand_path(stand, "tls/ca.pem");
    AUTO(memory_freep) char *pem = NULL;
    struct err err = ERR_INIT;
    stand_must(pay_key_make(key, &err), &err);
    stand_must(pay_key_read_private(key, &stand->merchant, &err), &err);
    stand_must(pay_key_public_pem(stand->merchant, &pem, &err), &err);
    stand_must(file_write_atomic(public, span_text(pem), 0644, &err), &err);
    stand_must(sandbox_folder_trust(stand->folder, public, ca, "阳光采购服务平台", &err), &err);
}

int stand_setup(void **state)
{
    struct stand *stand = memory_new(sizeof *stand);
    struct err err = ERR_INIT;
    log_set_level(LOG_LEVEL_ERROR);
    snprintf(stand->folder, sizeof stand->folder, "/tmp/ukey-pay-test-XXXXXX");
    if (mkdtemp(stand->folder) == NULL)
        return -1;
    /* The TLS identity is judged by the machine's clock. */
    stand_must(sandbox_folder_init(stand->folder, "127.0.0.1", &err), &err);
    clock_set_for_test(STAND_NOW);
    AUTO(memory_freep) char *key = stand_path(stand, "service.key");
    stand_must(pay_key_read_private(key, &stand->service, &err), &err);
    make_merchant(stand);
    stand->as_merchant = (struct pay_parties){stand->merchant, stand->service};
    stand->as_service = (struct pay_parties){stand->service, stand->merchant};
    *state = stand;
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)type, (void)at;
    return remove(path);
}

int stand_teardown(void **state)
{
    struct stand *stand = *state;
    pay_key_free(stand->merchant);
    pay_key_free(stand->service);
    int result = nftw(stand->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(stand);
    return result;
}

char *stand_envelope(const struct pay_parties *parties, enum pay_kind kind, struct json *content)
{
    AUTO(json_freep) struct json *owned = content;
    AUTO(pay_signed_done) struct pay_signed message = {0};
    struct err err = ERR_INIT;
    stand_must(pay_message_sign(parties, kind, owned, &message, &err), &err);
    return pay_envelope_text(&message);
}

struct json *stand_fact(const char *trade, int64_t amount_fen, enum payment_state state)
{
    AUTO(memory_freep) char *owned_trade = memory_text(trade);
    AUTO(memory_freep) char *number = memory_text(state == PAYMENT_WAITING ? "" : "SB-1");
    const struct payment_fact fact = {owned_trade, number, amount_fen, state, STAND_NOW};
    struct json *content = json_new_object();
    pay_fact_add(content, &fact);
    return content;
}

/* ---- a server ---- */

struct stand_server {
    struct loop *loop;
    struct http_server *server;
    char *origin;
    pthread_t thread;
};

static void (*decoration)(void *context, struct http_request *request);

void stand_server_decorate(void (*decorate)(void *context, struct http_request *request))
{
    decoration = decorate;
}

static void *run(void *context)
{
    struct err err = ERR_INIT;
    if (loop_run(context, &err) != ERR_NONE)
        abort();
    return NULL;
}

static void set_identity(const struct stand *stand, struct http_server *server)
{
    AUTO(memory_freep) char *cert_path = stand_path(stand, "tls/server.pem");
    AUTO(memory_freep) char *key_path = stand_path(stand, "tls/server.key");
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(bytes_freep) struct bytes *key = NULL;
    struct err err = ERR_INIT;
    stand_must(file_read(cert_path, PEM_BYTES_MAX, &cert, &err), &err);
    stand_must(file_read(key_path, PEM_BYTES_MAX, &key, &err), &err);
    stand_must(http_server_set_identity(server, span_bytes(cert), span_bytes(key), &err), &err);
}

struct stand_server *stand_server_start(const struct stand *stand, struct loop *loop,
                                        const struct http_route *routes, size_t count,
                                        void *context)
{
    struct stand_server *server = memory_new(sizeof *server);
    const struct http_server_options options = {
        .loop = loop,
        .routes = routes,
        .route_count = count,
        .context = context,
        .decorate = decoration,
        .connections_max = 16,
    };
    struct err err = ERR_INIT;
    int fd = -1;
    uint16_t port = 0;
    server->loop = loop;
    stand_must(http_server_new(&options, &server->server, &err), &err);
    set_identity(stand, server->server);
    stand_must(http_listen_tcp("127.0.0.1", 0, &fd, &port, &err), &err);
    stand_must(http_server_listen(server->server, fd, true, &err), &err);
    server->origin = memory_printf("https://127.0.0.1:%u", port);
    stand_must(thread_start(&server->thread, run, loop, &err), &err);
    return server;
}

const char *stand_server_origin(const struct stand_server *server)
{
    return server->origin;
}

void stand_server_stop(struct stand_server *server)
{
    loop_stop(server->loop);
    pthread_join(server->thread, NULL);
    http_server_free(server->server);
    free(server->origin);
    free(server);
}
