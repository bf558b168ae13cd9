/* Other programs at the keys: who they may be, as far as this user's processes tell. */
#pragma once

#include "agent/doctor/doctor_finding.h"
#include "agent/doctor/doctor_world.h"

/* Programs of this user that speak to the smart-card service, as "scdaemon (1234), firefox-esr (99)", without
 * the agent and this one; NULL: none. GnuPG's scdaemon, which lets nobody look into it, is always among them. The
 * caller frees. */
char *doctor_sharing_programs(const struct doctor_world *world);
/* Adds who it may be that keeps the key in the reader to itself. */
void doctor_sharing_blame(const struct doctor_world *world, const char *reader,
                          struct doctor_findings *findings);
/* Whether scdaemon may drive a USB reader itself, which pcscd then can't: it runs, its settings allow it, and there
 * are more readers on USB than the service lists. */
bool doctor_sharing_gnupg_has_usb(const struct doctor_world *world, size_t readers);
