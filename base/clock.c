#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t test_now_utc;

int64_t clock_now_utc(void)
{
    int64_t fixed = atomic_load(&test_now_utc);
    return fixed != 0 ? fixed : (int64_t)time(NULL);
}

void clock_set_for_test(int64_t now_utc)
{
    atomic_store(&test_now_utc, now_utc);
}

void clock_init_from_environment(void)
{
    const char *value = getenv("UKEYD_TEST_NOW");
    if (value != NULL)
        clock_set_for_test(strtoll(value, NULL, 10));
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

struct deadline deadline_in_ms(int64_t ms)
{
    return (struct deadline){clock_monotonic_ms() + ms};
}

struct deadline deadline_earlier(struct deadline a, struct deadline b)
{
    return a.at_ms < b.at_ms ? a : b;
}

bool deadline_passed(struct deadline deadline)
{
    return deadline_left_ms(deadline) == 0;
}

int deadline_left_ms(struct deadline deadline)
{
    if (deadline.at_ms == INT64_MAX)
        return -1;
    int64_t left = deadline.at_ms - clock_monotonic_ms();
    if (left <= 0)
        return 0;
    return left > INT32_MAX ? INT32_MAX : (int)left;
}

void clock_format_utc(int64_t utc, char out[CLOCK_TEXT_BYTES])
{
    time_t seconds = (time_t)utc;
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL || strftime(out, CLOCK_TEXT_BYTES, "%FT%TZ", &tm) == 0)
        memcpy(out, "0000-00-00T00:00:00Z", CLOCK_TEXT_BYTES);
}

bool clock_parse_utc(const char *text, int64_t *out_utc)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (end == NULL || *end != '\0' || strlen(text) != CLOCK_TEXT_BYTES - 1)
        return false;
    *out_utc = (int64_t)timegm(&tm);
    return true;
}
