/* One case, in processes of its own: the agent that meets the fault, and the one after it that repairs and
 * is judged. */
#pragma once

#include "tests/fault/fault_scene.h"

enum fault_verdict {
    FAULT_SURVIVED,
    FAULT_LOST, /* record->lost says what */
    FAULT_EXHAUSTED, /* there is no n-th command, call or write */
};

/* Makes the scene in folder, in a process of its own. False when that failed. */
bool fault_case_make(const struct fault_scene *scene, const char *folder);
/* record is written; it must be in memory that processes share (fault_case_record). */
enum fault_verdict fault_case_run(const struct fault_scene *scene, const char *made,
                                  const struct fault_kind *kind, unsigned nth,
                                  struct fault_record *record);
struct fault_record *fault_case_record(void);
