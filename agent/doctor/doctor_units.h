/* systemd's user units of the agent. */
#pragma once

#include "agent/doctor/doctor_world.h"

#define DOCTOR_SYSTEMCTL "/usr/bin/systemctl"
#define DOCTOR_UNIT_SERVICE "ukeyd.service"
#define DOCTOR_UNIT_SOCKET "ukeyd.socket"

/* Whether this session has a user manager; without one the desktop's autostart runs the agent. */
bool doctor_units_manager(void);
/* What `systemctl --user show` says of a unit. */
struct doctor_unit {
    bool known; /* there is such a unit */
    bool masked, disabled, active, failed;
    char result[32]; /* "exit-code" */
};
/* The unit's state out of the output's block of this name. */
void doctor_units_read(const char *output, const char *name, struct doctor_unit *out);
