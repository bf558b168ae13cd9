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
    int64_t now_ms = clock_monotonic_ms();
    return ms > INT64_MAX - now_ms ? DEADLINE_NEVER : (struct deadline){now_ms + ms};
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
    bool good = gmtime_r(&seconds, &tm) != NULL && tm.tm_year >= 1000 - 1900;
    if (!good || strftime(out, CLOCK_TEXT_BYTES, "%FT%TZ", &tm) != CLOCK_TEXT_BYTES - 1)
        memcpy(out, "0000-00-00T00:00:00Z", CLOCK_TEXT_BYTES);
}

/* strptime takes spaces for digits and the 31st of any month, so what was read must print the same. */
bool clock_parse_utc(const char *text, int64_t *out_utc)
{
    struct tm tm = {0};
    char again[CLOCK_TEXT_BYTES];
    if (strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) == NULL)
        return false;
    int64_t utc = (int64_t)timegm(&tm);
    clock_format_utc(utc, again);
    if (strcmp(again, text) != 0)
        return false;
    *out_utc = utc;
    return true;
}
