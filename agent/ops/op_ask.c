#include "agent/ops/op_ask.h"

#include "agent/ops/op_dialog.h"
#include "agent/ops/op_leftovers.h"
#include "agent/ops/op_plain.h"

/* Answers in a row that cost no try, as far as the key tells. A person needs two or three; a broken dialog, which
 * answers by itself, would be opened for ever. */
#define UNSENT_MAX 8

static const struct text last_title = {"最后一次机会", "Last try"};
static const struct text last_ok = {"继续输入密码", "Go on"};

static enum err_code confirm_last_try(struct op *op, const struct cancel *dialog, struct err *err)
{
    AUTO(memory_freep) char *serial = op_plain(token_peek_facts(op->key.token)->serial);
    AUTO(memory_freep)
    char *description = memory_printf(
        op->lang == LANG_EN
            ? "Key %s has one try left.\nOne more wrong PIN locks it, and it must be reset on the "
              "platform.\n\nGo on? If you are not sure choose Cancel and use the PIN reset."
            : "CA锁 %s 只剩最后一次密码机会。\n"
              "如果再输错一次，CA锁将被锁死，需要在平台上重置密码。\n\n"
              "确实要继续吗？如不确定密码，请点“取消”，然后使用“CA锁密码重置”。",
        serial);
    return op_dialog_confirm(op, dialog, last_title, description, last_ok, err);
}

static enum err_code ask_once(struct op *op, const struct cancel *dialog, const char *error,
                              struct secret **out, struct err *err)
{
    if (op->key.pin.tries_left == 1 && confirm_last_try(op, dialog, err) != ERR_NONE)
        return err_add(err, "confirm the last try");
    AUTO(memory_freep) char *description = op_dialog_describe(op);
    struct prompt_question question = op_dialog_question(op, description, error);
    return op_dialog_pin(op, dialog, &question, out, err);
}

enum err_code op_ask_login(struct op *op, const struct secret *pin, const struct cancel *dialog,
                           struct err *err)
{
    (void)dialog;
    token_set_deadline(op->key.token, op_step_deadline(op));
    if (token_begin(op->key.token, err) != ERR_NONE)
        return err->code;
    enum err_code code = token_login(op->key.token, pin, err);
    if (code == ERR_NONE && !token_peek_facts(op->key.token)->writes_need_admin_login)
        op_leftovers_remove(op);
    token_end(op->key.token);
    return code;
}

static enum err_code read_tries(struct op *op, struct err *err)
{
    token_set_deadline(op->key.token, op_step_deadline(op));
    if (token_begin(op->key.token, err) != ERR_NONE)
        return err->code;
    enum err_code code = token_read_pin_state(op->key.token, TOKEN_USER, &op->key.pin, err);
    token_end(op->key.token);
    if (code == ERR_NONE && op->key.pin.tries_left == 0)
        return err_set(err, ERR_PIN_LOCKED, "no tries left");
    return code;
}

/* After a wrong PIN: what the next dialog says. A PIN of the wrong length was not sent; one that was sent may have
 * been refused by a key that does not say how many tries are left. */
static char *explain(struct op *op, const struct err *wrong)
{
    const struct token_facts *facts = token_peek_facts(op->key.token);
    if (wrong->tries_left < 0 && wrong->foreign != 0)
        return memory_text(op->lang == LANG_EN ? "Wrong PIN." : "密码错误。");
    if (wrong->tries_left < 0)
        return memory_printf(op->lang == LANG_EN
                                 ? "A PIN has %zu to %zu characters; no try was spent."
                                 : "密码应为 %zu 到 %zu 个字符，未计入错误次数。",
                             facts->pin_bytes_min, facts->pin_bytes_max);
    op->key.pin.tries_left = wrong->tries_left;
    return memory_printf(op->lang == LANG_EN ? "Wrong PIN, %d tries left."
                                             : "密码错误，还可以尝试 %d 次。",
                         wrong->tries_left);
}

/* The key did not say how many tries are left: it is asked, so that the last one is never a surprise. */
static enum err_code count_again(struct op *op, struct err *wrong, struct err *err)
{
    int before = op->key.pin.tries_left;
    if (read_tries(op, err) != ERR_NONE)
        return err->code;
    if (op->key.pin.tries_left < before)
        wrong->tries_left = op->key.pin.tries_left;
    return ERR_NONE;
}

/* As far as the key tells. */
static bool spent_none(int before, int now)
{
    return now < 0 || (before >= 0 && now >= before);
}

static enum err_code ask_until_right(struct op *op, const struct cancel *dialog, void *context,
                                     struct err *err)
{
    const op_pin_use *use = context;
    AUTO(memory_freep) char *error = NULL;
    unsigned unsent = 0;
    for (;;) {
        AUTO(secret_freep) struct secret *pin = NULL;
        enum err_code code = ask_once(op, dialog, error, &pin, err);
        if (code == ERR_NONE)
            code = (*use)(op, pin, dialog, err);
        bool again = code == ERR_PIN_LENGTH || (code == ERR_PIN_WRONG && err->tries_left != 0);
        if (!again)
            return code;
        memory_freep(&error);
        struct err wrong = *err;
        int before = op->key.pin.tries_left;
        if (code == ERR_PIN_WRONG && wrong.tries_left < 0 &&
            count_again(op, &wrong, err) != ERR_NONE)
            return err->code;
        unsent = spent_none(before, wrong.tries_left) ? unsent + 1 : 0;
        if (unsent == UNSENT_MAX)
            return err_set(err, ERR_PROMPT_UNAVAILABLE,
                           "%d answers in a row were no PIN that the key counts", UNSENT_MAX);
        error = explain(op, &wrong);
    }
}

enum op_outcome op_ask_pin_for(struct op *op, op_pin_use use, struct err *err)
{
    if (read_tries(op, err) != ERR_NONE)
        return OP_STEP_FAILED;
    return op_dialog_run(op, ask_until_right, &use, err) == ERR_NONE ? OP_STEP_NEXT
                                                                     : OP_STEP_FAILED;
}

enum op_outcome op_ask_pin(struct op *op, struct err *err)
{
    return op_ask_pin_for(op, op_ask_login, err);
}
