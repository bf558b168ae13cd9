#include "portal/pay/sandbox_server.h"

#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"
#include "portal/pay/pay_http.h"
#include "portal/pay/payment.h"
#include "portal/pay/sandbox_service.h"
#include "portal/portal_secret_file.h"

#define CONNECTIONS_MAX 64
#define PEM_BYTES_MAX 65536
#define HOST_BYTES_MAX 64
#define PORT_MAX 65535

struct address {
    char host[HOST_BYTES_MAX];
    uint16_t port;
};

static enum err_code parse_listen(const char *listen, struct address *out, struct err *err)
{
    const char *colon = strrchr(listen, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - listen);
    struct span host = span_of(listen, length);
    if (length >= 2 && listen[0] == '[' && listen[length - 1] == ']')
        host = span_of(listen + 1, length - 2);
    size_t digits = colon == NULL ? 0 : strspn(colon + 1, "0123456789");
    unsigned long port = digits == 0 || digits > 5 ? PORT_MAX + 1 : strtoul(colon + 1, NULL, 10);
    if (host.len == 0 || host.len >= HOST_BYTES_MAX || port > PORT_MAX || colon[1 + digits] != '\0')
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

static enum err_code set_identity(const char *folder, struct http_server *server, struct err *err)
{
    AUTO(memory_freep) char *cert_path = file_join(folder, "tls/server.pem");
    AUTO(memory_freep) char *key_path = file_join(folder, "tls/server.key");
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(wipe) struct bytes *key = NULL;
    if (portal_secret_file_check(key_path, err) != ERR_NONE ||
        file_read(cert_path, PEM_BYTES_MAX, &cert, err) != ERR_NONE ||
        file_read(key_path, PEM_BYTES_MAX, &key, err) != ERR_NONE)
        return err->code;
    return http_server_set_identity(server, span_bytes(cert), span_bytes(key), err);
}

static enum err_code listen_on(struct http_server *server, const struct address *address,
                               struct err *err)
{
    int fd = -1;
    uint16_t port = 0;
    if (http_listen_tcp(address->host, address->port, &fd, &port, err) != ERR_NONE ||
        http_server_listen(server, fd, true, err) != ERR_NONE)
        return err_add(err, "listen on %s", address->host);
    bool six = strchr(address->host, ':') != NULL;
    printf("listening on https://%s%s%s:%u\n", six ? "[" : "", address->host, six ? "]" : "", port);
    fflush(stdout);
    return ERR_NONE;
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
    int fd = sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_CLOEXEC) : -1;
    if (fd < 0)
        return err_set_errno(err, ERR_INTERNAL, "watch for signals");
    *out_fd = fd;
    return ERR_NONE;
}

/* In the order in which they must go. */
struct serving {
    struct http_server *server;
    struct sandbox_service *service;
    struct loop_watch *watch;
    struct loop *loop;
    int signals;
};

static void serving_done(struct serving *serving)
{
    http_server_free(serving->server);
    sandbox_service_free(serving->service);
    loop_watch_free(serving->watch);
    loop_free(serving->loop);
    file_closep(&serving->signals);
}

static enum err_code serve(struct serving *serving, const char *folder,
                           const struct address *address, struct err *err)
{
    const struct http_server_options options = {
        .loop = serving->loop,
        .routes = sandbox_service_routes,
        .route_count = sandbox_service_route_count,
        .context = serving->service,
        .decorate = sandbox_service_decorate,
        .connections_max = CONNECTIONS_MAX,
    };
    serving->watch =
        loop_watch_new(serving->loop, serving->signals, EPOLLIN, on_signal, serving->loop);
    if (http_server_new(&options, &serving->server, err) != ERR_NONE ||
        set_identity(folder, serving->server, err) != ERR_NONE ||
        listen_on(serving->server, address, err) != ERR_NONE)
        return err_add(err, "serve");
    return loop_run(serving->loop, err);
}

enum err_code sandbox_server_run(const char *folder, const char *listen,
                                 const char *merchant_origin, struct err *err)
{
    AUTO(serving_done) struct serving serving = {.signals = -1};
    struct address address = {0};
    struct sandbox_folder *opened = NULL;
    if (parse_listen(listen, &address, err) != ERR_NONE)
        return err->code;
    if (merchant_origin != NULL &&
        (!pay_http_url_is_valid(merchant_origin, PAYMENT_URL_BYTES_MAX) ||
         pay_http_origin_bytes(merchant_origin) != strlen(merchant_origin)))
        return err_set(err, ERR_USAGE, "--portal: not https://HOST[:PORT]");
    if (open_signals(&serving.signals, err) != ERR_NONE ||
        loop_new(&serving.loop, err) != ERR_NONE ||
        sandbox_folder_open(folder, &opened, err) != ERR_NONE ||
        sandbox_service_new(serving.loop, opened, merchant_origin, &serving.service, err) !=
            ERR_NONE)
        return err_add(err, "start the sandbox service");
    return serve(&serving, folder, &address, err);
}
