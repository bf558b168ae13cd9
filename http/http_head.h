/* A strict look at the head of a request before anything else reads it. Pure.
 *
 * What two readers could understand differently is refused here, so that nothing can be smuggled past
 * a check: bare LF or CR, folded lines, two Hosts, two Content-Lengths, any Transfer-Encoding. */
#pragma once

#include "base/err.h"
#include "base/span.h"
#include "http/http_server.h"

/* A browser sends about 20; bounds what each head can cost the HTTP engine. */
#define HTTP_HEAD_FIELDS_MAX 100
/* No route takes more than some MiB; the routes have their own, lower limits. */
#define HTTP_HEAD_CONTENT_LENGTH_MAX ((uint64_t)1 << 30)

struct http_head {
    enum http_method method;
    uint64_t content_length; /* 0 when there is none */
};

/* Looks for the end of the head. *scanned remembers how far it looked: 0 at first. *out_length: with
 * the empty line, 0 while it is incomplete. Fails with ERR_HTTP_BAD_REQUEST at a bare LF or CR or another
 * control character, and with ERR_HTTP_HEAD_TOO_LARGE. */
MUST_CHECK enum err_code http_head_end(struct span bytes, size_t *scanned, size_t *out_length,
                                       struct err *err);
/* Checks a whole head. Fails with ERR_HTTP_BAD_REQUEST, _METHOD, _VERSION, _LENGTH_REQUIRED, _TOO_LARGE,
 * _HEAD_TOO_LARGE. Source: RFC 9112 2.2, 3, 5, 6. */
MUST_CHECK enum err_code http_head_check(struct span head, struct http_head *out, struct err *err);
/* "GET"; NULL for HTTP_OTHER. */
const char *http_method_name(enum http_method method);
