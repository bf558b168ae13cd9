/* Steps that talk to the platform. */
#pragma once

#include "agent/ops/op.h"

/* Step: redeems the ticket for a job; without a ticket there is nothing to do. */
enum op_outcome op_platform_redeem(struct op *op, struct err *err);
/* clang-format off */
#define OP_PLATFORM_REDEEM_STEP \
    {"redeem", {"验证平台凭据", "Redeem the ticket"}, op_platform_redeem, \
     OP_TOUCHES_PLATFORM, OP_TELL, true, 15}
/* clang-format on */
/* Step: hands in facts.csr and facts.proof, takes facts.issued. */
enum op_outcome op_platform_issue(struct op *op, struct err *err);
/* Asks for the extended seal. */
MUST_CHECK enum err_code op_platform_seal(struct op *op, const struct remote_seal_request *request,
                                          struct remote_new_seal **out, struct err *err);
/* Has the platform compute what the key's challenge asks for. */
MUST_CHECK enum err_code op_platform_unblock(struct op *op,
                                             const struct remote_unblock_request *request,
                                             struct secret **out, struct err *err);
/* The pause after so many attempts at confirming in vain: it doubles up to 5 minutes. retry_after_s: what the
 * platform wants at least, an hour at most; 0: nothing. */
int64_t op_platform_confirm_pause_ms(int64_t attempts, int retry_after_s);
/* Step: tells that the key holds the new certificates; keeps trying until the platform says so. */
enum op_outcome op_platform_confirm(struct op *op, struct err *err);
/* clang-format off */
#define OP_PLATFORM_CONFIRM_STEP \
    {"confirm", {"向平台确认", "Confirm to the platform"}, op_platform_confirm, \
     OP_TOUCHES_PLATFORM, OP_RESUME, false, 30}
/* clang-format on */
/* Tells that the key does not hold what was issued; proof by the present key. True when the platform
 * acknowledged it. */
bool op_platform_report_failure(struct op *op, struct span proof);
