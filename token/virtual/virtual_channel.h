/* The card in the same process, as a channel: for tests of drivers, with faults by script. */
#pragma once

#include "token/channel.h"
#include "token/virtual/virtual_card.h"
#include "token/virtual/virtual_fault.h"

/* card is borrowed and outlives the channel; opening powers it on, closing powers it off. The caller
 * closes it with channel_close. */
struct channel *virtual_channel_open(struct virtual_card *card);
/* The channel's script; add to it. Hangs don't wait: they fail with ERR_TOKEN_HUNG at once. */
struct virtual_faults *virtual_channel_faults(struct channel *channel);
/* Pulls the card out, or puts it in again. Until it is in, begin and transmit fail with
 * ERR_TOKEN_REMOVED. */
void virtual_channel_remove(struct channel *channel);
void virtual_channel_insert(struct channel *channel);
/* Another program resets the card: the next begin or transmit fails with ERR_TOKEN_RESET. */
void virtual_channel_reset(struct channel *channel);
/* Commands that reached the card through this channel. */
uint64_t virtual_channel_commands(const struct channel *channel);
