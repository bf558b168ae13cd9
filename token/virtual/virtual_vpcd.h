/* The card as a client of vpcd, the virtual reader of vsmartcard: a real pcscd then has a real key.
 *
 * Frames in both directions: length (2, big-endian), then so many bytes. From the reader one byte is a
 * control code (00 off, 01 on, 02 reset, 04 send the ATR), anything longer a command APDU. Strictly one
 * answer to each ATR request and each command, in order. Belongs to the loop's thread. */
#pragma once

#include "base/loop.h"
#include "token/virtual/virtual_card.h"
#include "token/virtual/virtual_fault.h"

struct virtual_vpcd;

struct virtual_vpcd_options {
    const char *host; /* numeric, IPv4 or IPv6; copied into the socket address at once */
    uint16_t port;
    bool removed; /* starts unplugged */
    bool real_latency; /* answers take the time that a real key needs; the loop goes on meanwhile */
    int trace_fd; /* -1: none; borrowed. One line per APDU: microseconds, > or <, hexadecimal */
};

/* Takes card over. While inserted it connects, and connects again when the line breaks, a few times a
 * second. Fails with ERR_USAGE when host is not numeric. */
MUST_CHECK enum err_code virtual_vpcd_open(struct loop *loop, struct virtual_card *card,
                                           const struct virtual_vpcd_options *options,
                                           struct virtual_vpcd **out, struct err *err);
void virtual_vpcd_free(struct virtual_vpcd *vpcd);
void virtual_vpcd_freep(struct virtual_vpcd **vpcd);

void virtual_vpcd_insert(struct virtual_vpcd *vpcd);
void virtual_vpcd_remove(struct virtual_vpcd *vpcd);
/* Another card (taken over) is put in instead. */
void virtual_vpcd_swap(struct virtual_vpcd *vpcd, struct virtual_card *card);
struct virtual_faults *virtual_vpcd_faults(struct virtual_vpcd *vpcd);
/* {"serial", "inserted", "connected", "commands", "simulated_ms", "busy_us", "instructions": [{"ins",
 * "name", "count"}]}: since it was opened, swapped or cleared. */
struct json *virtual_vpcd_stats(const struct virtual_vpcd *vpcd);
void virtual_vpcd_clear_stats(struct virtual_vpcd *vpcd);
