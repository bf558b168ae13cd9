/* The subcommands of ukey-sim. Each reads its own arguments, and writes its result to stdout. */
#pragma once

#include "base/err.h"

MUST_CHECK enum err_code sim_create(const char *const *arguments, int count, struct err *err);
MUST_CHECK enum err_code sim_run(const char *const *arguments, int count, struct err *err);
MUST_CHECK enum err_code sim_control(const char *const *arguments, int count, struct err *err);
MUST_CHECK enum err_code sim_show(const char *const *arguments, int count, struct err *err);
MUST_CHECK enum err_code sim_put_file(const char *const *arguments, int count, struct err *err);
MUST_CHECK enum err_code sim_decrypt(const char *const *arguments, int count, struct err *err);
