/* What a process that serves over HTTPS has around its server: the loop, the address, the identity, and the
 * signals that end it. */
#pragma once

#include "base/loop.h"
#include "http/http_server.h"

/* Make it { .signals = -1, .socket = -1 }. */
struct portal_listener {
    struct loop *loop;
    char *url; /* "https://HOST:PORT" that it listens on */
    struct loop_watch *watch;
    int signals;
    int socket;
};
/* listen: "host:port" or "[::1]:port"; port 0 takes a free one. Holds SIGTERM and SIGINT back, for the
 * process. ERR_USAGE, ERR_PORTS_TAKEN, ERR_SOCKET. What it opened is there also when it failed. */
MUST_CHECK enum err_code portal_listener_open(struct portal_listener *listener, const char *listen,
                                              struct err *err);
/* With the identity in the folder's tls/: prints "listening on URL" to standard output when it is ready,
 * and serves until SIGTERM or SIGINT. Once. ERR_TLS, and what reading a file says. */
MUST_CHECK enum err_code portal_listener_serve(struct portal_listener *listener,
                                               struct http_server *server, const char *folder,
                                               struct err *err);
/* After the server and all else that is in the loop. */
void portal_listener_done(struct portal_listener *listener);
