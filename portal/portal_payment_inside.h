/* Between portal_payment.c, which keeps the attempts, and portal_payment_apply.c, which judges what a
 * service says. */
#pragma once

#include "portal/portal_payment.h"

struct portal_payment_change {
    enum portal_payment_state state;
    const char *reason; /* "" : none */
    int64_t received_fen; /* 0: as it was */
    const char *service_trade; /* NULL: as it was */
};
/* The one place where an attempt's state changes: with its line in the audit trail. Inside the caller's
 * transaction. */
MUST_CHECK enum err_code portal_payment_enter(struct portal *portal,
                                              const struct portal_payment *payment,
                                              const struct portal_payment_change *change,
                                              struct err *err);
