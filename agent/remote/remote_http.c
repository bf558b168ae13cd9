#include "agent/remote/remote_http.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "agent/remote/remote_curl.h"
#include "agent/remote/remote_verdict.h"
#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"

/* TCP, proxy and TLS together; a slow line needs about two seconds. */
#define CONNECT_TIMEOUT_MS 10000L
/* A platform that says nothing for so long has lost the request: the next attempt is worth more. */
#define STALL_SECONDS 30L
/* One pause is never longer, whatever Retry-After says: past it the caller's deadline decides. */
#define RETRY_AFTER_SECONDS_MAX 3600
#define PAUSE_MS_MAX 4000
/* Of the pause, so that many agents don't come back in step. */
#define JITTER_PERCENT 25
/* curl_multi_poll is woken by sockets, the cancellation and its own timers; this is a safety net. */
#define POLL_MS_MAX 1000

void remote_answer_done(struct remote_answer *answer)
{
    if (answer->secret)
        json_wipe(answer->json);
    json_free(answer->json);
}

static size_t body_bytes_max(const struct remote_exchange *exchange)
{
    return exchange->body_bytes_max == 0 ? REMOTE_BODY_BYTES_MAX : exchange->body_bytes_max;
}

/* Everything that one attempt holds. */
struct attempt {
    const struct remote_curl *curl;
    CURL *easy;
    CURLM *multi;
    bool added;
    bool secret; /* the body is wiped */
    struct curl_slist *headers;
    struct buf body;
    char words[CURL_ERROR_SIZE];
};

static void attempt_done(struct attempt *attempt)
{
    if (attempt->added)
        attempt->curl->multi_remove_handle(attempt->multi, attempt->easy);
    if (attempt->easy != NULL)
        attempt->curl->easy_cleanup(attempt->easy);
    if (attempt->multi != NULL)
        attempt->curl->multi_cleanup(attempt->multi);
    if (attempt->headers != NULL)
        attempt->curl->slist_free_all(attempt->headers);
    if (attempt->secret && attempt->body.at != NULL)
        explicit_bzero(attempt->body.at, attempt->body.capacity);
    buf_done(&attempt->body);
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct attempt *attempt = context;
    buf_add(&attempt->body, span_of(data, size * count));
    return attempt->body.bad ? 0 : size * count;
}

static void add_header(struct attempt *attempt, const char *header)
{
    struct curl_slist *grown = attempt->curl->slist_append(attempt->headers, header);
    if (grown == NULL)
        abort();
    attempt->headers = grown;
}

static void add_headers(struct attempt *attempt, const char *bearer)
{
    add_header(attempt, "Content-Type: application/json");
    add_header(attempt, "Accept: application/json, application/problem+json");
    add_header(attempt, "Expect:");
    if (bearer == NULL)
        return;
    AUTO(memory_freep) char *authorization = memory_printf("Authorization: Bearer %s", bearer);
    add_header(attempt, authorization);
}

/* Options with a number and with a text or pointer; libcurl reads a long and a pointer. */
struct option {
    CURLoption option;
    long number;
};

static const struct option fixed_options[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_FRESH_CONNECT, 1},
    {CURLOPT_FORBID_REUSE, 1},
    {CURLOPT_SSL_SESSIONID_CACHE, 0},
    {CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS},
    {CURLOPT_LOW_SPEED_LIMIT, 1},
    {CURLOPT_LOW_SPEED_TIME, STALL_SECONDS},
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
    /* Those that take a password. Kerberos would be preferred by libcurl wherever it is offered, and its tickets lie where the
     * sandbox does not reach: asking the kernel for them would end the agent. */
    {CURLOPT_PROXYAUTH, (long)(CURLAUTH_BASIC | CURLAUTH_DIGEST | CURLAUTH_NTLM)},
    /* A look-up that hangs ends by itself later; waiting for it would hold up the cancellation. */
    {CURLOPT_QUICK_EXIT, 1},
};

void remote_way_done(struct remote_way *way)
{
    memory_freep(&way->proxy);
    memory_freep(&way->no_proxy);
    secret_freep(&way->login);
}

/* libcurl copies the log-in and frees it with the handle; it doesn't wipe it. */
static bool set_way(struct attempt *attempt, const struct remote_way *way)
{
    const struct remote_curl *curl = attempt->curl;
    int bad = 0;
    if (way->proxy != NULL)
        bad |= curl->easy_setopt(attempt->easy, CURLOPT_PROXY, way->proxy);
    if (way->proxy != NULL)
        bad |= curl->easy_setopt(attempt->easy, CURLOPT_NOPROXY,
                                 way->no_proxy == NULL ? "" : way->no_proxy);
    if (way->login != NULL)
        bad |= curl->easy_setopt(attempt->easy, CURLOPT_PROXYUSERPWD,
                                 (const char *)secret_peek(way->login).at);
    return bad == 0;
}

static enum err_code find_way(const struct remote_platform *platform, struct remote_way *out,
                              struct err *err)
{
    if (platform->find_way != NULL)
        return platform->find_way(platform->way_context, platform->proxy, out, err);
    *out = (struct remote_way){.proxy = memory_text(platform->proxy)};
    return ERR_NONE;
}

static bool set_platform(struct attempt *attempt, const struct remote_platform *platform)
{
    const struct remote_curl *curl = attempt->curl;
    int bad = 0;
    if (platform->ca_file != NULL) {
        bad |= curl->easy_setopt(attempt->easy, CURLOPT_CAINFO, platform->ca_file);
        /* Debian's libcurl also trusts this folder by default. */
        bad |= curl->easy_setopt(attempt->easy, CURLOPT_CAPATH, (char *)NULL);
    }
    return bad == 0;
}

static bool set_options(struct attempt *attempt, const struct remote_call *call,
                        const struct remote_exchange *exchange, const char *url, struct span body)
{
    const struct remote_curl *curl = attempt->curl;
    CURL *easy = attempt->easy;
    int bad = 0;
    for (size_t i = 0; i < ARRAY_SIZE(fixed_options); i++)
        bad |= curl->easy_setopt(easy, fixed_options[i].option, fixed_options[i].number);
    bad |= curl->easy_setopt(easy, CURLOPT_MAXFILESIZE, (long)body_bytes_max(exchange));
    bad |= curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    bad |= curl->easy_setopt(easy, CURLOPT_URL, url);
    bad |= curl->easy_setopt(easy, CURLOPT_CUSTOMREQUEST, exchange->method);
    bad |= curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)body.len);
    bad |= curl->easy_setopt(easy, CURLOPT_POSTFIELDS, body.at);
    bad |= curl->easy_setopt(easy, CURLOPT_HTTPHEADER, attempt->headers);
    bad |= curl->easy_setopt(easy, CURLOPT_USERAGENT, "ukeyd/" UKEYD_VERSION);
    bad |= curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    bad |= curl->easy_setopt(easy, CURLOPT_WRITEDATA, attempt);
    bad |= curl->easy_setopt(easy, CURLOPT_ERRORBUFFER, attempt->words);
    return bad == 0 && set_platform(attempt, call->platform);
}

static enum err_code check_waiting(const struct remote_call *call, struct err *err)
{
    if (cancel_requested(call->cancel))
        return err_set(err, ERR_CANCELLED, "cancelled while talking to the platform");
    if (deadline_passed(call->deadline))
        return err_set(err, ERR_PLATFORM_TIMEOUT, "no answer before the deadline");
    return ERR_NONE;
}

static int wait_ms(struct deadline deadline)
{
    int left = deadline_left_ms(deadline);
    return left < 0 || left > POLL_MS_MAX ? POLL_MS_MAX : left;
}

/* Until libcurl is done, the person cancels, or the time is up. */
static enum err_code run(struct attempt *attempt, const struct remote_call *call, struct err *err)
{
    int running = 1;
    unsigned extra_count = call->cancel == NULL ? 0 : 1;
    for (;;) {
        if (check_waiting(call, err) != ERR_NONE)
            return err->code;
        CURLMcode code = attempt->curl->multi_perform(attempt->multi, &running);
        if (code == CURLM_OK && running == 0)
            return ERR_NONE;
        struct curl_waitfd extra = {.fd = cancel_fd(call->cancel), .events = CURL_WAIT_POLLIN};
        if (code == CURLM_OK)
            code = attempt->curl->multi_poll(attempt->multi, &extra, extra_count,
                                             wait_ms(call->deadline), NULL);
        if (code != CURLM_OK)
            return err_set_foreign(err, ERR_INTERNAL, code, "curl_multi: %d", (int)code);
    }
}

static CURLcode result_of(const struct attempt *attempt)
{
    int left;
    const CURLMsg *message = attempt->curl->multi_info_read(attempt->multi, &left);
    return message == NULL ? CURLE_FAILED_INIT : message->data.result;
}

static long info_number(const struct attempt *attempt, CURLINFO info)
{
    long value = 0;
    return attempt->curl->easy_getinfo(attempt->easy, info, &value) == CURLE_OK ? value : 0;
}

static int retry_after_s(const struct attempt *attempt)
{
    curl_off_t value = 0;
    if (attempt->curl->easy_getinfo(attempt->easy, CURLINFO_RETRY_AFTER, &value) != CURLE_OK ||
        value < 0)
        return 0;
    return value > RETRY_AFTER_SECONDS_MAX ? RETRY_AFTER_SECONDS_MAX : (int)value;
}

/* libcurl quotes a proxy's address that it does not understand, with the log-in that may be in it. */
static void hide_proxy(struct attempt *attempt, const struct remote_way *way)
{
    if (way->proxy != NULL && text_quotes(attempt->words, way->proxy))
        snprintf(attempt->words, sizeof attempt->words, "the proxy's address can't be used");
}

static enum err_code judge(const struct attempt *attempt, bool *out_retry, struct err *err)
{
    CURLcode code = result_of(attempt);
    const char *content_type = NULL;
    if (attempt->curl->easy_getinfo(attempt->easy, CURLINFO_CONTENT_TYPE, &content_type) !=
        CURLE_OK)
        content_type = NULL;
    struct remote_transfer transfer = {
        .curl_code = (int)code,
        .curl_text =
            attempt->words[0] != '\0' ? attempt->words : attempt->curl->easy_strerror(code),
        .connect_status = info_number(attempt, CURLINFO_HTTP_CONNECTCODE),
        .status = info_number(attempt, CURLINFO_RESPONSE_CODE),
        .content_type = content_type,
        .body = buf_span(&attempt->body),
    };
    return remote_verdict(&transfer, out_retry, err);
}

static enum err_code read_answer(const struct attempt *attempt, struct remote_answer *out,
                                 struct err *err)
{
    struct json *json = NULL;
    if (json_parse(buf_span(&attempt->body), attempt->body.limit, &json, err) != ERR_NONE) {
        err_add(err, "read the platform's answer");
        return err->code = ERR_PLATFORM_ANSWER;
    }
    out->status = info_number(attempt, CURLINFO_RESPONSE_CODE);
    out->retry_after_s = retry_after_s(attempt);
    out->json = json;
    out->secret = attempt->secret;
    return ERR_NONE;
}

/* What a failed attempt tells about the next one. */
struct hint {
    bool retry;
    int retry_after_s;
};

static enum err_code attempt_once(const struct remote_call *call,
                                  const struct remote_exchange *exchange, const char *url,
                                  struct span body, struct remote_answer *out, struct hint *hint,
                                  struct err *err)
{
    const struct remote_curl *curl = NULL;
    if (remote_curl_get(&curl, err) != ERR_NONE)
        return err->code;
    AUTO(attempt_done)
    struct attempt attempt = {
        .curl = curl, .secret = exchange->secret, .body = BUF_INIT(body_bytes_max(exchange))};
    attempt.easy = curl->easy_init();
    attempt.multi = curl->multi_init();
    if (attempt.easy == NULL || attempt.multi == NULL)
        return err_set(err, ERR_INTERNAL, "libcurl gives no handle");
    AUTO(remote_way_done) struct remote_way way = {0};
    if (find_way(call->platform, &way, err) != ERR_NONE)
        return err->code;
    add_headers(&attempt, exchange->bearer);
    if (!set_way(&attempt, &way) || !set_options(&attempt, call, exchange, url, body))
        return err_set(err, ERR_INTERNAL, "libcurl refuses an option");
    if (curl->multi_add_handle(attempt.multi, attempt.easy) != CURLM_OK)
        return err_set(err, ERR_INTERNAL, "libcurl refuses the transfer");
    attempt.added = true;
    if (run(&attempt, call, err) != ERR_NONE)
        return err->code;
    hint->retry_after_s = retry_after_s(&attempt);
    hide_proxy(&attempt, &way);
    if (judge(&attempt, &hint->retry, err) != ERR_NONE)
        return err->code;
    return read_answer(&attempt, out, err);
}

int remote_http_pause_ms(int attempt, int retry_after_s, unsigned random)
{
    int pause = attempt > 3 ? PAUSE_MS_MAX : 500 << attempt;
    if (pause > PAUSE_MS_MAX)
        pause = PAUSE_MS_MAX;
    if (retry_after_s > 0)
        pause = retry_after_s * 1000;
    unsigned spread = (unsigned)(pause > PAUSE_MS_MAX ? PAUSE_MS_MAX : pause) * JITTER_PERCENT;
    return pause + (int)(random % (spread / 100 + 1));
}

static unsigned random_number(void)
{
    unsigned value = 0;
    return getrandom(&value, sizeof value, GRND_NONBLOCK) == sizeof value ? value : 0;
}

/* Sleeps, but not through a cancellation. */
static enum err_code pause_for(const struct remote_call *call, int pause_ms, struct err *err)
{
    struct deadline end = deadline_in_ms(pause_ms);
    struct pollfd wish = {.fd = cancel_fd(call->cancel), .events = POLLIN};
    int ready;
    do
        ready = poll(&wish, 1, deadline_left_ms(end));
    while (ready < 0 && errno == EINTR);
    return check_waiting(call, err);
}

/* Whether a pause ends before the deadline; if not, the failure at hand says more than a time-out. */
static bool leaves_room(struct deadline deadline, int pause_ms)
{
    int left = deadline_left_ms(deadline);
    return left < 0 || left > pause_ms;
}

enum err_code remote_http_exchange(const struct remote_call *call,
                                   const struct remote_exchange *exchange,
                                   struct remote_answer *out, struct err *err)
{
    AUTO(memory_freep) char *text = json_print(exchange->body);
    struct span body = span_text(text);
    if (body.len > body_bytes_max(exchange))
        return err_set(err, ERR_HTTP_TOO_LARGE, "%s %s: %zu bytes, at most %zu", exchange->method,
                       exchange->path, body.len, body_bytes_max(exchange));
    AUTO(memory_freep)
    char *url = memory_printf("%s%s", call->platform->base_url, exchange->path);
    for (int attempt = 1;; attempt++) {
        if (check_waiting(call, err) != ERR_NONE)
            return err_add(err, "%s %s", exchange->method, url);
        struct hint hint = {0};
        if (attempt_once(call, exchange, url, body, out, &hint, err) == ERR_NONE)
            return ERR_NONE;
        err_add(err, "%s %s, attempt %d", exchange->method, url, attempt);
        int pause_ms = remote_http_pause_ms(attempt, hint.retry_after_s, random_number());
        if (call->retry_after_s != NULL)
            *call->retry_after_s = hint.retry_after_s;
        if (exchange->once || !hint.retry || !leaves_room(call->deadline, pause_ms))
            return err->code;
        log_debug("remote", "%s; again in %d ms", err->detail, pause_ms);
        if (pause_for(call, pause_ms, err) != ERR_NONE)
            return err_add(err, "%s %s", exchange->method, url);
    }
}
