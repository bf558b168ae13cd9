/* The native dialog: where a person reads what will happen and types the PIN. */
#pragma once

#include "base/cancel.h"
#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"

/* A yes that comes sooner after its dialog has opened was typed for something else, and does not count: the
 * dialog opens again and says so. A no does. A PIN needs no such rule: one that is empty or too short is not
 * sent, and nobody types a whole one in this time. Browsers guard their own questions in the same way. */
#define PROMPT_READ_MS 500

#define PROMPT_PIN_BYTES_MAX 64 /* what a dialog may return; the key's own limit is checked later */

/* All texts are UTF-8 and borrowed; lines are separated by '\n'. */
struct prompt_question {
    const char *title;
    const char *description;
    const char *label; /* before the entry, "CA锁密码"; unused by confirm */
    const char *error; /* in red above the entry, NULL: none */
    const char *ok;
    const char *cancel;
    struct deadline deadline; /* ERR_PROMPT_TIMEOUT after it */
};

/* A new PIN, typed twice: in one dialog, or where a pinentry has no second entry in two. */
struct prompt_new_pin {
    struct prompt_question question;
    const char *repeat_label; /* before the second entry */
    const char *repeat_error; /* when the two differ */
    /* What the dialog shows while typing: 0 to 100, negative: not allowed. pin is borrowed, secret. */
    int (*quality)(void *context, struct span pin);
    void *context;
};

struct prompt {
    const struct prompt_class *class;
};

/* All block their thread, and withdraw the dialog at once when cancel is requested (ERR_CANCELLED).
 * ERR_PROMPT_CANCELLED: the person said no. ERR_PROMPT_BUSY: a dialog of ours is open already.
 * ERR_PROMPT_UNAVAILABLE: no pinentry, no display, or it died. */
struct prompt_class {
    enum err_code (*pin)(struct prompt *prompt, const struct prompt_question *question,
                         const struct cancel *cancel, struct secret **out, struct err *err);
    enum err_code (*confirm)(struct prompt *prompt, const struct prompt_question *question,
                             const struct cancel *cancel, struct err *err);
    /* *out may be empty: then it was typed once. The rules for a PIN are the caller's to check again. */
    enum err_code (*new_pin)(struct prompt *prompt, const struct prompt_new_pin *question,
                             const struct cancel *cancel, struct secret **out, struct err *err);
};

struct launch;
/* The real one. task: the number of prompt_process_task in the launcher's list. lang: of its own words.
 * Thread-safe; one dialog at a time. */
struct prompt *prompt_pinentry_new(struct launch *launch, size_t task, enum lang lang);
void prompt_pinentry_free(struct prompt *prompt);
