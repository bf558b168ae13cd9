/* CA锁密码重置: the platform computes what unblocks the key from the key's own challenge; we relay. The
 * administrator PIN is never here. A challenge dies with the next command or the connection, so the
 * platform is asked inside the card transaction: the one step with two outside effects. */
#include "agent/ops/op_admin.h"
#include "agent/ops/op_cards.h"
#include "agent/ops/op_change_pin.h"
#include "agent/ops/op_dialog.h"
#include "agent/ops/op_find.h"
#include "agent/ops/op_key.h"
#include "agent/ops/op_platform.h"
#include "base/buf.h"
#include "base/log.h"
#include "certs/proof.h"

/* How long, and how often, a key that was pulled out at the wrong moment is looked for. */
#define RETURN_WAIT_MS 60000
#define RETURN_RETRY_MS 500
/* Another program may reset the key between challenge and answer; then both are made anew. */
#define RELAY_ATTEMPTS_MAX 3

static const struct text confirm_title = {"CA锁密码重置", "PIN reset"};
static const struct text confirm_yes = {"重置密码", "Reset the PIN"};
static const struct text offer_title = {"修改初始密码", "Change the initial PIN"};
static const struct text offer_yes = {"现在修改", "Change it now"};
static const struct text said_changed = {"重置锁成功,CA锁密码已修改。",
                                         "The PIN was reset, and then changed by you."};
static const struct text said_unclear = {
    "重置锁成功。修改密码时CA锁没有应答：密码为您的新密码，或者为123456。",
    "The PIN was reset. The key did not answer when it was changed: it is your new PIN, or "
    "123456."};

/* ---- judge ---- */

/* The administrator's last tries are for someone who has the key in hand; the platform stops at the same number. A
 * key that does not say how many are left says so when one was lost. */
static enum err_code judge_tries(const struct op *op, int left, struct err *err)
{
    if (left < 0 || left > token_peek_facts(op->key.token)->admin_tries_stop)
        return ERR_NONE;
    return err_set(err, left == 0 ? ERR_ADMIN_PIN_LOCKED : ERR_ADMIN_PIN_LOW,
                   "%d administrator tries left", left);
}

/* Both PINs' states, and whether the administrator's may be used. */
static enum err_code look(struct op *op, struct err *err)
{
    if (token_read_pin_state(op->key.token, TOKEN_USER, &op->key.pin, err) != ERR_NONE ||
        token_read_pin_state(op->key.token, TOKEN_ADMINISTRATOR, &op->key.administrator, err) !=
            ERR_NONE)
        return err->code;
    return judge_tries(op, op->key.administrator.tries_left, err);
}

static enum op_outcome judge(struct op *op, struct err *err)
{
    return look(op, err) == ERR_NONE ? OP_STEP_NEXT : OP_STEP_FAILED;
}

/* ---- confirm in a dialog ---- */

static enum err_code talk_confirm(struct op *op, const struct cancel *dialog, void *context,
                                  struct err *err)
{
    (void)context;
    AUTO(memory_freep) char *facts = op_dialog_describe(op);
    AUTO(memory_freep)
    char *description = memory_printf(
        op->lang == LANG_EN ? "%s\n\nThe PIN of this key will be reset to the initial one."
                            : "%s\n\n此CA锁的密码将被重置为初始密码。",
        facts);
    return op_dialog_confirm(op, dialog, confirm_title, description, confirm_yes, err);
}

static enum op_outcome confirm_reset(struct op *op, struct err *err)
{
    return op_dialog_run(op, talk_confirm, NULL, err) == ERR_NONE ? OP_STEP_NEXT : OP_STEP_FAILED;
}

/* ---- relay ---- */

static enum err_code log_administrator_in(struct op *op, struct err *err)
{
    const struct op_admin_question question = {REMOTE_UNBLOCK_LOGIN,
                                               op->key.administrator.tries_left, false};
    if (!token_peek_facts(op->key.token)->unblock_needs_admin_login)
        return ERR_NONE;
    return op_admin_login(op, &question, err);
}

/* What tells the platform which of its answers the key took. One that is good without a challenge must not be found
 * by trying from what the journal holds: only which one it was is said. */
static void note_answer(struct op *op, struct span blob, bool bound, bool refused)
{
    if (bound) {
        proof_sha256(blob, op->facts.written_digest);
        return;
    }
    AUTO(buf_done) struct buf buf = BUF_INIT(REMOTE_CHALLENGE_BYTES_MAX + 1);
    buf_add(&buf, span_bytes(op->facts.job->challenge));
    buf_add_u8(&buf, refused ? 1 : 0);
    proof_sha256(buf_span(&buf), op->facts.written_digest);
}

/* *out_sent: the key may have taken the answer, which must not be tried again blindly. */
static enum err_code relay_unblock(struct op *op, const struct op_admin_question *question,
                                   bool *out_bound, bool *out_sent, struct err *err)
{
    AUTO(secret_freep) struct secret *blob = NULL;
    if (op_admin_relay(op, question, &blob, out_bound, err) != ERR_NONE)
        return err->code;
    note_answer(op, secret_peek(blob), *out_bound, question->refused);
    op->facts.pin_before = op->key.pin;
    op->facts.has_pin_before = true;
    if (op_note_change(op, err) != ERR_NONE)
        return err->code;
    *out_sent = true;
    enum err_code code = token_unblock(op->key.token, secret_peek(blob), err);
    op->facts.written = code == ERR_NONE;
    return op->facts.written ? ERR_NONE : err_add(err, "unblock the PIN");
}

/* A secret that is wrong costs a try: a refusal that cost none was for another reason, which a card may have in the
 * same word, and says nothing about the secret. Of a card that tells no tries (-1) at all the platform keeps count. */
static bool may_cost_a_try(const struct op *op, const struct err *refusal)
{
    int before = op->key.administrator.tries_left;
    return before < 0 ? refusal->tries_left != 0
                      : refusal->tries_left > 0 && refusal->tries_left < before;
}

/* An answer without a challenge is a secret that key and platform change together. When they differ about the present
 * one, since an earlier reset broke off, the platform has another. */
static bool may_ask_again(const struct op *op, bool bound, const struct err *refusal)
{
    struct err too_few = ERR_INIT;
    return refusal->code == ERR_PIN_WRONG && !bound && may_cost_a_try(op, refusal) &&
           judge_tries(op, refusal->tries_left, &too_few) == ERR_NONE;
}

/* The key is looked at once more: others had it while the person was asked. */
static enum err_code unblock_once(struct op *op, bool *out_sent, struct err *err)
{
    bool bound = true;
    if (look(op, err) != ERR_NONE || log_administrator_in(op, err) != ERR_NONE)
        return err->code;
    struct op_admin_question question = {REMOTE_UNBLOCK_PIN, op->key.administrator.tries_left,
                                         false};
    enum err_code code = relay_unblock(op, &question, &bound, out_sent, err);
    if (may_ask_again(op, bound, err)) {
        question.tries = err->tries_left;
        question.refused = true;
        op->facts.key_changed = false;
        *out_sent = false;
        *err = ERR_INIT;
        code = relay_unblock(op, &question, &bound, out_sent, err);
    }
    if (code == ERR_NONE) {
        op->key.pin.is_default = true; /* also when the key is gone before it can say so */
        return ERR_NONE;
    }
    return op_admin_say_refused(REMOTE_UNBLOCK_PIN, err);
}

/* Whether the key itself said no. After everything else the command may have been carried out without our
 * hearing of it. */
static bool is_refusal(enum err_code code)
{
    return code == ERR_UNBLOCK_REFUSED || code == ERR_ADMIN_PIN_LOCKED || code == ERR_RESET_RULES;
}

static enum op_outcome unblock(struct op *op, struct err *err)
{
    bool sent = false;
    enum err_code code = unblock_once(op, &sent, err);
    token_logout(op->key.token); /* the administrator too */
    if (code == ERR_NONE)
        return OP_STEP_NEXT;
    if (sent && !is_refusal(code)) {
        log_err("ops", "the key is asked whether it took the reset", err);
        op->key.lost = *err;
        return OP_STEP_NEXT;
    }
    if (sent)
        op->facts.key_changed = false;
    if (code != ERR_TOKEN_RESET || sent || op->attempts >= RELAY_ATTEMPTS_MAX)
        return OP_STEP_FAILED;
    log_err("ops", "start the relay over", err);
    op->retry_at = deadline_in_ms(0);
    return OP_STEP_LATER;
}

/* ---- the key itself says whether it was reset ---- */

/* Finds the key that was pulled out, once it is back. */
static enum err_code find_again(struct op *op, struct err *err)
{
    struct token_presence presence;
    token_closep(&op->key.token);
    if (op->wanted_serial == NULL)
        op->wanted_serial = memory_text(op->serial);
    if (op_find(op, &op->key.token, &presence, err) != ERR_NONE)
        return err->code;
    if (op_cards_claim(op, op->serial, &presence))
        return ERR_NONE;
    token_closep(&op->key.token);
    return err_set(err, ERR_TOKEN_BUSY, "another operation has this key");
}

static enum err_code ask_key(struct op *op, struct token_pin_state *out, struct err *err)
{
    if (op->key.held && token_read_pin_state(op->key.token, TOKEN_USER, out, err) == ERR_NONE)
        return ERR_NONE;
    if (op->key.held)
        token_end(op->key.token);
    op->key.held = false;
    if (find_again(op, err) != ERR_NONE)
        return err->code;
    token_set_deadline(op->key.token, op_step_deadline(op));
    return token_read_pin_state(op->key.token, TOKEN_USER, out, err);
}

static enum op_outcome wait_for_return(struct op *op, struct err *err)
{
    struct err last = *err;
    bool first = op->state != OP_WAITING_USER || op->attempts == 1; /* after a restart it is both */
    if (first)
        op->key.back_by = deadline_in_ms(RETURN_WAIT_MS);
    if (deadline_passed(op->key.back_by) || cancel_requested(op->cancel)) {
        err_set(err, ERR_RESET_UNCLEAR, "%s: %s", err_code_text(last.code), last.detail);
        return OP_STEP_FAILED;
    }
    if (first && op_enter(op, OP_WAITING_USER, op->step, err) != ERR_NONE)
        return OP_STEP_FAILED;
    op->retry_at = deadline_in_ms(RETURN_RETRY_MS);
    return OP_STEP_LATER;
}

/* Whether the key's counts can only come from a reset: a locked PIN that can be tried again, or one that has
 * become the initial one. A counter that went up otherwise may do so by a log-in with the old PIN, on another
 * computer meanwhile. */
static bool was_reset(const struct token_pin_state *before, const struct token_pin_state *now)
{
    bool raised = now->tries_left > before->tries_left;
    return (before->tries_left == 0 && raised) ||
           (now->is_default && (raised || !before->is_default));
}

/* The answer was lost. */
static enum op_outcome judge_return(struct op *op, const struct token_pin_state *now,
                                    struct err *err)
{
    const struct token_pin_state before = op->key.pin;
    if (was_reset(&before, now)) {
        op->key.pin = *now;
        op->key.pin.is_default = true; /* not every key says so */
        op->facts.written = true;
        return OP_STEP_NEXT;
    }
    if (now->tries_left >= 0 && now->tries_left < now->tries_max &&
        now->tries_left <= before.tries_left) {
        op->facts.key_changed = false;
        *err = op->key.lost;
        return OP_STEP_FAILED;
    }
    err_set(err, ERR_RESET_UNCLEAR, "the key has %d tries left, before it had %d", now->tries_left,
            before.tries_left);
    return OP_STEP_FAILED;
}

static enum op_outcome settle(struct op *op, struct err *err)
{
    struct token_pin_state now;
    if (op->resumed && !op->facts.has_pin_before) {
        err_set(err, ERR_RESET_UNCLEAR, "the agent ended during the reset");
        return OP_STEP_FAILED;
    }
    if (op->resumed) {
        op->key.pin = op->facts.pin_before;
        err_set(&op->key.lost, ERR_INTERRUPTED, "the agent ended before the key was reset");
    }
    if (ask_key(op, &now, err) != ERR_NONE)
        return wait_for_return(op, err);
    return judge_return(op, &now, err);
}

/* The key has said that it took the reset: what it counts only confirms that, and may be missing. */
static enum op_outcome verify(struct op *op, struct err *err)
{
    if (!op->facts.written)
        return settle(op, err);
    int before = op->key.pin.tries_left;
    if (!op->key.held ||
        token_read_pin_state(op->key.token, TOKEN_USER, &op->key.pin, err) != ERR_NONE)
        return OP_STEP_NEXT;
    op->key.pin.is_default = true; /* not every key says so */
    bool fewer =
        op->key.pin.tries_left < op->key.pin.tries_max; /* -1: it does not say of how many */
    if (op->key.pin.tries_left != 0 && (!fewer || op->key.pin.tries_left > before))
        return OP_STEP_NEXT;
    err_set(err, ERR_UNBLOCK_REFUSED, "%d of %d tries left after the reset", op->key.pin.tries_left,
            op->key.pin.tries_max);
    return OP_STEP_FAILED;
}

/* ---- offer to change the initial PIN ---- */

static enum err_code talk_offer(struct op *op, const struct cancel *dialog, void *context,
                                struct err *err)
{
    (void)context;
    const char *description =
        op->lang == LANG_EN
            ? "The PIN now is the initial one, which others know.\nChange it at once?"
            : "CA锁密码现在是初始密码，其他人也可能知道。\n是否立即修改？";
    return op_dialog_confirm(op, dialog, offer_title, description, offer_yes, err);
}

/* Whatever becomes of the offer, the reset itself is done. */
static enum op_outcome offer_change(struct op *op, struct err *err)
{
    if (op->facts.pin_sent) /* and then the agent died */
        op->said = said_unclear;
    if (op->key.token == NULL || op->resumed)
        return OP_STEP_NEXT; /* confirmed after a restart: the person sees "default" in the key's state */
    if (op_dialog_run(op, talk_offer, NULL, err) != ERR_NONE ||
        op_change_pin_ask(op, err) != OP_STEP_NEXT) {
        log_info("ops", "the initial PIN stays: %s", err_code_text(err->code));
        if (err->code == ERR_PIN_CHANGE_UNCLEAR)
            op->said = said_unclear;
        return OP_STEP_NEXT;
    }
    op->key.pin.is_default = false;
    op->said = said_changed;
    return OP_STEP_NEXT;
}

/* ---- the table ---- */

static void report(const struct op *op, struct json *result)
{
    json_add_bool(result, "pin_default", op->key.token == NULL || op->key.pin.is_default);
}

/* clang-format off */
static const struct op_step steps[] = {
    OP_KEY_FIND_STEP,
    OP_PLATFORM_REDEEM_STEP,
    {"judge", {"核对CA锁", "Look at the key"}, judge, OP_TOUCHES_KEY, OP_TELL, true, 10},
    {"ask", {"请在提示框中确认重置密码", "Confirm the reset in the dialog"}, confirm_reset, OP_TOUCHES_USER, OP_TELL, true, 15},
    {"unblock", {"重置密码，请勿拔出CA锁", "Reset the PIN, leave the key in"}, unblock, OP_TOUCHES_KEY, OP_RESUME_NEXT, false, 40},
    {"verify", {"检查结果，如CA锁已拔出请重新插入", "Look at the result; put the key back if it was pulled out"}, verify, OP_TOUCHES_KEY_IF_THERE, OP_RESUME, true, 10},
    OP_PLATFORM_CONFIRM_STEP,
    {"offer", {"建议立即修改初始密码", "Offer to change the initial PIN"}, offer_change, OP_TOUCHES_USER, OP_RESUME, true, 15},
};
/* clang-format on */

const struct op_kind op_reset_pin = {
    .name = "reset-pin",
    .title = {"CA锁密码重置", "PIN reset"},
    .success = {"重置锁成功,CA锁密码为:123456。", "The PIN was reset to 123456."},
    .ticket = OP_TICKET_REQUIRED,
    .steps = steps,
    .step_count = ARRAY_SIZE(steps),
    .report = report,
    .unclear = ERR_RESET_UNCLEAR,
};
