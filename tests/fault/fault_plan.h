/* One case: what goes wrong, and at which command, call, write or allocation. Counted over the whole life of one
 * agent, in memory that outlives it, so that the next process knows what happened to the one before. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum fault_place {
    FAULT_KEY, /* commands */
    FAULT_PLATFORM, /* calls */
    FAULT_DISK, /* writes, syncs and truncations of the journal's files */
    FAULT_FOLDER, /* the journal's files being opened, mapped, removed */
    FAULT_MEMORY, /* our own allocations */
    FAULT_MEMORY_CRYPTO, /* OpenSSL's */
    FAULT_MEMORY_JOURNAL, /* SQLite's */
    FAULT_PLACE_COUNT,
};

enum fault_way {
    FAULT_NONE,
    /* A virtual key's own, see virtual_fault.h; argument: its argument. */
    FAULT_KEY_SCRIPT,
    /* The key acts; its answer has got as many bytes more as argument says. */
    FAULT_KEY_LONGER,
    /* Another bidder's key is put in: in place of ours, beside it, or beside it from the start, and then ours is
     * pulled out. */
    FAULT_OTHER_KEY,
    FAULT_SECOND_KEY,
    FAULT_PULLED_BESIDE,
    /* The service or the reader goes away, and with it the key. */
    FAULT_NO_SERVICE,
    FAULT_NO_READER,
    /* The process is ended by SIGKILL, before or after the command, call or write; or by the loss of power, which
     * takes along what was written and not synced. */
    FAULT_KILL_BEFORE,
    FAULT_KILL_AFTER,
    FAULT_POWER_CUT,
    /* A call fails with the error in argument, before or after the platform acted. */
    FAULT_CALL_BEFORE,
    FAULT_CALL_AFTER,
    /* A write or fsync of the journal fails; from then on all do (the disk is full); or from then on all that make
     * a file longer. */
    FAULT_WRITE_FAILS,
    FAULT_DISK_FULL,
    FAULT_NO_GROWTH,
    /* An allocation fails. */
    FAULT_REFUSED,
    /* The computer's clock, not the platform's, is put so many days on: script, negative for back. */
    FAULT_CLOCK,
    /* A second page starts the same, with the same ticket or another; a second agent starts in the same folder. */
    FAULT_SECOND_PAGE,
    FAULT_SECOND_AGENT,
};

struct fault_kind {
    const char *name;
    enum fault_place place;
    enum fault_way way;
    int script; /* enum virtual_fault_kind; days */
    uint32_t argument;
    unsigned
        apart; /* every so many n are enough, since each small piece of work has so many; 0: each */
};

#define FAULT_TEXT_BYTES 512

/* Shared between the processes of a case. */
struct fault_record {
    unsigned counts[FAULT_PLACE_COUNT]; /* events at each place since the fault was set */
    bool struck;
    unsigned pins_typed;
    unsigned operations; /* that were started or gone on with */
    unsigned resumed; /* of these, those that were gone on with */
    bool key_lied; /* it denied a file that it has, or claimed to have done what it had not */
    bool second_page; /* two operations ran */
    bool told_done; /* the first process told the person of success */
    bool told_written; /* it said that only the platform has to hear of it */
    uint8_t before
        [32]; /* the key's content when the newest operation began, see fault_oracle_content */
    unsigned pairs_made; /* RSA pairs on the key, see fault_pairs.h */
    bool over; /* the process came to its end */
    char lost[FAULT_TEXT_BYTES]; /* what the oracle found; empty: nothing */
};

struct fault_plan {
    const struct fault_kind *kind; /* NULL: nothing goes wrong (any more) */
    unsigned nth;
    struct fault_record *record;
    /* Called at the strike, in whichever thread, with the world; NULL: none. */
    void (*on_strike)(void *world);
    void *world;
    int64_t right_utc; /* what a right clock says */
    bool clock_wrong;
};

bool fault_is(const struct fault_plan *plan, enum fault_way way);
/* Counts one event at this place; whether the fault strikes now. Never returns when it is the death of the
 * process before the event. */
bool fault_strikes(struct fault_plan *plan, enum fault_place place);
/* After the event that it struck: dies when that is the plan. */
void fault_after(const struct fault_plan *plan, bool struck);
/* Ends this process by SIGKILL. */
_Noreturn void fault_die(void);
/* Notes the first thing that is lost. */
void fault_lost(struct fault_record *record, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The right time has come to utc: the process's clock too, unless the fault put it wrong. */
void fault_set_clock(struct fault_plan *plan, int64_t utc);
void fault_repair_clock(struct fault_plan *plan);
/* Around what another computer does, whose clock is right. Gives what the clock said before. */
int64_t fault_clock_elsewhere(const struct fault_plan *plan);
void fault_clock_back(const struct fault_plan *plan, int64_t said);
