#include "token/piv/piv_gzip.h"

#include <zlib.h>

#include "base/memory.h"

#define EITHER_FRAME (32 + MAX_WBITS)

bool piv_gzip_unpack(struct span packed, size_t limit_bytes, struct bytes **out)
{
    AUTO(bytes_freep) struct bytes *whole = bytes_new_size(limit_bytes + 1);
    AUTO(bytes_freep) struct bytes *input = bytes_new(packed); /* zlib's pointer is not const */
    z_stream stream = {
        .next_in = input->at,
        .avail_in = (uInt)packed.len,
        .next_out = whole->at,
        .avail_out = (uInt)whole->len,
    };
    if (packed.len > UINT16_MAX || inflateInit2(&stream, EITHER_FRAME) != Z_OK)
        return false;
    int end = inflate(&stream, Z_FINISH);
    size_t length = stream.total_out;
    bool all = end == Z_STREAM_END && stream.avail_in == 0;
    inflateEnd(&stream);
    if (!all || length == 0 || length > limit_bytes)
        return false;
    *out = bytes_new(span_of(whole->at, length));
    return true;
}
