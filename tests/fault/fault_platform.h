/* The real portal, called in this process instead of over HTTPS, with faults at the n-th call. */
#pragma once

#include <pthread.h>

#include "agent/remote/remote.h"
#include "portal/portal.h"
#include "tests/fault/fault_plan.h"

struct fault_platform {
    struct remote remote;
    struct fault_plan *plan;
    struct portal *portal;
    pthread_mutex_t lock; /* the portal is for one thread */
};

/* plan is borrowed. */
MUST_CHECK enum err_code fault_platform_open(struct fault_platform *platform, const char *folder,
                                             struct fault_plan *plan, struct err *err);
void fault_platform_close(struct fault_platform *platform);
