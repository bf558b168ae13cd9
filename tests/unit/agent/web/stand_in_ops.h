/* One operation in memory behind the functions of agent/ops/ops.h, and a count of every call. */
#pragma once

#include <stdatomic.h>

#include "agent/ops/ops.h"

#define STAND_IN_ID "0123456789abcdef0123456789abcdef"
#define STAND_IN_READINGS_MAX 64

struct ops {
    ops_observer observer;
    void *observer_context;
    bool exists;
    bool over;
    bool too_late;
    bool holds_tokens; /* readings wait for stand_in_finish_reading */
    uint64_t version;
    char *origin; /* of the operation, NULL: a terminal's */
    char *last_start; /* what ops_start was told, as text */
    char *withdrawn; /* what ops_withdraw_dialogs was told last */
    atomic_int withdrawals;
    const char *failed_with; /* the code of an operation that is over, NULL: it is done */
    struct {
        void (*done)(void *context, struct json *array);
        void *context;
    } readings[STAND_IN_READINGS_MAX];
    unsigned reading_count;
    atomic_int calls; /* of all functions but ops_observe */
    atomic_int readings_begun;
};

/* In the loop's thread. */
void stand_in_add(struct ops *ops, const char *origin);
void stand_in_change(struct ops *ops, bool over);
void stand_in_tell(struct ops *ops, enum ops_event event, const char *reader);
/* It ends with the code of this error. */
void stand_in_fail(struct ops *ops, const char *code);
/* The same, where so many earlier changes are told only when it has ended. */
void stand_in_tell_late(struct ops *ops, const char *code, unsigned changes);
void stand_in_dialog(struct ops *ops, enum ops_event event, const char *origin,
                     enum ops_answer answer);
void stand_in_finish_reading(struct ops *ops);
void stand_in_done(struct ops *ops);
