/* Reading and writing DER. The reader takes DER only: definite lengths in their shortest form, one-byte
 * tags. Source: ITU-T X.690 8 and 10. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* Nesting that a certificate with its standard extensions needs is 9. */
#define DER_DEPTH_MAX 16

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_NULL = 0x05,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0A,
    DER_UTF8_STRING = 0x0C,
    DER_PRINTABLE_STRING = 0x13,
    DER_IA5_STRING = 0x16,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_BMP_STRING = 0x1E,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT_0 = 0xA0,
    DER_CONTEXT_3 = 0xA3,
};

struct der_item {
    uint8_t tag;
    struct span value;
    struct span whole; /* with tag and length */
};

/* Takes the next item off *from; false (and *from as it was) when there is none or it is not DER. */
bool der_next(struct span *from, struct der_item *out);
/* The same, and the item must have this tag. */
bool der_take(struct span *from, uint8_t tag, struct span *out_value);
/* The same, tag and length included. */
bool der_take_whole(struct span *from, uint8_t tag, struct span *out_whole);
/* A non-negative INTEGER of at most width bytes, left-padded with zeros to width. */
bool der_take_unsigned(struct span *from, uint8_t *out, size_t width);
/* A BIT STRING of whole bytes. */
bool der_take_bits(struct span *from, struct span *out);

/* der is exactly one item, DER in every level: lengths, and the content of each universal type. What is
 * inside OCTET STRING, BIT STRING and primitive context tags is not looked at. Fails with ERR_DER, and
 * with ERR_DER_TRAILING when bytes follow the outermost item. */
MUST_CHECK enum err_code der_check(struct span der, struct err *err);

void der_add(struct buf *buf, uint8_t tag, struct span value);
/* bytes: big-endian, unsigned. */
void der_add_unsigned(struct buf *buf, struct span bytes);
void der_add_bits(struct buf *buf, struct span bytes);
