/* ukeyctl trust: what browsers think of the agent's certificate. Works without a running agent. */
#pragma once

#include "agent/ctl/ctl.h"

/* For the user, or with --system for all users (as root); then the state is printed. Errors of trust.h and
 * trust_system.h, ERR_TRUST_NOT_ROOT, those of config.h. */
MUST_CHECK enum err_code ctl_trust_install(struct ctl *ctl, struct err *err);
MUST_CHECK enum err_code ctl_trust_remove(struct ctl *ctl, struct err *err);
MUST_CHECK enum err_code ctl_trust_status(struct ctl *ctl, struct err *err);
