/* The other end of a socket whose server runs in the same loop. */
#pragma once

#include "base/buf.h"
#include "base/loop.h"

/* What a socket takes without waiting, whatever its kind. */
#define FUZZ_WIRE_BYTES_MAX 16384

enum fuzz_wire_end {
    FUZZ_WIRE_CLOSES, /* we send no more, and the server must close within FUZZ_WIRE_MS */
    FUZZ_WIRE_LOOKS, /* we look for an answer for a few rounds of the loop */
};
#define FUZZ_WIRE_MS 5000

/* Sends bytes (at most FUZZ_WIRE_BYTES_MAX) and runs the loop; what the server says goes to heard. fd stays
 * the caller's. Ends the process when the server does not close in time. */
void fuzz_wire_talk(struct loop *loop, int fd, struct span bytes, enum fuzz_wire_end end,
                    struct buf *heard);
/* Connected ones. */
int fuzz_wire_connect_tcp(uint16_t port);
int fuzz_wire_connect_unix(const char *path);
