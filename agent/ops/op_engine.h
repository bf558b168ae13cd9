/* The engine's own state, for the files that show it. */
#pragma once

#include "agent/ops/op.h"

/* More operations at a time than there can be readers make no sense. */
#define OPS_RUNNING_MAX TOKEN_READERS_MAX

struct op_keys;

struct ops {
    struct ops_options options;
    struct op_journal *journal;
    struct cancel *shutdown;
    pthread_mutex_t lock; /* guards the list and the part of each operation that others see */
    struct op *newest;
    struct token_presence being_read[TOKEN_READERS_MAX]; /* for people to see */
    size_t being_read_count;
    pthread_cond_t card_freed; /* someone may use a card now who could not before: op_cards.h */
    unsigned running;
    ops_observer observer;
    void *observer_context;
    struct token_snapshot snapshot; /* as observers know it */
    struct op_keys *keys; /* readings of the plugged-in keys, see op_keys.h */
    enum err_code withdrawn; /* under the lock: why the one open dialog is taken away */
};

/* Tells the observer, in the loop's thread. */
void ops_tell(struct ops *ops, const struct ops_change *change);
/* Under the lock: the operation that this origin may see; NULL: none. */
struct op *ops_find(const struct ops *ops, const char *id, const char *origin);
/* Whether this very card still is in its reader. */
bool ops_snapshot_has(const struct token_snapshot *snapshot, const struct token_presence *presence);

/* The present step; the last one when it is past the end. */
const struct op_step *op_step_of(const struct op *op);
/* Replaces an owned text unless value is NULL. */
void op_set_text(char **text, const char *value);
/* Under the lock: what others see becomes what the thread knows. */
void op_show(struct op *op, enum op_state state, size_t step, int64_t updated_utc);
/* Under the lock: starts the operation's thread at its present step. */
MUST_CHECK enum err_code op_start_thread(struct op *op, struct err *err);
/* Undoes and ends it. */
void op_fail(struct op *op, const struct err *err);
void op_finish(struct op *op, enum op_state state);
/* In the loop's thread: what could not be written of operations that are over, when the disk was full, is written. */
void op_catch_up(struct ops *ops);
/* In the loop's thread: waits for the operation's thread, which has ended or is about to. */
void op_reap(void *op);
