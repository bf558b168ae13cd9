#include "agent/web/web_listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

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

/* ---- sockets of the service manager ---- */

/* false: not a listening socket of TCP or Unix. out_port: 0 for a Unix socket. */
static bool read_address(int fd, int *out_family, uint16_t *out_port)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    int type = 0, listens = 0;
    socklen_t size = sizeof type;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || type != SOCK_STREAM ||
        listens == 0)
        return false;
    *out_family = address.ss_family;
    *out_port = 0;
    if (address.ss_family == AF_INET)
        *out_port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6)
        *out_port = ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return *out_port != 0 || address.ss_family == AF_UNIX;
}

static uint16_t lowest_port(const struct web_inherited *inherited, size_t count)
{
    uint16_t lowest = 0;
    for (size_t i = 0; i < count; i++) {
        int family;
        uint16_t port;
        if (read_address(inherited[i].fd, &family, &port) && port != 0 &&
            (lowest == 0 || port < lowest))
            lowest = port;
    }
    return lowest;
}

enum err_code web_listen_sort(struct web_inherited *inherited, size_t count, struct err *err)
{
    uint16_t https = lowest_port(inherited, count);
    for (size_t i = 0; i < count; i++) {
        int family;
        uint16_t port;
        if (!read_address(inherited[i].fd, &family, &port))
            return err_set(err, ERR_SOCKET, "handed over: neither a TCP nor a Unix socket");
        if (family != AF_UNIX && port != https && port != https + 1)
            return err_set(err, ERR_SOCKET, "handed over: port %u beside %u and %u", port, https,
                           https + 1);
        inherited[i].tls = family != AF_UNIX && port == https;
    }
    return ERR_NONE;
}

bool web_listen_has_unix(const struct web_inherited *inherited, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int family;
        uint16_t port;
        if (read_address(inherited[i].fd, &family, &port) && family == AF_UNIX)
            return true;
    }
    return false;
}

static void note_port(const struct web_inherited *inherited, struct web_ports *ports)
{
    int family;
    uint16_t port;
    if (!read_address(inherited->fd, &family, &port) || port == 0)
        return;
    *(inherited->tls ? &ports->https : &ports->http) = port;
    ports->has_v6 |= family == AF_INET6;
}

enum err_code web_listen_inherited(struct http_server *server,
                                   const struct web_inherited *inherited, size_t count,
                                   struct web_ports *out, struct err *err)
{
    struct web_ports ports = {0};
    struct err first = ERR_INIT;
    for (size_t i = 0; i < count; i++) {
        if (first.code != ERR_NONE) {
            close(inherited[i].fd);
            continue;
        }
        note_port(&inherited[i], &ports);
        if (http_server_listen(server, inherited[i].fd, inherited[i].tls, &first) != ERR_NONE)
            *err = first;
    }
    if (first.code == ERR_NONE)
        *out = ports;
    return first.code;
}

/* ---- ports of our own ---- */

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
