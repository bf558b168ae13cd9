#include "token/virtual/virtual_piv_tlv.h"

#define LONG_TAG 0x1F /* all bits of the number: it stands in the bytes behind */
#define MORE 0x80
#define LENGTH_1 0x81
#define LENGTH_2 0x82

static bool take(struct span *rest, uint8_t *out)
{
    if (rest->len == 0)
        return false;
    *out = rest->at[0];
    *rest = span_of(rest->at + 1, rest->len - 1);
    return true;
}

static bool take_tag(struct span *rest, uint32_t *out)
{
    uint8_t byte = 0;
    if (!take(rest, &byte))
        return false;
    uint32_t tag = byte;
    bool more = (byte & LONG_TAG) == LONG_TAG;
    for (int i = 0; more; i++) {
        if (i == 2 || !take(rest, &byte))
            return false;
        tag = tag << 8 | byte;
        more = (byte & MORE) != 0;
    }
    *out = tag;
    return true;
}

static bool take_length(struct span *rest, size_t *out)
{
    uint8_t first = 0;
    uint8_t high = 0;
    uint8_t low = 0;
    if (!take(rest, &first) || first > LENGTH_2 || first == MORE)
        return false;
    if (first == LENGTH_2 && !take(rest, &high))
        return false;
    if (first > MORE && !take(rest, &low))
        return false;
    *out = first < MORE ? first : (size_t)(high << 8 | low);
    return true;
}

bool virtual_piv_tlv_next(struct span *rest, uint32_t *out_tag, struct span *out_value)
{
    struct span at = *rest;
    uint32_t tag = 0;
    size_t length = 0;
    if (!take_tag(&at, &tag) || !take_length(&at, &length) || length > at.len)
        return false;
    *out_tag = tag;
    *out_value = span_of(at.at, length);
    *rest = span_of(at.at + length, at.len - length);
    return true;
}

bool virtual_piv_tlv_beginning(struct span bytes, uint32_t tag, struct span *out_value,
                               size_t *out_length)
{
    uint32_t found = 0;
    size_t length = 0;
    if (!take_tag(&bytes, &found) || found != tag || !take_length(&bytes, &length) ||
        bytes.len > length)
        return false;
    *out_value = bytes;
    *out_length = length;
    return true;
}

bool virtual_piv_tlv_only(struct span bytes, uint32_t tag, struct span *out_value)
{
    uint32_t found = 0;
    struct span value;
    if (!virtual_piv_tlv_next(&bytes, &found, &value) || found != tag || bytes.len != 0)
        return false;
    *out_value = value;
    return true;
}

bool virtual_piv_tlv_find(struct span fields, uint32_t tag, struct span *out_value)
{
    uint32_t found = 0;
    struct span value;
    while (virtual_piv_tlv_next(&fields, &found, &value)) {
        if (found != tag)
            continue;
        *out_value = value;
        return true;
    }
    return false;
}

void virtual_piv_tlv_put_head(struct buf *out, uint32_t tag, size_t length)
{
    if (tag > 0xFFFF)
        buf_add_u8(out, (uint8_t)(tag >> 16));
    if (tag > 0xFF)
        buf_add_u8(out, (uint8_t)(tag >> 8));
    buf_add_u8(out, (uint8_t)tag);
    if (length > 0xFF)
        buf_add_u8(out, LENGTH_2);
    else if (length >= MORE)
        buf_add_u8(out, LENGTH_1);
    if (length > 0xFF)
        buf_add_u8(out, (uint8_t)(length >> 8));
    buf_add_u8(out, (uint8_t)length);
}

void virtual_piv_tlv_put(struct buf *out, uint32_t tag, struct span value)
{
    virtual_piv_tlv_put_head(out, tag, value.len);
    buf_add(out, value);
}

void virtual_piv_tlv_put_u8(struct buf *out, uint32_t tag, uint8_t value)
{
    virtual_piv_tlv_put(out, tag, span_of(&value, 1));
}
