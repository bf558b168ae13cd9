/* Going on with an operation that failed on the way: with its job, so that no new ticket is needed, and from the
 * first step, since each asks key and platform what has happened before it repeats anything. */
#pragma once

#include "agent/ops/op_engine.h"

/* In the operation's thread, at its end: whether what it knows of its job may be of use later. */
bool op_resume_is_worth_keeping(const struct op *op, enum op_state state);
/* Under the lock: whether ops_resume would take it. */
bool op_resume_possible(const struct op *op);
/* Under the lock: as the person sees it, who has asked for more when it ended. */
enum op_state op_resume_shown(const struct op *op);
/* Under the lock: one that was about to be gone on with is cancelled. */
void op_resume_withdraw(struct op *op);
/* In the loop's thread, when the operation's own has ended: does what was asked for meanwhile. */
void op_resume_fulfil(struct op *op);
/* In the loop's thread: wipes the secrets of jobs that nobody can go on with any more. */
void op_resume_tidy(struct ops *ops);
