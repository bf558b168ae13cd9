#include "agent/doctor/doctor_browser.h"

#include "tests/unit/agent/doctor/fixture.h"

static void browsers_are_known_by_their_programs(void **state)
{
    const struct patient *patient = *state;
    const struct doctor_world *world = &patient->world;
    assert_false(doctor_browser_installed(world, "chromium"));
    patient_write(patient, "usr/bin/microsoft-edge", "", 0700);
    assert_true(doctor_browser_installed(world, "edge"));
    assert_false(doctor_browser_installed(world, "chromium"));
    assert_true(doctor_browser_any_like(world, "chromium"));
    assert_false(doctor_browser_any_like(world, "firefox"));
    patient_write(patient, "usr/bin/firefox-esr", "", 0700);
    assert_true(doctor_browser_any_like(world, "firefox"));
    assert_true(doctor_browser_installed(world, "firefox-profile"));
    assert_false(doctor_browser_installed(world, "opera"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(browsers_are_known_by_their_programs, patient_start,
                                        patient_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
