#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/prompt/assuan.h"
#include "agent/prompt/prompt.h"
#include "agent/prompt/prompt_process.h"
#include "base/log.h"

/* Until a dialog's process has greeted and taken its texts: a slow disk needs about two seconds. */
#define START_MS 15000
/* Between the answer and the end of the process. */
#define LEAVE_MS 200
/* So often a confirmation is shown anew; a key that is held down, or a broken pinentry, gives a yes each time. */
#define TOO_FAST_MAX 5

struct pinentry {
    struct prompt prompt; /* first, so that one is the other */
    struct launch *launch;
    size_t task;
    enum lang lang;
    pthread_mutex_t open; /* held while a dialog is open */
};

static const struct text quality_label = {"密码强度：", "Strength:"};
static const struct text quality_hint = {"红色表示不符合要求；越长、字符种类越多越好。",
                                         "Red: not allowed. Longer and more varied is better."};

static const struct text too_fast = {
    "【刚才的确认过快，未被接受，请看清内容后再确认】\n\n",
    "[That yes came too fast and did not count. Please read.]\n\n"};

/* What one dialog is to do. */
struct task {
    const char *command; /* "GETPIN", "CONFIRM" */
    const struct prompt_question *question;
    const struct prompt_new_pin *new_pin; /* NULL: neither a second entry nor a quality bar */
    struct secret *data; /* gets what was typed; NULL: nothing is */
    bool repeated; /* out: the dialog had it typed twice */
    int64_t open_ms; /* out: how long the dialog was open */
};

/* One open dialog. */
struct dialog {
    struct prompt_process process;
    struct assuan *assuan;
    struct assuan_wait wait;
    int grace_ms; /* for the process to leave by itself: none as long as no answer came */
};

static void dialog_done(struct dialog *dialog)
{
    assuan_free(dialog->assuan);
    prompt_process_end(&dialog->process, dialog->grace_ms);
}

/* ---- what pinentry's refusals mean ---- */

/* The lower 16 bits of the code. Source: libgpg-error's err-codes.h. */
static const struct {
    unsigned reason;
    enum err_code code;
    const char *text;
} refusals[] = {
    {62, ERR_PROMPT_TIMEOUT, "the dialog timed out"},
    {99, ERR_PROMPT_CANCELLED, "the person cancelled"},
    {114, ERR_PROMPT_CANCELLED, "the person did not confirm"},
    {198, ERR_PROMPT_CANCELLED, "the person cancelled fully"},
};

static enum err_code refusal(unsigned long code, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
        if (refusals[i].reason == (code & 0xFFFF))
            return err_set_foreign(err, refusals[i].code, (long)code, "%s", refusals[i].text);
    return err_set_foreign(err, ERR_PROMPT_UNAVAILABLE, (long)code, "pinentry's error %lu", code);
}

/* ---- the conversation ---- */

/* An option or text that this pinentry does not know is no reason to stop. */
static enum err_code tell(struct dialog *dialog, const char *command, const char *argument,
                          struct err *err)
{
    struct assuan_answer ignored;
    if (argument == NULL)
        return ERR_NONE;
    if (assuan_send(dialog->assuan, command, argument, err) != ERR_NONE)
        return err->code;
    return assuan_receive(dialog->assuan, &dialog->wait, NULL, &ignored, err);
}

static enum err_code greet(struct dialog *dialog, struct err *err)
{
    struct assuan_answer greeting;
    if (assuan_receive(dialog->assuan, &dialog->wait, NULL, &greeting, err) != ERR_NONE)
        return err->code;
    return greeting.ok ? ERR_NONE : refusal(greeting.code, err);
}

static enum err_code set_options(struct dialog *dialog, enum lang lang, struct err *err)
{
    char tty[64];
    bool has_tty = ttyname_r(STDIN_FILENO, tty, sizeof tty) == 0;
    AUTO(memory_freep) char *tty_option = has_tty ? memory_printf("ttyname=%s", tty) : NULL;
    const char *messages = lang == LANG_EN ? "lc-messages=en_US.UTF-8" : "lc-messages=zh_CN.UTF-8";
    const char *const options[] = {
#ifdef UKEYD_TEST_HOOKS
        "no-grab",
#endif
        /* Exists on every Debian, where zh_CN.UTF-8 may not: without it curses shows no Chinese. */
        "lc-ctype=C.UTF-8",
        messages,
        tty_option,
    };
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (tell(dialog, "OPTION", options[i], err) != ERR_NONE)
            return err->code;
    return ERR_NONE;
}

static enum err_code set_texts(struct dialog *dialog, const struct prompt_question *question,
                               struct err *err)
{
    const struct {
        const char *command;
        const char *text;
    } texts[] = {
        {"SETTITLE", question->title},  {"SETDESC", question->description},
        {"SETPROMPT", question->label}, {"SETERROR", question->error},
        {"SETOK", question->ok},        {"SETCANCEL", question->cancel},
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (tell(dialog, texts[i].command, texts[i].text, err) != ERR_NONE)
            return err->code;
    return ERR_NONE;
}

/* Each pinentry takes these commands; whether it has a second entry is told by its answer to GETPIN. */
static enum err_code set_new_pin(struct dialog *dialog, const struct prompt_new_pin *new_pin,
                                 enum lang lang, struct err *err)
{
    bool bar = new_pin->quality != NULL;
    if (tell(dialog, "SETREPEAT", new_pin->repeat_label, err) != ERR_NONE ||
        tell(dialog, "SETREPEATERROR", new_pin->repeat_error, err) != ERR_NONE ||
        tell(dialog, "SETQUALITYBAR", bar ? text_in(quality_label, lang) : NULL, err) != ERR_NONE ||
        tell(dialog, "SETQUALITYBAR_TT", bar ? text_in(quality_hint, lang) : NULL, err) != ERR_NONE)
        return err->code;
    assuan_set_quality(dialog->assuan, new_pin->quality, new_pin->context);
    return ERR_NONE;
}

/* In whole seconds; our own deadline is exact and ends a dialog that does not keep it. */
static enum err_code set_timeout(struct dialog *dialog, struct deadline deadline, struct err *err)
{
    int left = deadline_left_ms(deadline);
    if (left < 0)
        return ERR_NONE;
    char seconds[16];
    snprintf(seconds, sizeof seconds, "%d", left / 1000 + 1);
    return tell(dialog, "SETTIMEOUT", seconds, err);
}

static enum err_code start(const struct pinentry *pinentry, const struct cancel *cancel,
                           struct dialog *dialog, struct err *err)
{
    if (prompt_process_start(pinentry->launch, pinentry->task, &dialog->process, err) != ERR_NONE)
        return err->code;
    dialog->wait.cancel = cancel;
    return assuan_new(dialog->process.fd, &dialog->assuan, err);
}

/* What a passed deadline means depends on which one it was. */
static enum err_code late(enum err_code meaning, struct err *err)
{
    if (err->code == ERR_DEADLINE)
        err->code = meaning;
    return err->code;
}

static enum err_code set_up(const struct pinentry *pinentry, const struct task *task,
                            struct dialog *dialog, struct err *err)
{
    if (greet(dialog, err) != ERR_NONE || set_options(dialog, pinentry->lang, err) != ERR_NONE ||
        set_texts(dialog, task->question, err) != ERR_NONE ||
        set_timeout(dialog, task->question->deadline, err) != ERR_NONE)
        return err->code;
    return task->new_pin == NULL ? ERR_NONE
                                 : set_new_pin(dialog, task->new_pin, pinentry->lang, err);
}

static enum err_code prepare(const struct pinentry *pinentry, const struct task *task,
                             struct dialog *dialog, struct err *err)
{
    struct deadline end = task->question->deadline;
    dialog->wait.deadline = deadline_earlier(deadline_in_ms(START_MS), end);
    if (set_up(pinentry, task, dialog, err) != ERR_NONE)
        return late(deadline_passed(end) ? ERR_PROMPT_TIMEOUT : ERR_PROMPT_UNAVAILABLE, err);
    return ERR_NONE;
}

static enum err_code converse(struct dialog *dialog, struct task *task, struct err *err)
{
    struct assuan_answer answer;
    dialog->wait.deadline = task->question->deadline;
    if (assuan_send(dialog->assuan, task->command, NULL, err) != ERR_NONE)
        return err->code;
    int64_t from_ms = clock_monotonic_ms();
    if (assuan_receive(dialog->assuan, &dialog->wait, task->data, &answer, err) != ERR_NONE)
        return late(ERR_PROMPT_TIMEOUT, err);
    task->open_ms = clock_monotonic_ms() - from_ms;
    struct err ignored = ERR_INIT; /* a dialog that is gone already needs no farewell */
    if (assuan_send(dialog->assuan, "BYE", NULL, &ignored) == ERR_NONE)
        dialog->grace_ms = LEAVE_MS;
    task->repeated = answer.repeated;
    return answer.ok ? ERR_NONE : refusal(answer.code, err);
}

static enum err_code run(const struct pinentry *pinentry, struct task *task,
                         const struct cancel *cancel, struct err *err)
{
    AUTO(dialog_done) struct dialog dialog = {.process = PROMPT_PROCESS_NONE};
    if (start(pinentry, cancel, &dialog, err) != ERR_NONE ||
        prepare(pinentry, task, &dialog, err) != ERR_NONE)
        return err_add(err, "start the dialog");
    if (converse(&dialog, task, err) != ERR_NONE)
        return err_add(err, "ask in a dialog");
    return ERR_NONE;
}

/* ---- one dialog at a time ---- */

static void unlockp(pthread_mutex_t **mutex)
{
    if (*mutex != NULL)
        pthread_mutex_unlock(*mutex);
}

/* *out: held from now on, for unlockp. */
static enum err_code enter(struct pinentry *pinentry, const struct prompt_question *question,
                           const struct cancel *cancel, pthread_mutex_t **out, struct err *err)
{
    if (cancel_requested(cancel))
        return err_set(err, ERR_CANCELLED, "cancelled before the dialog opened");
    if (deadline_passed(question->deadline))
        return err_set(err, ERR_PROMPT_TIMEOUT, "no time was left for a dialog");
    if (pthread_mutex_trylock(&pinentry->open) != 0)
        return err_set(err, ERR_PROMPT_BUSY, "a dialog is open");
    *out = &pinentry->open;
    return ERR_NONE;
}

static enum err_code pin(struct prompt *prompt, const struct prompt_question *question,
                         const struct cancel *cancel, struct secret **out, struct err *err)
{
    struct pinentry *pinentry = (struct pinentry *)prompt;
    AUTO(secret_freep) struct secret *typed = NULL;
    AUTO(unlockp) pthread_mutex_t *open = NULL;
    if (secret_new(PROMPT_PIN_BYTES_MAX, &typed, err) != ERR_NONE ||
        enter(pinentry, question, cancel, &open, err) != ERR_NONE)
        return err->code;
    struct task task = {.command = "GETPIN", .question = question, .data = typed};
    if (run(pinentry, &task, cancel, err) != ERR_NONE)
        return err->code;
    *out = TAKE(typed);
    return ERR_NONE;
}

static enum err_code confirm(struct prompt *prompt, const struct prompt_question *question,
                             const struct cancel *cancel, struct err *err)
{
    struct pinentry *pinentry = (struct pinentry *)prompt;
    AUTO(unlockp) pthread_mutex_t *open = NULL;
    AUTO(memory_freep) char *warned = NULL;
    struct prompt_question shown = *question;
    if (enter(pinentry, question, cancel, &open, err) != ERR_NONE)
        return err->code;
    for (unsigned i = 0; i < TOO_FAST_MAX; i++) {
        struct task task = {.command = "CONFIRM", .question = &shown};
        if (run(pinentry, &task, cancel, err) != ERR_NONE)
            return err->code;
        if (task.open_ms >= PROMPT_READ_MS)
            return ERR_NONE;
        if (warned == NULL)
            warned =
                memory_printf("%s%s", text_in(too_fast, pinentry->lang), question->description);
        shown.description = warned; /* a confirmation shows no SETERROR */
    }
    return err_set(err, ERR_PROMPT_UNAVAILABLE, "%d times the answer came faster than a person's",
                   TOO_FAST_MAX);
}

/* ---- a new PIN ---- */

/* *out_twice: the dialog itself had it typed twice. error: above the entry. */
static enum err_code ask_new(const struct pinentry *pinentry, const struct prompt_new_pin *new_pin,
                             const char *error, const struct cancel *cancel, struct secret *typed,
                             bool *out_twice, struct err *err)
{
    struct prompt_question question = new_pin->question;
    question.error = error;
    struct task task = {
        .command = "GETPIN", .question = &question, .new_pin = new_pin, .data = typed};
    secret_set_length(typed, 0);
    if (run(pinentry, &task, cancel, err) != ERR_NONE)
        return err->code;
    *out_twice = task.repeated;
    return ERR_NONE;
}

/* For a pinentry that has no second entry: another dialog. *out_same: both were the same. */
static enum err_code ask_again(const struct pinentry *pinentry,
                               const struct prompt_new_pin *new_pin, const struct cancel *cancel,
                               const struct secret *typed, bool *out_same, struct err *err)
{
    AUTO(secret_freep) struct secret *again = NULL;
    if (secret_new(PROMPT_PIN_BYTES_MAX, &again, err) != ERR_NONE)
        return err->code;
    struct prompt_question question = new_pin->question;
    question.label = new_pin->repeat_label;
    question.error = NULL;
    struct task task = {.command = "GETPIN", .question = &question, .data = again};
    if (run(pinentry, &task, cancel, err) != ERR_NONE)
        return err->code;
    *out_same = secret_equal(typed, again);
    return ERR_NONE;
}

static enum err_code new_pin(struct prompt *prompt, const struct prompt_new_pin *new_pin,
                             const struct cancel *cancel, struct secret **out, struct err *err)
{
    struct pinentry *pinentry = (struct pinentry *)prompt;
    AUTO(secret_freep) struct secret *typed = NULL;
    AUTO(unlockp) pthread_mutex_t *open = NULL;
    const char *error = new_pin->question.error;
    if (secret_new(PROMPT_PIN_BYTES_MAX, &typed, err) != ERR_NONE ||
        enter(pinentry, &new_pin->question, cancel, &open, err) != ERR_NONE)
        return err->code;
    for (;;) {
        bool good = false;
        if (ask_new(pinentry, new_pin, error, cancel, typed, &good, err) != ERR_NONE)
            return err->code;
        good |= secret_peek(typed).len == 0; /* nothing needs no repetition to be refused */
        if (!good && ask_again(pinentry, new_pin, cancel, typed, &good, err) != ERR_NONE)
            return err->code;
        if (good) {
            *out = TAKE(typed);
            return ERR_NONE;
        }
        error = new_pin->repeat_error;
    }
}

static const struct prompt_class pinentry_class = {
    .pin = pin, .confirm = confirm, .new_pin = new_pin};

struct prompt *prompt_pinentry_new(struct launch *launch, size_t task, enum lang lang)
{
    struct pinentry *pinentry = memory_new(sizeof *pinentry);
    pinentry->prompt.class = &pinentry_class;
    pinentry->launch = launch;
    pinentry->task = task;
    pinentry->lang = lang;
    pthread_mutex_init(&pinentry->open, NULL);
    return &pinentry->prompt;
}

void prompt_pinentry_free(struct prompt *prompt)
{
    if (prompt == NULL)
        return;
    struct pinentry *pinentry = (struct pinentry *)prompt;
    pthread_mutex_destroy(&pinentry->open);
    free(pinentry);
}
