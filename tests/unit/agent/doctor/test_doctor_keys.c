#include "agent/doctor/doctor_checks.h"
#include "tests/unit/agent/doctor/fixture.h"

static void judged(struct patient *patient, const char *tokens, const char *wanted)
{
    struct doctor_findings findings = {0};
    AUTO(memory_freep) char *answer = memory_printf("{\"tokens\":%s}", tokens);
    patient_answer(patient, "/v1/status", "{\"version\":\"0\"}");
    patient_answer(patient, "/v1/tokens", answer);
    doctor_keys_check(&patient->world, &findings);
    assert_found(&findings, wanted);
}

#define PIN(left, max) "\"pin\":{\"left\":" left ",\"max\":" max "}"
#define SIGN(due) "{\"usage\":\"sign\",\"due\":\"" due "\",\"not_after\":\"2026-01-01T00:00:00Z\"}"
#define BOTH(due) "{\"usage\":\"both\",\"due\":\"" due "\"}"
#define WRONG(code) "[{\"reader\":\"r\",\"error\":{\"code\":\"" code "\"}}]"

static void each_state_of_a_key(void **state)
{
    static const struct {
        const char *tokens, *wanted;
    } cases[] = {
        {"[]", ""},
        {"[{" PIN("6", "6") "}]", ""},
        {"[{" PIN("0", "6") "}]", "pin-locked"},
        {"[{" PIN("1", "6") "}]", "pin-last-try"},
        {"[{" PIN("2", "6") "}]", ""},
        {"[{" PIN("1", "1") "}]", ""},
        {"[{\"certificates\":[" SIGN("expired") "]}]", "certificate-expired"},
        {"[{\"certificates\":[" SIGN("too-late") "]}]", "certificate-expired"},
        {"[{\"certificates\":[" SIGN("expired") "," SIGN("now") "]}]", ""},
        /* A PIV token: one certificate for both, and a pair that has none yet. */
        {"[{" PIN("3", "3") ",\"certificates\":[" BOTH("now") "]}]", ""},
        {"[{" PIN("3", "3") ",\"certificates\":[" BOTH("expired") "]}]", "certificate-expired"},
        {"[{" PIN("3", "3") ",\"certificates\":[]}]", ""},
        {"[{\"certificates\":[{\"usage\":\"encrypt\",\"due\":\"expired\"}]}]", ""},
        {WRONG("key-unsupported"), "key-unsupported"},
        {WRONG("key-no-serial"), "key-no-serial"},
        {WRONG("key-hung"), "key-failed"},
        {WRONG("key-busy"), ""},
        {WRONG("reader-busy"), "key-held"},
        {"[{" PIN("0", "6") "},{" PIN("1", "6") "}]", "pin-locked pin-last-try"},
        {"[1,null,{}]", ""},
        {"{}", ""},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        judged(*state, cases[i].tokens, cases[i].wanted);
}

static void without_an_agent_nothing_is_known(void **state)
{
    struct patient *patient = *state;
    struct doctor_findings findings = {0};
    doctor_keys_check(&patient->world, &findings);
    assert_found(&findings, "");
    patient_answer(patient, "/v1/status", "{\"version\":\"0\"}");
    doctor_keys_check(&patient->world, &findings);
    assert_found(&findings, "key-failed");
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(each_state_of_a_key),
        WITH_PATIENT(without_an_agent_nothing_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
