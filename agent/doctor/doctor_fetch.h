/* One look at an HTTPS server that tells at which point it fails. libcurl lives here. */
#pragma once

#include "base/err.h"
#include "base/span.h"

/* At once: the platforms of one configuration. */
#define DOCTOR_FETCHES_MAX 64
#define DOCTOR_FETCH_NAME_BYTES 256

struct doctor_fetch {
    const char *url;
    const char *ca_file; /* PEM; NULL: the system's roots */
    bool unverified; /* to see who is there; nothing is sent but a GET */
    const char *proxy; /* NULL: as libcurl finds it in the environment; "": none */
    const char *no_proxy; /* NULL: as libcurl finds it in the environment */
    const char *login; /* "user:password" of the proxy, NULL: none */
    int timeout_ms;
};

struct doctor_fetched {
    int curl_code; /* 0: there is an answer */
    char words[DOCTOR_FETCH_NAME_BYTES]; /* libcurl's, of a failure */
    long status; /* HTTP status, 0: none */
    long connect_status; /* of the proxy, 0: none */
    long verify_result; /* OpenSSL's X509_V_ERR_*, 0: none */
    int64_t date_utc; /* of the Date header, 0: none */
    bool is_html;
    bool is_redirect;
    char subject[DOCTOR_FETCH_NAME_BYTES]; /* of the server's certificate; "" when none came */
    char issuer[DOCTOR_FETCH_NAME_BYTES]; /* of the last certificate that came */
};

/* Fetches all side by side, each for at most its time. ERR_INTERNAL. */
MUST_CHECK enum err_code doctor_fetch(const struct doctor_fetch *fetches, size_t count,
                                      struct doctor_fetched *out, struct err *err);
