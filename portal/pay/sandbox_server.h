/* The sandbox service as a process. */
#pragma once

#include "portal/pay/sandbox_folder.h"

/* Serves until SIGTERM or SIGINT. listen: "host:port" or "[::1]:port"; port 0 takes a free one.
 * merchant_origin: see sandbox_service.h. Prints "listening on https://HOST:PORT" when it is ready. */
MUST_CHECK enum err_code sandbox_server_run(const char *folder, const char *listen,
                                            const char *merchant_origin, struct err *err);
