/* A line to a card that lies: the answers of an input, one after the other, each with its length before it. One that
 * is too short for its status word is a line that breaks; when there are no more the card is pulled out. */
#pragma once

#include "token/channel.h"

struct lying_card {
    struct span atr; /* borrowed, longer than the channel */
    struct span answers; /* likewise */
    unsigned commands_max; /* more are a driver that does not end */
    bool (*may_be_sent)(struct span command); /* NULL: any command */
};

/* The caller closes it. */
struct channel *lying_channel_new(const struct lying_card *card);
