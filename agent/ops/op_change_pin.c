/* CA锁密码修改. The present PIN is tried by a log-in first, so that a new one is thought up only once. */
#include "agent/ops/op_change_pin.h"

#include "agent/ops/op_ask.h"
#include "agent/ops/op_dialog.h"
#include "agent/ops/op_key.h"
#include "agent/ops/op_pin_rules.h"
#include "agent/ops/op_plain.h"

static const struct text new_title = {"设置新的CA锁密码", "Set a new PIN"};
static const struct text new_label = {"新密码：", "New PIN:"};
static const struct text repeat_label = {"再次输入：", "Again:"};
static const struct text repeat_error = {"两次输入的密码不一致", "The two PINs differ"};

/* What the rules compare a new PIN with. */
struct judge {
    struct span old_pin;
    struct op_pin_limits limits;
};

static struct judge judge_of(const struct op *op, const struct secret *old_pin)
{
    const struct token_facts *facts = token_peek_facts(op->key.token);
    return (struct judge){secret_peek(old_pin), {facts->pin_bytes_min, facts->pin_bytes_max}};
}

static int quality(void *context, struct span pin)
{
    const struct judge *judge = context;
    return op_pin_quality(pin, judge->old_pin, &judge->limits);
}

static char *describe_rules(const struct op *op, const struct judge *judge)
{
    AUTO(memory_freep) char *serial = op_plain(token_peek_facts(op->key.token)->serial);
    return memory_printf(
        op->lang == LANG_EN
            ? "Key %s\nThe new PIN has %zu to %zu characters; not an initial PIN, not the old "
              "one, not one repeated character, not a plain sequence."
            : "CA锁序列号：%s\n新密码为 %zu 到 %zu 个字符，"
              "不能是初始密码、原密码、单一重复字符或连续数字字母。",
        serial, judge->limits.bytes_min, judge->limits.bytes_max);
}

static enum err_code ask_once(struct op *op, const struct cancel *dialog, struct judge *judge,
                              const char *error, struct secret **out, struct err *err)
{
    AUTO(memory_freep) char *description = describe_rules(op, judge);
    struct prompt_new_pin question = {
        .question = op_dialog_question(op, description, error),
        .repeat_label = text_in(repeat_label, op->lang),
        .repeat_error = text_in(repeat_error, op->lang),
        .quality = quality,
        .context = judge,
    };
    question.question.title = text_in(new_title, op->lang);
    question.question.label = text_in(new_label, op->lang);
    return op_dialog_new_pin(op, dialog, &question, out, err);
}

static enum err_code ask_new_pin(struct op *op, const struct cancel *dialog,
                                 const struct secret *old_pin, struct secret **out, struct err *err)
{
    struct judge judge = judge_of(op, old_pin);
    const char *error = NULL;
    for (;;) {
        AUTO(secret_freep) struct secret *pin = NULL;
        if (ask_once(op, dialog, &judge, error, &pin, err) != ERR_NONE)
            return err->code;
        enum op_pin_rule rule = op_pin_judge(secret_peek(pin), judge.old_pin, &judge.limits);
        if (rule == OP_PIN_GOOD) {
            *out = TAKE(pin);
            return ERR_NONE;
        }
        error = text_in(op_pin_rule_text(rule), op->lang);
    }
}

/* *out_sent: the key may have got it. */
static enum err_code change(struct op *op, const struct secret *old_pin,
                            const struct secret *new_pin, bool *out_sent, struct err *err)
{
    token_set_deadline(op->key.token, op_step_deadline(op));
    if (token_begin(op->key.token, err) != ERR_NONE)
        return err->code;
    *out_sent = true;
    enum err_code code = token_change_pin(op->key.token, old_pin, new_pin, err);
    if (code == ERR_NONE)
        token_logout(op->key.token);
    token_end(op->key.token);
    return code;
}

/* Whether the key itself said no. */
static bool is_refusal(enum err_code code)
{
    return code == ERR_PIN_WRONG || code == ERR_PIN_LOCKED || code == ERR_PIN_LENGTH ||
           code == ERR_PIN_RULES;
}

static bool read_state(struct op *op, struct token_pin_state *out)
{
    struct err err = ERR_INIT;
    token_set_deadline(op->key.token, op_step_deadline(op));
    if (token_begin(op->key.token, &err) != ERR_NONE)
        return false;
    enum err_code code = token_read_pin_state(op->key.token, TOKEN_USER, out, &err);
    token_end(op->key.token);
    return code == ERR_NONE;
}

/* The key has not got the new PIN. */
static void take_note_back(struct op *op, bool changed_before)
{
    op->facts.key_changed = changed_before;
    op->facts.pin_sent = false;
}

/* The answer was lost, and no try is spent to find out: only where an initial PIN was changed does the key tell
 * by itself. */
static enum err_code settle(struct op *op, bool changed_before, struct err *err)
{
    struct token_pin_state now;
    const struct err lost = *err;
    if (!op->key.pin.is_default || !read_state(op, &now))
        return err_set(err, ERR_PIN_CHANGE_UNCLEAR, "%s: %s", err_code_text(lost.code),
                       lost.detail);
    if (!now.is_default)
        return ERR_NONE;
    take_note_back(op, changed_before);
    return lost.code;
}

static enum err_code change_with(struct op *op, const struct secret *old_pin,
                                 const struct cancel *dialog, struct err *err)
{
    AUTO(secret_freep) struct secret *new_pin = NULL;
    if (op_ask_login(op, old_pin, dialog, err) != ERR_NONE)
        return err->code;
    token_logout(
        op->key.token); /* the person thinks for minutes, and others reach the key meanwhile */
    if (ask_new_pin(op, dialog, old_pin, &new_pin, err) != ERR_NONE)
        return err->code;
    bool changed_before = op->facts.key_changed; /* by the reset that offered the change */
    bool sent = false;
    op->facts.pin_sent = true;
    if (op_note_change(op, err) != ERR_NONE) {
        take_note_back(op, changed_before);
        return err->code;
    }
    enum err_code code = change(op, old_pin, new_pin, &sent, err);
    if (code != ERR_NONE && sent && !is_refusal(code))
        return settle(op, changed_before, err);
    if (code != ERR_NONE)
        take_note_back(op, changed_before);
    return code;
}

enum op_outcome op_change_pin_ask(struct op *op, struct err *err)
{
    return op_ask_pin_for(op, change_with, err);
}

static void report(const struct op *op, struct json *result)
{
    (void)op;
    json_add_bool(result, "pin_default", false);
}

/* clang-format off */
static const struct op_step steps[] = {
    OP_KEY_FIND_STEP,
    {"change", {"请在密码框中修改CA锁密码", "Change the PIN in the dialog"}, op_change_pin_ask, OP_TOUCHES_USER, OP_TELL, true, 15},
};
/* clang-format on */

const struct op_kind op_change_pin = {
    .name = "change-pin",
    .title = {"CA锁密码修改", "PIN change"},
    .success = {"CA锁密码修改成功!", "The PIN was changed."},
    .ticket = OP_TICKET_NONE,
    .steps = steps,
    .step_count = ARRAY_SIZE(steps),
    .report = report,
    .unclear = ERR_PIN_CHANGE_UNCLEAR,
};
