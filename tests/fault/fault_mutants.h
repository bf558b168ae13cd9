/* Programs with one thing wrong: what the oracle must see. The functions in FAULT_MUTANT's table take the place of
 * the program's own when it is linked (meson.build); they pass everything on unless their mutant is chosen. */
#pragma once

#include <stddef.h>

struct fault_mutant {
    const char *name; /* what the program does wrong */
    const char *scene;
    const char *kind; /* of fault, under which it shows */
    unsigned nth; /* 0: some n */
    const char *seen; /* a part of what the oracle says */
};

/* NULL past the end. */
const struct fault_mutant *fault_mutant_at(size_t index);
/* From now on the program is this one; NULL: as it should be. */
void fault_mutant_choose(const struct fault_mutant *mutant);
