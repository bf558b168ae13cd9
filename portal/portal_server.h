/* Serving the platform API over HTTPS until SIGTERM or SIGINT. */
#pragma once

#include "portal/portal.h"

/* listen: "host:port" or "[::1]:port"; port 0 takes a free one. Prints "listening on https://HOST:PORT" to
 * standard output when it is ready. ERR_USAGE, ERR_PORTS_TAKEN, ERR_TLS. */
MUST_CHECK enum err_code portal_server_run(struct portal *portal, const char *listen,
                                           struct err *err);
