#include "tests/fault/fault_card.h"

#include <stdio.h>
#include <stdlib.h>

#include "token/virtual/virtual_channel.h"

#define READER "Reader"
#define OPEN_MS 10000
/* Source: GM/T 0017-2012, status bytes. */
#define STATUS_NO_FILE 0x6A93
#define STATUS_NOT_FOUND 0x6A88

struct line {
    struct channel channel; /* first */
    struct fault_card *card;
    struct channel *inner;
};

static struct channel *inner_of(struct channel *channel)
{
    return ((struct line *)channel)->inner;
}

static enum err_code line_begin(struct channel *channel, struct deadline deadline, struct err *err)
{
    struct channel *inner = inner_of(channel);
    return inner->class->begin(inner, deadline, err);
}

static void line_end(struct channel *channel)
{
    inner_of(channel)->class->end(inner_of(channel));
}

static void set_script(const struct fault_card *card, struct channel *inner)
{
    const struct fault_kind *kind = card->plan->kind;
    struct err err = ERR_INIT;
    if (kind->way == FAULT_KEY_SCRIPT &&
        virtual_fault_add(virtual_channel_faults(inner), (enum virtual_fault_kind)kind->script, 1,
                          kind->argument, &err) != ERR_NONE)
        abort();
}

static enum err_code line_transmit(struct channel *channel, struct span command, struct bytes **out,
                                   struct deadline deadline, struct err *err)
{
    struct channel *inner = inner_of(channel);
    struct fault_card *card = ((struct line *)channel)->card;
    bool struck = fault_strikes(card->plan, FAULT_KEY);
    if (struck)
        set_script(card, inner);
    if (struck && (card->plan->kind->argument == STATUS_NO_FILE ||
                   card->plan->kind->argument == STATUS_NOT_FOUND))
        card->plan->record->file_denied = true;
    enum err_code code = inner->class->transmit(inner, command, out, deadline, err);
    if (struck && card->plan->kind->script == VIRTUAL_FAULT_REMOVE)
        card->out = true;
    fault_after(card->plan, struck);
    return code;
}

static struct span line_peek_atr(const struct channel *channel)
{
    const struct channel *inner = ((const struct line *)channel)->inner;
    return inner->class->peek_atr(inner);
}

static void line_close(struct channel *channel)
{
    channel_close(inner_of(channel));
    free(channel);
}

static const struct channel_class line_class = {
    .name = "faulty",
    .begin = line_begin,
    .end = line_end,
    .transmit = line_transmit,
    .peek_atr = line_peek_atr,
    .close = line_close,
};

static void snapshot(struct token_source *source, struct token_snapshot *out)
{
    const struct fault_card *card = (const struct fault_card *)source;
    *out = (struct token_snapshot){.service = TOKEN_SERVICE_OK, .count = card->out ? 0 : 1};
    snprintf(out->present[0].reader, sizeof out->present[0].reader, READER);
    out->present[0].sequence = card->sequence;
}

static enum err_code open_key(struct token_source *source, const struct token_presence *presence,
                              struct deadline deadline, struct token **out, struct err *err)
{
    static const struct token_settings settings;
    struct fault_card *card = (struct fault_card *)source;
    if (card->out || presence->sequence != card->sequence)
        return err_set(err, ERR_NO_TOKEN, "pulled out");
    struct line *line = memory_new(sizeof *line);
    *line = (struct line){{&line_class}, card, virtual_channel_open(card->card)};
    return token_open(&line->channel, presence->reader, &settings, deadline, out, err);
}

static const struct token_source_class source_class = {snapshot, open_key};

enum err_code fault_card_open(struct fault_card *card, const char *path, struct fault_plan *plan,
                              struct err *err)
{
    struct virtual_card *loaded = NULL;
    if (virtual_card_load(path, &loaded, err) != ERR_NONE)
        return err->code;
    card->source.class = &source_class;
    card->plan = plan;
    card->card = loaded;
    card->out = false;
    card->sequence = 1;
    return ERR_NONE;
}

void fault_card_close(struct fault_card *card)
{
    virtual_card_freep(&card->card);
}

void fault_card_insert(struct fault_card *card)
{
    card->sequence++;
    card->out = false;
}

enum err_code fault_card_token(struct fault_card *card, struct token **out, struct err *err)
{
    struct token_snapshot now;
    snapshot(&card->source, &now);
    return open_key(&card->source, &now.present[0], deadline_in_ms(OPEN_MS), out, err);
}
