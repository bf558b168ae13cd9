#include "lying_channel.h"

#include "fuzz.h"
#include "fuzz_input.h"

struct lying_channel {
    struct channel channel; /* first */
    struct lying_card card; /* its answers are those that are left */
    unsigned commands;
};

static enum err_code lying_begin(struct channel *channel, struct deadline deadline, struct err *err)
{
    return ERR_NONE;
}

static void lying_end(struct channel *channel)
{
}

static enum err_code lying_transmit(struct channel *channel, struct span command,
                                    struct bytes **out, struct deadline deadline, struct err *err)
{
    struct lying_channel *lying = (struct lying_channel *)channel;
    fuzz_touch(command);
    fuzz_require(command.len >= 4 && command.len <= CHANNEL_COMMAND_BYTES_MAX);
    fuzz_require(lying->card.may_be_sent == NULL || lying->card.may_be_sent(command));
    fuzz_require(++lying->commands <= lying->card.commands_max);
    if (lying->card.answers.len == 0)
        return err_set(err, ERR_TOKEN_REMOVED, "no more answers");
    struct span answer = fuzz_part(&lying->card.answers);
    if (answer.len < 2)
        return err_set(err, ERR_TOKEN_TRANSPORT, "a broken line");
    *out = bytes_new(answer);
    return ERR_NONE;
}

static struct span lying_peek_atr(const struct channel *channel)
{
    return ((const struct lying_channel *)channel)->card.atr;
}

static void lying_close(struct channel *channel)
{
    free(channel);
}

static const struct channel_class lying_class = {
    .name = "lying",
    .begin = lying_begin,
    .end = lying_end,
    .transmit = lying_transmit,
    .peek_atr = lying_peek_atr,
    .close = lying_close,
};

struct channel *lying_channel_new(const struct lying_card *card)
{
    struct lying_channel *lying = memory_new(sizeof *lying);
    *lying = (struct lying_channel){.channel.class = &lying_class, .card = *card};
    return &lying->channel;
}
