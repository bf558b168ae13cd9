#include "agent/ops/ops.h"

#include <stdlib.h>

#include "agent/ops/op_cards.h"
#include "agent/ops/op_key.h"
#include "agent/ops/op_keys.h"
#include "agent/ops/op_resume.h"
#include "base/hex.h"
#include "base/log.h"

void ops_tell(struct ops *ops, const struct ops_change *change)
{
    if (ops->observer != NULL)
        ops->observer(ops->observer_context, change);
}

void ops_observe(struct ops *ops, ops_observer observer, void *context)
{
    ops->observer = observer;
    ops->observer_context = context;
}

static void op_free(struct op *op)
{
    op_key_done(&op->key);
    op_facts_done(&op->facts);
    bytes_freep(&op->public_key);
    remote_new_seal_freep(&op->new_seal);
    cancel_freep(&op->cancel);
    json_freep(&op->result);
    char *const texts[] = {op->origin, op->ticket, op->wanted_serial,
                           op->serial, op->holder, op->order};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        free(texts[i]);
    free(op);
}

/* ---- starting and cancelling ---- */

static const struct ops_platform *platform_of(const struct ops *ops, const struct ops_start *start)
{
    for (size_t i = 0; i < ops->options.platform_count; i++) {
        const struct ops_platform *platform = &ops->options.platforms[i];
        if (start->origin != NULL
                ? strcmp(platform->origin, start->origin) == 0
                : start->platform != NULL && strcmp(platform->id, start->platform) == 0)
            return platform;
    }
    return NULL;
}

static enum err_code check_start(const struct ops_start *start, const struct op_kind *kind,
                                 const struct ops_platform *platform, struct err *err)
{
    if (kind == NULL)
        return err_set(err, ERR_FIELD_VALUE, "kind: unknown");
    if (start->origin != NULL && platform == NULL)
        return err_set(err, ERR_HTTP_ORIGIN, "no platform of this origin");
    if (start->platform != NULL && platform == NULL)
        return err_set(err, ERR_FIELD_VALUE, "platform: not configured");
    if (kind->ticket == OP_TICKET_REQUIRED && start->ticket == NULL)
        return err_set(err, ERR_FIELD_MISSING, "field \"ticket\" is missing");
    if (kind->ticket == OP_TICKET_NONE && start->ticket != NULL)
        return err_set(err, ERR_FIELD_VALUE, "ticket: not wanted for this kind");
    if (start->ticket != NULL && platform == NULL)
        return err_set(err, ERR_FIELD_MISSING, "field \"platform\" is missing");
    return ERR_NONE;
}

static enum err_code op_new(struct ops *ops, const struct ops_start *start,
                            const struct op_kind *kind, const struct ops_platform *platform,
                            struct op **out, struct err *err)
{
    struct cancel *cancel = NULL;
    if (cancel_new(&cancel, err) != ERR_NONE)
        return err->code;
    struct op *op = memory_new(sizeof *op);
    AUTO(memory_freep) char *id = hex_random((OPS_ID_BYTES - 1) / 2);
    memcpy(op->id, id, sizeof op->id);
    op->ops = ops;
    op->kind = kind;
    op->platform = platform;
    op->cancel = cancel;
    op->origin = memory_text(start->origin);
    op->ticket = memory_text(start->ticket);
    op->wanted_serial = memory_text(start->token);
    op->lang = start->lang;
    op->created_utc = clock_now_utc();
    op->updated_utc = op->created_utc;
    op->facts.error = ERR_INIT;
    op->error = ERR_INIT;
    *out = op;
    return ERR_NONE;
}

/* Under the lock: forgets the oldest finished operations beyond the limit. */
static void forget_old(struct ops *ops)
{
    size_t count = 0;
    for (struct op **at = &ops->newest; *at != NULL;) {
        struct op *op = *at;
        if (++count <= OP_JOURNAL_ROWS_MAX || op->has_thread) {
            at = &op->next;
            continue;
        }
        *at = op->next;
        op_free(op);
    }
}

enum err_code ops_start(struct ops *ops, const struct ops_start *start, char out_id[OPS_ID_BYTES],
                        struct err *err)
{
    const struct op_kind *kind = op_kind_named(start->kind);
    const struct ops_platform *platform = platform_of(ops, start);
    if (check_start(start, kind, platform, err) != ERR_NONE)
        return err->code;
    if (ops->running >= OPS_RUNNING_MAX)
        return err_set(err, ERR_OPERATION_BUSY, "%u operations are under way", ops->running);
    struct op *op = NULL;
    if (op_new(ops, start, kind, platform, &op, err) != ERR_NONE)
        return err->code;
    if (op_enter(op, OP_RUNNING, 0, err) != ERR_NONE) {
        op_free(op);
        return err->code;
    }
    pthread_mutex_lock(&ops->lock);
    op->next = ops->newest;
    ops->newest = op;
    enum err_code code = op_start_thread(op, err);
    forget_old(ops);
    pthread_mutex_unlock(&ops->lock);
    if (code != ERR_NONE) {
        op_fail(op, err);
        cancel_freep(&op->cancel);
        return code;
    }
    memcpy(out_id, op->id, OPS_ID_BYTES);
    return ERR_NONE;
}

struct op *ops_find(const struct ops *ops, const char *id, const char *origin)
{
    for (struct op *op = ops->newest; op != NULL; op = op->next) {
        bool visible = origin == NULL || (op->origin != NULL && strcmp(op->origin, origin) == 0);
        if (visible && strcmp(op->id, id) == 0)
            return op;
    }
    return NULL;
}

enum err_code ops_cancel(struct ops *ops, const char *id, const char *origin, struct err *err)
{
    enum err_code code = ERR_NONE;
    pthread_mutex_lock(&ops->lock);
    struct op *op = ops_find(ops, id, origin);
    if (op == NULL)
        code = err_set(err, ERR_OPERATION_UNKNOWN, "no such operation");
    else if (op->wish == OP_WISH_RESUME)
        op_resume_withdraw(op);
    else if (op_state_is_over(op->state) || !op_step_of(op)->cancellable)
        code = err_set(err, ERR_OPERATION_TOO_LATE, "at step \"%s\"", op_step_of(op)->name);
    else
        cancel_request(op->cancel);
    if (code == ERR_NONE && op->dialog != NULL)
        cancel_request(op->dialog);
    op_cards_changed(ops); /* it may wait for one */
    pthread_mutex_unlock(&ops->lock);
    return code;
}

/* ---- keys that come and go ---- */

bool ops_snapshot_has(const struct token_snapshot *snapshot, const struct token_presence *presence)
{
    for (size_t i = 0; i < snapshot->count; i++)
        if (snapshot->present[i].sequence == presence->sequence &&
            strcmp(snapshot->present[i].reader, presence->reader) == 0)
            return true;
    return false;
}

static void tell_difference(struct ops *ops, const struct token_snapshot *from,
                            const struct token_snapshot *missing_in, enum ops_event event)
{
    for (size_t i = 0; i < from->count; i++) {
        if (ops_snapshot_has(missing_in, &from->present[i]))
            continue;
        const struct ops_change change = {.event = event, .reader = from->present[i].reader};
        ops_tell(ops, &change);
    }
}

static void withdraw_dialogs(struct ops *ops, const struct token_snapshot *now)
{
    pthread_mutex_lock(&ops->lock);
    for (struct op *op = ops->newest; op != NULL; op = op->next) {
        if (op->dialog == NULL || ops_snapshot_has(now, &op->presence))
            continue;
        op->key_gone = true;
        cancel_request(op->dialog);
    }
    pthread_mutex_unlock(&ops->lock);
}

void ops_keys_changed(struct ops *ops)
{
    struct token_snapshot now;
    struct token_snapshot before = ops->snapshot;
    ops->options.source->class->snapshot(ops->options.source, &now);
    withdraw_dialogs(ops, &now);
    ops->snapshot = now;
    tell_difference(ops, &before, &now, OPS_TOKEN_REMOVED);
    tell_difference(ops, &now, &before, OPS_TOKEN_INSERTED);
    const struct ops_change change = {.event = OPS_STATUS_CHANGED};
    if (before.service != now.service || before.count != now.count)
        ops_tell(ops, &change);
}

/* ---- coming up and going down ---- */

static size_t step_named(const struct op_kind *kind, const char *name)
{
    for (size_t i = 0; i < kind->step_count; i++)
        if (strcmp(kind->steps[i].name, name) == 0)
            return i;
    return 0;
}

/* An operation of an earlier run of the agent: over, to be gone on with, or interrupted. */
static void take_row(void *context, const struct op_row *row)
{
    struct ops *ops = context;
    const struct op_kind *kind = op_kind_named(row->kind);
    struct ops_start start = {.kind = row->kind, .origin = row->origin, .platform = row->platform};
    struct op *op = NULL;
    struct err err = ERR_INIT;
    if (kind == NULL || strlen(row->id) != OPS_ID_BYTES - 1)
        return;
    if (op_new(ops, &start, kind, platform_of(ops, &start), &op, &err) != ERR_NONE) {
        log_err("ops", "take up a journaled operation", &err);
        return;
    }
    memcpy(op->id, row->id, sizeof op->id);
    op->created_utc = row->created_utc;
    op->resumed = true;
    op_set_text(&op->serial, row->serial);
    if (op_facts_from_json(row->facts, &op->facts, &err) != ERR_NONE)
        log_err("ops", "take up a journaled operation", &err);
    op_show(op, op_state_from_text(row->state), step_named(kind, row->step), row->updated_utc);
    op->next = ops->newest;
    ops->newest = op;
}

/* Only the platform has to hear of it, and that is not possible in this run of the agent: it stays in the
 * journal as it is, for the next one. */
static void leave_unconfirmed(struct ops *ops, struct op *op, const struct err *why)
{
    log_err("ops", "go on with an unconfirmed operation", why);
    pthread_mutex_lock(&ops->lock);
    op_show(op, OP_UNCONFIRMED, op->step, op->updated_utc);
    pthread_mutex_unlock(&ops->lock);
}

static enum err_code resume(struct ops *ops, struct op *op, struct err *err)
{
    if (op->platform == NULL && op_step_of(op)->touches == OP_TOUCHES_PLATFORM)
        return err_set(err, ERR_CONFIG, "its platform is not configured");
    pthread_mutex_lock(&ops->lock);
    enum err_code code = op_start_thread(op, err);
    pthread_mutex_unlock(&ops->lock);
    return code;
}

static void go_on(struct ops *ops, struct op *op)
{
    struct err err = ERR_INIT;
    const struct op_step *step = op_step_of(op);
    if (op_state_is_over(op->state))
        return;
    if (step->after_death == OP_RESUME && op->facts.job != NULL) {
        if (resume(ops, op, &err) != ERR_NONE)
            leave_unconfirmed(ops, op, &err);
        return;
    }
    if (step->after_death == OP_RESUME_NEXT && op->facts.key_changed && op->facts.job != NULL) {
        op_enter_anyway(op, OP_RUNNING, op->step + 1);
        if (resume(ops, op, &err) != ERR_NONE)
            leave_unconfirmed(ops, op, &err);
        return;
    }
    bool unclear = op->facts.key_changed && op->kind->unclear != ERR_NONE;
    err_set(&op->facts.error, unclear ? op->kind->unclear : ERR_INTERRUPTED, "ended in step \"%s\"",
            step->name);
    op_finish(op, OP_FAILED);
}

static void init_lock(struct ops *ops)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&ops->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&ops->card_freed, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum err_code ops_new(const struct ops_options *options, struct ops **out, struct err *err)
{
    AUTO(ops_freep) struct ops *ops = memory_new(sizeof *ops);
    ops->options = *options;
    init_lock(ops);
    ops->keys = op_keys_new(ops);
    if (cancel_new(&ops->shutdown, err) != ERR_NONE ||
        op_journal_open(options->journal_file, &ops->journal, err) != ERR_NONE ||
        op_journal_each(ops->journal, take_row, ops, err) != ERR_NONE)
        return err_add(err, "open the operations");
    ops->snapshot.service = TOKEN_SERVICE_NONE; /* the source tells what there is when it knows */
    for (struct op *op = ops->newest; op != NULL; op = op->next) {
        go_on(ops, op);
        if (!op->has_thread && op_state_is_over(op->state))
            cancel_freep(&op->cancel);
    }
    op_resume_tidy(ops);
    if (op_journal_forget(ops->journal, err) != ERR_NONE)
        log_err("ops", "wipe what is needed no more", err);
    *err = ERR_INIT;
    *out = TAKE(ops);
    return ERR_NONE;
}

static void stop_all(struct ops *ops)
{
    cancel_request(ops->shutdown);
    pthread_mutex_lock(&ops->lock);
    for (struct op *op = ops->newest; op != NULL; op = op->next) {
        if (op->cancel != NULL)
            cancel_request(op->cancel);
        if (op->dialog != NULL)
            cancel_request(op->dialog);
    }
    op_cards_changed(ops);
    pthread_mutex_unlock(&ops->lock);
}

void ops_free(struct ops *ops)
{
    if (ops == NULL)
        return;
    if (ops->shutdown != NULL)
        stop_all(ops);
    ops->observer = NULL;
    op_keys_free(ops->keys);
    for (struct op *op = ops->newest; op != NULL; op = op->next)
        op_reap(op);
    if (ops->journal != NULL)
        op_catch_up(ops);
    if (ops->options.loop != NULL)
        loop_run_posted(ops->options.loop); /* what the threads said last names operations */
    while (ops->newest != NULL) {
        struct op *op = ops->newest;
        ops->newest = op->next;
        op_free(op);
    }
    op_journal_close(ops->journal);
    cancel_free(ops->shutdown);
    pthread_cond_destroy(&ops->card_freed);
    pthread_mutex_destroy(&ops->lock);
    free(ops);
}

void ops_freep(struct ops **ops)
{
    ops_free(*ops);
    *ops = NULL;
}
