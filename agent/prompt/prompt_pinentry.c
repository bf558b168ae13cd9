#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/prompt/assuan.h"
#include "agent/prompt/prompt.h"
#include "agent/prompt/prompt_process.h"
#include "base/log.h"

#define DEFAULT_PROGRAM "/usr/bin/pinentry"
/* Until a dialog's process has greeted and taken its texts: a slow disk needs about two seconds. */
#define START_MS 15000
/* Between the answer and the end of the process. */
#define LEAVE_MS 200

struct pinentry {
    struct prompt prompt; /* first, so that one is the other */
    char *program;
    enum lang lang;
    pthread_mutex_t open; /* held while a dialog is open */
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
    if (prompt_process_start(pinentry->program, &dialog->process, err) != ERR_NONE)
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

static enum err_code prepare(const struct pinentry *pinentry,
                             const struct prompt_question *question, struct dialog *dialog,
                             struct err *err)
{
    dialog->wait.deadline = deadline_earlier(deadline_in_ms(START_MS), question->deadline);
    if (greet(dialog, err) != ERR_NONE || set_options(dialog, pinentry->lang, err) != ERR_NONE ||
        set_texts(dialog, question, err) != ERR_NONE ||
        set_timeout(dialog, question->deadline, err) != ERR_NONE)
        return late(
            deadline_passed(question->deadline) ? ERR_PROMPT_TIMEOUT : ERR_PROMPT_UNAVAILABLE, err);
    return ERR_NONE;
}

static enum err_code converse(struct dialog *dialog, const struct prompt_question *question,
                              const char *command, struct secret *data, struct err *err)
{
    struct assuan_answer answer;
    dialog->wait.deadline = question->deadline;
    if (assuan_send(dialog->assuan, command, NULL, err) != ERR_NONE)
        return err->code;
    if (assuan_receive(dialog->assuan, &dialog->wait, data, &answer, err) != ERR_NONE)
        return late(ERR_PROMPT_TIMEOUT, err);
    struct err ignored = ERR_INIT; /* a dialog that is gone already needs no farewell */
    if (assuan_send(dialog->assuan, "BYE", NULL, &ignored) == ERR_NONE)
        dialog->grace_ms = LEAVE_MS;
    return answer.ok ? ERR_NONE : refusal(answer.code, err);
}

static enum err_code run(const struct pinentry *pinentry, const struct prompt_question *question,
                         const struct cancel *cancel, const char *command, struct secret *data,
                         struct err *err)
{
    AUTO(dialog_done) struct dialog dialog = {.process = PROMPT_PROCESS_NONE};
    if (start(pinentry, cancel, &dialog, err) != ERR_NONE ||
        prepare(pinentry, question, &dialog, err) != ERR_NONE)
        return err_add(err, "start the dialog %s", pinentry->program);
    if (converse(&dialog, question, command, data, err) != ERR_NONE)
        return err_add(err, "ask in a dialog");
    return ERR_NONE;
}

static void unlockp(pthread_mutex_t **mutex)
{
    if (*mutex != NULL)
        pthread_mutex_unlock(*mutex);
}

static enum err_code ask(struct prompt *prompt, const struct prompt_question *question,
                         const struct cancel *cancel, const char *command, struct secret *data,
                         struct err *err)
{
    struct pinentry *pinentry = (struct pinentry *)prompt;
    if (cancel_requested(cancel))
        return err_set(err, ERR_CANCELLED, "cancelled before the dialog opened");
    if (deadline_passed(question->deadline))
        return err_set(err, ERR_PROMPT_TIMEOUT, "no time was left for a dialog");
    if (pthread_mutex_trylock(&pinentry->open) != 0)
        return err_set(err, ERR_PROMPT_BUSY, "a dialog is open");
    AUTO(unlockp) pthread_mutex_t *open = &pinentry->open;
    (void)open;
    return run(pinentry, question, cancel, command, data, err);
}

static enum err_code pin(struct prompt *prompt, const struct prompt_question *question,
                         const struct cancel *cancel, struct secret **out, struct err *err)
{
    AUTO(secret_freep) struct secret *typed = NULL;
    if (secret_new(PROMPT_PIN_BYTES_MAX, &typed, err) != ERR_NONE)
        return err->code;
    if (ask(prompt, question, cancel, "GETPIN", typed, err) != ERR_NONE)
        return err->code;
    *out = TAKE(typed);
    return ERR_NONE;
}

static enum err_code confirm(struct prompt *prompt, const struct prompt_question *question,
                             const struct cancel *cancel, struct err *err)
{
    return ask(prompt, question, cancel, "CONFIRM", NULL, err);
}

static const struct prompt_class pinentry_class = {.pin = pin, .confirm = confirm};

enum err_code prompt_pinentry_new(const char *program, enum lang lang, struct prompt **out,
                                  struct err *err)
{
    if (program != NULL && program[0] != '/')
        return err_set(err, ERR_CONFIG, "pinentry: not an absolute path: %s", program);
    struct pinentry *pinentry = memory_new(sizeof *pinentry);
    pinentry->prompt.class = &pinentry_class;
    pinentry->program = memory_text(program == NULL ? DEFAULT_PROGRAM : program);
    pinentry->lang = lang;
    pthread_mutex_init(&pinentry->open, NULL);
    *out = &pinentry->prompt;
    return ERR_NONE;
}

void prompt_pinentry_free(struct prompt *prompt)
{
    if (prompt == NULL)
        return;
    struct pinentry *pinentry = (struct pinentry *)prompt;
    pthread_mutex_destroy(&pinentry->open);
    free(pinentry->program);
    free(pinentry);
}
