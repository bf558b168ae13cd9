/* An operation from the inside: for the engine and for the files that hold steps. */
#pragma once

#include <pthread.h>

#include "agent/ops/op_facts.h"
#include "agent/ops/op_journal.h"
#include "agent/ops/ops_setup.h"
#include "certs/cert.h"

enum op_state {
    OP_RUNNING,
    OP_WAITING_USER,
    OP_WAITING_PLATFORM,
    OP_UNCONFIRMED, /* written, and the platform has not acknowledged yet */
    OP_DONE,
    OP_FAILED,
    OP_CANCELLED,
};

/* What a step reports. It never says what comes after: the table does. */
enum op_outcome {
    OP_STEP_NEXT, /* go on; past the last step the operation is done */
    OP_STEP_LATER, /* the same step again at op->retry_at */
    OP_STEP_FAILED, /* *err says why */
};

enum op_touches {
    OP_TOUCHES_NOTHING,
    OP_TOUCHES_KEY,
    OP_TOUCHES_KEY_IF_THERE, /* also runs when the key is gone: op->key.held says so */
    OP_TOUCHES_PLATFORM,
    OP_TOUCHES_USER,
};

/* What to do when the process died inside the step. */
enum op_after_death {
    OP_RESUME, /* it needs neither key nor person: go on with it by itself */
    OP_RESUME_NEXT, /* when it may have changed the key: go on with the next, which asks the key; else tell */
    OP_TELL, /* end as interrupted; starting again is safe, since each step asks before it repeats */
};

struct op;
struct op_search;

struct op_step {
    const char *name;
    struct text title; /* what the person reads while it runs */
    enum op_outcome (*run)(struct op *op, struct err *err);
    enum op_touches touches; /* its one outside effect; KEY: the engine holds the key around it */
    enum op_after_death after_death;
    bool cancellable;
    int limit_seconds; /* for the key or the platform */
};

enum op_ticket { OP_TICKET_NONE, OP_TICKET_OPTIONAL, OP_TICKET_REQUIRED };

struct op_kind {
    const char *name;
    struct text title;
    struct text success; /* the message at the end */
    enum op_ticket ticket;
    const struct op_step *steps;
    size_t step_count;
    /* What is told when the process died while the key was being changed; ERR_NONE: ERR_INTERRUPTED. */
    enum err_code unclear;
    /* Puts the key back as it was after a failure, as far as it can; NULL: nothing to do. */
    void (*undo)(struct op *op, const struct err *why);
    /* Adds what the operation found or did to result. */
    void (*report)(const struct op *op, struct json *result);
};

/* The key that the operation works on, as it was found. */
struct op_key {
    struct token *token; /* NULL: none, or given back while the platform is waited for */
    bool held; /* the engine holds it around the present step */
    struct token_usage usage; /* before it was given back */
    struct err lost; /* reset-pin: why the answer to the reset is missing */
    struct deadline back_by; /* reset-pin: until then a key that was pulled out is waited for */
    struct token_pairs *pairs;
    const struct token_pair *pair; /* the current one, inside pairs */
    struct cert *sign_cert; /* of pair */
    /* The key doesn't have that one: it was pulled out while the next one was written over it. */
    bool cert_was_lost;
    struct cert *encrypt_cert; /* of pair; NULL: none */
    struct token_pin_state pin;
    struct token_pin_state administrator; /* reset-pin */
    bool managed; /* the administrator is logged in for writing, as far as we know: op_admin.h */
    unsigned admin_logins; /* that were tried for it */
    struct op_seals *seals; /* extend-seal, see op_seals.h */
    const struct op_seal *seal; /* the present one, inside seals */
};

/* What the person wants of an operation that has failed while its thread is still ending. */
enum op_wish { OP_WISH_NONE, OP_WISH_RESUME, OP_WISH_ABANDON };

struct op {
    struct ops *ops;
    const struct op_kind *kind;
    char id[OPS_ID_BYTES];
    char *origin; /* NULL: from the terminal */
    const struct ops_platform *platform; /* NULL: none */
    enum lang lang;
    char *ticket; /* forgotten once it was redeemed */
    char *wanted_serial;
    int64_t created_utc;
    struct cancel *cancel; /* NULL: it is over, and so is its thread */
    bool journal_behind; /* its last row could not be written */
    bool resumed; /* after a restart: it has no key, person or ticket */

    /* The thread's own. */
    struct op_facts facts;
    struct op_key key;
    struct op_search *search; /* for the key, see op_find.h; NULL: none */
    struct bytes *public_key; /* that certificates are asked for: DER SubjectPublicKeyInfo */
    struct remote_new_seal *new_seal; /* extend-seal: what the platform made */
    struct deadline retry_at;
    unsigned attempts; /* of the present step */
    struct text said; /* the message at the end, when it is not the kind's */
    int64_t started_us;
    int64_t platform_us;
    int64_t user_us;

    /* What others see: guarded by ops->lock, changed by op_enter alone. */
    enum op_state state;
    size_t step;
    uint64_t version;
    int64_t updated_utc;
    char *serial;
    char *holder;
    char *order;
    bool key_changed;
    struct err error;
    struct json *result;
    struct token_presence looked_at[TOKEN_READERS_MAX]; /* cards that it has open to find its key */
    size_t looked_at_count;
    bool looked_enough; /* the search for its key is over */
    struct token_presence presence; /* of the claimed key; sequence 0: none */
    struct cancel *dialog; /* withdraws the open dialog; NULL: none is open */
    bool key_gone; /* it was pulled out while the dialog was open */
    enum op_wish wish; /* for when the thread has ended */
    enum lang wish_lang; /* of OP_WISH_RESUME */

    pthread_t thread;
    bool has_thread;
    struct op *next; /* newer first */
};

/* The one function that moves an operation: journal, then what others see, then the observer. For
 * steps: to say that it waits for the person or the platform. ERR_JOURNAL: nothing was moved. */
MUST_CHECK enum err_code op_enter(struct op *op, enum op_state state, size_t step, struct err *err);
/* The same where nothing can be taken back any more: a journal that can't be written is logged. */
void op_enter_anyway(struct op *op, enum op_state state, size_t step);
/* Before a step changes what is on the key: the journal knows it first, so that an operation that dies
 * then is told rightly. ERR_JOURNAL: nothing may be changed. */
MUST_CHECK enum err_code op_note_change(struct op *op, struct err *err);
bool op_state_is_over(enum op_state state);
/* "waiting-user"; OP_FAILED for an unknown text. */
const char *op_state_text(enum op_state state);
enum op_state op_state_from_text(const char *text);
/* A deadline for one call inside the present step. */
struct deadline op_step_deadline(const struct op *op);
/* What stops the present step: the person's wish where it can be cancelled, else only our own end. */
const struct cancel *op_step_cancel(const struct op *op);
const struct ops_options *op_options(const struct op *op);
/* Around a dialog: makes it known to those who may withdraw it. dialog NULL: it is closed. */
void op_set_dialog(struct op *op, struct cancel *dialog);
/* Whether the key was pulled out while the dialog was open. */
bool op_key_gone(struct op *op);

/* The kinds. NULL for an unknown name. */
const struct op_kind *op_kind_named(const char *name);
const struct op_kind *op_kind_at(size_t index);
extern const struct op_kind op_renew;
extern const struct op_kind op_check;
extern const struct op_kind op_extend_seal;
extern const struct op_kind op_reset_pin;
extern const struct op_kind op_change_pin;
