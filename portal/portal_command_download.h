/* The commands about files that anyone may fetch. */
#pragma once

#include "portal/portal_cli.h"

MUST_CHECK enum err_code portal_command_download_add(const struct portal_arguments *arguments,
                                                     struct err *err);
MUST_CHECK enum err_code portal_command_download_list(const struct portal_arguments *arguments,
                                                      struct err *err);
MUST_CHECK enum err_code portal_command_download_remove(const struct portal_arguments *arguments,
                                                        struct err *err);
