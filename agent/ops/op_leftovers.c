#include "agent/ops/op_leftovers.h"

#include "agent/ops/op_engine.h"
#include "agent/ops/op_seals.h"
#include "base/log.h"

/* An extension that left the old seal: copied, since operations are forgotten meanwhile. */
struct leftover {
    char id[OPS_ID_BYTES]; /* of the operation */
    char old_file[TOKEN_NAME_BYTES_MAX + 1];
    char new_file[TOKEN_NAME_BYTES_MAX + 1];
    uint8_t old_digest[OP_DIGEST_BYTES];
    uint8_t new_digest[OP_DIGEST_BYTES];
};

static bool left_something(const struct op *op, const char *serial)
{
    return op->state == OP_DONE && op->facts.old_seal_left && op->serial != NULL &&
           strcmp(op->serial, serial) == 0;
}

/* Facts of an operation that is over change only here, under the lock. */
static bool next_leftover(struct ops *ops, const char *serial, struct leftover *out)
{
    bool found = false;
    pthread_mutex_lock(&ops->lock);
    for (const struct op *op = ops->newest; op != NULL && !found; op = op->next) {
        const struct op_facts *facts = &op->facts;
        found = left_something(op, serial);
        if (!found)
            continue;
        memcpy(out->id, op->id, sizeof out->id);
        memcpy(out->old_file, facts->old_seal_file, sizeof out->old_file);
        memcpy(out->new_file, facts->seal_file, sizeof out->new_file);
        memcpy(out->old_digest, facts->old_seal_digest, sizeof out->old_digest);
        memcpy(out->new_digest, facts->written_digest, sizeof out->new_digest);
    }
    pthread_mutex_unlock(&ops->lock);
    return found;
}

/* The journal keeps saying so: after a restart it is looked for once more, and not found. */
static void forget(struct ops *ops, const struct leftover *leftover)
{
    pthread_mutex_lock(&ops->lock);
    struct op *op = ops_find(ops, leftover->id, NULL);
    if (op != NULL)
        op->facts.old_seal_left = false;
    pthread_mutex_unlock(&ops->lock);
}

static enum err_code remove_one(struct token *token, const struct leftover *leftover,
                                struct err *err)
{
    bool is_old = false, has_new = false;
    if (op_seals_compare(token, leftover->old_file, leftover->old_digest, &is_old, err) !=
            ERR_NONE ||
        (is_old && op_seals_compare(token, leftover->new_file, leftover->new_digest, &has_new,
                                    err) != ERR_NONE))
        return err->code;
    return has_new ? token_delete_file(token, leftover->old_file, err) : ERR_NONE;
}

void op_leftovers_remove(struct op *op)
{
    struct leftover leftover;
    const char *serial = token_peek_facts(op->key.token)->serial;
    while (next_leftover(op->ops, serial, &leftover)) {
        struct err err = ERR_INIT;
        if (remove_one(op->key.token, &leftover, &err) != ERR_NONE) {
            log_err("ops", "remove an old seal that was left", &err);
            return;
        }
        forget(op->ops, &leftover);
    }
}
