#include "agent/ops/op_dialog.h"

#include <stdlib.h>

#include "agent/ops/op_engine.h"
#include "agent/ops/op_plain.h"
#include "base/buf.h"

#define DESCRIPTION_BYTES_MAX 2048

static const struct text title_text = {"CA锁密码", "Key PIN"};
static const struct text label_text = {"CA锁密码：", "PIN:"};
static const struct text ok_text = {"确定", "OK"};
static const struct text cancel_text = {"取消", "Cancel"};

/* One line of the description: "操作：CA延期续费". No value can make itself a second line. */
static void add_line(struct buf *buf, enum lang lang, struct text name, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    AUTO(memory_freep) char *plain = op_plain(value);
    buf_printf(buf, "%s%s\n", text_in(name, lang), plain);
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

static void describe_holder(const struct op *op, struct buf *buf)
{
    const struct cert_facts *cert = cert_peek(op->key.sign_cert);
    bool named_apart =
        cert->organisation[0] != '\0' && strcmp(cert->organisation, cert->common_name) != 0;
    if (named_apart)
        add_line(buf, op->lang, (struct text){"单位：", "Organisation: "}, cert->organisation);
    add_line(buf, op->lang, (struct text){"使用者：", "Holder: "}, cert->common_name);
}

char *op_dialog_describe(const struct op *op)
{
    const struct token_facts *facts = token_peek_facts(op->key.token);
    const struct remote_job *job = op->facts.job;
    AUTO(buf_done) struct buf buf = BUF_INIT(DESCRIPTION_BYTES_MAX);
    enum lang lang = op->lang;
    describe_origin(op, &buf);
    add_line(&buf, lang, (struct text){"操作：", "Operation: "}, text_in(op->kind->title, lang));
    describe_holder(op, &buf);
    add_line(&buf, lang, (struct text){"CA锁序列号：", "Key: "}, facts->serial);
    if (job != NULL) {
        add_line(&buf, lang, (struct text){"订单：", "Order: "}, job->order);
        if (job->algorithm != NULL)
            add_line(&buf, lang, (struct text){"方式：", "Key pair: "},
                     job->replace_key ? text_in((struct text){"换发新密钥，旧密钥保留用于解密",
                                                              "replaced; the old one stays for "
                                                              "decryption"},
                                                lang)
                                      : text_in((struct text){"沿用原密钥", "kept"}, lang));
    }
    if (op->key.pin.tries_left > 0)
        buf_printf(&buf, lang == LANG_EN ? "Tries left: %d" : "剩余密码次数：%d",
                   op->key.pin.tries_left);
    buf_add_u8(&buf, 0);
    return buf.bad ? memory_text("") : memory_text((const char *)buf_span(&buf).at);
}

/* Every dialog gets the full time: each wrong PIN is a person at work. */
struct prompt_question op_dialog_question(const struct op *op, const char *description,
                                          const char *error)
{
    return (struct prompt_question){
        .title = text_in(title_text, op->lang),
        .description = description,
        .label = text_in(label_text, op->lang),
        .error = error,
        .ok = text_in(ok_text, op->lang),
        .cancel = text_in(cancel_text, op->lang),
        .deadline = deadline_in_ms((int64_t)op_options(op)->prompt_seconds * 1000),
    };
}

enum err_code op_dialog_confirm(struct op *op, const struct cancel *dialog, struct text title,
                                const char *description, struct text yes, struct err *err)
{
    struct prompt *prompt = op_options(op)->prompt;
    struct prompt_question question = op_dialog_question(op, description, NULL);
    question.title = text_in(title, op->lang);
    question.ok = text_in(yes, op->lang);
    int64_t start_us = clock_monotonic_us();
    enum err_code code = prompt->class->confirm(prompt, &question, dialog, err);
    op->user_us += clock_monotonic_us() - start_us;
    return code;
}

enum err_code op_dialog_pin(struct op *op, const struct cancel *dialog,
                            const struct prompt_question *question, struct secret **out,
                            struct err *err)
{
    struct prompt *prompt = op_options(op)->prompt;
    int64_t start_us = clock_monotonic_us();
    enum err_code code = prompt->class->pin(prompt, question, dialog, out, err);
    op->user_us += clock_monotonic_us() - start_us;
    return code;
}

enum err_code op_dialog_new_pin(struct op *op, const struct cancel *dialog,
                                const struct prompt_new_pin *question, struct secret **out,
                                struct err *err)
{
    struct prompt *prompt = op_options(op)->prompt;
    int64_t start_us = clock_monotonic_us();
    enum err_code code = prompt->class->new_pin(prompt, question, dialog, out, err);
    op->user_us += clock_monotonic_us() - start_us;
    return code;
}

/* ---- one dialog at a time, of all operations ---- */

struct told {
    struct ops *ops;
    enum ops_event event;
    enum ops_answer answer;
    char *origin;
};

static void tell(void *context)
{
    struct told *told = context;
    const struct ops_change change = {
        .event = told->event, .origin = told->origin, .answer = told->answer};
    ops_tell(told->ops, &change);
    free(told->origin);
    free(told);
}

static void post(const struct op *op, enum ops_event event, enum ops_answer answer)
{
    struct told *told = memory_new(sizeof *told);
    *told = (struct told){op->ops, event, answer, memory_text(op->origin)};
    loop_post(op_options(op)->loop, tell, told);
}

static enum ops_answer answer_of(enum err_code code)
{
    static const struct {
        enum err_code code;
        enum ops_answer answer;
    } answers[] = {
        {ERR_PROMPT_CANCELLED, OPS_UNANSWERED},  {ERR_PROMPT_TIMEOUT, OPS_UNANSWERED},
        {ERR_CANCELLED, OPS_UNANSWERED},         {ERR_PAGE_GONE, OPS_UNANSWERED},
        {ERR_DIALOGS_PAUSED, OPS_NOT_ASKED},     {ERR_TOKEN_REMOVED, OPS_NOT_ASKED},
        {ERR_PROMPT_UNAVAILABLE, OPS_NOT_ASKED}, {ERR_PROMPT_BUSY, OPS_NOT_ASKED},
    };
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
        if (answers[i].code == code)
            return answers[i].answer;
    return OPS_ANSWERED;
}

/* A person who reads one dialog must not type into another. The one who comes second is refused and not
 * queued: a dialog that opens by itself when the first closes would get the keys meant for that. */
static enum err_code take_turn(struct op *op, struct cancel *dialog, struct err *err)
{
    enum err_code code = ERR_NONE;
    struct ops *ops = op->ops;
    pthread_mutex_lock(&ops->lock);
    for (const struct op *other = ops->newest; other != NULL; other = other->next)
        if (other->dialog != NULL)
            code = err_set(err, ERR_PROMPT_BUSY, "operation %.8s has a dialog open", other->id);
    if (code == ERR_NONE) {
        op->dialog = dialog;
        ops->withdrawn = ERR_NONE;
    }
    pthread_mutex_unlock(&ops->lock);
    return code;
}

void ops_withdraw_dialogs(struct ops *ops, const char *origin, enum err_code why)
{
    pthread_mutex_lock(&ops->lock);
    for (struct op *op = ops->newest; op != NULL; op = op->next) {
        bool same = op->origin == NULL || origin == NULL ? op->origin == origin
                                                         : strcmp(op->origin, origin) == 0;
        if (!same || op->dialog == NULL)
            continue;
        ops->withdrawn = why;
        cancel_request(op->dialog);
    }
    pthread_mutex_unlock(&ops->lock);
}

/* Why a dialog was closed that the person has not closed. */
static enum err_code explain_closed(struct op *op, enum err_code withdrawn, struct err *err)
{
    if (op_key_gone(op))
        return err_set(err, ERR_TOKEN_REMOVED, "pulled out while the dialog was open");
    if (withdrawn != ERR_NONE && !cancel_requested(op->cancel))
        return err_set(err, withdrawn, "while the dialog was open");
    return err->code;
}

static enum err_code ask(struct op *op, struct cancel *dialog, op_talk talk, void *context,
                         struct err *err)
{
    enum err_code code = op_enter(op, OP_WAITING_USER, op->step, err);
    if (code == ERR_NONE)
        code = talk(op, dialog, context, err);
    pthread_mutex_lock(&op->ops->lock);
    enum err_code withdrawn = op->ops->withdrawn;
    pthread_mutex_unlock(&op->ops->lock);
    return code == ERR_CANCELLED ? explain_closed(op, withdrawn, err) : code;
}

enum err_code op_dialog_run(struct op *op, op_talk talk, void *context, struct err *err)
{
    AUTO(cancel_freep) struct cancel *dialog = NULL;
    if (cancel_new(&dialog, err) != ERR_NONE || take_turn(op, dialog, err) != ERR_NONE)
        return err->code;
    op_set_dialog(op, dialog); /* before others see that it waits: they may withdraw it at once */
    post(op, OPS_DIALOG_OPENED, OPS_NOT_ASKED);
    enum err_code code = ask(op, dialog, talk, context, err);
    post(op, OPS_DIALOG_CLOSED, answer_of(code)); /* told before the next one can open */
    op_set_dialog(op, NULL);
    return code == ERR_NONE ? op_enter(op, OP_RUNNING, op->step, err) : code;
}
