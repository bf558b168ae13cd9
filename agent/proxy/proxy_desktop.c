#include "agent/proxy/proxy_desktop.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/child.h"
#include "base/buf.h"

#define GSETTINGS "/usr/bin/gsettings"
#define PORT_MAX 65535
/* Of one value: a host's name. */
#define VALUE_BYTES_MAX 256

/* ---- the values of `schema key value` lines ---- */

/* What stands behind "schema key "; NULL when there is no such line. */
static const char *value_of(const char *text, const char *schema, const char *key)
{
    AUTO(memory_freep)
    char *start = memory_printf(PROXY_DESKTOP_SCHEMA "%s %s ", schema, key);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, start, strlen(start)) == 0)
            return line + strlen(start);
    }
    return NULL;
}

/* The text of a quoted value; behind it *end. NULL when there is none or it is too long. The caller
 * frees. Source: GVariant text format, strings. */
static char *unquote(const char *at, const char **end)
{
    char out[VALUE_BYTES_MAX];
    size_t length = 0;
    char quote = *at;
    if (quote != '\'' && quote != '"')
        return NULL;
    for (at++; *at != quote; at++) {
        at += *at == '\\';
        if (*at == '\0' || *at == '\n' || length + 1 == sizeof out)
            return NULL;
        out[length++] = *at;
    }
    out[length] = '\0';
    *end = at + 1;
    char *text = memory_text(out);
    explicit_bzero(out, sizeof out); /* it may be a password */
    return text;
}

/* NULL when it is not set or empty. The caller frees. */
static char *text_at(const char *text, const char *schema, const char *key)
{
    const char *ignored, *at = value_of(text, schema, key);
    AUTO(memory_freep) char *value = at == NULL ? NULL : unquote(at, &ignored);
    return value == NULL || *value == '\0' ? NULL : TAKE(value);
}

static bool is_true(const char *text, const char *schema, const char *key)
{
    const char *at = value_of(text, schema, key);
    return at != NULL && strncmp(at, "true", strlen("true")) == 0;
}

static int port_at(const char *text, const char *schema)
{
    const char *at = value_of(text, schema, "port");
    long port = at == NULL ? 0 : strtol(at, NULL, 10);
    return port > 0 && port <= PORT_MAX ? (int)port : 0;
}

/* ---- what they mean ---- */

/* A name or an address, and nothing that would change the meaning of an address put together from it. */
static bool is_host(const char *host)
{
    return host[strspn(
               host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:")] == '\0';
}

static char *url_at(const char *text, const char *schema, const char *scheme)
{
    AUTO(memory_freep) char *host = text_at(text, schema, "host");
    int port = port_at(text, schema);
    if (host == NULL || port == 0 || !is_host(host))
        return NULL;
    bool v6 = strchr(host, ':') != NULL;
    return memory_printf("%s://%s%s%s:%d", scheme, v6 ? "[" : "", host, v6 ? "]" : "", port);
}

/* For https pages: their own proxy, else the one for all, else SOCKS. */
static char *choose(const char *text)
{
    char *url = url_at(text, ".https", "http");
    if (url == NULL && is_true(text, "", "use-same-proxy"))
        url = url_at(text, ".http", "http");
    return url != NULL ? url : url_at(text, ".socks", "socks5h");
}

/* ['localhost', '*.example.com'] becomes localhost,.example.com. */
static char *exceptions(const char *text)
{
    const char *at = value_of(text, "", "ignore-hosts");
    AUTO(buf_done) struct buf list = BUF_INIT(PROXY_DESKTOP_BYTES_MAX);
    while (at != NULL && *at != '\n' && *at != '\0' && *at != ']') {
        if (*at != '\'' && *at != '"') {
            at++;
            continue;
        }
        AUTO(memory_freep) char *host = unquote(at, &at);
        if (host == NULL)
            break;
        const char *plain = host + (strncmp(host, "*.", 2) == 0 ? 1 : 0);
        buf_printf(&list, "%s%s", list.len == 0 ? "" : ",", plain);
    }
    struct span span = buf_span(&list);
    return span.len == 0 ? NULL : memory_printf("%.*s", (int)span.len, (const char *)span.at);
}

static enum err_code take_login(const char *text, struct proxy_desktop *out, struct err *err)
{
    if (!is_true(text, ".http", "use-authentication"))
        return ERR_NONE;
    AUTO(memory_freep) char *user = text_at(text, ".http", "authentication-user");
    char *password = text_at(text, ".http", "authentication-password");
    if (user == NULL || password == NULL) {
        free(password);
        return ERR_NONE;
    }
    size_t length = strlen(password);
    enum err_code code = secret_new(length, &out->password, err);
    if (code == ERR_NONE) {
        memcpy(secret_room(out->password), password, length);
        secret_set_length(out->password, length);
        out->user = TAKE(user);
    }
    explicit_bzero(password, length);
    free(password);
    return code;
}

enum err_code proxy_desktop_parse(const char *text, struct proxy_desktop *out, struct err *err)
{
    AUTO(proxy_desktop_done) struct proxy_desktop found = {0};
    AUTO(memory_freep) char *mode = text_at(text, "", "mode");
    if (mode != NULL && strcmp(mode, "auto") == 0)
        found.script = true;
    if (mode != NULL && strcmp(mode, "manual") == 0) {
        found.url = choose(text);
        found.no_proxy = exceptions(text);
        if (take_login(text, &found, err) != ERR_NONE)
            return err->code;
    }
    *out = found;
    found = (struct proxy_desktop){0};
    return ERR_NONE;
}

enum err_code proxy_desktop_read(struct proxy_desktop *out, struct err *err)
{
    static const char *const arguments[] = {"list-recursively", PROXY_DESKTOP_SCHEMA, NULL};
    AUTO(memory_freep) char *text = NULL;
    struct err why = ERR_INIT;
    enum err_code code = child_run(GSETTINGS, arguments, &text, &why);
    if (code == ERR_FILE_MISSING || code == ERR_FILE) {
        *out = (struct proxy_desktop){0};
        return ERR_NONE;
    }
    if (code != ERR_NONE) {
        *err = why;
        return code;
    }
    code = proxy_desktop_parse(text, out, err);
    explicit_bzero(text, strlen(text));
    return code;
}

void proxy_desktop_done(struct proxy_desktop *desktop)
{
    free(desktop->url);
    free(desktop->no_proxy);
    free(desktop->user);
    secret_free(desktop->password);
    *desktop = (struct proxy_desktop){0};
}
