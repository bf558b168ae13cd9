#include "load_times.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "load_client.h"

#define FIRST_ROOM 4096

void load_times_add(struct load_times *times, int64_t ns)
{
    if (times->count == times->room) {
        times->room = times->room > 0 ? times->room * 2 : FIRST_ROOM;
        times->ns = realloc(times->ns, times->room * sizeof *times->ns);
        if (times->ns == NULL)
            load_fail("no memory");
    }
    times->ns[times->count++] = ns;
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static double percentile_us(const struct load_times *times, size_t part)
{
    return (double)times->ns[(times->count - 1) * part / 100] / 1000;
}

void load_times_print(struct load_times *times, int64_t whole_ns)
{
    if (times->count == 0)
        load_fail("no answer");
    qsort(times->ns, times->count, sizeof *times->ns, compare);
    printf("{\"count\": %zu, \"seconds\": %.6f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
           times->count, (double)whole_ns / 1e9, percentile_us(times, 50),
           percentile_us(times, 99));
    free(times->ns);
}
