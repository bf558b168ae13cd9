/* The log-in of a proxy: the person's file, or what the desktop's settings say. Never logged, never part of
 * a configuration that others can read. */
#pragma once

#include "agent/proxy/proxy_desktop.h"

/* Below XDG_CONFIG_HOME or ~/.config. */
#define PROXY_LOGIN_FILE "ukeyd/proxy-login"
/* One line "user:password": names and passwords of directories have at most 256 bytes each; of struct
 * secret. */
#define PROXY_LOGIN_BYTES_MAX 500

/* "user:password" with a zero byte behind it, NULL when none is set. file: "proxy_login" of ukeyd.conf;
 * NULL: PROXY_LOGIN_FILE, which may be missing; what stands there goes before the desktop's.
 * ERR_CONFIG: the file is missing, another user's, readable by others, or not of that form. */
MUST_CHECK enum err_code proxy_login_read(const char *file, const struct proxy_desktop *desktop,
                                          struct secret **out, struct err *err);
