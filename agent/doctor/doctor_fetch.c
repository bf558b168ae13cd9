#include "agent/doctor/doctor_fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* What is read of an answer: only its head is of interest. */
#define BODY_BYTES_MAX 65536
#define POLL_MS 500

struct one {
    CURL *easy;
    bool added;
    size_t body;
    const char *proxy;
    struct doctor_fetched *fetched;
    char words[CURL_ERROR_SIZE];
};

struct all {
    CURLM *multi;
    size_t count;
    struct one one[DOCTOR_FETCHES_MAX];
};

static void all_done(struct all *all)
{
    for (size_t i = 0; i < all->count; i++) {
        if (all->one[i].added)
            curl_multi_remove_handle(all->multi, all->one[i].easy);
        if (all->one[i].easy != NULL)
            curl_easy_cleanup(all->one[i].easy);
    }
    if (all->multi != NULL)
        curl_multi_cleanup(all->multi);
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct one *one = context;
    one->body += size * count;
    return one->body > BODY_BYTES_MAX ? 0 : size * count;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    static const char date[] = "date:";
    struct one *one = context;
    if (size * count > strlen(date) && strncasecmp(data, date, strlen(date)) == 0) {
        AUTO(memory_freep)
        char *value =
            memory_printf("%.*s", (int)(size * count - strlen(date)), data + strlen(date));
        time_t found = curl_getdate(value, NULL);
        one->fetched->date_utc = found > 0 ? found : 0;
    }
    return size * count;
}

static bool set_way(CURL *easy, const struct doctor_fetch *fetch)
{
    int bad = 0;
    if (fetch->proxy != NULL)
        bad |= (int)curl_easy_setopt(easy, CURLOPT_PROXY, fetch->proxy);
    if (fetch->no_proxy != NULL)
        bad |= (int)curl_easy_setopt(easy, CURLOPT_NOPROXY, fetch->no_proxy);
    if (fetch->login != NULL)
        bad |= (int)curl_easy_setopt(easy, CURLOPT_PROXYUSERPWD, fetch->login);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_PROXYAUTH,
                                 (long)(CURLAUTH_BASIC | CURLAUTH_DIGEST | CURLAUTH_NTLM));
    return bad == 0;
}

static bool set_trust(CURL *easy, const struct doctor_fetch *fetch)
{
    int bad = 0;
    if (fetch->ca_file != NULL) {
        bad |= (int)curl_easy_setopt(easy, CURLOPT_CAINFO, fetch->ca_file);
        bad |= (int)curl_easy_setopt(easy, CURLOPT_CAPATH, (char *)NULL);
    }
    bad |= (int)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, fetch->unverified ? 0L : 1L);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, fetch->unverified ? 0L : 2L);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
    return bad == 0;
}

static bool set_options(struct one *one, const struct doctor_fetch *fetch)
{
    CURL *easy = one->easy;
    int bad = 0;
    bad |= (int)curl_easy_setopt(easy, CURLOPT_URL, fetch->url);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    bad |= (int)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)fetch->timeout_ms);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_USERAGENT, "ukeyd/" UKEYD_VERSION);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_WRITEDATA, one);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_HEADERDATA, one);
    bad |= (int)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, one->words);
    return bad == 0 && set_way(easy, fetch) && set_trust(easy, fetch);
}

static enum err_code add(struct all *all, const struct doctor_fetch *fetch,
                         struct doctor_fetched *fetched, struct err *err)
{
    struct one *one = &all->one[all->count++];
    one->proxy = fetch->proxy;
    one->fetched = fetched;
    one->easy = curl_easy_init();
    if (one->easy == NULL || !set_options(one, fetch) ||
        curl_multi_add_handle(all->multi, one->easy) != CURLM_OK)
        return err_set(err, ERR_INTERNAL, "libcurl refuses an option");
    one->added = true;
    return ERR_NONE;
}

/* The value of a "Name:value" in libcurl's facts of a certificate. */
static void take_fact(const struct curl_slist *facts, const char *name,
                      char out[DOCTOR_FETCH_NAME_BYTES])
{
    size_t length = strlen(name);
    for (; facts != NULL; facts = facts->next)
        if (strncmp(facts->data, name, length) == 0 && facts->data[length] == ':')
            snprintf(out, DOCTOR_FETCH_NAME_BYTES, "%s", facts->data + length + 1);
    text_repair_utf8(out);
}

static void read_certificates(CURL *easy, struct doctor_fetched *out)
{
    struct curl_certinfo *info = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
        info->num_of_certs < 1)
        return;
    take_fact(info->certinfo[0], "Subject", out->subject);
    take_fact(info->certinfo[info->num_of_certs - 1], "Issuer", out->issuer);
}

static void read_words(const struct one *one, CURLcode code, struct doctor_fetched *out)
{
    out->curl_code = (int)code;
    snprintf(out->words, sizeof out->words, "%s",
             one->words[0] != '\0' ? one->words : curl_easy_strerror(code));
    text_repair_utf8(out->words);
    /* libcurl quotes a proxy's address that it does not understand, with the log-in that may be in it. */
    if (one->proxy == NULL || !text_quotes(out->words, one->proxy))
        return;
    out->curl_code = CURLE_COULDNT_RESOLVE_PROXY;
    snprintf(out->words, sizeof out->words, "the proxy's address can't be used");
}

static void read_result(const struct one *one, CURLcode code)
{
    struct doctor_fetched *out = one->fetched;
    const char *type = NULL;
    /* A body that is too long, or that ends early, is an answer all the same. */
    bool answered =
        curl_easy_getinfo(one->easy, CURLINFO_RESPONSE_CODE, &out->status) == CURLE_OK &&
        out->status != 0 && (code == CURLE_WRITE_ERROR || code == CURLE_PARTIAL_FILE);
    read_words(one, answered ? CURLE_OK : code, out);
    if (curl_easy_getinfo(one->easy, CURLINFO_HTTP_CONNECTCODE, &out->connect_status) != CURLE_OK)
        out->connect_status = 0;
    if (curl_easy_getinfo(one->easy, CURLINFO_SSL_VERIFYRESULT, &out->verify_result) != CURLE_OK)
        out->verify_result = 0;
    if (curl_easy_getinfo(one->easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != NULL)
        out->is_html = strncasecmp(type, "text/html", strlen("text/html")) == 0;
    out->is_redirect = out->status >= 300 && out->status < 400;
    read_certificates(one->easy, out);
}

static void take_results(struct all *all)
{
    int left;
    const CURLMsg *message;
    while ((message = curl_multi_info_read(all->multi, &left)) != NULL)
        for (size_t i = 0; i < all->count; i++)
            if (all->one[i].easy == message->easy_handle)
                read_result(&all->one[i], message->data.result);
}

static enum err_code run(struct all *all, struct err *err)
{
    int running = 1;
    while (running > 0) {
        CURLMcode code = curl_multi_perform(all->multi, &running);
        if (code == CURLM_OK && running > 0)
            code = curl_multi_poll(all->multi, NULL, 0, POLL_MS, NULL);
        if (code != CURLM_OK)
            return err_set_foreign(err, ERR_INTERNAL, code, "curl_multi: %d", (int)code);
    }
    take_results(all);
    return ERR_NONE;
}

enum err_code doctor_fetch(const struct doctor_fetch *fetches, size_t count,
                           struct doctor_fetched *out, struct err *err)
{
    AUTO(all_done) struct all all = {.multi = curl_multi_init()};
    if (all.multi == NULL)
        return err_set(err, ERR_INTERNAL, "libcurl can't be used");
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct doctor_fetched){0};
        if (add(&all, &fetches[i], &out[i], err) != ERR_NONE)
            return err->code;
    }
    return run(&all, err);
}
