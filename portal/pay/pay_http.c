#include "portal/pay/pay_http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"

#define HTTP_OK 200
#define HTTP_TOO_MANY 429
/* curl_multi_poll is woken by sockets and the cancellation; this is a safety net. */
#define POLL_MS_MAX 1000
#define URL_BYTES_MAX 1024

static const char scheme[] = "https://";

/* ---- addresses ---- */

static size_t host_bytes(const char *host)
{
    return strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-:[]");
}

bool pay_http_url_is_valid(const char *url, size_t limit_bytes)
{
    size_t length = strlen(url);
    if (length > limit_bytes || strncmp(url, scheme, sizeof scheme - 1) != 0)
        return false;
    for (const char *at = url; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~' || strchr("\"'<>\\`{}^|,;", *at) != NULL)
            return false;
    const char *host = url + sizeof scheme - 1;
    size_t count = host_bytes(host);
    return count > 0 && strchr("/?", host[count]) != NULL;
}

size_t pay_http_origin_bytes(const char *url)
{
    return sizeof scheme - 1 + host_bytes(url + sizeof scheme - 1);
}

/* A proxy never leads to this machine itself. */
static bool is_loopback(const char *url)
{
    static const char *const hosts[] = {"127.0.0.1", "[::1]", "localhost"};
    const char *host = url + sizeof scheme - 1;
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        size_t length = strlen(hosts[i]);
        if (strncmp(host, hosts[i], length) == 0 && strchr(":/?", host[length]) != NULL)
            return true;
    }
    return false;
}

/* ---- the exchange ---- */

struct exchange {
    CURL *easy;
    CURLM *multi;
    bool added;
    struct curl_slist *headers;
    struct buf body;
    char words[CURL_ERROR_SIZE];
};

static void exchange_done(struct exchange *exchange)
{
    if (exchange->added)
        curl_multi_remove_handle(exchange->multi, exchange->easy);
    curl_easy_cleanup(exchange->easy);
    curl_multi_cleanup(exchange->multi);
    curl_slist_free_all(exchange->headers);
    buf_done(&exchange->body);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode started;

static void start_curl(void)
{
    started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct exchange *exchange = context;
    buf_add(&exchange->body, span_of(data, size * count));
    return exchange->body.bad ? 0 : size * count;
}

static bool add_header(struct exchange *exchange, const char *header)
{
    struct curl_slist *grown = curl_slist_append(exchange->headers, header);
    if (grown != NULL)
        exchange->headers = grown;
    return grown != NULL;
}

static const struct option {
    CURLoption option;
    long number;
} options[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_FRESH_CONNECT, 1},
    {CURLOPT_FORBID_REUSE, 1},
    {CURLOPT_SSL_SESSIONID_CACHE, 0},
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
    {CURLOPT_MAXFILESIZE, PAY_HTTP_ANSWER_BYTES_MAX},
    /* A look-up that hangs ends by itself later. */
    {CURLOPT_QUICK_EXIT, 1},
};

static bool set_trust(struct exchange *exchange, const struct pay_http_call *call)
{
    int bad = 0;
    if (call->ca_file != NULL) {
        bad |= curl_easy_setopt(exchange->easy, CURLOPT_CAINFO, call->ca_file) != CURLE_OK;
        /* Debian's libcurl also trusts this folder by default. */
        bad |= curl_easy_setopt(exchange->easy, CURLOPT_CAPATH, (char *)NULL) != CURLE_OK;
    }
    if (is_loopback(call->url))
        bad |= curl_easy_setopt(exchange->easy, CURLOPT_PROXY, "") != CURLE_OK;
    return bad == 0;
}

static bool set_options(struct exchange *exchange, const struct pay_http_call *call)
{
    CURL *easy = exchange->easy;
    int bad = 0;
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        bad |= curl_easy_setopt(easy, options[i].option, options[i].number) != CURLE_OK;
    bad |= !add_header(exchange, "Content-Type: application/json");
    bad |= !add_header(exchange, "Accept: application/json");
    bad |= !add_header(exchange, "Expect:");
    bad |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") != CURLE_OK;
    bad |= curl_easy_setopt(easy, CURLOPT_URL, call->url) != CURLE_OK;
    bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)call->body.len) != CURLE_OK;
    bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body.at) != CURLE_OK;
    bad |= curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers) != CURLE_OK;
    bad |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "ukey-portal/" UKEYD_VERSION) != CURLE_OK;
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) != CURLE_OK;
    bad |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange) != CURLE_OK;
    bad |= curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->words) != CURLE_OK;
    return bad == 0 && set_trust(exchange, call);
}

static int wait_ms(struct deadline deadline)
{
    int left = deadline_left_ms(deadline);
    return left < 0 || left > POLL_MS_MAX ? POLL_MS_MAX : left;
}

static enum err_code run(struct exchange *exchange, const struct pay_http_call *call,
                         struct err *err)
{
    int running = 1;
    for (;;) {
        if (cancel_requested(call->cancel))
            return err_set(err, ERR_CANCELLED, "cancelled");
        if (deadline_passed(call->deadline))
            return err_set(err, ERR_PAYMENT_UNAVAILABLE, "no answer before the deadline");
        CURLMcode code = curl_multi_perform(exchange->multi, &running);
        if (code == CURLM_OK && running == 0)
            return ERR_NONE;
        struct curl_waitfd extra = {.fd = cancel_fd(call->cancel), .events = CURL_WAIT_POLLIN};
        unsigned extra_count = call->cancel == NULL ? 0 : 1;
        if (code == CURLM_OK)
            code = curl_multi_poll(exchange->multi, &extra, extra_count, wait_ms(call->deadline),
                                   NULL);
        if (code != CURLM_OK)
            return err_set_foreign(err, ERR_INTERNAL, code, "curl_multi: %d", (int)code);
    }
}

/* ---- what came ---- */

static bool is_json(const char *type)
{
    static const char json[] = "application/json";
    return type != NULL && strncasecmp(type, json, sizeof json - 1) == 0 &&
           strchr("; \t", type[sizeof json - 1]) != NULL;
}

static enum err_code judge_status(long status, struct err *err)
{
    if (status == HTTP_OK)
        return ERR_NONE;
    enum err_code code = ERR_PAYMENT_ANSWER;
    if (status >= 500 || status == HTTP_TOO_MANY)
        code = ERR_PAYMENT_UNAVAILABLE;
    else if (status >= 400)
        code = ERR_PAYMENT_REFUSED;
    return err_set_foreign(err, code, status, "HTTP status %ld", status);
}

static enum err_code judge(const struct exchange *exchange, struct err *err)
{
    int left = 0;
    long status = 0;
    const char *type = NULL;
    const CURLMsg *message = curl_multi_info_read(exchange->multi, &left);
    CURLcode code = message == NULL ? CURLE_FAILED_INIT : message->data.result;
    bool odd = code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED ||
               code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_BAD_CONTENT_ENCODING;
    if (code != CURLE_OK)
        return err_set_foreign(
            err, odd ? ERR_PAYMENT_ANSWER : ERR_PAYMENT_UNAVAILABLE, code, "curl %d: %s", (int)code,
            exchange->words[0] != '\0' ? exchange->words : curl_easy_strerror(code));
    curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(exchange->easy, CURLINFO_CONTENT_TYPE, &type);
    if (judge_status(status, err) != ERR_NONE)
        return err->code;
    if (!is_json(type))
        return err_set(err, ERR_PAYMENT_ANSWER, "content type %.64s", type == NULL ? "" : type);
    return ERR_NONE;
}

enum err_code pay_http_post(const struct pay_http_call *call, struct bytes **out, struct err *err)
{
    if (!pay_http_url_is_valid(call->url, URL_BYTES_MAX))
        return err_set(err, ERR_CONFIG, "not an address of https");
    pthread_once(&once, start_curl);
    AUTO(exchange_done)
    struct exchange exchange = {.body = BUF_INIT(PAY_HTTP_ANSWER_BYTES_MAX)};
    if (started != CURLE_OK)
        return err_set(err, ERR_INTERNAL, "libcurl does not start");
    exchange.easy = curl_easy_init();
    exchange.multi = curl_multi_init();
    if (exchange.easy == NULL || exchange.multi == NULL || !set_options(&exchange, call) ||
        curl_multi_add_handle(exchange.multi, exchange.easy) != CURLM_OK)
        return err_set(err, ERR_INTERNAL, "libcurl refuses the transfer");
    exchange.added = true;
    if (run(&exchange, call, err) != ERR_NONE || judge(&exchange, err) != ERR_NONE)
        return err_add(err, "POST %s", call->url);
    *out = buf_bytes(&exchange.body);
    if (*out == NULL)
        *out = bytes_new(SPAN_NONE);
    return ERR_NONE;
}
