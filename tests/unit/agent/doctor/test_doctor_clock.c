#include "agent/doctor/doctor_checks.h"
#include "base/clock.h"
#include "tests/unit/agent/doctor/fixture.h"

#define RTC "sys/class/rtc/rtc0/since_epoch"
#define NEW_YEAR_2026 1767225600

static void judged(const struct patient *patient, int64_t now_utc, const char *wanted)
{
    struct doctor_findings findings = {0};
    clock_set_for_test(now_utc);
    doctor_clock_check(&patient->world, &findings);
    clock_set_for_test(0);
    assert_found(&findings, wanted);
}

static void the_systems_clock(void **state)
{
    judged(*state, NEW_YEAR_2026, "");
    judged(*state, NEW_YEAR_2026 - 1, "clock-reset");
}

static void the_hardwares_clock(void **state)
{
    patient_write(*state, RTC, "1767225600\n", 0600);
    judged(*state, NEW_YEAR_2026, "");
    patient_write(*state, RTC, "1767225599\n", 0600);
    judged(*state, NEW_YEAR_2026, "rtc-reset");
    judged(*state, 1, "clock-reset rtc-reset");
    patient_write(*state, RTC, "\n", 0600);
    judged(*state, NEW_YEAR_2026, "");
    patient_write(*state, RTC, "12x\n", 0600);
    judged(*state, NEW_YEAR_2026, "");
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(the_systems_clock),
        WITH_PATIENT(the_hardwares_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
