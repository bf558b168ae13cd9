/* Bytes as text: hexadecimal and Base64. */
#pragma once

#include "base/err.h"
#include "base/span.h"

/* Upper-case, two digits a byte. The caller frees. */
char *hex_encode(struct span span);
/* Upper or lower case, even length, nothing else; NULL when it is not hexadecimal. */
struct bytes *hex_decode(const char *text);
/* With padding, without line breaks. The caller frees. Source: RFC 4648 4. */
char *base64_encode(struct span span);
/* Strict: padding demanded, no white space, no bits left over, at most limit_bytes decoded.
 * Fails with ERR_BASE64. Source: RFC 4648 4 and 3.5. */
MUST_CHECK enum err_code base64_decode(const char *text, size_t limit_bytes, struct bytes **out,
                                       struct err *err);
/* count random bytes as 2 x count lower-case hexadecimal digits: unguessable names and ids. */
char *hex_random(size_t count);
