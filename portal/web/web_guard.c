#include "portal/web/web_guard.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/secret.h"
#include "portal/portal_session.h"

#define SCHEME "https://"
#define ORIGIN_BYTES_MAX 300 /* a DNS name of 253, scheme and port */
#define PORT_MAX 65535
#define PORT_DEFAULT 443

static const char *only(const struct http_request *request, const char *name)
{
    unsigned count = 0;
    const char *value = http_request_header(request, name, &count);
    return count > 1 ? "" : value;
}

struct web_headers web_guard_headers(const struct http_request *request)
{
    return (struct web_headers){
        .host = only(request, "Host"),
        .origin = only(request, "Origin"),
        .fetch_site = only(request, "Sec-Fetch-Site"),
        .cookie = only(request, "Cookie"),
        .csrf = only(request, "X-CSRF-Token"),
        .content_type = only(request, "Content-Type"),
    };
}

/* ---- our own name ---- */

/* A name, an IPv4 address, or an IPv6 address in brackets. */
static size_t host_length(const char *text)
{
    static const char name[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    if (text[0] != '[')
        return strspn(text, name);
    size_t length = 1 + strspn(text + 1, "0123456789abcdef:.");
    return length > 1 && text[length] == ']' ? length + 1 : 0;
}

/* ":443", or nothing. */
static bool read_port(const char *text, unsigned *out)
{
    char *end = NULL;
    *out = PORT_DEFAULT;
    if (*text == '\0')
        return true;
    if (*text != ':' || !isdigit((unsigned char)text[1]))
        return false;
    unsigned long port = strtoul(text + 1, &end, 10);
    *out = (unsigned)port;
    return *end == '\0' && port >= 1 && port <= PORT_MAX;
}

enum err_code web_guard_origin(const char *text, char **out, struct err *err)
{
    size_t scheme = sizeof SCHEME - 1;
    unsigned port = 0;
    if (strlen(text) > ORIGIN_BYTES_MAX || strncmp(text, SCHEME, scheme) != 0)
        return err_set(err, ERR_USAGE, "not https://HOST[:PORT] in lower case");
    size_t host = host_length(text + scheme);
    if (host == 0 || !read_port(text + scheme + host, &port))
        return err_set(err, ERR_USAGE, "not https://HOST[:PORT] in lower case");
    *out = port == PORT_DEFAULT ? memory_printf("%.*s", (int)(scheme + host), text)
                                : memory_printf("%.*s:%u", (int)(scheme + host), text, port);
    return ERR_NONE;
}

/* ---- checks ---- */

enum err_code web_guard_host(const struct web_headers *headers, const char *origin, struct err *err)
{
    const char *ours = origin + sizeof SCHEME - 1;
    const char *host = headers->host != NULL ? headers->host : "";
    if (strcmp(host, ours) == 0)
        return ERR_NONE;
    AUTO(memory_freep) char *with_port = memory_printf("%s:%d", ours, PORT_DEFAULT);
    size_t name = host_length(ours);
    if (ours[name] == '\0' && strcmp(host, with_port) == 0)
        return ERR_NONE;
    return err_set(err, ERR_HTTP_HOST, "not %s", ours);
}

enum err_code web_guard_same_origin(const struct web_headers *headers, const char *origin,
                                    struct err *err)
{
    if (headers->origin == NULL || strcmp(headers->origin, origin) != 0)
        return err_set(err, ERR_CSRF, "Origin is not %s", origin);
    if (headers->fetch_site != NULL && strcmp(headers->fetch_site, "same-origin") != 0)
        return err_set(err, ERR_CSRF, "Sec-Fetch-Site is not same-origin");
    return ERR_NONE;
}

enum err_code web_guard_csrf(const struct web_headers *headers, const char *token, struct err *err)
{
    AUTO(memory_freep) char *wanted = portal_session_csrf(token);
    if (headers->csrf == NULL || !secret_equal_spans(span_text(headers->csrf), span_text(wanted)))
        return err_set(err, ERR_CSRF, "X-CSRF-Token is not the session's");
    return ERR_NONE;
}

/* ---- the cookie ---- */

/* The next "name=value" of the header; false behind the last. */
static bool next_pair(const char **at, struct span *out)
{
    *at += strspn(*at, " \t;");
    if (**at == '\0')
        return false;
    size_t length = strcspn(*at, ";");
    *out = span_of(*at, length);
    *at += length;
    while (out->len > 0 && (out->at[out->len - 1] == ' ' || out->at[out->len - 1] == '\t'))
        out->len--;
    return true;
}

bool web_guard_token(const struct web_headers *headers, char *out, size_t out_bytes)
{
    static const char name[] = WEB_COOKIE "=";
    const char *at = headers->cookie != NULL ? headers->cookie : "";
    struct span pair, token = SPAN_NONE;
    unsigned count = 0;
    while (next_pair(&at, &pair))
        if (pair.len >= sizeof name - 1 && memcmp(pair.at, name, sizeof name - 1) == 0) {
            token = span_part(pair, sizeof name - 1, pair.len - (sizeof name - 1));
            count++;
        }
    if (count != 1 || token.len >= out_bytes || !portal_session_is_token(token))
        return false;
    memcpy(out, token.at, token.len);
    out[token.len] = '\0';
    return true;
}
