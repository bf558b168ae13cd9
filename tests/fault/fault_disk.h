/* The disk under the journal: SQLite's own layer, with faults at the n-th write or fsync of a journal, and when its
 * files are opened, mapped or removed. */
#pragma once

#include "tests/fault/fault_plan.h"

/* Before the first database is opened; later again, with another plan. Files whose name begins with
 * FAULT_DISK_FILE count; plan is borrowed for good. */
#define FAULT_DISK_FILE "journal.db"
void fault_disk_install(struct fault_plan *plan);
/* The power is cut: what was written since the last fsync is not in the journal's files, and this process ends. */
_Noreturn void fault_disk_lose_power(void);
