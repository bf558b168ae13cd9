#include "agent/ops/op_ask.h"

#include "base/buf.h"
#include "base/log.h"

#define DESCRIPTION_BYTES_MAX 2048

/* Texts of the dialog. */
static const struct text title_text = {"CA锁密码", "Key PIN"};
static const struct text label_text = {"CA锁密码：", "PIN:"};
static const struct text ok_text = {"确定", "OK"};
static const struct text cancel_text = {"取消", "Cancel"};
static const struct text last_title = {"最后一次机会", "Last try"};
static const struct text last_ok = {"继续输入密码", "Go on"};

/* One line of the description: "操作：CA延期续费". */
static void add_line(struct buf *buf, enum lang lang, struct text name, const char *value)
{
    if (value != NULL && *value != '\0')
        buf_printf(buf, "%s%s\n", text_in(name, lang), value);
}

static void describe_origin(const struct op *op, struct buf *buf)
{
    if (op->platform != NULL)
        add_line(buf, op->lang, (struct text){"平台：", "Platform: "}, op->platform->remote.name);
    if (op->origin != NULL)
        add_line(buf, op->lang, (struct text){"网站：", "Site: "}, op->origin);
    else
        add_line(buf, op->lang, (struct text){"来源：", "Started from: "},
                 text_in((struct text){"本机终端", "your own terminal"}, op->lang));
}

static char *describe(const struct op *op)
{
    const struct token_facts *facts = token_peek_facts(op->key.token);
    const struct remote_job *job = op->facts.job;
    AUTO(buf_done) struct buf buf = BUF_INIT(DESCRIPTION_BYTES_MAX);
    enum lang lang = op->lang;
    describe_origin(op, &buf);
    add_line(&buf, lang, (struct text){"操作：", "Operation: "}, text_in(op->kind->title, lang));
    add_line(&buf, lang, (struct text){"单位：", "Holder: "},
             cert_peek(op->key.sign_cert)->common_name);
    add_line(&buf, lang, (struct text){"CA锁序列号：", "Key: "}, facts->serial);
    if (job != NULL) {
        add_line(&buf, lang, (struct text){"订单：", "Order: "}, job->order);
        add_line(&buf, lang, (struct text){"方式：", "Key pair: "},
                 job->replace_key ? text_in((struct text){"换发新密钥，旧密钥保留用于解密",
                                                          "replaced; the old one stays for "
                                                          "decryption"},
                                            lang)
                                  : text_in((struct text){"沿用原密钥", "kept"}, lang));
    }
    buf_printf(&buf, lang == LANG_EN ? "Tries left: %d" : "剩余密码次数：%d",
               op->key.pin.tries_left);
    buf_add_u8(&buf, 0);
    return buf.bad ? memory_text("") : memory_text((const char *)buf_span(&buf).at);
}

static struct prompt_question question_of(const struct op *op, const char *description,
                                          const char *error, struct deadline deadline)
{
    return (struct prompt_question){
        .title = text_in(title_text, op->lang),
        .description = description,
        .label = text_in(label_text, op->lang),
        .error = error,
        .ok = text_in(ok_text, op->lang),
        .cancel = text_in(cancel_text, op->lang),
        .deadline = deadline,
    };
}

static enum err_code confirm_last_try(struct op *op, const struct cancel *dialog,
                                      struct deadline deadline, struct err *err)
{
    AUTO(memory_freep)
    char *description = memory_printf(
        op->lang == LANG_EN
            ? "Key %s has one try left.\nOne more wrong PIN locks it, and it must be reset on the "
              "platform.\n\nGo on? If you are not sure choose Cancel and use the PIN reset."
            : "CA锁 %s "
              "只剩最后一次密码机会。\n如果再输错一次，CA锁将被锁死，需要在平台上重置密码。\n\n"
              "确实要继续吗？如不确定密码，请点“取消”，然后使用“CA锁密码重置”。",
        token_peek_facts(op->key.token)->serial);
    struct prompt_question question = question_of(op, description, NULL, deadline);
    question.title = text_in(last_title, op->lang);
    question.ok = text_in(last_ok, op->lang);
    struct prompt *prompt = op_options(op)->prompt;
    return prompt->class->confirm(prompt, &question, dialog, err);
}

static enum err_code ask_once(struct op *op, const struct cancel *dialog, const char *error,
                              struct deadline deadline, struct secret **out, struct err *err)
{
    if (op->key.pin.tries_left == 1 && confirm_last_try(op, dialog, deadline, err) != ERR_NONE)
        return err_add(err, "confirm the last try");
    AUTO(memory_freep) char *description = describe(op);
    struct prompt_question question = question_of(op, description, error, deadline);
    struct prompt *prompt = op_options(op)->prompt;
    return prompt->class->pin(prompt, &question, dialog, out, err);
}

static enum err_code login(struct op *op, const struct secret *pin, struct err *err)
{
    token_set_deadline(op->key.token, op_step_deadline(op));
    if (token_begin(op->key.token, err) != ERR_NONE)
        return err->code;
    enum err_code code = token_login(op->key.token, pin, err);
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
    if (code == ERR_NONE && op->key.pin.tries_left <= 0)
        return err_set(err, ERR_PIN_LOCKED, "no tries left");
    return code;
}

/* After a wrong PIN: what the next dialog says. A PIN of the wrong length was not sent. */
static char *explain(struct op *op, const struct err *wrong)
{
    const struct token_facts *facts = token_peek_facts(op->key.token);
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

static enum err_code ask_until_right(struct op *op, const struct cancel *dialog, struct err *err)
{
    AUTO(memory_freep) char *error = NULL;
    for (;;) {
        /* Every dialog gets the full time: each wrong PIN is a person at work. */
        struct deadline deadline = deadline_in_ms((int64_t)op_options(op)->prompt_seconds * 1000);
        AUTO(secret_freep) struct secret *pin = NULL;
        int64_t asked_us = clock_monotonic_us();
        enum err_code code = ask_once(op, dialog, error, deadline, &pin, err);
        op->user_us += clock_monotonic_us() - asked_us;
        if (code != ERR_NONE)
            return code;
        if (login(op, pin, err) == ERR_NONE)
            return ERR_NONE;
        if (err->code != ERR_PIN_WRONG || err->tries_left == 0)
            return err->code;
        memory_freep(&error);
        error = explain(op, err);
    }
}

enum op_outcome op_ask_pin(struct op *op, struct err *err)
{
    if (read_tries(op, err) != ERR_NONE)
        return OP_STEP_FAILED;
    AUTO(cancel_freep) struct cancel *dialog = NULL;
    if (cancel_new(&dialog, err) != ERR_NONE)
        return OP_STEP_FAILED;
    op_set_dialog(op, dialog); /* before others see that it waits: they may withdraw it at once */
    enum err_code code = op_enter(op, OP_WAITING_USER, op->step, err);
    if (code == ERR_NONE)
        code = ask_until_right(op, dialog, err);
    op_set_dialog(op, NULL);
    if (code == ERR_CANCELLED && op_key_gone(op))
        err_set(err, ERR_TOKEN_REMOVED, "pulled out while the dialog was open");
    if (code != ERR_NONE)
        return OP_STEP_FAILED;
    return op_enter(op, OP_RUNNING, op->step, err) == ERR_NONE ? OP_STEP_NEXT : OP_STEP_FAILED;
}
