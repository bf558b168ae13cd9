/* What the outcome of one transfer means: libcurl's result, the HTTP status and the answer's kind, each
 * mapped by a table to an error of ours. Pure. */
#pragma once

#include "base/err.h"
#include "base/span.h"

/* A platform's certificates and chain fit; docs/protocol/platform.md allows no more. */
#define REMOTE_BODY_BYTES_MAX 65536

/* What is known of one finished transfer. */
struct remote_transfer {
    int curl_code; /* CURLcode */
    const char *curl_text; /* libcurl's own words, "" when it has none */
    long connect_status; /* HTTP status of a proxy's answer to CONNECT, 0: no proxy */
    long status; /* HTTP status, 0: none came */
    const char *content_type; /* NULL: none */
    struct span body;
};

/* ERR_NONE when a JSON answer of status 200 or 202 came. *out_retry: whether the same request may be
 * sent again at once (after a pause). Errors: ERR_PLATFORM_UNREACHABLE, _TIMEOUT, _TLS, _PROXY, _ANSWER,
 * _FAILED, _REFUSED, ERR_CONFIG, and the few codes that a platform's problem answer may name. */
MUST_CHECK enum err_code remote_verdict(const struct remote_transfer *transfer, bool *out_retry,
                                        struct err *err);
