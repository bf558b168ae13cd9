#include "tests/fault/fault_card.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "tests/fault/fault_memory.h"
#include "token/virtual/virtual_channel.h"
#include "token/virtual/virtual_state.h"

#define READER "Reader"
#define SECOND_READER "Second reader"
#define OTHER_SEQUENCE UINT64_MAX
#define OPEN_MS 10000
#define STATUS_BYTES 2
/* That a file is missing, in all the ways there are, and success. Source: GM/T 0017-2012, status bytes. */
static const uint32_t lies[] = {0x6A82, 0x6A83, 0x6A88, 0x6A93, 0x9000};

struct line {
    struct channel channel; /* first */
    struct fault_card *card;
    struct channel *inner;
    uint64_t sequence; /* of the presence that it was opened to */
    bool other; /* to the other bidder's key: there nothing goes wrong */
};

static struct channel *inner_of(struct channel *channel)
{
    return ((struct line *)channel)->inner;
}

static enum err_code check_in(const struct line *line, struct err *err)
{
    const struct fault_card *card = line->card;
    if (line->other ? card->other == FAULT_OTHER_AWAY
                    : card->out || line->sequence != card->sequence)
        return card->service == TOKEN_SERVICE_NONE
                   ? err_set(err, ERR_PCSC_NO_SERVICE, "the service is gone")
                   : err_set(err, ERR_TOKEN_REMOVED, "pulled out");
    return ERR_NONE;
}

static enum err_code line_begin(struct channel *channel, struct deadline deadline, struct err *err)
{
    struct channel *inner = inner_of(channel);
    if (check_in((const struct line *)channel, err) != ERR_NONE)
        return err->code;
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

/* What the key says may be untrue, and can't be seen to be. */
static bool may_lie(const struct fault_kind *kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(lies); i++)
        if (kind->way == FAULT_KEY_SCRIPT && kind->argument == lies[i])
            return true;
    return false;
}

/* With so many zeros behind its data. */
static struct bytes *longer(const struct bytes *answer, size_t more)
{
    struct bytes *out = bytes_new_size(answer->len + more);
    size_t data = answer->len - STATUS_BYTES;
    memcpy(out->at, answer->at, data);
    memcpy(out->at + data + more, answer->at + data, STATUS_BYTES);
    return out;
}

/* What becomes of the readers when the fault strikes. */
static const struct {
    enum fault_way way;
    bool out;
    enum fault_other other;
    enum token_service_state service;
} changes[] = {
    {FAULT_OTHER_KEY, true, FAULT_OTHER_INSTEAD, TOKEN_SERVICE_OK},
    {FAULT_SECOND_KEY, false, FAULT_OTHER_BESIDE, TOKEN_SERVICE_OK},
    {FAULT_PULLED_BESIDE, true, FAULT_OTHER_BESIDE, TOKEN_SERVICE_OK},
    {FAULT_NO_SERVICE, true, FAULT_OTHER_AWAY, TOKEN_SERVICE_NONE},
    {FAULT_NO_READER, true, FAULT_OTHER_AWAY, TOKEN_SERVICE_NO_READER},
};

static void change_readers(struct fault_card *card)
{
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        if (changes[i].way != card->plan->kind->way)
            continue;
        card->out = changes[i].out;
        card->other = changes[i].other;
        card->service = changes[i].service;
        if (card->out)
            virtual_card_power_off(card->card);
    }
}

/* The key acts, in a world of its own. */
static enum err_code pass_on(const struct line *line, struct span command, struct bytes **out,
                             struct deadline deadline, struct err *err)
{
    bool before = fault_memory_elsewhere(true);
    enum err_code code = line->inner->class->transmit(line->inner, command, out, deadline, err);
    fault_memory_elsewhere(before);
    return code;
}

static bool pulls_out(const struct fault_kind *kind)
{
    return kind->way == FAULT_KEY_SCRIPT &&
           (kind->script == VIRTUAL_FAULT_REMOVE || kind->script == VIRTUAL_FAULT_REMOVE_AFTER);
}

static enum err_code line_transmit(struct channel *channel, struct span command, struct bytes **out,
                                   struct deadline deadline, struct err *err)
{
    const struct line *line = (const struct line *)channel;
    struct fault_card *card = line->card;
    bool struck = !line->other && fault_strikes(card->plan, FAULT_KEY);
    const struct fault_kind *kind = card->plan->kind;
    if (struck)
        set_script(card, line->inner);
    if (struck && may_lie(kind))
        card->plan->record->key_lied = true;
    if (struck)
        change_readers(card);
    if (check_in(line, err) != ERR_NONE)
        return err->code;
    AUTO(bytes_freep) struct bytes *answer = NULL;
    enum err_code code = pass_on(line, command, &answer, deadline, err);
    if (struck && pulls_out(kind))
        card->out = true;
    if (code == ERR_NONE && struck && kind->way == FAULT_KEY_LONGER)
        *out = longer(answer, kind->argument);
    else if (code == ERR_NONE)
        *out = TAKE(answer);
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

static void show(struct token_snapshot *out, const char *reader, uint64_t sequence)
{
    struct token_presence *presence = &out->present[out->count++];
    snprintf(presence->reader, sizeof presence->reader, "%s", reader);
    presence->sequence = sequence;
}

static void snapshot(struct token_source *source, struct token_snapshot *out)
{
    const struct fault_card *card = (const struct fault_card *)source;
    *out = (struct token_snapshot){.service = (enum token_service_state)card->service};
    if (out->service != TOKEN_SERVICE_OK)
        return;
    if (!card->out)
        show(out, READER, card->sequence);
    if (card->other == FAULT_OTHER_INSTEAD)
        show(out, READER, OTHER_SEQUENCE);
    if (card->other == FAULT_OTHER_BESIDE)
        show(out, SECOND_READER, OTHER_SEQUENCE);
}

static enum err_code open_key(struct token_source *source, const struct token_presence *presence,
                              struct deadline deadline, struct token **out, struct err *err)
{
    static const struct token_settings settings;
    struct fault_card *card = (struct fault_card *)source;
    bool other = presence->sequence == OTHER_SEQUENCE;
    if (other ? card->other == FAULT_OTHER_AWAY : card->out || presence->sequence != card->sequence)
        return err_set(err, ERR_NO_TOKEN, "pulled out");
    struct line *line = memory_new(sizeof *line);
    bool before = fault_memory_elsewhere(true);
    *line = (struct line){{&line_class},
                          card,
                          virtual_channel_open(other ? card->other_card : card->card),
                          presence->sequence,
                          other};
    fault_memory_elsewhere(before);
    return token_open(&line->channel, presence->reader, &settings, deadline, out, err);
}

static const struct token_source_class source_class = {snapshot, open_key};

enum err_code fault_card_open(struct fault_card *card, const char *path, const char *other_path,
                              struct fault_plan *plan, struct err *err)
{
    struct virtual_card *loaded = NULL;
    struct virtual_objects *other = NULL;
    if (virtual_state_load(other_path, &other, err) != ERR_NONE)
        return err->code;
    card->other_card = virtual_card_new(other, NULL);
    if (virtual_card_load(path, &loaded, err) != ERR_NONE)
        return err->code;
    card->source.class = &source_class;
    card->plan = plan;
    card->card = loaded;
    card->out = false;
    card->other = fault_is(plan, FAULT_PULLED_BESIDE) ? FAULT_OTHER_BESIDE : FAULT_OTHER_AWAY;
    card->service = TOKEN_SERVICE_OK;
    card->sequence = 1;
    return ERR_NONE;
}

void fault_card_close(struct fault_card *card)
{
    virtual_card_freep(&card->card);
    virtual_card_freep(&card->other_card);
}

void fault_card_insert(struct fault_card *card)
{
    if (card->other == FAULT_OTHER_INSTEAD)
        card->other = FAULT_OTHER_AWAY;
    card->service = TOKEN_SERVICE_OK;
    card->sequence++;
    card->out = false;
}

/* All that it remembers but how many commands it answered. */
static char *memory_of(const struct virtual_objects *objects)
{
    AUTO(memory_freep) char *text = NULL;
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    if (virtual_state_print(objects, &text, &err) != ERR_NONE ||
        json_parse(span_text(text), VIRTUAL_STATE_BYTES_MAX, &json, &err) != ERR_NONE)
        abort();
    json_remove_member(json, "commands");
    return json_print(json);
}

bool fault_card_other_changed(const struct fault_card *card, const char *other_path)
{
    AUTO(virtual_objects_freep) struct virtual_objects *before = NULL;
    struct err err = ERR_INIT;
    if (virtual_state_load(other_path, &before, &err) != ERR_NONE)
        abort();
    AUTO(memory_freep) char *then = memory_of(before);
    AUTO(memory_freep) char *now = memory_of(virtual_card_objects(card->other_card));
    return strcmp(then, now) != 0;
}

enum err_code fault_card_token(struct fault_card *card, struct token **out, struct err *err)
{
    struct token_snapshot now;
    snapshot(&card->source, &now);
    return open_key(&card->source, &now.present[0], deadline_in_ms(OPEN_MS), out, err);
}
