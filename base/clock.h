/* Time: the wall clock (which tests can set), the monotonic clock, and deadlines that are handed down. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970 UTC. */
int64_t clock_now_utc(void);
/* Fixes the wall clock; 0 lets it run again. For tests: also read from UKEYD_TEST_NOW (seconds) by
 * clock_init_from_environment, which only binaries built with -Dtest_hooks=true call. */
void clock_set_for_test(int64_t now_utc);
void clock_init_from_environment(void);

int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);

/* A point of the monotonic clock by which something must be over. */
struct deadline {
    int64_t at_ms; /* INT64_MAX: never */
};

#define DEADLINE_NEVER ((struct deadline){INT64_MAX})

struct deadline deadline_in_ms(int64_t ms);
/* The one that ends first. */
struct deadline deadline_earlier(struct deadline a, struct deadline b);
bool deadline_passed(struct deadline deadline);
/* For poll(): 0 when passed, -1 when never, at most INT32_MAX. */
int deadline_left_ms(struct deadline deadline);

/* "2026-11-22T14:30:00Z" with its zero byte; zeros for a year outside 1000 to 9999. */
#define CLOCK_TEXT_BYTES 21
void clock_format_utc(int64_t utc, char out[CLOCK_TEXT_BYTES]);
/* Reads exactly that form; false otherwise. */
bool clock_parse_utc(const char *text, int64_t *out_utc);
