#include "token/virtual/virtual_channel.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "base/memory.h"

#define STATUS_BYTES 2

struct virtual_channel {
    struct channel channel; /* first */
    struct virtual_card *card;
    struct virtual_faults faults;
    bool in_transaction;
    bool removed;
    bool was_reset;
    bool hung;
    uint64_t commands;
};

static struct virtual_channel *own(struct channel *channel)
{
    return (struct virtual_channel *)channel;
}

static enum err_code check_line(struct virtual_channel *channel, struct err *err)
{
    if (channel->hung)
        return err_set(err, ERR_TOKEN_HUNG, "the card hangs");
    if (channel->removed)
        return err_set(err, ERR_TOKEN_REMOVED, "the card is out");
    if (channel->was_reset) {
        channel->was_reset = false;
        return err_set(err, ERR_TOKEN_RESET, "another program reset the card");
    }
    return ERR_NONE;
}

static enum err_code channel_begin(struct channel *channel, struct deadline deadline,
                                   struct err *err)
{
    (void)deadline;
    assert(!own(channel)->in_transaction);
    if (check_line(own(channel), err) != ERR_NONE)
        return err->code;
    own(channel)->in_transaction = true;
    return ERR_NONE;
}

static void channel_end(struct channel *channel)
{
    own(channel)->in_transaction = false;
}

static enum err_code lose_line(struct virtual_channel *channel, struct err *err)
{
    virtual_card_reset(channel->card);
    return err_set(err, ERR_TOKEN_TRANSPORT, "the line broke");
}

/* True when the deadline came first. */
static bool wait_past(uint32_t ms, struct deadline deadline)
{
    struct deadline end = deadline_in_ms(ms);
    bool late = deadline.at_ms < end.at_ms;
    int left = deadline_left_ms(late ? deadline : end);
    struct timespec time = {left / 1000, (long)(left % 1000) * 1000000};
    nanosleep(&time, NULL);
    return late;
}

static enum err_code hang(struct virtual_channel *channel, struct err *err)
{
    channel->hung = true;
    return err_set(err, ERR_TOKEN_HUNG, "no answer");
}

static enum err_code pull_out(struct virtual_channel *channel, struct err *err)
{
    virtual_channel_remove(&channel->channel);
    return err_set(err, ERR_TOKEN_REMOVED, "the card was pulled out");
}

/* Faults that strike before the card acts. True when the command is over, with *out or *err set. */
static bool strike(struct virtual_channel *channel, const struct virtual_fault *fault,
                   struct bytes **out, struct err *err)
{
    const uint8_t status[] = {(uint8_t)(fault->argument >> 8), (uint8_t)fault->argument};
    switch (fault->kind) {
    case VIRTUAL_FAULT_LOSE_BEFORE:
        lose_line(channel, err);
        return true;
    case VIRTUAL_FAULT_HANG:
        hang(channel, err);
        return true;
    case VIRTUAL_FAULT_REMOVE:
        pull_out(channel, err);
        return true;
    case VIRTUAL_FAULT_STATUS:
        *out = bytes_new(SPAN_ARRAY(status));
        return true;
    default:
        return false;
    }
}

static enum err_code channel_transmit(struct channel *base, struct span command, struct bytes **out,
                                      struct deadline deadline, struct err *err)
{
    struct virtual_channel *channel = own(base);
    *err = ERR_INIT;
    if (check_line(channel, err) != ERR_NONE)
        return err->code;
    struct virtual_fault fault = virtual_fault_next(&channel->faults);
    if (strike(channel, &fault, out, err))
        return err->code;
    channel->commands++;
    AUTO(bytes_freep) struct bytes *answer = virtual_card_process(channel->card, command);
    if (fault.kind == VIRTUAL_FAULT_DELAY && wait_past(fault.argument, deadline))
        return hang(channel, err);
    if (fault.kind == VIRTUAL_FAULT_LOSE_AFTER)
        return lose_line(channel, err);
    if (fault.kind == VIRTUAL_FAULT_REMOVE_AFTER)
        return pull_out(channel, err);
    answer = virtual_fault_spoil(&fault, TAKE(answer));
    if (answer->len < STATUS_BYTES)
        return err_set(err, ERR_TOKEN_TRANSPORT, "an answer of %zu bytes", answer->len);
    *out = TAKE(answer);
    return ERR_NONE;
}

static struct span channel_peek_atr(const struct channel *channel)
{
    return virtual_card_atr(((const struct virtual_channel *)channel)->card);
}

static void channel_done(struct channel *channel)
{
    virtual_card_power_off(own(channel)->card);
    free(channel);
}

static const struct channel_class class = {
    .name = "virtual",
    .begin = channel_begin,
    .end = channel_end,
    .transmit = channel_transmit,
    .peek_atr = channel_peek_atr,
    .close = channel_done,
};

struct channel *virtual_channel_open(struct virtual_card *card)
{
    struct virtual_channel *channel = memory_new(sizeof *channel);
    channel->channel.class = &class;
    channel->card = card;
    virtual_card_power_on(card);
    return &channel->channel;
}

struct virtual_faults *virtual_channel_faults(struct channel *channel)
{
    return &own(channel)->faults;
}

void virtual_channel_remove(struct channel *channel)
{
    own(channel)->removed = true;
    virtual_card_power_off(own(channel)->card);
}

void virtual_channel_insert(struct channel *channel)
{
    own(channel)->removed = false;
    own(channel)->hung = false;
    virtual_card_power_on(own(channel)->card);
}

void virtual_channel_reset(struct channel *channel)
{
    own(channel)->was_reset = true;
    virtual_card_reset(own(channel)->card);
}

uint64_t virtual_channel_commands(const struct channel *channel)
{
    return ((const struct virtual_channel *)channel)->commands;
}
