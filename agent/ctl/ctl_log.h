/* ukeyctl log: what the agent logged, wherever that is: systemd's journal, or a file in its state folder. */
#pragma once

#include "agent/ctl/ctl.h"

/* Prints the lines that --operation, --since and --follow ask for. ERR_FILE_MISSING when there is no log,
 * ERR_USAGE, ERR_FILE. */
MUST_CHECK enum err_code ctl_log(struct ctl *ctl, struct err *err);
/* The last lines of both, at most limit_bytes; "" when there are none. state_folder: NULL for the default
 * one. The caller frees. */
char *ctl_log_end(const char *state_folder, size_t limit_bytes);
