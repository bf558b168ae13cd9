/* RSA pairs that are made once: the virtual key of each case takes those, in turn, instead of looking for primes. */
#pragma once

#include "tests/fault/fault_plan.h"

/* Before cases are run; they are forked off. Nothing for scenes whose keys have no RSA pairs. */
void fault_pairs_prepare(void);
/* From now on this process makes pairs for the case of this record; NULL: for none, each is made anew. */
void fault_pairs_follow(struct fault_record *record);
