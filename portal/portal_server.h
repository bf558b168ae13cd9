/* Serving the platform API and the pages over HTTPS until SIGTERM or SIGINT. */
#pragma once

#include "portal/portal.h"

struct portal_server_options {
    /* "host:port" or "[::1]:port"; port 0 takes a free one */
    const char *listen;
    /* "https://host[:port]" as browsers name this portal; NULL: by the address that it listens on */
    const char *origin;
};
/* Prints "listening on https://HOST:PORT" to standard output when it is ready. ERR_USAGE, ERR_PORTS_TAKEN,
 * ERR_TLS. */
MUST_CHECK enum err_code portal_server_run(struct portal *portal,
                                           const struct portal_server_options *options,
                                           struct err *err);
