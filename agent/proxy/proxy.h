/* Which proxy leads to a platform: what the administrator has set, else the environment, else the desktop. */
#pragma once

#include <stdbool.h>

#include "agent/proxy/proxy_desktop.h"

/* In a configuration: no proxy. */
#define PROXY_OFF "off"

enum proxy_source {
    PROXY_DIRECT, /* none is set anywhere */
    PROXY_CONFIGURATION,
    PROXY_ENVIRONMENT, /* https_proxy, ALL_PROXY, no_proxy */
    PROXY_DESKTOP, /* GNOME's and UKUI's settings */
};

struct proxy {
    enum proxy_source source;
    char *url; /* as libcurl takes it; "": none */
    char *no_proxy; /* hosts that are reached without it, with commas between; "": none */
    bool script; /* the desktop wants a script (PAC), which nobody here runs: url is "" */
};

/* platform, agent: their "proxy" in ukeyd.conf, NULL: not set there; "" and PROXY_OFF: none. Reads
 * https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY and no_proxy, NO_PROXY as libcurl does. */
void proxy_choose(const char *platform, const char *agent, const struct proxy_desktop *desktop,
                  struct proxy *out);
void proxy_done(struct proxy *proxy);
/* "direct", "configuration", "environment", "desktop". */
const char *proxy_source_text(enum proxy_source source);
