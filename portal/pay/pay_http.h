/* One POST with a JSON body over HTTPS, for a thread that may block. */
#pragma once

#include "base/cancel.h"
#include "base/clock.h"
#include "base/span.h"

#define PAY_HTTP_ANSWER_BYTES_MAX 8192

struct pay_http_call {
    const char *url; /* https alone; redirects are not followed */
    const char *ca_file; /* PEM of whom to trust; NULL: the system's */
    struct span body; /* JSON */
    struct deadline deadline;
    const struct cancel *cancel; /* may be NULL */
};
/* The body of a 200, which is JSON by its content type. Sent once, on a connection of its own: libcurl
 * repeats a request that died on a used one. ERR_PAYMENT_UNAVAILABLE (no answer, TLS, 5xx, 429),
 * ERR_PAYMENT_REFUSED (4xx), ERR_PAYMENT_ANSWER (anything else), ERR_CANCELLED, ERR_CONFIG (the address). */
MUST_CHECK enum err_code pay_http_post(const struct pay_http_call *call, struct bytes **out,
                                       struct err *err);
/* "https://", a host, and nothing that would leave an HTTP header or an attribute in HTML: at most
 * limit bytes of printable ASCII without quotes, angle brackets and backslashes. */
bool pay_http_url_is_valid(const char *url, size_t limit_bytes);
/* Bytes of "https://host:port" at the start of a valid address. */
size_t pay_http_origin_bytes(const char *url);
