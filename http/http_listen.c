#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "http/http_server.h"

/* Bursts of a page's parallel requests and its reloads. */
#define BACKLOG 128

static bool address_of(const char *host, uint16_t port, struct sockaddr_storage *out,
                       socklen_t *out_length)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        *out_length = sizeof *v4;
    } else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *out_length = sizeof *v6;
    } else {
        return false;
    }
    *out = address;
    return true;
}

static enum err_code read_port(int fd, uint16_t *out, struct err *err)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return err_set_errno(err, ERR_SOCKET, "read the port");
    *out = ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
    return ERR_NONE;
}

static enum err_code bind_and_listen(int fd, const struct sockaddr *address, socklen_t length,
                                     struct err *err)
{
    if (bind(fd, address, length) != 0 || listen(fd, BACKLOG) != 0)
        return err_set_errno(err, errno == EADDRINUSE ? ERR_PORTS_TAKEN : ERR_SOCKET, "listen");
    return ERR_NONE;
}

enum err_code http_listen_tcp(const char *host, uint16_t port, int *out_fd, uint16_t *out_port,
                              struct err *err)
{
    struct sockaddr_storage address;
    socklen_t length;
    int on = 1;
    if (!address_of(host, port, &address, &length))
        return err_set(err, ERR_SOCKET, "\"%.64s\" is not an IP address", host);
    AUTO(file_closep)
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set_errno(err, ERR_SOCKET, "make a socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind_and_listen(fd, (struct sockaddr *)&address, length, err) != ERR_NONE)
        return err_add(err, "%s port %u", host, port);
    if (read_port(fd, out_port, err) != ERR_NONE)
        return err->code;
    *out_fd = fd;
    fd = -1;
    return ERR_NONE;
}

/* Only a socket of ours on which nobody listens is removed. */
static enum err_code remove_stale(const struct sockaddr_un *address, struct err *err)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT ? ERR_NONE
                               : err_set_errno(err, ERR_SOCKET, "look for an old socket");
    if (!S_ISSOCK(status.st_mode) || status.st_uid != geteuid())
        return err_set(err, ERR_SOCKET, "%s exists and is not a socket of ours", address->sun_path);
    AUTO(file_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set_errno(err, ERR_SOCKET, "make a socket");
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
        errno != ECONNREFUSED)
        return err_set(err, ERR_ALREADY_RUNNING, "somebody listens on %s", address->sun_path);
    if (unlink(address->sun_path) != 0)
        return err_set_errno(err, ERR_SOCKET, "remove an old socket");
    return ERR_NONE;
}

enum err_code http_listen_unix(const char *path, int *out_fd, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(err, ERR_SOCKET, "the path of the socket is too long");
    memcpy(address.sun_path, path, strlen(path));
    if (remove_stale(&address, err) != ERR_NONE)
        return err->code;
    AUTO(file_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set_errno(err, ERR_SOCKET, "make a socket");
    /* Before bind, so that the file never has another mode. */
    if (fchmod(fd, 0600) != 0)
        return err_set_errno(err, ERR_SOCKET, "set the mode of the socket");
    if (bind_and_listen(fd, (struct sockaddr *)&address, sizeof address, err) != ERR_NONE)
        return err_add(err, "%s", path);
    *out_fd = fd;
    fd = -1;
    return ERR_NONE;
}
