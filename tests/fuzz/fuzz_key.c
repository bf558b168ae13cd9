/* A key that lies: the first byte of an input is the call, then come the key's answers, each with its length
 * before it. An answer that is too short for its status word is a line that breaks; when there are no more
 * answers the key is pulled out. */
#include "fuzz.h"
#include "fuzz_input.h"
#include "key_calls.h"

/* More commands than one call has. */
#define COMMANDS_MAX 3000

struct lying_channel {
    struct channel channel;
    struct span answers;
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
    fuzz_require(++lying->commands <= COMMANDS_MAX);
    if (lying->answers.len == 0)
        return err_set(err, ERR_TOKEN_REMOVED, "no more answers");
    struct span answer = fuzz_part(&lying->answers);
    if (answer.len < 2)
        return err_set(err, ERR_TOKEN_TRANSPORT, "a broken line");
    *out = bytes_new(answer);
    return ERR_NONE;
}

static struct span lying_atr(const struct channel *channel)
{
    static const uint8_t atr[] = {0x3B, 0x85, 0x80, 0x01, 'U', 'K', 'E', 'Y', 'D', 0x42};
    return SPAN_ARRAY(atr);
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
    .peek_atr = lying_atr,
    .close = lying_close,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    size_t number = fuzz_byte(&rest) % key_call_count();
    struct lying_channel *lying = memory_new(sizeof *lying);
    *lying = (struct lying_channel){.channel.class = &lying_class, .answers = rest};
    key_call(number, &lying->channel);
    return 0;
}
