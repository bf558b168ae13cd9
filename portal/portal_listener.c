#include "portal/portal_listener.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>

#include "base/file.h"
#include "portal/portal_secret_file.h"

#define PEM_BYTES_MAX 65536
#define HOST_BYTES_MAX 64
#define PORT_MAX 65535
#define PORT_DIGITS_MAX 5

struct address {
    char host[HOST_BYTES_MAX];
    uint16_t port;
};

static enum err_code parse(const char *listen, struct address *out, struct err *err)
{
    const char *colon = strrchr(listen, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - listen);
    struct span host = span_of(listen, length);
    if (length >= 2 && listen[0] == '[' && listen[length - 1] == ']')
        host = span_of(listen + 1, length - 2);
    size_t digits = colon == NULL ? 0 : strspn(colon + 1, "0123456789");
    bool short_enough = digits > 0 && digits <= PORT_DIGITS_MAX;
    unsigned long port = short_enough ? strtoul(colon + 1, NULL, 10) : PORT_MAX + 1;
    if (host.len == 0 || host.len >= HOST_BYTES_MAX || port > PORT_MAX || colon[1 + digits] != '\0')
        return err_set(err, ERR_USAGE, "--listen: not HOST:PORT");
    *out = (struct address){.port = (uint16_t)port};
    memcpy(out->host, host.at, host.len);
    return ERR_NONE;
}

static void on_signal(void *context, uint32_t events)
{
    loop_stop(context);
}

static enum err_code open_signals(struct portal_listener *listener, struct err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
        listener->signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (listener->signals < 0)
        return err_set_errno(err, ERR_INTERNAL, "watch for signals");
    listener->watch =
        loop_watch_new(listener->loop, listener->signals, EPOLLIN, on_signal, listener->loop);
    return ERR_NONE;
}

enum err_code portal_listener_open(struct portal_listener *listener, const char *listen,
                                   struct err *err)
{
    struct address address = {0};
    uint16_t port = 0;
    if (parse(listen, &address, err) != ERR_NONE || loop_new(&listener->loop, err) != ERR_NONE ||
        open_signals(listener, err) != ERR_NONE ||
        http_listen_tcp(address.host, address.port, &listener->socket, &port, err) != ERR_NONE)
        return err->code;
    bool six = strchr(address.host, ':') != NULL;
    listener->url =
        memory_printf("https://%s%s%s:%u", six ? "[" : "", address.host, six ? "]" : "", port);
    return ERR_NONE;
}

static enum err_code set_identity(const char *folder, struct http_server *server, struct err *err)
{
    AUTO(memory_freep) char *cert_path = file_join(folder, "tls/server.pem");
    AUTO(memory_freep) char *key_path = file_join(folder, "tls/server.key");
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(bytes_wipe_freep) struct bytes *key = NULL;
    if (portal_secret_file_check(key_path, err) != ERR_NONE ||
        file_read(cert_path, PEM_BYTES_MAX, &cert, err) != ERR_NONE ||
        file_read(key_path, PEM_BYTES_MAX, &key, err) != ERR_NONE)
        return err->code;
    return http_server_set_identity(server, span_bytes(cert), span_bytes(key), err);
}

enum err_code portal_listener_serve(struct portal_listener *listener, struct http_server *server,
                                    const char *folder, struct err *err)
{
    if (set_identity(folder, server, err) != ERR_NONE)
        return err->code;
    int socket = listener->socket;
    listener->socket = -1;
    if (http_server_listen(server, socket, true, err) != ERR_NONE)
        return err->code;
    printf("listening on %s\n", listener->url);
    fflush(stdout);
    return loop_run(listener->loop, err);
}

void portal_listener_done(struct portal_listener *listener)
{
    loop_watch_free(listener->watch);
    loop_free(listener->loop);
    file_closep(&listener->signals);
    file_closep(&listener->socket);
    free(listener->url);
}
