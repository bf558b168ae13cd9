/* The subcommands of ukey-sim. Each reads its own arguments, and writes its result to stdout. */
#pragma once

#include "base/err.h"

MUST_CHECK enum err_code sim_create(char **arguments, int count, struct err *err);
MUST_CHECK enum err_code sim_run(char **arguments, int count, struct err *err);
MUST_CHECK enum err_code sim_control(char **arguments, int count, struct err *err);
MUST_CHECK enum err_code sim_show(char **arguments, int count, struct err *err);
MUST_CHECK enum err_code sim_decrypt(char **arguments, int count, struct err *err);
