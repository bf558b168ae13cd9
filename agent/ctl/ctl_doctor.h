/* ukeyctl doctor. */
#pragma once

#include "agent/ctl/ctl.h"

/* Shows what is wrong and what to do; with --fix does what is safe and says so, with --report writes a file
 * for the help line. ERR_UNHEALTHY when something is wrong; ERR_FILE, ERR_REPORT_EXISTS (the report). */
MUST_CHECK enum err_code ctl_doctor(struct ctl *ctl, struct err *err);
