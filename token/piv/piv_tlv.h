/* Data objects in BER-TLV, read strictly: what does not fit its frame to the byte is refused.
 * Source: ISO/IEC 7816-4 5.2.2 (BER-TLV data objects), X.690 8.1. */
#pragma once

#include "base/buf.h"

#include <stdint.h>

#define PIV_TLV_PADDING_MAX 255 /* less than a block of a short answer */

struct piv_tlv {
    uint32_t tag; /* its bytes, at most three */
    struct span value;
};

/* Takes the first object off *rest. False, and nothing is changed, when there is none or it is broken:
 * a tag of more than three bytes, an indefinite length, one of more than three bytes, or more than is
 * there. Lengths may be written with more bytes than they need: keys do so. */
bool piv_tlv_next(struct span *rest, struct piv_tlv *out);
/* The value of bytes that are one object with this tag, and nothing else. */
bool piv_tlv_only(struct span bytes, uint32_t tag, struct span *out);
/* The same where zero bytes may follow, PIV_TLV_PADDING_MAX at most: some keys fill blocks up. */
bool piv_tlv_only_padded(struct span bytes, uint32_t tag, struct span *out);
/* What there is of the value of one object with this tag that is shorter than its length says. False when it is
 * not. */
bool piv_tlv_cut_off(struct span bytes, uint32_t tag, struct span *out);
/* The value of the object with this tag among the objects that bytes consist of; SPAN_NONE (at is NULL)
 * when there is none. False when bytes are broken or have it twice. */
bool piv_tlv_find(struct span bytes, uint32_t tag, struct span *out);

/* Appends an object; its length is written as short as can be. */
void piv_tlv_add(struct buf *buf, uint32_t tag, struct span value);
