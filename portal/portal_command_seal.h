/* Commands about electronic seals. */
#pragma once

#include "portal/portal_cli.h"

enum err_code portal_command_seal_make(const struct portal_arguments *arguments, struct err *err);
enum err_code portal_command_seal_list(const struct portal_arguments *arguments, struct err *err);
