#include "agent/web/web_listen.h"

#include <errno.h>

#include "agent/web/web_peer.h"
#include "base/file.h"
#include "base/log.h"

/* One port on both addresses. */
struct pair {
    int v4;
    int v6; /* -1: the computer has no IPv6 */
    uint16_t port;
};

#define PAIR_NONE ((struct pair){-1, -1, 0})

static void pair_done(struct pair *pair)
{
    file_closep(&pair->v4);
    file_closep(&pair->v6);
}

static bool is_missing_v6(const struct err *err)
{
    return err->foreign == EADDRNOTAVAIL || err->foreign == EAFNOSUPPORT;
}

static enum err_code open_pair(uint16_t port, struct pair *out, struct err *err)
{
    AUTO(pair_done) struct pair pair = PAIR_NONE;
    uint16_t same;
    if (http_listen_tcp("127.0.0.1", port, &pair.v4, &pair.port, err) != ERR_NONE)
        return err->code;
    if (http_listen_tcp("::1", pair.port, &pair.v6, &same, err) != ERR_NONE && !is_missing_v6(err))
        return err->code;
    *out = pair;
    pair = PAIR_NONE;
    return ERR_NONE;
}

/* The server owns the descriptor afterwards, whatever becomes of it. */
static enum err_code serve_one(struct http_server *server, int *fd, bool tls, struct err *err)
{
    int given = *fd;
    *fd = -1;
    return given < 0 ? ERR_NONE : http_server_listen(server, given, tls, err);
}

static enum err_code serve(struct http_server *server, struct pair *pair, bool tls, struct err *err)
{
    if (serve_one(server, &pair->v4, tls, err) != ERR_NONE)
        return err->code;
    return serve_one(server, &pair->v6, tls, err);
}

static enum err_code try_ports(struct http_server *server, uint16_t first, struct web_ports *out,
                               struct err *err)
{
    AUTO(pair_done) struct pair https = PAIR_NONE;
    AUTO(pair_done) struct pair http = PAIR_NONE;
    if (open_pair(first, &https, err) != ERR_NONE ||
        open_pair(first == 0 ? 0 : (uint16_t)(first + 1), &http, err) != ERR_NONE)
        return err->code;
    struct web_ports ports = {https.port, http.port, https.v6 >= 0};
    if (serve(server, &https, true, err) != ERR_NONE ||
        serve(server, &http, false, err) != ERR_NONE)
        return err->code;
    *out = ports;
    return ERR_NONE;
}

static void name_holder(uint16_t first)
{
    for (int i = 0; i < 2; i++) {
        uid_t uid;
        if (web_peer_holder((uint16_t)(first + i), &uid))
            log_warning("web", "port %d is held by a program of user %u", first + i, (unsigned)uid);
    }
}

enum err_code web_listen_ports(struct http_server *server, uint16_t first, struct web_ports *out,
                               struct err *err)
{
    for (int i = 0; i < WEB_PORT_TRIES; i++) {
        uint16_t port = first == 0 ? 0 : (uint16_t)(first + i * WEB_PORT_STEP);
        *err = ERR_INIT;
        if (try_ports(server, port, out, err) == ERR_NONE) {
            if (!out->has_v6)
                log_info("web", "this computer has no ::1: IPv4 only");
            return ERR_NONE;
        }
        if (err->code != ERR_PORTS_TAKEN)
            return err->code;
        name_holder(port);
    }
    return err->code;
}
