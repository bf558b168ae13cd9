#include "agent/ops/op_find.h"

#include <stdlib.h>

#include "agent/ops/op_cards.h"
#include "base/log.h"
#include "base/thread.h"

/* Those who look give up a moment before who waits for them, so that they can still say why. */
#define LAST_WORD_MS 500

/* One card; its thread fills it in, under the operations' lock, until op->looked_enough. */
struct look {
    struct op_search *search;
    struct token_presence presence;
    pthread_t thread;
    bool has_thread;
    bool over;
    bool supported; /* it is a key, whichever */
    bool busy; /* another operation has it */
    struct token *token; /* the key that is meant, or may be; NULL: none */
    struct err err; /* why the card can't be used */
};

struct op_search {
    struct op *op;
    struct deadline deadline; /* of the step */
    struct deadline look_deadline; /* of each look */
    size_t count;
    struct look looks[TOKEN_READERS_MAX];
};

/* ---- in the threads ---- */

/* Opens the card; token stays NULL when it is another key than the one that is meant. */
static enum err_code open_card(const struct look *look, struct token **out, struct err *err)
{
    const struct op *op = look->search->op;
    AUTO(token_closep) struct token *token = NULL;
    struct token_source *source = op_options(op)->source;
    if (source->class->open(source, &look->presence, look->search->look_deadline, &token, err) !=
        ERR_NONE)
        return err->code;
    if (op->wanted_serial == NULL ||
        strcmp(token_peek_facts(token)->serial, op->wanted_serial) == 0)
        *out = TAKE(token);
    return ERR_NONE;
}

/* Says what was found, unless nobody needs it any more. */
static void tell(struct look *look, bool busy, struct token **token, const struct err *err)
{
    struct op *op = look->search->op;
    pthread_mutex_lock(&op->ops->lock);
    if (!op->looked_enough) {
        look->busy = busy;
        look->supported = busy || err->code == ERR_NONE;
        look->err = *err;
        look->token = TAKE(*token);
        look->over = true;
    }
    op_cards_changed(op->ops);
    pthread_mutex_unlock(&op->ops->lock);
}

static void *look_thread(void *context)
{
    struct look *look = context;
    struct op *op = look->search->op;
    struct token *token = NULL;
    struct err err = ERR_INIT;
    bool may =
        op_cards_look(op, &look->presence, op->wanted_serial != NULL, look->search->look_deadline);
    if (may && open_card(look, &token, &err) != ERR_NONE)
        log_line(LOG_LEVEL_INFO, "ops", "%s: %s (%s)", look->presence.reader,
                 err_code_text(err.code), err.detail);
    if (may && token == NULL)
        op_cards_leave(op, &look->presence);
    tell(look, !may, &token, &err);
    if (token != NULL) {
        token_close(token);
        op_cards_leave(op, &look->presence);
    }
    return NULL;
}

/* ---- in the operation's thread ---- */

/* A look that could not be started is over. */
static void start_look(struct look *look)
{
    struct err err = ERR_INIT;
    look->has_thread = thread_start(&look->thread, look_thread, look, &err) == ERR_NONE;
    if (!look->has_thread)
        tell(look, false, &look->token, &err);
}

static struct look *found_by(struct op_search *search)
{
    for (size_t i = 0; i < search->count; i++)
        if (search->looks[i].token != NULL)
            return &search->looks[i];
    return NULL;
}

static bool all_over(const struct op_search *search)
{
    for (size_t i = 0; i < search->count; i++)
        if (!search->looks[i].over)
            return false;
    return true;
}

/* Until the key that is meant is found, or all cards were looked at. Those who still look then know that
 * they need not. */
static void wait_for_looks(struct op_search *search)
{
    struct op *op = search->op;
    pthread_mutex_lock(&op->ops->lock);
    while (!all_over(search) && !cancel_requested(op->cancel) &&
           (op->wanted_serial == NULL || found_by(search) == NULL))
        if (!op_cards_wait(op->ops, search->deadline))
            break; /* a hung card: what the others said counts */
    op->looked_enough = true;
    op_cards_changed(op->ops);
    pthread_mutex_unlock(&op->ops->lock);
}

struct tally {
    unsigned supported;
    bool busy;
    struct err last; /* why a card could not be used */
};

static struct tally count_up(const struct op_search *search)
{
    struct tally tally = {.last = ERR_INIT};
    for (size_t i = 0; i < search->count; i++) {
        const struct look *look = &search->looks[i];
        tally.supported += look->over && look->supported ? 1 : 0;
        tally.busy = tally.busy || look->busy;
        if (!look->over)
            err_set(&tally.last, ERR_TOKEN_HUNG, "%s does not answer", look->presence.reader);
        else if (look->err.code != ERR_NONE &&
                 (tally.last.code == ERR_NONE || tally.last.code == ERR_TOKEN_UNSUPPORTED))
            tally.last = look->err;
    }
    return tally;
}

static enum err_code judge(const struct op_search *search, const struct look *found,
                           struct err *err)
{
    const struct op *op = search->op;
    const struct tally tally = count_up(search);
    if (cancel_requested(op->cancel))
        return err_set(err, ERR_CANCELLED, "while looking for the key");
    if (op->wanted_serial != NULL && found != NULL)
        return ERR_NONE;
    if (tally.supported == 0) {
        *err = tally.last;
        return err_add(err, "look for a key among %zu cards", search->count);
    }
    if (op->wanted_serial == NULL && tally.supported > 1)
        return err_set(err, ERR_SEVERAL_TOKENS, "%u keys are plugged in", tally.supported);
    if (found != NULL)
        return ERR_NONE;
    if (tally.busy)
        return err_set(err, ERR_TOKEN_BUSY, "another operation has the key");
    return err_set(err, ERR_WRONG_TOKEN, "no key with serial %s among %u", op->wanted_serial,
                   tally.supported);
}

/* Closes what was found and is not the one. */
static void close_others(struct op_search *search, const struct look *chosen)
{
    for (size_t i = 0; i < search->count; i++) {
        struct look *look = &search->looks[i];
        if (look == chosen || look->token == NULL)
            continue;
        token_closep(&look->token);
        op_cards_leave(search->op, &look->presence);
    }
}

static enum err_code check_service(const struct token_snapshot *snapshot, struct err *err)
{
    switch (snapshot->service) {
    case TOKEN_SERVICE_NONE:
        return err_set(err, ERR_PCSC_NO_SERVICE, "pcscd does not answer");
    case TOKEN_SERVICE_NO_PERMISSION:
        return err_set(err, ERR_PCSC_NO_PERMISSION, "pcscd refuses this user");
    case TOKEN_SERVICE_NO_READER:
        return err_set(err, ERR_PCSC_NO_READER, "pcscd has no reader");
    case TOKEN_SERVICE_OK:
        break;
    }
    if (snapshot->count == 0)
        return err_set(err, ERR_NO_TOKEN, "no card in any reader");
    return ERR_NONE;
}

static struct op_search *search_new(struct op *op, const struct token_snapshot *snapshot)
{
    struct op_search *search = memory_new(sizeof *search);
    search->op = op;
    search->deadline = op_step_deadline(op);
    search->look_deadline = (struct deadline){search->deadline.at_ms - LAST_WORD_MS};
    search->count = snapshot->count;
    for (size_t i = 0; i < snapshot->count; i++)
        search->looks[i] =
            (struct look){.search = search, .presence = snapshot->present[i], .err = ERR_INIT};
    return search;
}

enum err_code op_find(struct op *op, struct token **out, struct token_presence *out_presence,
                      struct err *err)
{
    struct token_snapshot snapshot;
    struct token_source *source = op_options(op)->source;
    source->class->snapshot(source, &snapshot);
    if (check_service(&snapshot, err) != ERR_NONE)
        return err->code;
    op_find_done(op);
    op->looked_enough = false; /* nobody looks */
    op->search = search_new(op, &snapshot);
    for (size_t i = 0; i < op->search->count; i++)
        start_look(&op->search->looks[i]);
    wait_for_looks(op->search);
    struct look *found = found_by(op->search); /* from here on nothing changes any more */
    enum err_code code = judge(op->search, found, err);
    close_others(op->search, code == ERR_NONE ? found : NULL);
    if (code != ERR_NONE)
        return code;
    *out = TAKE(found->token);
    *out_presence = found->presence;
    return ERR_NONE;
}

void op_find_done(struct op *op)
{
    if (op->search == NULL)
        return;
    for (size_t i = 0; i < op->search->count; i++)
        if (op->search->looks[i].has_thread)
            pthread_join(op->search->looks[i].thread, NULL);
    free(op->search);
    op->search = NULL;
}
