/* The command that issues tickets. */
#pragma once

#include "portal/portal_cli.h"

enum err_code portal_command_ticket_add(const struct portal_arguments *arguments, struct err *err);
