/* Whether a request comes from our own page, and whose it is. Pure. */
#pragma once

#include "base/err.h"
#include "base/span.h"
#include "http/http_server.h"

#define WEB_COOKIE "__Host-session"

/* The headers that count; NULL when absent. A header that stands twice is as if it were wrong: "". */
struct web_headers {
    const char *host;
    const char *origin;
    const char *fetch_site;
    const char *cookie;
    const char *csrf;
    const char *content_type;
};
struct web_headers web_guard_headers(const struct http_request *request);

/* "https://HOST[:PORT]" in lower case, as browsers name an origin: without the port where it is 443. The
 * caller frees *out. ERR_USAGE. */
MUST_CHECK enum err_code web_guard_origin(const char *text, char **out, struct err *err);

/* Host names the authority of origin. ERR_HTTP_HOST. */
MUST_CHECK enum err_code web_guard_host(const struct web_headers *headers, const char *origin,
                                        struct err *err);
/* Origin is ours, and Sec-Fetch-Site, where a browser sends it, same-origin. ERR_CSRF. */
MUST_CHECK enum err_code web_guard_same_origin(const struct web_headers *headers,
                                               const char *origin, struct err *err);
/* X-CSRF-Token is what the session's answer gave. ERR_CSRF. */
MUST_CHECK enum err_code web_guard_csrf(const struct web_headers *headers, const char *token,
                                        struct err *err);
/* The session's token in the Cookie header, copied to out; false when there is none, or more than one. */
bool web_guard_token(const struct web_headers *headers, char *out, size_t out_bytes);
