/* Commands about the payment service and what was paid. */
#pragma once

#include "portal/portal_cli.h"

enum err_code portal_command_payment_key(const struct portal_arguments *arguments, struct err *err);
enum err_code portal_command_payment_configure(const struct portal_arguments *arguments,
                                               struct err *err);
enum err_code portal_command_payment_list(const struct portal_arguments *arguments,
                                          struct err *err);
enum err_code portal_command_payment_query(const struct portal_arguments *arguments,
                                           struct err *err);
enum err_code portal_command_payment_refund(const struct portal_arguments *arguments,
                                            struct err *err);
enum err_code portal_command_payment_reconcile(const struct portal_arguments *arguments,
                                               struct err *err);
