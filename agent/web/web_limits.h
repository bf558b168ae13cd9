/* How often a page's origin may be refused or bother the person before it has to wait. Pure: the time is
 * given. A terminal has no origin and is not limited: who can use it can do anything else too. */
#pragma once

#include <stdint.h>

#include "base/err.h"

enum web_limit {
    WEB_LIMIT_FAILURES, /* requests that were refused, operations that failed */
    WEB_LIMIT_STARTS, /* operations */
    WEB_LIMIT_TICKETS, /* tickets that the platform refused */
    WEB_LIMIT_DIALOGS, /* dialogs that were closed without an answer */
    WEB_LIMIT_COUNT
};

/* So many at once, and from then on one each time that so many milliseconds are over. */
struct web_limit_rule {
    enum err_code code; /* of the refusal */
    unsigned burst;
    int64_t each_ms;
};
extern const struct web_limit_rule web_limit_rules[WEB_LIMIT_COUNT];

struct web_limits;

struct web_limits *web_limits_new(void);
void web_limits_free(struct web_limits *limits);
/* It happened once more. origin: of a listed platform, NULL: a terminal. now_ms: of the monotonic clock. */
void web_limits_count(struct web_limits *limits, const char *origin, enum web_limit limit,
                      int64_t now_ms);
/* The time since from_ms has not made up for anything that had happened by then. */
void web_limits_stand_still(struct web_limits *limits, const char *origin, enum web_limit limit,
                            int64_t from_ms, int64_t now_ms);
/* What happened so far no longer counts. */
void web_limits_forget(struct web_limits *limits, const char *origin, enum web_limit limit);
/* Whether it may happen once more; else the rule's code, and *out_wait_s: after how many seconds it may, 1 or
 * more. */
MUST_CHECK enum err_code web_limits_check(const struct web_limits *limits, const char *origin,
                                          enum web_limit limit, int64_t now_ms,
                                          unsigned *out_wait_s, struct err *err);
