/* The commands about accounts. */
#pragma once

#include "portal/portal_cli.h"

MUST_CHECK enum err_code portal_command_account_add(const struct portal_arguments *arguments,
                                                    struct err *err);
MUST_CHECK enum err_code portal_command_account_list(const struct portal_arguments *arguments,
                                                     struct err *err);
MUST_CHECK enum err_code portal_command_account_disable(const struct portal_arguments *arguments,
                                                        struct err *err);
MUST_CHECK enum err_code portal_command_account_enable(const struct portal_arguments *arguments,
                                                       struct err *err);
MUST_CHECK enum err_code portal_command_account_password(const struct portal_arguments *arguments,
                                                         struct err *err);
