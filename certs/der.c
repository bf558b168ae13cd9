#include "certs/der.h"

#define CONSTRUCTED 0x20
#define CLASS_MASK 0xC0
#define MULTI_BYTE_TAG 0x1F

/* The length field at the start of *from; false when it is indefinite, not the shortest, or says more
 * than there is. */
static bool take_length(struct span *from, size_t *out)
{
    if (from->len == 0)
        return false;
    size_t length = from->at[0];
    size_t used = 1;
    if (length >= 0x80) {
        size_t count = length & 0x7F;
        if (count == 0 || count > 3 || count >= from->len || from->at[1] == 0)
            return false;
        length = 0;
        for (size_t i = 0; i < count; i++)
            length = length << 8 | from->at[1 + i];
        if (length < 0x80)
            return false;
        used += count;
    }
    if (length > from->len - used)
        return false;
    *from = span_of(from->at + used, from->len - used);
    *out = length;
    return true;
}

bool der_next(struct span *from, struct der_item *out)
{
    if (from->len < 2 || (from->at[0] & MULTI_BYTE_TAG) == MULTI_BYTE_TAG)
        return false;
    struct span rest = span_of(from->at + 1, from->len - 1);
    size_t length;
    if (!take_length(&rest, &length))
        return false;
    size_t whole = (size_t)(rest.at - from->at) + length;
    *out = (struct der_item){from->at[0], span_of(rest.at, length), span_of(from->at, whole)};
    *from = span_of(from->at + whole, from->len - whole);
    return true;
}

static bool take_item(struct span *from, uint8_t tag, struct der_item *out)
{
    struct span rest = *from;
    if (!der_next(&rest, out) || out->tag != tag)
        return false;
    *from = rest;
    return true;
}

bool der_take(struct span *from, uint8_t tag, struct span *out_value)
{
    struct der_item item;
    if (!take_item(from, tag, &item))
        return false;
    *out_value = item.value;
    return true;
}

bool der_take_whole(struct span *from, uint8_t tag, struct span *out_whole)
{
    struct der_item item;
    if (!take_item(from, tag, &item))
        return false;
    *out_whole = item.whole;
    return true;
}

/* ---- contents of universal types ---- */

static bool boolean_ok(struct span value)
{
    return value.len == 1 && (value.at[0] == 0x00 || value.at[0] == 0xFF);
}

static bool integer_ok(struct span value)
{
    if (value.len == 0)
        return false;
    bool padded = value.len > 1 && ((value.at[0] == 0x00 && value.at[1] < 0x80) ||
                                    (value.at[0] == 0xFF && value.at[1] >= 0x80));
    return !padded;
}

static bool bit_string_ok(struct span value)
{
    if (value.len == 0 || value.at[0] > 7)
        return false;
    if (value.len == 1)
        return value.at[0] == 0;
    return (value.at[value.len - 1] & ((1 << value.at[0]) - 1)) == 0;
}

static bool null_ok(struct span value)
{
    return value.len == 0;
}

static bool oid_ok(struct span value)
{
    bool first = true;
    for (size_t i = 0; i < value.len; i++) {
        if (first && value.at[i] == 0x80)
            return false;
        first = value.at[i] < 0x80;
    }
    return value.len > 0 && first;
}

static bool bmp_string_ok(struct span value)
{
    return value.len % 2 == 0;
}

static bool content_ok(struct der_item item)
{
    static const struct {
        uint8_t tag;
        bool (*ok)(struct span value);
    } rules[] = {
        {DER_BOOLEAN, boolean_ok},       {DER_INTEGER, integer_ok}, {DER_ENUMERATED, integer_ok},
        {DER_BIT_STRING, bit_string_ok}, {DER_NULL, null_ok},       {DER_OID, oid_ok},
        {DER_BMP_STRING, bmp_string_ok},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (rules[i].tag == item.tag)
            return rules[i].ok(item.value);
    return true;
}

/* Of the universal types SEQUENCE and SET alone are constructed in DER, and always. */
static bool form_ok(uint8_t tag)
{
    if ((tag & CLASS_MASK) != 0)
        return true;
    bool constructed = (tag & CONSTRUCTED) != 0;
    uint8_t constructed_tag = tag | CONSTRUCTED;
    bool container = constructed_tag == DER_SEQUENCE || constructed_tag == DER_SET;
    return tag != 0 && constructed == container;
}

/* Recursion is bounded by DER_DEPTH_MAX. */
static bool check_items(struct span items, int depth)
{
    while (items.len > 0) {
        struct der_item item;
        if (!der_next(&items, &item) || !form_ok(item.tag))
            return false;
        if ((item.tag & CONSTRUCTED) == 0) {
            if (!content_ok(item))
                return false;
        } else if (depth > DER_DEPTH_MAX || !check_items(item.value, depth + 1)) {
            return false;
        }
    }
    return true;
}

enum err_code der_check(struct span der, struct err *err)
{
    struct span rest = der;
    struct der_item item;
    if (!der_next(&rest, &item))
        return err_set(err, ERR_DER, "the outermost item is cut short or not DER");
    if (rest.len > 0)
        return err_set(err, ERR_DER_TRAILING, "%zu bytes behind the end", rest.len);
    if (!check_items(der, 1))
        return err_set(err, ERR_DER, "an item inside is not DER");
    return ERR_NONE;
}

bool der_take_unsigned(struct span *from, uint8_t *out, size_t width)
{
    struct span rest = *from;
    struct span value;
    if (!der_take(&rest, DER_INTEGER, &value) || !integer_ok(value) || value.at[0] >= 0x80)
        return false;
    if (value.at[0] == 0)
        value = span_of(value.at + 1, value.len - 1);
    if (value.len > width)
        return false;
    memset(out, 0, width - value.len);
    if (value.len > 0)
        memcpy(out + width - value.len, value.at, value.len);
    *from = rest;
    return true;
}

bool der_take_bits(struct span *from, struct span *out)
{
    struct span rest = *from;
    struct span value;
    if (!der_take(&rest, DER_BIT_STRING, &value) || value.len == 0 || value.at[0] != 0)
        return false;
    *out = span_of(value.at + 1, value.len - 1);
    *from = rest;
    return true;
}

/* ---- writing ---- */

static void add_header(struct buf *buf, uint8_t tag, size_t length)
{
    buf_add_u8(buf, tag);
    if (length < 0x80) {
        buf_add_u8(buf, (uint8_t)length);
    } else if (length <= UINT8_MAX) {
        buf_add_u8(buf, 0x81);
        buf_add_u8(buf, (uint8_t)length);
    } else if (length <= UINT16_MAX) {
        buf_add_u8(buf, 0x82);
        buf_add_u16_be(buf, (uint16_t)length);
    } else {
        buf->bad = true; /* nothing that we write is that long */
    }
}

void der_add(struct buf *buf, uint8_t tag, struct span value)
{
    add_header(buf, tag, value.len);
    buf_add(buf, value);
}

void der_add_unsigned(struct buf *buf, struct span bytes)
{
    while (bytes.len > 1 && bytes.at[0] == 0)
        bytes = span_of(bytes.at + 1, bytes.len - 1);
    bool pad = bytes.len == 0 || bytes.at[0] >= 0x80;
    add_header(buf, DER_INTEGER, bytes.len + pad);
    buf_add_zeros(buf, pad);
    buf_add(buf, bytes);
}

void der_add_bits(struct buf *buf, struct span bytes)
{
    add_header(buf, DER_BIT_STRING, bytes.len + 1);
    buf_add_u8(buf, 0);
    buf_add(buf, bytes);
}
