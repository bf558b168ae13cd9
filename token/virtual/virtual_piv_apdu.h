/* Command APDUs as a PIV token reads them: short, and extended where the token has that. */
#pragma once

#include "base/span.h"

#define VIRTUAL_PIV_CLA_CHAIN 0x10 /* a bit: not the last block of a chain */
#define VIRTUAL_PIV_ANSWER_SHORT_MAX 256

struct virtual_piv_command {
    uint8_t cla, ins, p1, p2;
    struct span data; /* borrowed; empty when there is no Lc */
    bool extended;
    size_t le; /* 0: none; else so many bytes may be answered */
};

/* Exactly one of the cases 1 to 4, short or (when extended) with lengths of two bytes; false otherwise.
 * Source: ISO/IEC 7816-4:2005 5.1. */
bool virtual_piv_apdu_parse(struct span apdu, bool extended, struct virtual_piv_command *out);
