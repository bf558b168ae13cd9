/* What goes to the help line: everything that helps, nothing that names a person or opens anything. */
#pragma once

#include "agent/doctor/doctor_finding.h"
#include "agent/doctor/doctor_world.h"

/* The end of the log. */
#define DOCTOR_REPORT_LOG_BYTES_MAX 65536

/* Names, organisations and labels of keys become "(name)", serials their first two and last two signs, the home
 * folder "~", the user's name "(user)"; the agent is asked for what is to be replaced. log: the end of the log,
 * NULL: none. The caller frees. */
char *doctor_report_text(const struct doctor_options *options,
                         const struct doctor_findings *findings, const char *log);
/* Writes it to a new file of mode 0600. ERR_RECORD_EXISTS when there is one already, ERR_FILE. */
MUST_CHECK enum err_code doctor_report_write(const char *path, const char *text, struct err *err);
