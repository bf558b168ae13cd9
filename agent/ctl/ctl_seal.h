/* Electronic seals in files. */
#pragma once

#include "agent/ctl/ctl.h"

/* All facts of the seal that the third word names; --picture: writes the picture to that file. */
MUST_CHECK enum err_code ctl_seal_show(struct ctl *ctl, struct err *err);
/* Every check of seal_verify, with the roots of --roots, at --at or now, and, with --signer, that the seal
 * is bound to this certificate. The first check that fails is the error. */
MUST_CHECK enum err_code ctl_seal_verify(struct ctl *ctl, struct err *err);
