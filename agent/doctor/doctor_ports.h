/* Who listens on the agent's ports. */
#pragma once

#include "agent/doctor/doctor_world.h"

struct doctor_listener {
    unsigned uid;
    unsigned long inode;
};

/* Finds a socket that listens on loopback or on all addresses at this port, in the text of /proc/net/tcp or
 * tcp6. Source: proc(5), /proc/net/tcp. */
bool doctor_ports_listener(const char *table, int port, struct doctor_listener *out);
