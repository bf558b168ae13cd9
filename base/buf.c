#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BUF_FIRST_BYTES 256

static uint8_t *make_room(struct buf *buf, size_t more)
{
    if (buf->bad || more > buf->limit - buf->len) {
        buf->bad = true;
        return NULL;
    }
    if (more > buf->capacity - buf->len) {
        size_t capacity = buf->capacity > 0 ? buf->capacity : BUF_FIRST_BYTES;
        while (capacity - buf->len < more)
            capacity *= 2;
        uint8_t *larger = memory_new(capacity);
        if (buf->len > 0)
            memcpy(larger, buf->at, buf->len);
        free(buf->at);
        buf->at = larger;
        buf->capacity = capacity;
    }
    uint8_t *room = buf->at + buf->len;
    buf->len += more;
    return room;
}

void buf_done(struct buf *buf)
{
    free(buf->at);
    *buf = BUF_INIT(buf->limit);
}

void buf_add(struct buf *buf, struct span span)
{
    if (span.len == 0)
        return;
    uint8_t *room = make_room(buf, span.len);
    if (room != NULL)
        memcpy(room, span.at, span.len);
}

void buf_add_u8(struct buf *buf, uint8_t value)
{
    buf_add(buf, span_of(&value, 1));
}

void buf_add_u16_be(struct buf *buf, uint16_t value)
{
    buf_add(buf, SPAN_ARRAY(((uint8_t[]){value >> 8, value & 0xFF})));
}

void buf_add_u32_be(struct buf *buf, uint32_t value)
{
    buf_add(buf, SPAN_ARRAY(((uint8_t[]){value >> 24, value >> 16 & 0xFF, value >> 8 & 0xFF,
                                         value & 0xFF})));
}

void buf_add_zeros(struct buf *buf, size_t count)
{
    if (count == 0)
        return;
    uint8_t *room = make_room(buf, count);
    if (room != NULL)
        memset(room, 0, count);
}

void buf_add_text(struct buf *buf, const char *text)
{
    buf_add(buf, span_text(text));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    AUTO(memory_freep) char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        buf->bad = true;
    else
        buf_add(buf, span_of(text, (size_t)length));
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->bad = false;
}

void buf_drop(struct buf *buf, size_t count)
{
    if (count >= buf->len) {
        buf->len = 0;
        return;
    }
    memmove(buf->at, buf->at + count, buf->len - count);
    buf->len -= count;
}

struct span buf_span(const struct buf *buf)
{
    return buf->bad ? SPAN_NONE : span_of(buf->at, buf->len);
}

struct bytes *buf_bytes(const struct buf *buf)
{
    return buf->bad ? NULL : bytes_new(buf_span(buf));
}
