#include "agent/ops/op_engine.h"

#include <poll.h>
#include <stdlib.h>

#include "agent/ops/op_cards.h"
#include "agent/ops/op_find.h"
#include "agent/ops/op_key.h"
#include "agent/ops/op_resume.h"
#include "base/log.h"
#include "base/thread.h"

static const char *const state_texts[] = {
    [OP_RUNNING] = "running",
    [OP_WAITING_USER] = "waiting-user",
    [OP_WAITING_PLATFORM] = "waiting-platform",
    [OP_UNCONFIRMED] = "unconfirmed",
    [OP_DONE] = "done",
    [OP_FAILED] = "failed",
    [OP_CANCELLED] = "cancelled",
};

const char *op_state_text(enum op_state state)
{
    return state_texts[state];
}

enum op_state op_state_from_text(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(state_texts); i++)
        if (strcmp(state_texts[i], text) == 0)
            return (enum op_state)i;
    return OP_FAILED;
}

bool op_state_is_over(enum op_state state)
{
    return state == OP_DONE || state == OP_FAILED || state == OP_CANCELLED;
}

const struct ops_options *op_options(const struct op *op)
{
    return &op->ops->options;
}

const struct op_step *op_step_of(const struct op *op)
{
    size_t last = op->kind->step_count - 1;
    return &op->kind->steps[op->step < last ? op->step : last];
}

struct deadline op_step_deadline(const struct op *op)
{
    return deadline_in_ms((int64_t)op_step_of(op)->limit_seconds * 1000);
}

const struct cancel *op_step_cancel(const struct op *op)
{
    return op_step_of(op)->cancellable ? op->cancel : op->ops->shutdown;
}

struct told {
    struct ops *ops;
    char id[OPS_ID_BYTES];
    char *origin;
    bool over;
};

static void tell_operation(void *context)
{
    struct told *told = context;
    const struct ops_change change = {
        .event = OPS_OPERATION_CHANGED, .id = told->id, .origin = told->origin, .over = told->over};
    ops_tell(told->ops, &change);
    free(told->origin);
    free(told);
}

/* ---- the one function that moves an operation ---- */

/* The intent of a step that touches the key or the platform, what has become of the key, and the end must
 * be on the disk. */
static enum op_durability durability_of(const struct op *op, enum op_state state,
                                        const struct op_step *step)
{
    bool looks_only = step->touches == OP_TOUCHES_NOTHING || step->touches == OP_TOUCHES_USER;
    bool may_be_lost = looks_only && !op->facts.key_changed && !op_state_is_over(state);
    return may_be_lost ? OP_OUTLIVES_US : OP_OUTLIVES_POWER;
}

static enum err_code write_journal(struct op *op, enum op_state state, size_t step,
                                   int64_t updated_utc, struct err *err)
{
    AUTO(json_freep) struct json *facts = op_facts_to_json(&op->facts);
    AUTO(memory_freep) char *text = json_print(facts);
    size_t last = op->kind->step_count - 1;
    const struct op_step *entered = &op->kind->steps[step < last ? step : last];
    struct op_row row = {
        .id = op->id,
        .kind = op->kind->name,
        .origin = op->origin,
        .platform = op->platform != NULL ? op->platform->id : NULL,
        .state = op_state_text(state),
        .step = entered->name,
        .serial = op->serial,
        .created_utc = op->created_utc,
        .updated_utc = updated_utc,
        .facts = text,
    };
    return op_journal_put(op->ops->journal, &row, durability_of(op, state, entered), err);
}

void op_set_text(char **text, const char *value)
{
    if (value == NULL || (*text != NULL && strcmp(*text, value) == 0))
        return;
    free(*text);
    *text = memory_text(value);
}

/* Under the lock. */
void op_show(struct op *op, enum op_state state, size_t step, int64_t updated_utc)
{
    op->state = state;
    op->step = step;
    op->version++;
    op->updated_utc = updated_utc;
    op->key_changed = op->facts.key_changed || op->facts.changed_earlier;
    op->error = op->facts.error;
    if (op_state_is_over(state))
        op_cards_changed(op->ops);
    if (op->key.sign_cert != NULL)
        op_set_text(&op->holder, cert_peek(op->key.sign_cert)->common_name);
    if (op->facts.job != NULL) {
        op_set_text(&op->order, op->facts.job->order);
        op_set_text(&op->holder, op->facts.job->holder);
    }
}

static void show_and_tell(struct op *op, enum op_state state, size_t step, int64_t now_utc)
{
    pthread_mutex_lock(&op->ops->lock);
    bool moved = op->step != step;
    op_show(op, state, step, now_utc);
    pthread_mutex_unlock(&op->ops->lock);
    if (moved)
        op->attempts = 0;
    log_info("ops", "%.8s %s: %s, %s", op->id, op->kind->name, op_step_of(op)->name,
             op_state_text(state));
    struct told *told = memory_new(sizeof *told);
    told->ops = op->ops;
    told->origin = memory_text(op->origin);
    told->over = op_state_is_over(state);
    memcpy(told->id, op->id, sizeof told->id);
    loop_post(op->ops->options.loop, tell_operation, told);
}

enum err_code op_enter(struct op *op, enum op_state state, size_t step, struct err *err)
{
    int64_t now_utc = clock_now_utc();
    if (write_journal(op, state, step, now_utc, err) != ERR_NONE)
        return err_add(err, "enter step %zu of %s", step, op->kind->name);
    op->journal_behind = false;
    show_and_tell(op, state, step, now_utc);
    return ERR_NONE;
}

void op_enter_anyway(struct op *op, enum op_state state, size_t step)
{
    struct err err = ERR_INIT;
    if (op_enter(op, state, step, &err) == ERR_NONE)
        return;
    log_err("ops", "journal an operation that goes on all the same", &err);
    op->journal_behind = true;
    show_and_tell(op, state, step, clock_now_utc());
}

/* ---- what steps ask of the engine ---- */

enum err_code op_note_change(struct op *op, struct err *err)
{
    op->facts.key_changed = true;
    if (op_enter(op, op->state, op->step, err) == ERR_NONE)
        return ERR_NONE;
    op->facts.key_changed = false;
    return err->code;
}

/* What happened before the dialog was known is made up for here. */
void op_set_dialog(struct op *op, struct cancel *dialog)
{
    struct token_snapshot now;
    struct token_source *source = op_options(op)->source;
    source->class->snapshot(source, &now);
    pthread_mutex_lock(&op->ops->lock);
    op->dialog = dialog;
    if (dialog != NULL)
        op->key_gone = !ops_snapshot_has(&now, &op->presence);
    if (dialog != NULL && (op->key_gone || cancel_requested(op->cancel)))
        cancel_request(dialog);
    pthread_mutex_unlock(&op->ops->lock);
}

bool op_key_gone(struct op *op)
{
    pthread_mutex_lock(&op->ops->lock);
    bool gone = op->key_gone;
    pthread_mutex_unlock(&op->ops->lock);
    return gone;
}

/* ---- the thread of an operation ---- */

static enum err_code hold_key(struct op *op, struct err *err)
{
    if (op->key.token == NULL)
        return err_set(err, ERR_TOKEN_REMOVED, "the operation has no key");
    token_set_deadline(op->key.token, op_step_deadline(op));
    if (token_begin(op->key.token, err) != ERR_NONE)
        return err->code;
    op->key.held = true;
    return ERR_NONE;
}

static enum op_outcome run_step(struct op *op, struct err *err)
{
    const struct op_step *step = op_step_of(op);
    bool holds_key = step->touches == OP_TOUCHES_KEY || step->touches == OP_TOUCHES_KEY_IF_THERE;
    op->attempts++;
    if (!holds_key)
        return step->run(op, err);
    if (hold_key(op, err) != ERR_NONE && step->touches == OP_TOUCHES_KEY)
        return OP_STEP_FAILED;
    enum op_outcome outcome = step->run(op, err);
    if (op->key.held)
        token_end(op->key.token);
    op->key.held = false;
    return outcome;
}

static void wait_until(const struct cancel *cancel, struct deadline deadline)
{
    struct pollfd poll_fd = {.fd = cancel_fd(cancel), .events = POLLIN};
    poll(&poll_fd, 1, deadline_left_ms(deadline));
}

static struct json *make_result(struct op *op)
{
    struct json *result = json_new_object();
    struct token_usage usage = op->key.usage;
    if (op->key.token != NULL)
        usage = token_usage(op->key.token);
    op->kind->report(op, result);
    json_add_integer(result, "key_commands", usage.commands);
    json_add_integer(result, "key_us", usage.time_us);
    json_add_integer(result, "platform_us", op->platform_us);
    json_add_integer(result, "user_us", op->user_us);
    json_add_integer(result, "total_us", clock_monotonic_us() - op->started_us);
    return result;
}

void op_finish(struct op *op, enum op_state state)
{
    struct json *result = state == OP_DONE ? make_result(op) : NULL;
    op_key_done(&op->key); /* whoever is told of the end may use the key at once */
    pthread_mutex_lock(&op->ops->lock);
    op->result = result;
    pthread_mutex_unlock(&op->ops->lock);
    struct err err = ERR_INIT;
    if (!op_resume_is_worth_keeping(op, state))
        op_facts_forget_secret(&op->facts);
    op_enter_anyway(op, state, state == OP_DONE ? op->kind->step_count : op->step);
    if (op_journal_forget(op->ops->journal, &err) != ERR_NONE)
        log_err("ops", "wipe a job's secret", &err);
}

static bool is_cancelled(const struct err *err)
{
    return err->code == ERR_CANCELLED || err->code == ERR_PROMPT_CANCELLED;
}

void op_fail(struct op *op, const struct err *err)
{
    struct err end = ERR_INIT;
    if (is_cancelled(err) && cancel_requested(op->ops->shutdown)) { /* nobody wished it */
        err_set(&end, ERR_INTERRUPTED, "in step %s", op_step_of(op)->name);
        err = &end;
    }
    bool cancelled = is_cancelled(err);
    if (!cancelled)
        log_err("ops", op_step_of(op)->name, err);
    if (op->kind->undo != NULL)
        op->kind->undo(op, err);
    op->facts.error = *err;
    op_finish(op, cancelled ? OP_CANCELLED : OP_FAILED);
}

/* Our own end must leave a step that goes on by itself as it is in the journal. */
static bool leave_for_later(const struct op *op)
{
    return cancel_requested(op->ops->shutdown) && op_step_of(op)->after_death == OP_RESUME;
}

/* A wish that was taken in one step holds in the next too, whatever that one allows; but when only the
 * platform is left to be told, nothing can be taken back. */
static enum err_code check_cancelled(const struct op *op, struct err *err)
{
    const struct op_step *step = op_step_of(op);
    if (cancel_requested(op->ops->shutdown))
        return err_set(err, ERR_INTERRUPTED, "before step %s", step->name);
    if (cancel_requested(op->cancel) && step->after_death != OP_RESUME)
        return err_set(err, ERR_CANCELLED, "before step %s", step->name);
    return ERR_NONE;
}

/* What is left when only the platform has to be told is done whatever becomes of the journal: it takes nothing
 * back, and the person is told the truth. */
static enum err_code enter_next(struct op *op, struct err *err)
{
    size_t next = op->step + 1;
    if (op->kind->steps[next].after_death != OP_RESUME)
        return op_enter(op, OP_RUNNING, next, err);
    op_enter_anyway(op, OP_RUNNING, next);
    return ERR_NONE;
}

static void run_steps(struct op *op)
{
    struct err err = ERR_INIT;
    while (op->step < op->kind->step_count) {
        if (check_cancelled(op, &err) != ERR_NONE)
            break;
        enum op_outcome outcome = run_step(op, &err);
        if (outcome == OP_STEP_FAILED)
            break;
        if (outcome == OP_STEP_LATER) {
            wait_until(op_step_cancel(op), op->retry_at);
            continue;
        }
        if (op->step + 1 == op->kind->step_count) {
            op_finish(op, OP_DONE);
            return;
        }
        if (enter_next(op, &err) != ERR_NONE)
            break;
    }
    if (!leave_for_later(op))
        op_fail(op, &err);
}

/* A job's secret may stand in such a row, and after a restart it would be told as interrupted. */
void op_catch_up(struct ops *ops)
{
    bool any = false;
    struct err err = ERR_INIT;
    for (struct op *op = ops->newest; op != NULL; op = op->next) {
        if (op->has_thread || !op->journal_behind || !op_state_is_over(op->state))
            continue;
        if (write_journal(op, op->state, op->step, op->updated_utc, &err) != ERR_NONE)
            break; /* still so */
        op->journal_behind = false;
        any = true;
    }
    if (any && op_journal_forget(ops->journal, &err) != ERR_NONE)
        log_err("ops", "wipe what is needed no more", &err);
}

void op_reap(void *context)
{
    struct op *op = context;
    struct ops *ops = op->ops;
    if (!op->has_thread)
        return;
    pthread_join(op->thread, NULL);
    pthread_mutex_lock(&ops->lock);
    op->has_thread = false;
    ops->running--;
    cancel_freep(&op->cancel); /* hundreds of old operations would each keep a descriptor open */
    pthread_mutex_unlock(&ops->lock);
    op_resume_fulfil(op);
    op_resume_tidy(ops);
    op_catch_up(ops);
    const struct ops_change change = {.event = OPS_STATUS_CHANGED};
    ops_tell(ops, &change);
}

static void *run_thread(void *context)
{
    struct op *op = context;
    struct loop *loop = op->ops->options.loop;
    op->started_us = clock_monotonic_us();
    log_set_operation(op->id);
    run_steps(op);
    op_key_done(&op->key);
    op_find_done(op);
    loop_post(loop, op_reap, op);
    return NULL;
}

enum err_code op_start_thread(struct op *op, struct err *err)
{
    if (thread_start(&op->thread, run_thread, op, err) != ERR_NONE)
        return err->code;
    op->has_thread = true;
    op->ops->running++;
    return ERR_NONE;
}
