/* The disk under the journal: SQLite's own layer, with faults at the n-th write or fsync of a journal. */
#pragma once

#include "tests/fault/fault_plan.h"

/* Before the first database is opened. Files whose name begins with FAULT_DISK_FILE count; plan is
 * borrowed for good. */
#define FAULT_DISK_FILE "journal.db"
void fault_disk_install(struct fault_plan *plan);
