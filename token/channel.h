/* A line to one card: PC/SC, the virtual UKey, or a trace around another channel. Bytes only; what
 * they mean is a driver's matter. A channel belongs to one thread at a time. */
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"

/* ATR: ISO/IEC 7816-3 8.2.1. */
#define CHANNEL_ATR_BYTES_MAX 33
/* The largest answer that pcsc-lite delivers (MAX_BUFFER_SIZE_EXTENDED is 65548). */
#define CHANNEL_ANSWER_BYTES_MAX 65538
/* Larger commands eject the card from a virtual reader and exceed a 16-bit frame. */
#define CHANNEL_COMMAND_BYTES_MAX 65000

/* The first member of every channel. */
struct channel {
    const struct channel_class *class;
};

/* What a channel must do. All entries are mandatory unless it is said. */
struct channel_class {
    const char *name;
    /* Waits until no other program uses the card, and keeps them off until end(). Not nested.
     * Fails with ERR_TOKEN_RESET (reconnected, log-in is gone), _REMOVED, _HUNG, ERR_READER_BUSY,
     * ERR_PCSC_NO_SERVICE. */
    enum err_code (*begin)(struct channel *channel, struct deadline deadline, struct err *err);
    void (*end)(struct channel *channel);
    /* One command, one answer with its status word (2 to CHANNEL_ANSWER_BYTES_MAX bytes). Never
     * repeats a command. Fails with ERR_TOKEN_REMOVED, _RESET, _HUNG (deadline passed; the channel
     * is dead from then on), _TRANSPORT (whether the card acted is not known),
     * ERR_PCSC_NO_SERVICE. */
    enum err_code (*transmit)(struct channel *channel, struct span command, struct bytes **out,
                              struct deadline deadline, struct err *err);
    /* The answer to reset, borrowed. */
    struct span (*peek_atr)(const struct channel *channel);
    /* The largest command in bytes that the reader takes, 0: it does not say. NULL: it never says. */
    size_t (*command_bytes_max)(const struct channel *channel);
    /* Closes and frees; leaves the card as it is, apart from the log-in, which ends. */
    void (*close)(struct channel *channel);
};

static inline void channel_close(struct channel *channel)
{
    if (channel != NULL)
        channel->class->close(channel);
}

static inline void channel_closep(struct channel **channel)
{
    channel_close(*channel);
    *channel = NULL;
}
