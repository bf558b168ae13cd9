/* One case: what goes wrong, and at which command, call or write. Counted over the whole life of one agent,
 * in memory that outlives it, so that the next process knows what happened to the one before. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum fault_place { FAULT_KEY, FAULT_PLATFORM, FAULT_DISK, FAULT_PLACE_COUNT };

enum fault_way {
    FAULT_NONE,
    /* A virtual key's own, see virtual_fault.h; argument: its argument. */
    FAULT_KEY_SCRIPT,
    /* The process is ended by SIGKILL, before or after the command, call or write. */
    FAULT_KILL_BEFORE,
    FAULT_KILL_AFTER,
    /* A call fails with the error in argument, before or after the platform acted. */
    FAULT_CALL_BEFORE,
    FAULT_CALL_AFTER,
    /* A write or fsync of the journal fails; from then on all do (the disk is full). */
    FAULT_WRITE_FAILS,
    FAULT_DISK_FULL,
};

struct fault_kind {
    const char *name;
    enum fault_place place;
    enum fault_way way;
    int script; /* enum virtual_fault_kind */
    uint32_t argument;
};

#define FAULT_TEXT_BYTES 512

/* Shared between the processes of a case. */
struct fault_record {
    unsigned counts[FAULT_PLACE_COUNT]; /* commands, calls and writes since the fault was set */
    bool struck;
    unsigned pins_typed;
    unsigned operations; /* that were started or gone on with */
    unsigned resumed; /* of these, those that were gone on with */
    bool file_denied; /* the key said that a file which it has is not there, and was believed */
    bool told_done; /* the first process told the person of success */
    bool over; /* the process came to its end */
    char lost[FAULT_TEXT_BYTES]; /* what the oracle found; empty: nothing */
};

struct fault_plan {
    const struct fault_kind *kind; /* NULL: nothing goes wrong (any more) */
    unsigned nth;
    struct fault_record *record;
};

/* Counts one event at this place; whether the fault strikes now. Never returns when it is the death of the
 * process before the event. */
bool fault_strikes(struct fault_plan *plan, enum fault_place place);
/* After the event that it struck: dies when that is the plan. */
void fault_after(const struct fault_plan *plan, bool struck);
/* Notes the first thing that is lost. */
void fault_lost(struct fault_record *record, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
