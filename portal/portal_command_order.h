/* The commands about the price of renewals: see portal_commands.c. */
#pragma once

#include "portal/portal_cli.h"

/* Shows the tariff; sets what is given first. */
MUST_CHECK enum err_code portal_command_order_tariff(const struct portal_arguments *arguments,
                                                     struct err *err);
