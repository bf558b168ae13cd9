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

static struct doctor_fetched refused(long verify_result, const char *words)
{
    struct doctor_fetched fetched = {.curl_code = 60, .verify_result = verify_result};
    memcpy(fetched.words, words, strlen(words) + 1);
    return fetched;
}

/* Source: OpenSSL, x509_vfy.h: 9 not yet valid, 10 expired, 18 self-signed. */
static void what_is_wrong_with_the_certificate_is_told(void **state)
{
    struct doctor_fetched fetched[2 * DOCTOR_PORT_PAIRS] = {
        refused(0, "connection refused"), refused(10, "expired"), refused(18, "self-signed")};
    struct doctor_identity identity = {0};
    doctor_identity_judge(fetched, 27510, &identity);
    assert_true(identity.expired);
    assert_string_equal(identity.words, "expired");
    identity = (struct doctor_identity){0};
    fetched[0] = refused(9, "not yet valid");
    doctor_identity_judge(fetched, 27510, &identity);
    assert_string_equal(identity.words, "not yet valid");
    identity = (struct doctor_identity){0};
    fetched[0] = refused(18, "self-signed");
    fetched[1] = (struct doctor_fetched){.status = 200};
    doctor_identity_judge(fetched, 27510, &identity);
    assert_false(identity.expired);
    assert_string_equal(identity.words, "self-signed");
    assert_int_equal(identity.port, 27520);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_with_the_certificate_is_told),
        cmocka_unit_test_setup_teardown(nobody_answers, patient_start, patient_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
