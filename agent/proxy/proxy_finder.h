/* The way to a platform, found anew while the agent runs: the person may change the desktop's proxy or its
 * password at any time. The sandboxed agent reads neither: a task of the launcher does. Thread-safe. */
#pragma once

#include "agent/launch/launch.h"
#include "agent/proxy/proxy.h"

/* What was found is used for so long: one operation calls the platform several times. */
#define PROXY_FINDER_SECONDS 20

/* For the launcher's list. login_file: "proxy_login" of ukeyd.conf; NULL: the person's own. */
struct launch_task proxy_finder_task(const char *login_file);

struct proxy_finder;

/* task: the number of that one in the list. */
struct proxy_finder *proxy_finder_new(struct launch *launch, size_t task);
/* NULL is fine. */
void proxy_finder_free(struct proxy_finder *finder);
/* platform, agent: as in proxy_choose. *out_login: "user:password" with a zero byte behind it, NULL: none. Blocks
 * while the desktop is asked, at most some seconds. ERR_PLATFORM_PROXY: the log-in's file can't be used.
 * ERR_NO_LOCKED_MEMORY. */
MUST_CHECK enum err_code proxy_finder_find(struct proxy_finder *finder, const char *platform,
                                           const char *agent, struct proxy *out,
                                           struct secret **out_login, struct err *err);
