/* A line to a card through PC/SC.
 *
 * PC/SC calls can block for ever and can't be cancelled, so each open channel has a thread that makes
 * them while the caller waits with its deadline. When that passes, the thread is given up: the channel
 * is dead, and the thread frees what it holds if the call ever returns. Other channels don't notice. */
#pragma once

#include "token/channel.h"

/* Fails as pcsc_card_open does, and with ERR_TOKEN_HUNG when the deadline passes.
 * A begin() that the deadline ends fails with ERR_READER_BUSY: most likely another program keeps the
 * card to itself. That channel is dead too, and gives the same error from then on. So does opening a
 * card that another program is connected to, unless an exchange of ours hangs.
 * close() resets the card when the line broke after a PIN was sent, so that no log-in outlives it; else
 * the card is left as it is, and who logged in logs out. It waits two seconds at most. */
MUST_CHECK enum err_code channel_pcsc_open(const char *reader, struct deadline deadline,
                                           struct channel **out, struct err *err);
