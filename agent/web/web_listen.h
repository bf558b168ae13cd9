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

/* Opens the first pair of ports of which both are free on 127.0.0.1 and ::1 (without ::1 where the computer
 * has no IPv6) and serves on it. A pair that is taken is named in the log, with its holder's user.
 * ERR_PORTS_TAKEN, ERR_SOCKET. */
MUST_CHECK enum err_code web_listen_ports(struct http_server *server, uint16_t first,
                                          struct web_ports *out, struct err *err);
