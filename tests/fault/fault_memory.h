/* Memory that runs out: the n-th allocation of the agent's own code (with cJSON's), of OpenSSL or of SQLite is
 * refused. Programs that use it are linked with FAULT_MEMORY's functions wrapped, see meson.build. */
#pragma once

#include "tests/fault/fault_plan.h"

/* Before anything else uses OpenSSL or SQLite. */
void fault_memory_install(void);
/* Counts and refuses from now on; plan is borrowed for good. */
void fault_memory_follow(struct fault_plan *plan);
/* Whether this thread now does what is not the agent's: key, platform, person, test. Gives what it did before. */
bool fault_memory_elsewhere(bool elsewhere);
