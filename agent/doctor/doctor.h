/* ukeyctl doctor: looks at everything that a renewal needs and names what is wrong, why, and what to do.
 * Changes nothing but where doctor_fix.h says so; needs no running agent. */
#pragma once

#include "agent/doctor/doctor_finding.h"
#include "agent/doctor/doctor_world.h"

/* A check: reads the world, adds findings and facts. It may block: its thread is given up at its
 * deadline. */
typedef void (*doctor_check_fn)(const struct doctor_world *world, struct doctor_findings *findings);

struct doctor_check {
    const char *name; /* "pcsc" */
    doctor_check_fn run;
    int seconds; /* afterwards it is given up and DOCTOR_CHECK_LATE says so */
};

/* All checks, in the order in which their findings are shown. */
extern const struct doctor_check doctor_checks[];
extern const size_t doctor_check_count;

/* Runs the checks side by side and takes out what is only a consequence of another finding. Takes the world
 * over: a check that was given up may look at it until the process ends. exit() then is an _exit() after stdio's
 * buffers are written: that check may be inside of a library whose handlers would take its memory away. */
void doctor_run(struct doctor_world *world, const struct doctor_check *checks, size_t count,
                struct doctor_findings *out);

/* {"version","healthy","findings":[...],"facts":{...}}. The caller frees. */
struct json *doctor_json(const struct doctor_findings *findings, enum lang lang);
