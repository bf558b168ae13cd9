/* What goes to the help line: everything that helps, nothing that names a person or opens anything. */
#pragma once

#include "agent/doctor/doctor_finding.h"
#include "agent/doctor/doctor_world.h"

/* The end of the log. */
#define DOCTOR_REPORT_LOG_BYTES_MAX 65536

/* Names, organisations and labels of keys become "(name)", serials and orders their first two and last two signs, the
 * home folder "~", the user's name "(user)". What is to be replaced is asked of the agent, else read in its journal;
 * what neither knows is found by where it stands (doctor_mask.h). log: the end of the log, NULL: none. The caller
 * frees. */
char *doctor_report_text(const struct doctor_options *options,
                         const struct doctor_findings *findings, const char *log);
/* Writes it to a new file of mode 0600. ERR_REPORT_EXISTS when there is one already, ERR_FILE. */
MUST_CHECK enum err_code doctor_report_write(const char *path, const char *text, struct err *err);
