/* Unpacks compressed certificates. Source: SP 800-73-4 Part 1 appendix A (GZIP, RFC 1952). */
#pragma once

#include "base/span.h"

/* All of packed must be one stream of 1 to limit_bytes bytes. zlib's own frame (RFC 1950) is taken too:
 * some cards are filled so. False when it is broken or longer. */
bool piv_gzip_unpack(struct span packed, size_t limit_bytes, struct bytes **out);
