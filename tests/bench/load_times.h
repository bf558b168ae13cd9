/* What was measured, one time for each answer. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct load_times {
    int64_t *ns;
    size_t count;
    size_t room;
};

void load_times_add(struct load_times *times, int64_t ns);
/* One line of JSON: count, seconds, p50_us, p99_us. Frees the times. */
void load_times_print(struct load_times *times, int64_t whole_ns);
