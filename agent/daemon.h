/* The agent put together: the only file that sees all parts. */
#pragma once

#include "agent/options.h"

/* Runs until SIGTERM or SIGINT. */
MUST_CHECK enum err_code daemon_run(const struct options *options, struct err *err);
