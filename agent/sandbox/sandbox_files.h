/* Which files may be read and changed, and which ports listened on: Landlock. */
#pragma once

#include "agent/sandbox/sandbox.h"

/* *out_version: of the kernel's Landlock, 0 where there is none, or it is switched off. ERR_SANDBOX. */
MUST_CHECK enum err_code sandbox_files_restrict(const struct sandbox_settings *settings,
                                                int *out_version, struct err *err);
