/* The journal of an agent that does not run. */
#pragma once

#include "agent/ops/op_journal.h"

/* Calls take for each row of the file in folder, oldest first; none when the file is missing or somebody else's. Fails
 * as op_journal_read does. */
MUST_CHECK enum err_code doctor_journal_each(const char *folder, op_journal_take_fn take,
                                             void *context, struct err *err);
