#include "token/piv/piv_tlv.h"

#define TAG_BYTES_MAX 3
#define LENGTH_BYTES_MAX 3 /* behind the byte that counts them */
#define MORE_TAG_BYTES 0x1F /* in the first byte */
#define ONE_MORE 0x80 /* in the bytes behind it */
#define LONG_LENGTH 0x80

static bool take_tag(struct span *rest, uint32_t *out)
{
    if (rest->len == 0)
        return false;
    uint32_t tag = rest->at[0];
    size_t used = 1;
    bool more = (tag & MORE_TAG_BYTES) == MORE_TAG_BYTES;
    while (more) {
        if (used == TAG_BYTES_MAX || used == rest->len)
            return false;
        uint8_t byte = rest->at[used++];
        tag = tag << 8 | byte;
        more = (byte & ONE_MORE) != 0;
    }
    *rest = span_of(rest->at + used, rest->len - used);
    *out = tag;
    return true;
}

static bool take_length(struct span *rest, size_t *out)
{
    if (rest->len == 0)
        return false;
    size_t length = rest->at[0];
    size_t count = 0;
    if (length >= LONG_LENGTH) {
        count = length - LONG_LENGTH;
        if (count == 0 || count > LENGTH_BYTES_MAX || count >= rest->len)
            return false;
        length = 0;
        for (size_t i = 1; i <= count; i++)
            length = length << 8 | rest->at[i];
    }
    *rest = span_of(rest->at + 1 + count, rest->len - 1 - count);
    *out = length;
    return true;
}

bool piv_tlv_next(struct span *rest, struct piv_tlv *out)
{
    struct span at = *rest;
    uint32_t tag;
    size_t length;
    if (!take_tag(&at, &tag) || !take_length(&at, &length) || length > at.len)
        return false;
    *out = (struct piv_tlv){tag, span_of(at.at, length)};
    *rest = span_of(at.at + length, at.len - length);
    return true;
}

bool piv_tlv_only(struct span bytes, uint32_t tag, struct span *out)
{
    struct piv_tlv object;
    if (!piv_tlv_next(&bytes, &object) || bytes.len != 0 || object.tag != tag)
        return false;
    *out = object.value;
    return true;
}

/* Between objects and behind them they mean nothing: ISO/IEC 7816-4 5.2.2. */
static bool skip_zeros(struct span *rest)
{
    while (rest->len > 0 && rest->at[0] == 0)
        *rest = span_of(rest->at + 1, rest->len - 1);
    return rest->len > 0;
}

bool piv_tlv_only_padded(struct span bytes, uint32_t tag, struct span *out)
{
    struct piv_tlv object;
    if (!piv_tlv_next(&bytes, &object) || bytes.len > PIV_TLV_PADDING_MAX || skip_zeros(&bytes) ||
        object.tag != tag)
        return false;
    *out = object.value;
    return true;
}

bool piv_tlv_cut_off(struct span bytes, uint32_t tag, struct span *out)
{
    uint32_t found;
    size_t length;
    if (!take_tag(&bytes, &found) || found != tag || !take_length(&bytes, &length) ||
        length <= bytes.len)
        return false;
    *out = bytes;
    return true;
}

bool piv_tlv_find(struct span bytes, uint32_t tag, struct span *out)
{
    struct span found = SPAN_NONE;
    while (skip_zeros(&bytes)) {
        struct piv_tlv object;
        if (!piv_tlv_next(&bytes, &object) || (object.tag == tag && found.at != NULL))
            return false;
        if (object.tag == tag)
            found = object.value;
    }
    *out = found;
    return true;
}

static void add_length(struct buf *buf, size_t length)
{
    if (length < LONG_LENGTH) {
        buf_add_u8(buf, (uint8_t)length);
    } else if (length <= UINT8_MAX) {
        buf_add_u8(buf, 0x81);
        buf_add_u8(buf, (uint8_t)length);
    } else {
        buf_add_u8(buf, 0x82);
        buf_add_u16_be(buf, (uint16_t)length);
    }
}

void piv_tlv_add(struct buf *buf, uint32_t tag, struct span value)
{
    if (value.len > UINT16_MAX) {
        buf->bad = true;
        return;
    }
    for (int shift = 16; shift >= 0; shift -= 8)
        if (tag >> shift != 0)
            buf_add_u8(buf, (uint8_t)(tag >> shift));
    add_length(buf, value.len);
    buf_add(buf, value);
}
