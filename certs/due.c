#include "certs/due.h"

#define DAY_SECONDS 86400

static const struct due_policy default_policy = {DUE_WINDOW_DAYS_DEFAULT, DUE_GRACE_DAYS_DEFAULT};

static int64_t days(int count)
{
    return count > 0 ? (int64_t)count * DAY_SECONDS : 0;
}

/* Towards minus infinity: one second after the end is day -1. */
static int whole_days(int64_t seconds)
{
    int64_t rounded_down = seconds >= 0 ? seconds : seconds - (DAY_SECONDS - 1);
    return (int)(rounded_down / DAY_SECONDS);
}

static enum due_state state_at(const struct due *due, int64_t not_before_utc, int64_t now_utc)
{
    if (now_utc < not_before_utc)
        return DUE_CLOCK_WRONG;
    if (now_utc < due->window_start_utc)
        return DUE_NOT_YET;
    if (now_utc <= due->not_after_utc)
        return DUE_NOW;
    return now_utc <= due->latest_utc ? DUE_EXPIRED : DUE_TOO_LATE;
}

struct due due_judge(const struct cert_facts *facts, const struct due_policy *policy,
                     int64_t now_utc)
{
    const struct due_policy *used = policy != NULL ? policy : &default_policy;
    struct due due = {
        .days_left = whole_days(facts->not_after_utc - now_utc),
        .window_start_utc = facts->not_after_utc - days(used->window_days),
        .not_after_utc = facts->not_after_utc,
        .latest_utc = facts->not_after_utc + days(used->grace_days),
    };
    due.state = state_at(&due, facts->not_before_utc, now_utc);
    return due;
}
