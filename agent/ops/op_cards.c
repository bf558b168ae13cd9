#include "agent/ops/op_cards.h"

#include <time.h>

bool op_cards_same(const struct token_presence *a, const struct token_presence *b)
{
    return a->sequence == b->sequence && strcmp(a->reader, b->reader) == 0;
}

void op_cards_changed(struct ops *ops)
{
    pthread_cond_broadcast(&ops->card_freed);
}

bool op_cards_wait(struct ops *ops, struct deadline deadline)
{
    const struct timespec at = {(time_t)(deadline.at_ms / 1000),
                                (long)(deadline.at_ms % 1000) * 1000000};
    return pthread_cond_timedwait(&ops->card_freed, &ops->lock, &at) == 0;
}

/* ---- under the lock ---- */

static bool looks_at(const struct op *op, const struct token_presence *presence)
{
    for (size_t i = 0; i < op->looked_at_count; i++)
        if (op_cards_same(&op->looked_at[i], presence))
            return true;
    return false;
}

static bool is_looked_at(const struct ops *ops, const struct token_presence *presence,
                         const struct op *except)
{
    for (const struct op *op = ops->newest; op != NULL; op = op->next)
        if (op != except && looks_at(op, presence))
            return true;
    return false;
}

static bool is_claimed(const struct ops *ops, const struct token_presence *presence,
                       const struct op *except)
{
    for (const struct op *op = ops->newest; op != NULL; op = op->next)
        if (op != except && !op_state_is_over(op->state) && op_cards_same(&op->presence, presence))
            return true;
    return false;
}

static bool is_being_read(const struct ops *ops, const struct token_presence *presence)
{
    for (size_t i = 0; i < ops->being_read_count; i++)
        if (op_cards_same(&ops->being_read[i], presence))
            return true;
    return false;
}

static void forget(struct token_presence *list, size_t *count,
                   const struct token_presence *presence)
{
    for (size_t i = 0; i < *count; i++)
        if (op_cards_same(&list[i], presence)) {
            list[i] = list[--*count];
            return;
        }
}

/* ---- readings ---- */

bool op_cards_begin_reading(struct ops *ops, const struct token_presence *presence)
{
    pthread_mutex_lock(&ops->lock);
    bool may = ops->being_read_count < TOKEN_READERS_MAX && !is_claimed(ops, presence, NULL) &&
               !is_looked_at(ops, presence, NULL);
    if (may)
        ops->being_read[ops->being_read_count++] = *presence;
    pthread_mutex_unlock(&ops->lock);
    return may;
}

void op_cards_end_reading(struct ops *ops, const struct token_presence *presence)
{
    pthread_mutex_lock(&ops->lock);
    forget(ops->being_read, &ops->being_read_count, presence);
    op_cards_changed(ops);
    pthread_mutex_unlock(&ops->lock);
}

/* ---- operations ---- */

static bool must_wait(const struct op *op, const struct token_presence *presence, bool patient)
{
    return is_being_read(op->ops, presence) || (patient && is_looked_at(op->ops, presence, op));
}

bool op_cards_look(struct op *op, const struct token_presence *presence, bool patient,
                   struct deadline deadline)
{
    struct ops *ops = op->ops;
    pthread_mutex_lock(&ops->lock);
    bool in_time = true;
    while (in_time && !op->looked_enough && !is_claimed(ops, presence, op) &&
           must_wait(op, presence, patient))
        in_time = op_cards_wait(ops, deadline);
    bool may = in_time && !op->looked_enough && op->looked_at_count < TOKEN_READERS_MAX &&
               !is_claimed(ops, presence, op) && !is_looked_at(ops, presence, op);
    if (may)
        op->looked_at[op->looked_at_count++] = *presence;
    pthread_mutex_unlock(&ops->lock);
    return may;
}

void op_cards_leave(struct op *op, const struct token_presence *presence)
{
    pthread_mutex_lock(&op->ops->lock);
    forget(op->looked_at, &op->looked_at_count, presence);
    op_cards_changed(op->ops);
    pthread_mutex_unlock(&op->ops->lock);
}

bool op_cards_claim(struct op *op, const char *serial, const struct token_presence *presence)
{
    bool free_to_take = true;
    pthread_mutex_lock(&op->ops->lock);
    for (const struct op *other = op->ops->newest; other != NULL; other = other->next)
        if (other != op && other->has_thread && !op_state_is_over(other->state) &&
            other->presence.sequence != 0 && strcmp(other->serial, serial) == 0)
            free_to_take = false;
    if (free_to_take) {
        op_set_text(&op->serial, serial);
        op->presence = *presence;
    }
    forget(op->looked_at, &op->looked_at_count, presence);
    op_cards_changed(op->ops);
    pthread_mutex_unlock(&op->ops->lock);
    return free_to_take;
}

void op_cards_give_back(struct op *op)
{
    pthread_mutex_lock(&op->ops->lock);
    op->presence = (struct token_presence){0};
    op_cards_changed(op->ops);
    pthread_mutex_unlock(&op->ops->lock);
}
