#include "agent/ops/op_seal_room.h"

#include "agent/ops/op_admin.h"
#include "agent/ops/op_seals.h"

/* A new seal may hold longer certificates than the present one, of the holder and of the maker. */
#define GROWTH_BYTES 1024
/* Written and removed again to see whether there is room; in our folder of names, and no seal. */
#define TRIAL_FILE "seal-room"

static size_t wanted_bytes(const struct op *op)
{
    return seal_peek(op->key.seal->seal)->der.len + GROWTH_BYTES;
}

enum err_code op_seal_room_known(const struct op *op, struct err *err)
{
    const struct token_facts *facts = token_peek_facts(op->key.token);
    size_t wanted = wanted_bytes(op);
    if (facts->file_bytes_max != 0 && wanted > facts->file_bytes_max)
        return err_set(err, ERR_TOKEN_NO_SPACE, "a seal of %zu bytes, a file has %zu at most",
                       wanted, facts->file_bytes_max);
    return ERR_NONE;
}

const struct op_seal *op_seal_room_other(const struct op *op)
{
    const struct op_seal *present = op->key.seal;
    for (size_t i = 0; i < op->key.seals->count; i++) {
        const struct op_seal *seal = &op->key.seals->seals[i];
        if (seal != present && strcmp(seal_peek(seal->seal)->id, seal_peek(present->seal)->id) == 0)
            return seal;
    }
    return NULL;
}

/* A key whose files are objects of a size of their own does not say how large that is. With two files of the seal
 * one is what an earlier attempt wrote: it is taken, or goes. */
static bool must_try(const struct op *op)
{
    const struct token_facts *facts = token_peek_facts(op->key.token);
    return facts->file_bytes_max == 0 && facts->free_bytes == SIZE_MAX &&
           op_seal_room_other(op) == NULL;
}

static enum err_code remove_trial(struct op *op, struct err *err)
{
    if (op_admin_delete_file(op, TRIAL_FILE, err) != ERR_NONE)
        return err_add(err, "remove what was written for a trial");
    op->facts.key_changed = false;
    return ERR_NONE;
}

enum err_code op_seal_room_clear(struct op *op, struct err *err)
{
    enum err_code code = remove_trial(op, err);
    if (code != ERR_TOKEN_NO_FILE)
        return code;
    *err = ERR_INIT;
    op->facts.key_changed = false;
    return ERR_NONE;
}

static enum err_code try_room(struct op *op, struct err *err)
{
    AUTO(bytes_freep) struct bytes *trial = bytes_new_size(wanted_bytes(op));
    memset(trial->at, 0, trial->len);
    if (op_admin_begin(op, err) != ERR_NONE || op_note_change(op, err) != ERR_NONE)
        return err->code;
    enum err_code code = op_admin_write_file(op, TRIAL_FILE, span_bytes(trial), err);
    if (code == ERR_TOKEN_EXISTS) { /* of an attempt that broke off */
        *err = ERR_INIT;
        if (remove_trial(op, err) != ERR_NONE || op_note_change(op, err) != ERR_NONE)
            return err->code;
        code = op_admin_write_file(op, TRIAL_FILE, span_bytes(trial), err);
    }
    if (code == ERR_NONE)
        return remove_trial(op, err);
    if (code == ERR_TOKEN_NO_SPACE)
        op->facts.key_changed = false;
    return err_add(err, "try %zu bytes", trial->len);
}

enum op_outcome op_seal_room_try(struct op *op, struct err *err)
{
    if (!must_try(op) || try_room(op, err) == ERR_NONE)
        return OP_STEP_NEXT;
    err_add(err, "make sure that there is room for a new seal");
    return OP_STEP_FAILED;
}
