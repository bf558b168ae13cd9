/* Starting an operation and following it to its end. */
#pragma once

#include "agent/ctl/ctl.h"

/* Dry run, with a ticket or without. */
MUST_CHECK enum err_code ctl_operation_check(struct ctl *ctl, struct err *err);
/* With --platform; the ticket comes from --ticket or is the first line of standard input: other users of the
 * computer can read a command line. */
MUST_CHECK enum err_code ctl_operation_renew(struct ctl *ctl, struct err *err);
MUST_CHECK enum err_code ctl_operation_extend_seal(struct ctl *ctl, struct err *err);
MUST_CHECK enum err_code ctl_operation_reset_pin(struct ctl *ctl, struct err *err);
/* One that failed on the way, by its id: gone on with, and
 * followed to its end; given up. */
MUST_CHECK enum err_code ctl_operation_resume(struct ctl *ctl, struct err *err);
MUST_CHECK enum err_code ctl_operation_abandon(struct ctl *ctl, struct err *err);
/* Without a platform. */
MUST_CHECK enum err_code ctl_operation_change_pin(struct ctl *ctl, struct err *err);
