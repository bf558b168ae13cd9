/* libcurl, loaded when the first call needs it: linked, its thirty libraries would cost every idle agent
 * about 1.5 MB and a millisecond at start. */
#pragma once

#include <curl/curl.h>

#include "base/err.h"

/* The functions that we use, as <curl/curl.h> declares them. */
struct remote_curl {
    CURLcode (*global_init)(long flags);
    CURL *(*easy_init)(void);
    void (*easy_cleanup)(CURL *easy);
    CURLcode (*easy_setopt)(CURL *easy, CURLoption option, ...);
    CURLcode (*easy_getinfo)(CURL *easy, CURLINFO info, ...);
    const char *(*easy_strerror)(CURLcode code);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_cleanup)(CURLM *multi);
    CURLMcode (*multi_add_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_remove_handle)(CURLM *multi, CURL *easy);
    CURLMcode (*multi_perform)(CURLM *multi, int *running);
    CURLMcode (*multi_poll)(CURLM *multi, struct curl_waitfd *extra, unsigned extra_count,
                            int timeout_ms, int *ready);
    CURLMsg *(*multi_info_read)(CURLM *multi, int *left);
    struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
    void (*slist_free_all)(struct curl_slist *list);
};

/* Loads and initialises it once; from any thread. ERR_INTERNAL when libcurl.so.4 is not installed. */
MUST_CHECK enum err_code remote_curl_get(const struct remote_curl **out, struct err *err);
