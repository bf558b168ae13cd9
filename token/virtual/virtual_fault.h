/* A script of faults: what goes wrong at the n-th command from now. */
#pragma once

#include "base/json.h"

/* Faults that wait at one time. */
#define VIRTUAL_FAULTS_MAX 16
/* Longest delay: beyond any deadline of a driver. */
#define VIRTUAL_FAULT_DELAY_MS_MAX (10 * 60 * 1000)

enum virtual_fault_kind {
    VIRTUAL_FAULT_NONE,
    VIRTUAL_FAULT_LOSE_BEFORE, /* the line breaks before the card acts */
    VIRTUAL_FAULT_LOSE_AFTER, /* the card acts, the answer is lost */
    VIRTUAL_FAULT_HANG, /* the card does not act and never answers */
    VIRTUAL_FAULT_GARBAGE, /* the card acts, the answer is 16 random bytes */
    VIRTUAL_FAULT_SHORT, /* the card acts, the answer is one byte */
    VIRTUAL_FAULT_CUT, /* the card acts, the answer lacks the last byte of its data */
    VIRTUAL_FAULT_STATUS, /* the card does not act and answers this status word */
    VIRTUAL_FAULT_DELAY, /* the card acts and answers so many milliseconds later */
    VIRTUAL_FAULT_REMOVE, /* the card is pulled out before it acts */
    VIRTUAL_FAULT_REMOVE_AFTER, /* the card acts and is pulled out, the answer is lost */
};

struct virtual_fault {
    enum virtual_fault_kind kind;
    uint32_t countdown; /* 1: the next command */
    uint32_t argument; /* status word or milliseconds */
};

struct virtual_faults {
    struct virtual_fault list[VIRTUAL_FAULTS_MAX];
    size_t count;
};

/* nth: 1 is the next command. Fails with ERR_FIELD_VALUE. */
MUST_CHECK enum err_code virtual_fault_add(struct virtual_faults *faults,
                                           enum virtual_fault_kind kind, uint32_t nth,
                                           uint32_t argument, struct err *err);
/* From words: "lose-before 3", "status 2 6F00", "delay 1 500", "clear". Fails with ERR_USAGE. */
MUST_CHECK enum err_code virtual_fault_add_text(struct virtual_faults *faults, const char *text,
                                                struct err *err);
void virtual_fault_clear(struct virtual_faults *faults);
/* For each command once: what happens to it. One fault a command; of two the earlier added. */
struct virtual_fault virtual_fault_next(struct virtual_faults *faults);
/* What becomes of an answer; gives the one to send, and frees the other. */
struct bytes *virtual_fault_spoil(const struct virtual_fault *fault, struct bytes *answer);
