#include "base/span.h"

#include <stdlib.h>

#include "base/memory.h"

struct bytes *bytes_new_size(size_t len)
{
    struct bytes *bytes = memory_new(sizeof *bytes + len + 1);
    bytes->len = len;
    return bytes;
}

struct bytes *bytes_new(struct span span)
{
    struct bytes *bytes = bytes_new_size(span.len);
    if (span.len > 0)
        memcpy(bytes->at, span.at, span.len);
    return bytes;
}

void bytes_free(struct bytes *bytes)
{
    free(bytes);
}

void bytes_freep(struct bytes **bytes)
{
    bytes_free(*bytes);
    *bytes = NULL;
}

void bytes_wipe_freep(struct bytes **bytes)
{
    if (*bytes != NULL)
        explicit_bzero((*bytes)->at, (*bytes)->len);
    bytes_freep(bytes);
}
