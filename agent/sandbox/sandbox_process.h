/* What a process can promise about itself: no core, no debugger of the same user, no new rights, no new code. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* *out_no_new_code: the kernel refuses memory that is or was writable as code (since Linux 6.3; the filter of
 * system calls does the same for what is asked outright). ERR_SANDBOX. */
MUST_CHECK enum err_code sandbox_process_restrict(bool *out_no_new_code, struct err *err);
