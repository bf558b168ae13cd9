#include "agent/ops/op_resume.h"

#include "base/log.h"

/* Final by their kind, and yet gone when the key is put in anew or the disk has room. */
static const enum err_code passing[] = {ERR_JOURNAL, ERR_TOKEN_ANSWER, ERR_TOKEN_CRYPTO,
                                        ERR_READ_BACK};
/* To be mended by a person, but not in this operation. */
static const enum err_code lasting[] = {ERR_WRONG_TOKEN, ERR_JOB_EXPIRED};

static bool is_among(enum err_code code, const enum err_code *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (codes[i] == code)
            return true;
    return false;
}

static bool may_pass(enum err_code code)
{
    enum err_kind kind = err_kind_of(code);
    if (is_among(code, lasting, ARRAY_SIZE(lasting)))
        return false;
    return kind == ERR_KIND_RETRY || kind == ERR_KIND_USER ||
           is_among(code, passing, ARRAY_SIZE(passing));
}

bool op_resume_is_worth_keeping(const struct op *op, enum op_state state)
{
    const struct remote_job *job = op->facts.job;
    return state == OP_FAILED && op->kind->ticket == OP_TICKET_REQUIRED && op->platform != NULL &&
           op->serial != NULL && job != NULL && job->secret != NULL &&
           job->expires_utc > clock_now_utc() && may_pass(op->facts.error.code);
}

/* Whether a later operation has done what this one was for. */
static bool is_superseded(const struct op *op)
{
    for (const struct op *other = op->ops->newest; other != NULL && other != op;
         other = other->next)
        if (other->kind == op->kind && other->state == OP_DONE && other->serial != NULL &&
            strcmp(other->serial, op->serial) == 0)
            return true;
    return false;
}

bool op_resume_possible(const struct op *op)
{
    return op->wish == OP_WISH_NONE && op_state_is_over(op->state) &&
           op_resume_is_worth_keeping(op, op->state) && !is_superseded(op);
}

enum op_state op_resume_shown(const struct op *op)
{
    static const enum op_state shown[] = {
        [OP_WISH_RESUME] = OP_RUNNING,
        [OP_WISH_ABANDON] = OP_CANCELLED,
    };
    return op->wish == OP_WISH_NONE ? op->state : shown[op->wish];
}

/* ---- secrets that are needed no more ---- */

static bool keeps_in_vain(const struct op *op)
{
    return op_state_is_over(op->state) && !op->has_thread && op->facts.job != NULL &&
           op->facts.job->secret != NULL && !op_resume_possible(op);
}

static struct op *next_in_vain(struct ops *ops)
{
    struct op *found = NULL;
    pthread_mutex_lock(&ops->lock);
    for (struct op *op = ops->newest; op != NULL && found == NULL; op = op->next)
        if (keeps_in_vain(op))
            found = op;
    pthread_mutex_unlock(&ops->lock);
    return found;
}

void op_resume_tidy(struct ops *ops)
{
    struct err err = ERR_INIT;
    bool any = false;
    for (struct op *op = next_in_vain(ops); op != NULL; op = next_in_vain(ops)) {
        op_facts_forget_secret(&op->facts);
        op_enter_anyway(op, op->state, op->step);
        any = true;
    }
    if (any && op_journal_forget(ops->journal, &err) != ERR_NONE)
        log_err("ops", "wipe a job's secret", &err);
}

/* ---- going on, and giving up ---- */

/* Under the lock. */
static enum err_code check(const struct op *op, struct err *err)
{
    if (op == NULL)
        return err_set(err, ERR_OPERATION_UNKNOWN, "no such operation");
    if (!op_resume_possible(op))
        return err_set(err, ERR_OPERATION_NOT_RESUMABLE, "%s in step \"%s\"",
                       op_state_text(op->state), op_step_of(op)->name);
    if (!op->has_thread && op->ops->running >= OPS_RUNNING_MAX)
        return err_set(err, ERR_OPERATION_BUSY, "%u operations are under way", op->ops->running);
    return ERR_NONE;
}

/* Under the lock: its thread is ending, and may wait for a key that answers nobody. */
static void wish_for(struct op *op, enum op_wish wish, enum lang lang)
{
    op->wish = wish;
    op->wish_lang = lang;
    op->version++;
}

void op_resume_withdraw(struct op *op)
{
    wish_for(op, OP_WISH_ABANDON, op->lang);
}

/* Facts as before the first step. What was asked for with the kept key is asked for with it again: a certificate is
 * issued once. What its pair held is known when the key has lost it over the writing. */
static void forget_attempt(struct op_facts *facts)
{
    struct op_facts kept = {.job = TAKE(facts->job), .kept_reason = facts->kept_reason};
    if (!facts->container_is_ours) {
        memcpy(kept.container, facts->container, sizeof kept.container);
        kept.old_sign_cert = TAKE(facts->old_sign_cert);
    }
    op_facts_done(facts);
    *facts = kept;
}

/* Under the lock: only the job, the key's serial, and what is known of the key stay. */
static void begin_anew(struct op *op, enum lang lang, struct cancel *cancel)
{
    forget_attempt(&op->facts);
    op->facts.changed_earlier = op->key_changed;
    op->facts.error = ERR_INIT;
    bytes_freep(&op->public_key);
    remote_new_seal_freep(&op->new_seal);
    json_freep(&op->result);
    cancel_free(op->cancel);
    op->cancel = cancel;
    op->lang = lang;
    op->attempts = 0;
    op->resumed = false;
    op->said = (struct text){0};
    op->key_gone = false;
    op->looked_enough = false;
    op->looked_at_count = 0;
    op->presence = (struct token_presence){0};
    op_set_text(&op->wanted_serial, op->serial);
}

static enum err_code start_anew(struct ops *ops, struct op *op, struct err *err)
{
    if (op_enter(op, OP_RUNNING, 0, err) != ERR_NONE) {
        op->facts.error = *err;
        op_enter_anyway(op, OP_FAILED, 0);
        return err->code;
    }
    pthread_mutex_lock(&ops->lock);
    enum err_code code = op_start_thread(op, err);
    pthread_mutex_unlock(&ops->lock);
    if (code != ERR_NONE)
        op_fail(op, err);
    return code;
}

enum err_code ops_resume(struct ops *ops, const char *id, const char *origin, enum lang lang,
                         struct err *err)
{
    AUTO(cancel_freep) struct cancel *cancel = NULL;
    if (cancel_new(&cancel, err) != ERR_NONE)
        return err->code;
    pthread_mutex_lock(&ops->lock);
    struct op *op = ops_find(ops, id, origin);
    enum err_code code = check(op, err);
    bool later = code == ERR_NONE && op->has_thread;
    if (later)
        wish_for(op, OP_WISH_RESUME, lang);
    else if (code == ERR_NONE)
        begin_anew(op, lang, TAKE(cancel));
    pthread_mutex_unlock(&ops->lock);
    if (code == ERR_NONE && !later && start_anew(ops, op, err) != ERR_NONE) {
        cancel_freep(&op->cancel);
        return err->code;
    }
    return code;
}

static void give_up(struct op *op)
{
    struct err err = ERR_INIT;
    op_facts_forget_secret(&op->facts);
    op_enter_anyway(op, OP_CANCELLED, op->step);
    if (op_journal_forget(op->ops->journal, &err) != ERR_NONE)
        log_err("ops", "wipe a job's secret", &err);
}

enum err_code ops_abandon(struct ops *ops, const char *id, const char *origin, struct err *err)
{
    pthread_mutex_lock(&ops->lock);
    struct op *op = ops_find(ops, id, origin);
    bool possible = op != NULL && op_resume_possible(op);
    bool later = possible && op->has_thread;
    if (later)
        wish_for(op, OP_WISH_ABANDON, op->lang);
    pthread_mutex_unlock(&ops->lock);
    if (!possible)
        return ops_cancel(ops, id, origin, err);
    if (!later)
        give_up(op);
    return ERR_NONE;
}

void op_resume_fulfil(struct op *op)
{
    struct err err = ERR_INIT;
    pthread_mutex_lock(&op->ops->lock);
    enum op_wish wish = op->wish;
    op->wish = OP_WISH_NONE;
    pthread_mutex_unlock(&op->ops->lock);
    if (wish == OP_WISH_ABANDON)
        give_up(op);
    if (wish != OP_WISH_RESUME || cancel_requested(op->ops->shutdown))
        return; /* one that is not gone on with now can be after the restart */
    if (ops_resume(op->ops, op->id, NULL, op->wish_lang, &err) == ERR_NONE)
        return;
    log_err("ops", "go on with an operation", &err);
    op_enter_anyway(op, op->state, op->step); /* what was shown meanwhile is taken back */
}
