/* Commands about PIN resets and what keys are made with: administrator PINs, secrets of PIV tokens. */
#pragma once

#include "portal/portal_cli.h"

enum err_code portal_command_reset_add(const struct portal_arguments *arguments, struct err *err);
enum err_code portal_command_reset_approve(const struct portal_arguments *arguments,
                                           struct err *err);
enum err_code portal_command_reset_reject(const struct portal_arguments *arguments,
                                          struct err *err);
enum err_code portal_command_reset_policy(const struct portal_arguments *arguments,
                                          struct err *err);
enum err_code portal_command_reset_list(const struct portal_arguments *arguments, struct err *err);
enum err_code portal_command_reset_admin_pin(const struct portal_arguments *arguments,
                                             struct err *err);
enum err_code portal_command_reset_piv_versions(const struct portal_arguments *arguments,
                                                struct err *err);
enum err_code portal_command_reset_piv_secrets(const struct portal_arguments *arguments,
                                               struct err *err);
