/* What the doctor does itself: only what is safe to do at any time and can be done again. */
#pragma once

#include "agent/doctor/doctor_finding.h"
#include "agent/doctor/doctor_world.h"

/* {"code","done","text"}: for each finding that could be dealt with whether it was, and what was done. An
 * array; the caller frees. */
struct json *doctor_fix(const struct doctor_options *options,
                        const struct doctor_findings *findings);
