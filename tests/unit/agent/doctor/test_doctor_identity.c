#include "agent/doctor/doctor_identity.h"

#include "tests/unit/agent/doctor/fixture.h"

/* An agent that answers is met in scenario/doctor. */
static void nobody_answers(void **state)
{
    struct patient *patient = *state;
    struct doctor_identity identity;
    assert_int_equal(doctor_identity_first_port(&patient->world), 27510);
    patient_config(patient, "port = 1100", NULL);
    assert_int_equal(doctor_identity_first_port(&patient->world), 1100);
    doctor_identity_look(&patient->world, &identity);
    assert_int_equal(identity.port, 0);
    assert_false(identity.expired);
    assert_true(strlen(identity.words) > 0);
    for (size_t i = 0; i < DOCTOR_PORT_PAIRS; i++)
        assert_false(identity.agent[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_answers, patient_start, patient_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
