/* What must be true of a PIV token besides what is true of all keys. Each notes what is lost in the record. */
#pragma once

#include "tests/fault/fault_world.h"

/* At any instant: PUK and management key are those that the platform derives. */
void fault_piv_between(struct fault_world *world);
/* At the end: the certificate in force and its key are in the slot where other programs look, what was there before is
 * in a retired slot with its certificate, and the key history tells of it. A switch of keys that a fault broke off is
 * ended first, as the next renewal would do it. */
void fault_piv_end(struct fault_world *world, const struct cert *active);
