/* Which browsers this computer has. */
#pragma once

#include "agent/doctor/doctor_world.h"

/* browser: as rows of agent/trust name it: "chromium", "chrome", "edge", "firefox", "chromium-snap" ... */
bool doctor_browser_installed(const struct doctor_world *world, const char *browser);
/* The same, or one that looks for certificates where that one does. */
bool doctor_browser_any_like(const struct doctor_world *world, const char *browser);
