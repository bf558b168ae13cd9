/* The proxy that the person has set in the desktop's control centre: GNOME's settings, which UKUI (Kylin) and
 * Deepin's compatible ones write too. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/secret.h"

#define PROXY_DESKTOP_SCHEMA "org.gnome.system.proxy"
/* Of all its values; lists of exceptions have some hundred hosts. */
#define PROXY_DESKTOP_BYTES_MAX 65536

struct proxy_desktop {
    char *url; /* "http://host:port" or "socks5h://host:port"; NULL: none */
    char *no_proxy; /* as libcurl takes it; NULL: none */
    char *user; /* of the proxy; NULL: none */
    struct secret *password; /* NULL: none */
    bool script; /* set to "automatic" (PAC) */
};

/* Asks gsettings, a program of the desktop. Success with nothing set where there is no such program or no
 * such schema. ERR_DEADLINE, ERR_NO_LOCKED_MEMORY, ERR_INTERNAL. */
MUST_CHECK enum err_code proxy_desktop_read(struct proxy_desktop *out, struct err *err);
/* Reads what `gsettings list-recursively` printed. What can't be understood counts as not set.
 * ERR_NO_LOCKED_MEMORY. */
MUST_CHECK enum err_code proxy_desktop_parse(const char *text, struct proxy_desktop *out,
                                             struct err *err);
void proxy_desktop_done(struct proxy_desktop *desktop);
