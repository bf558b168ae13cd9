/* Which system calls may be made: a seccomp filter, made by libseccomp from tables. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* A call that is not in the tables fails with ENOSYS, as in a kernel that lacks it; one that only an intruder
 * makes (a program, another process, more rights) ends the process at once with SIGSYS. *out_restricted is false where
 * the kernel has no filters. ERR_SANDBOX. */
MUST_CHECK enum err_code sandbox_calls_restrict(bool *out_restricted, struct err *err);
/* For all threads: listen() fails from now on. ERR_SANDBOX. */
MUST_CHECK enum err_code sandbox_calls_no_listen(struct err *err);
