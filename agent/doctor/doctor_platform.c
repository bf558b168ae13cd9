#include "agent/doctor/doctor_platform.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/doctor/doctor_checks.h"
#include "agent/proxy/proxy.h"
#include "agent/proxy/proxy_login.h"
#include "base/clock.h"

/* Name, connection, proxy and TLS together; a slow line needs about two seconds. */
#define FETCH_MS 12000
/* From here on signatures and certificates are judged wrongly. */
#define CLOCK_OFF_SECONDS_MAX 300

/* ---- what a failure means ---- */

/* Of libcurl: the stages in their order. Source: curl/curl.h 7.88. */
enum {
    CURL_RESOLVE_PROXY = 5,
    CURL_RESOLVE_HOST = 6,
    CURL_CONNECT = 7,
    CURL_TIMED_OUT = 28,
    CURL_TLS = 35,
    CURL_RECV = 56,
    CURL_VERIFY = 60,
    CURL_CA_FILE = 77,
    CURL_PROXY = 97,
};
/* Source: OpenSSL, x509_vfy.h. */
#define X509_NOT_YET_VALID 9
#define X509_EXPIRED 10

static bool names_proxy(const struct doctor_platform_way *way, const char *words)
{
    return way->proxy_host != NULL && strstr(words, way->proxy_host) != NULL;
}

static enum doctor_code verify_code(const struct doctor_platform_way *way,
                                    const struct doctor_fetched *fetched)
{
    if (fetched->verify_result == X509_NOT_YET_VALID || fetched->verify_result == X509_EXPIRED)
        return DOCTOR_PLATFORM_CERTIFICATE_TIME;
    if (strstr(fetched->words, "subject name") != NULL)
        return DOCTOR_PLATFORM_CERTIFICATE_NAME;
    return way->own_ca ? DOCTOR_PLATFORM_INTERCEPTED : DOCTOR_PLATFORM_UNTRUSTED;
}

static enum doctor_code proxy_code(long status)
{
    return status == 407 ? DOCTOR_PROXY_LOGIN : DOCTOR_PROXY_REFUSED;
}

/* Where the desktop leaves the choice of a proxy to a script, nobody answers who goes without one. */
static enum doctor_code without_proxy(const struct doctor_platform_way *way, enum doctor_code code)
{
    return way->script ? DOCTOR_PROXY_SCRIPT : code;
}

static enum doctor_code failure_code(const struct doctor_platform_way *way,
                                     const struct doctor_fetched *fetched)
{
    if (fetched->connect_status >= 300)
        return proxy_code(fetched->connect_status);
    switch (fetched->curl_code) {
    case CURL_RESOLVE_PROXY:
        return DOCTOR_PROXY_NAME;
    case CURL_RESOLVE_HOST:
        return without_proxy(way, DOCTOR_PLATFORM_NAME);
    case CURL_CONNECT:
        return names_proxy(way, fetched->words) ? DOCTOR_PROXY_CONNECT
                                                : without_proxy(way, DOCTOR_PLATFORM_CONNECT);
    case CURL_PROXY:
        return DOCTOR_PROXY_CONNECT;
    case CURL_VERIFY:
        return verify_code(way, fetched);
    case CURL_TIMED_OUT:
        return without_proxy(way, DOCTOR_PLATFORM_TIMEOUT);
    case CURL_CA_FILE:
        return DOCTOR_ROOTS;
    case CURL_RECV:
        return way->proxy_host != NULL && fetched->connect_status == 0 ? DOCTOR_PROXY_REFUSED
                                                                       : DOCTOR_PLATFORM_TLS;
    default:
        return DOCTOR_PLATFORM_TLS;
    }
}

enum doctor_code doctor_platform_judge(const struct doctor_platform_way *way,
                                       const struct doctor_fetched *fetched)
{
    if (fetched->curl_code != 0)
        return failure_code(way, fetched);
    if (fetched->status >= 500)
        return DOCTOR_PLATFORM_FAILED;
    if (fetched->is_redirect || (fetched->is_html && fetched->status == 200))
        return DOCTOR_PLATFORM_PORTAL;
    return DOCTOR_CODE_COUNT;
}

/* ---- looking ---- */

struct look {
    const struct config_platform *platform;
    struct proxy proxy;
    char *url;
    char *proxy_host; /* "host port N", as libcurl names it; NULL: no proxy */
    struct secret *login;
};

static void look_done(struct look *look)
{
    proxy_done(&look->proxy);
    free(look->url);
    free(look->proxy_host);
    secret_free(look->login);
}

struct looks {
    size_t count;
    struct proxy_desktop desktop;
    struct look look[CONFIG_PLATFORMS_MAX];
};

static void looks_done(struct looks *looks)
{
    for (size_t i = 0; i < looks->count; i++)
        look_done(&looks->look[i]);
    proxy_desktop_done(&looks->desktop);
    free(looks);
}

static void looks_donep(struct looks **looks)
{
    if (*looks != NULL)
        looks_done(*looks);
    *looks = NULL;
}

/* "host port 8080" of "http://user:password@host:8080/". */
static char *host_and_port(const char *url)
{
    const char *host = strstr(url, "://");
    bool https = strncmp(url, "https:", strlen("https:")) == 0;
    host = host == NULL ? url : host + 3;
    const char *login = strchr(host, '@');
    host = login == NULL ? host : login + 1;
    bool v6 = *host == '[';
    const char *bare = host + v6;
    size_t length = strcspn(bare, v6 ? "]" : ":/");
    const char *port = bare + length + (v6 && bare[length] == ']');
    size_t digits = *port == ':' ? strspn(port + 1, "0123456789") : 0;
    /* Source: CURLOPT_PROXY of libcurl. */
    const char *usual = https ? "443" : "1080";
    return memory_printf("%.*s port %.*s", (int)length, bare, digits == 0 ? 4 : (int)digits,
                         digits == 0 ? usual : port + 1);
}

static void prepare(const struct doctor_world *world, struct looks *looks, size_t index,
                    struct doctor_findings *findings)
{
    struct err err = ERR_INIT;
    struct look *look = &looks->look[index];
    const struct config_platform *platform = &world->config->platforms[index];
    look->platform = platform;
    look->url = memory_printf("%s/jobs", platform->api);
    proxy_choose(platform->proxy, world->config->proxy, &looks->desktop, &look->proxy);
    AUTO(memory_freep) char *name = memory_printf("%s proxy", platform->id);
    doctor_findings_fact(findings, name,
                         look->proxy.script ? "script" : proxy_source_text(look->proxy.source));
    AUTO(memory_freep) char *origin = memory_printf("%s origin", platform->id);
    doctor_findings_fact(findings, origin, platform->origin);
    if (*look->proxy.url == '\0')
        return;
    look->proxy_host = host_and_port(look->proxy.url);
    const struct proxy_desktop none = {0};
    bool desktops = look->proxy.source == PROXY_DESKTOP;
    if (proxy_login_read(world->config->proxy_login, desktops ? &looks->desktop : &none,
                         &look->login, &err) != ERR_NONE)
        doctor_findings_add(findings, DOCTOR_PROXY_LOGIN_FILE, "%s", err.detail);
}

static struct doctor_fetch fetch_of(const struct look *look, bool unverified)
{
    return (struct doctor_fetch){
        .url = look->url,
        .ca_file = look->platform->tls_ca,
        .unverified = unverified,
        .proxy = look->proxy.url,
        .no_proxy = look->proxy.no_proxy,
        .login = look->login == NULL ? NULL : (const char *)secret_peek(look->login).at,
        .timeout_ms = FETCH_MS,
    };
}

static void report(const struct look *look, const struct doctor_fetched *fetched,
                   const struct doctor_fetched *unverified, struct doctor_findings *findings)
{
    const struct doctor_platform_way way = {look->proxy_host, look->platform->tls_ca != NULL,
                                            look->proxy.script};
    enum doctor_code code = doctor_platform_judge(&way, fetched);
    AUTO(memory_freep)
    char *state = memory_printf("%s", code == DOCTOR_CODE_COUNT ? "ok" : doctor_code_text(code));
    doctor_findings_fact(findings, look->platform->id, state);
    if (code == DOCTOR_CODE_COUNT)
        return;
    AUTO(memory_freep)
    char *http = fetched->curl_code != 0 ? NULL : memory_printf("HTTP status %ld", fetched->status);
    bool seen = unverified != NULL && unverified->issuer[0] != '\0';
    doctor_findings_add(findings, code, "platform %s (%s): %s%s%s", look->platform->id, look->url,
                        http != NULL ? http : fetched->words, seen ? "; vouched for by " : "",
                        seen ? unverified->issuer : "");
}

static void check_clock(const struct doctor_fetched *fetched, size_t count,
                        struct doctor_findings *findings)
{
    char here[CLOCK_TEXT_BYTES], there[CLOCK_TEXT_BYTES];
    int64_t now = clock_now_utc();
    for (size_t i = 0; i < count; i++) {
        int64_t off = now - fetched[i].date_utc;
        if (fetched[i].date_utc == 0 ||
            (off <= CLOCK_OFF_SECONDS_MAX && off >= -CLOCK_OFF_SECONDS_MAX))
            continue;
        clock_format_utc(now, here);
        clock_format_utc(fetched[i].date_utc, there);
        doctor_findings_add(findings, DOCTOR_CLOCK_WRONG,
                            "the computer says %s, the platform says %s", here, there);
        return;
    }
}

/* Who is there and what time it is there, where the certificate was refused: nothing but that is believed. */
static bool look_again(const struct looks *looks, struct doctor_fetched *out, struct err *err)
{
    struct doctor_fetch again[CONFIG_PLATFORMS_MAX];
    for (size_t i = 0; i < looks->count; i++)
        again[i] = fetch_of(&looks->look[i], true);
    return doctor_fetch(again, looks->count, out, err) == ERR_NONE;
}

static bool any_refused(const struct doctor_fetched *fetched, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (fetched[i].curl_code == CURL_VERIFY)
            return true;
    return false;
}

static void check_all(struct looks *looks, struct doctor_findings *findings)
{
    struct err err = ERR_INIT;
    struct doctor_fetch fetches[CONFIG_PLATFORMS_MAX];
    AUTO(memory_freep)
    struct doctor_fetched *fetched = memory_new(2 * CONFIG_PLATFORMS_MAX * sizeof *fetched);
    struct doctor_fetched *unverified = fetched + CONFIG_PLATFORMS_MAX;
    for (size_t i = 0; i < looks->count; i++)
        fetches[i] = fetch_of(&looks->look[i], false);
    if (doctor_fetch(fetches, looks->count, fetched, &err) != ERR_NONE) {
        doctor_findings_fact(findings, "error", err.detail);
        return;
    }
    bool again = any_refused(fetched, looks->count) && look_again(looks, unverified, &err);
    for (size_t i = 0; i < looks->count; i++)
        report(&looks->look[i], &fetched[i],
               again && fetched[i].curl_code == CURL_VERIFY ? &unverified[i] : NULL, findings);
    check_clock(fetched, looks->count, findings);
    if (again && !doctor_findings_have(findings, DOCTOR_CLOCK_WRONG))
        check_clock(unverified, looks->count, findings);
}

void doctor_platform_check(const struct doctor_world *world, struct doctor_findings *findings)
{
    struct err err = ERR_INIT;
    if (world->config == NULL || world->config->platform_count == 0)
        return;
    AUTO(looks_donep) struct looks *looks = memory_new(sizeof *looks);
    if (proxy_desktop_read(&looks->desktop, &err) != ERR_NONE)
        doctor_findings_fact(findings, "desktop", err.detail);
    for (size_t i = 0; i < world->config->platform_count; i++) {
        looks->count++;
        prepare(world, looks, i, findings);
    }
    check_all(looks, findings);
}
