/* Command APDUs as the card reads them, and the fields inside their data. Own code of the card: nothing
 * here is shared with a driver, so that a mistake of one shows at the other. */
#pragma once

#include "base/buf.h"
#include "base/span.h"

#define VIRTUAL_CLA_PLAIN 0x80
#define VIRTUAL_CLA_MAC 0x84
#define VIRTUAL_CLA_CHAIN 0x10 /* a bit: not the last block of a chain */

struct virtual_command {
    uint8_t cla, ins, p1, p2;
    struct span data; /* borrowed; empty when there is no Lc */
    bool has_le;
    uint16_t le; /* 0: everything available */
};

/* Exactly one of the cases 1, 2E, 3E and 4E; false otherwise. Source: ISO/IEC 7816-3, 12.1.3; GM/T
 * 0017-2012 has Lc of 3 bytes, and Le of 2 bytes behind data, else of 3. */
bool virtual_apdu_parse(struct span apdu, struct virtual_command *out);

/* Reads fields from the front; past the end everything is 0 and the reader is bad. */
struct virtual_reader {
    struct span rest;
    bool little_endian;
    bool bad;
};

uint8_t virtual_apdu_u8(struct virtual_reader *reader);
uint16_t virtual_apdu_u16(struct virtual_reader *reader);
uint32_t virtual_apdu_u32(struct virtual_reader *reader);
struct span virtual_apdu_part(struct virtual_reader *reader, size_t len);
/* Whatever is left. */
struct span virtual_apdu_rest(struct virtual_reader *reader);
/* Everything was there, and nothing is left. */
bool virtual_apdu_ended(const struct virtual_reader *reader);

void virtual_apdu_put_u16(struct buf *out, bool little_endian, uint16_t value);
void virtual_apdu_put_u32(struct buf *out, bool little_endian, uint32_t value);
/* text, filled up with zeros to width. */
void virtual_apdu_put_text(struct buf *out, struct span text, size_t width);
