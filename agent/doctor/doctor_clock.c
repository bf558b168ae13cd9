#include <stdlib.h>

#include "agent/doctor/doctor_checks.h"
#include "base/clock.h"

/* 2026-01-01: no copy of this program is older, so a clock before it was never set. */
#define EARLIEST_UTC 1767225600
#define HARDWARE_CLOCK "/sys/class/rtc/rtc0/since_epoch"

static void add(struct doctor_findings *findings, enum doctor_code code, int64_t utc)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format_utc(utc, text);
    doctor_findings_add(findings, code, "it says %s", text);
}

void doctor_clock_check(const struct doctor_world *world, struct doctor_findings *findings)
{
    int64_t now = clock_now_utc();
    AUTO(memory_freep) char *text = doctor_world_line(world, HARDWARE_CLOCK);
    if (now < EARLIEST_UTC)
        add(findings, DOCTOR_CLOCK_RESET, now);
    if (text == NULL || *text == '\0')
        return;
    char *end;
    int64_t hardware = strtoll(text, &end, 10);
    doctor_findings_fact(findings, "hardware_clock", text);
    if (*end == '\0' && hardware < EARLIEST_UTC)
        add(findings, DOCTOR_RTC_RESET, hardware);
}
