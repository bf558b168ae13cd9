/* BER-TLV as PIV uses it. Own code of the token: nothing here is shared with a driver. */
#pragma once

#include "base/buf.h"

/* Takes the first field off rest: tags of 1 to 3 bytes, definite lengths of 1 to 3 bytes. False, and rest
 * as it was, when there is none. Source: ISO/IEC 7816-4:2005 5.2.2. */
bool virtual_piv_tlv_next(struct span *rest, uint32_t *out_tag, struct span *out_value);
/* The same of a field that may not be whole yet: *out_value is what there is of it, *out_length what its
 * length promises. False unless it is the last thing in bytes. */
bool virtual_piv_tlv_beginning(struct span bytes, uint32_t tag, struct span *out_value,
                               size_t *out_length);
/* Tag and length of a field whose value follows. */
void virtual_piv_tlv_put_head(struct buf *out, uint32_t tag, size_t length);
/* The whole of bytes is this one field. */
bool virtual_piv_tlv_only(struct span bytes, uint32_t tag, struct span *out_value);
/* The first field of this tag in a sequence of fields; false when there is none, or when what stands
 * before it is malformed. */
bool virtual_piv_tlv_find(struct span fields, uint32_t tag, struct span *out_value);
void virtual_piv_tlv_put(struct buf *out, uint32_t tag, struct span value);
/* A field of one byte. */
void virtual_piv_tlv_put_u8(struct buf *out, uint32_t tag, uint8_t value);
