/* Which sockets the agent listens on. */
#pragma once

#include "agent/web/web.h"
#include "http/http_server.h"

/* The ports that were opened; 0: none. */
struct web_ports {
    uint16_t https;
    uint16_t http;
    bool has_v6;
};

/* Says of each which one speaks TLS: those on the lowest TCP port do, as 27510, and those one above and Unix
 * sockets speak plain HTTP. ERR_SOCKET for anything else: that is a mistake in the unit. */
MUST_CHECK enum err_code web_listen_sort(struct web_inherited *inherited, size_t count,
                                         struct err *err);
/* Whether a Unix socket is among them. */
bool web_listen_has_unix(const struct web_inherited *inherited, size_t count);
/* Serves on all of them (taken over, also when it fails). out: the TCP ports among them. ERR_SOCKET. */
MUST_CHECK enum err_code web_listen_inherited(struct http_server *server,
                                              const struct web_inherited *inherited, size_t count,
                                              struct web_ports *out, struct err *err);
/* Opens the first pair of ports of which both are free on 127.0.0.1 and ::1 (without ::1 where the computer
 * has no IPv6) and serves on it. A pair that is taken is named in the log, with its holder's user.
 * ERR_PORTS_TAKEN, ERR_SOCKET. */
MUST_CHECK enum err_code web_listen_ports(struct http_server *server, uint16_t first,
                                          struct web_ports *out, struct err *err);
