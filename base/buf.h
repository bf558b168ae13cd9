/* A byte buffer that grows up to a limit and remembers that it overflowed. Not for secrets.
 *
 * Appending never fails at the call: past the limit the buffer turns bad and stays so, and
 * buf_span() then is empty. So a message is built in a straight line and checked once. */
#pragma once

#include <stdint.h>

#include "base/memory.h"
#include "base/span.h"

struct buf {
    uint8_t *at;
    size_t len;
    size_t capacity;
    size_t limit; /* bytes */
    bool bad;
};

#define BUF_INIT(limit_bytes) ((struct buf){NULL, 0, 0, (limit_bytes), false})

void buf_done(struct buf *buf);
void buf_add(struct buf *buf, struct span span);
void buf_add_u8(struct buf *buf, uint8_t value);
void buf_add_u16_be(struct buf *buf, uint16_t value);
void buf_add_u32_be(struct buf *buf, uint32_t value);
void buf_add_zeros(struct buf *buf, size_t count);
void buf_add_text(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Forgets the content and the overflow, keeps the memory. */
void buf_clear(struct buf *buf);
/* Drops the first count bytes. */
void buf_drop(struct buf *buf, size_t count);
/* What is in it; empty when it turned bad. Valid until the next call on the buffer. */
struct span buf_span(const struct buf *buf);
/* The same as owned bytes, NULL when it turned bad. */
struct bytes *buf_bytes(const struct buf *buf);
