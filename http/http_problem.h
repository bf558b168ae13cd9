/* Errors as answers. Source: RFC 9457. */
#pragma once

#include "base/err.h"
#include "base/span.h"

#define HTTP_PROBLEM_TYPE "application/problem+json"
/* A title, a detail (ERR_DETAIL_BYTES, escaped) and a remedy, with its head. */
#define HTTP_PROBLEM_MESSAGE_BYTES_MAX 8192

/* A whole HTTP answer that closes the connection, for requests that the HTTP engine never sees. headers:
 * further lines, each with CRLF; NULL: none. At most HTTP_PROBLEM_MESSAGE_BYTES_MAX. The caller frees. */
struct bytes *http_problem_message(const struct err *err, enum lang lang, const char *headers);
