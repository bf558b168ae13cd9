/* ukeyd --sandbox-report: a table of what was tried and what came of it. */
#pragma once

#include <stdio.h>

#include "base/err.h"

/* Tries everything in processes of its own and writes a line for each. *out_holds: all that this kernel can
 * do holds. Changes nothing of the user's. ERR_SANDBOX, ERR_FILE. */
MUST_CHECK enum err_code sandbox_report(FILE *out, bool *out_holds, struct err *err);
