/* A new PIN or key that arrives encrypted and with a MAC. */
#pragma once

#include "token/virtual/virtual_call.h"

/* The longest PIN in a block with its length. */
#define VIRTUAL_SEALED_BYTES_MAX (2 * VIRTUAL_CIPHER_BYTES)

struct virtual_sealed {
    uint8_t plain[VIRTUAL_SEALED_BYTES_MAX];
    struct span value; /* inside plain */
};

/* Opens what is left of the command's data with key: cryptogram and MAC. pin: the value stands in a
 * PIN block; else it is one block as it is. Gives 9000; 6700 (length), 6984 (no challenge) and 6A80
 * (the MAC is right, the block is not), for which no try may be counted; 6988 (MAC). Wipe sealed. */
uint16_t virtual_sealed_open(struct virtual_call *call, const uint8_t key[VIRTUAL_CIPHER_BYTES],
                             bool pin, struct virtual_sealed *sealed);
