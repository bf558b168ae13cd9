/* Programs with one thing wrong: what the oracle must see. The functions in FAULT_MUTANT's table take the place of
 * the program's own when it is linked (meson.build); they pass everything on unless their mutant is chosen. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum fault_mutation {
    FAULT_READ_BACK_SKIPPED,
    FAULT_OLD_SEAL_REMOVED_FIRST,
    FAULT_OLD_KEY_REMOVED,
    FAULT_NOT_CONFIRMED,
    FAULT_UNCONFIRMED_FORGOTTEN,
    FAULT_NOT_PUT_BACK,
    FAULT_ANOTHER_CONTAINER_EACH_TIME,
    FAULT_JOURNAL_NOT_WRITTEN,
    FAULT_JOURNAL_NOT_SYNCED,
    FAULT_CHANGE_NOT_NOTED,
    FAULT_SECRET_KEPT,
    FAULT_OLD_SEAL_LEFT,
    FAULT_PIN_GUESSED,
    FAULT_PIN_OF_ITS_OWN,
    FAULT_ISSUED_TWICE,
    FAULT_ANY_KEY_TAKEN,
    /* Of the driver for PIV tokens. */
    FAULT_PIV_OVER_THE_ONE_IN_USE,
    FAULT_PIV_OLD_KEY_DELETED,
    FAULT_PIV_HISTORY_LEFT,
    FAULT_PIV_PUK_KEPT,
};

struct fault_mutant {
    enum fault_mutation mutation;
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
/* Whether the chosen one does this wrong. */
bool fault_mutant_does(enum fault_mutation mutation);
