/* What an extension of a seal could not remove, because its log-in was gone when the platform had
 * acknowledged the new seal: after a kill, an outage, or a key that was pulled out. */
#pragma once

#include "agent/ops/op.h"

/* Right after a log-in: removes the old seals that finished operations left on this key. Each only while the
 * file holds that very seal and its successor is on the key too. Failures are logged: the next log-in tries
 * again. The engine or the caller holds the key. */
void op_leftovers_remove(struct op *op);
