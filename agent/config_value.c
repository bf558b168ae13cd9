#include "agent/config_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *check_printable(const char *value)
{
    for (; *value != '\0'; value++)
        if ((unsigned char)*value < ' ' || *value == 0x7F)
            return "holds a control character";
    return NULL;
}

const char *config_value_name(const char *value)
{
    return *value == '\0' ? "is empty" : check_printable(value);
}

const char *config_value_path(const char *value)
{
    return *value != '/' ? "is not an absolute path" : check_printable(value);
}

/* Host or [IPv6 address]; returns what follows it, NULL when there is none. */
static const char *skip_host(const char *at)
{
    size_t length;
    if (*at == '[') {
        length = strspn(at + 1, "0123456789abcdef:.");
        return length > 0 && at[1 + length] == ']' ? at + length + 2 : NULL;
    }
    length = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-.");
    bool dots = *at == '.' || (length > 0 && at[length - 1] == '.') || strstr(at, "..") != NULL;
    return length > 0 && !dots ? at + length : NULL;
}

/* The port behind a colon, as a browser writes it; returns what follows it, NULL when it is wrong. */
static const char *skip_port(const char *at)
{
    char *end;
    if (*at != ':')
        return at;
    if (at[1] < '1' || at[1] > '9')
        return NULL;
    errno = 0;
    unsigned long port = strtoul(at + 1, &end, 10);
    return errno == 0 && port <= 65535 && port != 443 ? end : NULL;
}

/* Behind "https://host:port"; NULL when the value does not begin so. */
static const char *skip_origin(const char *value)
{
    static const char scheme[] = "https://";
    if (strncmp(value, scheme, strlen(scheme)) != 0)
        return NULL;
    const char *at = skip_host(value + strlen(scheme));
    return at == NULL ? NULL : skip_port(at);
}

const char *config_value_origin(const char *value)
{
    const char *end = skip_origin(value);
    if (end == NULL || *end != '\0')
        return "is not an exact origin: https://host or https://host:port, lower case, no slash";
    return NULL;
}

const char *config_value_api(const char *value)
{
    static const char path[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    const char *end = skip_origin(value);
    bool ends = end != NULL && (*end == '\0' || *end == '/');
    if (!ends || end[strspn(end, path)] != '\0' || value[strlen(value) - 1] == '/')
        return "is not an https address without a query and without a slash at its end";
    return NULL;
}

const char *config_value_proxy(const char *value)
{
    if (strchr(value, '@') != NULL)
        return "holds a log-in: that belongs into a file of its own, see proxy_login";
    return strchr(value, ' ') != NULL ? "holds a blank" : check_printable(value);
}

bool config_value_is_id(const char *id)
{
    size_t length = strlen(id);
    return length > 0 && length <= CONFIG_ID_BYTES_MAX &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == length;
}
