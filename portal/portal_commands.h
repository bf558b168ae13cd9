/* Every command of ukey-portal. */
#pragma once

#include "portal/portal_cli.h"

extern const struct portal_command portal_commands[];
extern const size_t portal_command_count;
