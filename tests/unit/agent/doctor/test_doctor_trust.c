#include <stdlib.h>

#include "agent/doctor/doctor_checks.h"
#include "tests/unit/agent/doctor/fixture.h"

/* Rows of each state are made by real browsers' databases in scenario/doctor. */
static void judged(const struct patient *patient, const char *wanted)
{
    struct doctor_findings findings = {0};
    doctor_trust_check(&patient->world, &findings);
    assert_found(&findings, wanted);
}

static void an_agent_without_a_certificate_is_no_matter_of_trust(void **state)
{
    struct patient *patient = *state;
    setenv("HOME", patient->folder, 1);
    unsetenv("XDG_DATA_HOME");
    unsetenv("XDG_CONFIG_HOME");
    patient_write(patient, "usr/bin/chromium", "", 0700);
    judged(patient, "");
}

static void a_home_of_somebody_else_is_not_looked_at(void **state)
{
    struct patient *patient = *state;
    struct doctor_findings findings = {0};
    setenv("HOME", "/dev/null/at/all", 1);
    doctor_trust_check(&patient->world, &findings);
    assert_non_null(json_text_of(json_member(findings.facts, "error")));
    assert_found(&findings, "");
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(an_agent_without_a_certificate_is_no_matter_of_trust),
        WITH_PATIENT(a_home_of_somebody_else_is_not_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
