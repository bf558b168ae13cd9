/* Is a certificate due for renewal, why, and until when? A pure function. */
#pragma once

#include "certs/cert.h"

/* The window before the end in which renewal is offered, and the grace after it in which the expired
 * key may still ask, as platforms commonly set them. */
#define DUE_WINDOW_DAYS_DEFAULT 90
#define DUE_GRACE_DAYS_DEFAULT 365

enum due_state {
    DUE_NOT_YET, /* more than window_days left */
    DUE_NOW, /* inside the window */
    DUE_EXPIRED, /* ended, inside the grace: renew at once */
    DUE_TOO_LATE, /* ended before the grace: needs a new application (新办) */
    DUE_CLOCK_WRONG, /* not valid yet: the computer's clock is likely wrong */
};

struct due_policy {
    int window_days;
    int grace_days;
};

struct due {
    enum due_state state;
    int days_left; /* negative after the end; whole days, rounded down */
    int64_t window_start_utc;
    int64_t not_after_utc;
    int64_t latest_utc; /* until when the renewal can be asked for */
};

/* policy: NULL for the defaults. */
struct due due_judge(const struct cert_facts *facts, const struct due_policy *policy,
                     int64_t now_utc);
