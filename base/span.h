/* Bytes: borrowed (struct span) and owned (struct bytes). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes. at may be NULL when len is 0. */
struct span {
    const uint8_t *at;
    size_t len;
};

/* Owned bytes, never secret (secrets live in struct secret). One zero byte follows the last one,
 * so that text may be read as a C string. */
struct bytes {
    size_t len;
    uint8_t at[];
};

#define SPAN_NONE ((struct span){NULL, 0})
#define SPAN_ARRAY(array) ((struct span){(const uint8_t *)(array), sizeof(array)})

static inline struct span span_of(const void *at, size_t len)
{
    return (struct span){at, len};
}

static inline struct span span_text(const char *text)
{
    return (struct span){(const uint8_t *)text, strlen(text)};
}

/* NULL gives the empty span. */
static inline struct span span_bytes(const struct bytes *bytes)
{
    return bytes == NULL ? SPAN_NONE : (struct span){bytes->at, bytes->len};
}

/* Not constant-time: for public bytes only. */
static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* The len bytes from offset; the empty span when they are not all there. */
static inline struct span span_part(struct span span, size_t offset, size_t len)
{
    if (offset > span.len || len > span.len - offset)
        return SPAN_NONE;
    return (struct span){span.at + offset, len};
}

/* A copy that the caller frees. Never NULL: memory that is out ends the process (see base/memory.h). */
struct bytes *bytes_new(struct span span);
/* len bytes, all zero. */
struct bytes *bytes_new_size(size_t len);
void bytes_free(struct bytes *bytes);
void bytes_freep(struct bytes **bytes);
/* The same, overwritten before, for what passed through here and is nobody else's business. */
void bytes_wipe_freep(struct bytes **bytes);
