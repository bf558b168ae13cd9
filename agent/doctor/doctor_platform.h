/* What a look at a platform means. */
#pragma once

#include <stdbool.h>

#include "agent/doctor/doctor_fetch.h"
#include "agent/doctor/doctor_finding.h"

struct doctor_platform_way {
    const char *proxy_host; /* "host port N", as libcurl names a connection; NULL: no proxy */
    bool own_ca; /* the configuration names who must vouch for it */
    bool script; /* without a proxy, since the desktop leaves the choice to a script */
};

/* DOCTOR_CODE_COUNT when the platform answers as it should. */
enum doctor_code doctor_platform_judge(const struct doctor_platform_way *way,
                                       const struct doctor_fetched *fetched);
