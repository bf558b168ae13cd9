/* Some cards write long objects block by block, and leave half of one when they are pulled out. So while a pair's
 * certificate is replaced in blocks what it had lies in a free retired slot too: its guard, whose element 72 says which
 * slot it stands for ("guard-9C:name"). */
#pragma once

#include "token/piv/piv.h"

#define PIV_GUARD_PREFIX "guard-" /* of element 72 */

/* After a scan: a slot whose object was cut off has again what its guard keeps; a guard of what is whole is free. */
void piv_guard_settle(struct piv *piv);
/* Another certificate for the pair in the slot, under its name. The guard, where one is needed, lies there before
 * and goes afterwards; where it finds no place there is none. */
MUST_CHECK enum err_code piv_guard_write(struct piv *piv, size_t slot, struct span der,
                                         struct err *err);
/* Writes what a guard keeps to where it belongs: before the slots are seen as what they hold. */
MUST_CHECK enum err_code piv_guard_repair(struct piv *piv, size_t slot, struct err *err);
