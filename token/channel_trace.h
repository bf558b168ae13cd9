/* A channel around a channel that writes what passes: one line for each command and answer, with the
 * time, in hexadecimal. The data of commands that carry a PIN, or a cryptogram from which a short PIN
 * could be found by trying, are masked. */
#pragma once

#include <stdio.h>

#include "token/channel.h"

/* Takes inner over; out stays the caller's and must outlive the channel. Lines of several channels may
 * go to one out: each is written with one call. */
struct channel *channel_trace_new(struct channel *inner, FILE *out);
