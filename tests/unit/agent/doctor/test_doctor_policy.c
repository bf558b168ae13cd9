#include "agent/doctor/doctor_policy.h"

#include "agent/doctor/doctor_checks.h"
#include "tests/unit/agent/doctor/fixture.h"

#define FOLDER "etc/chromium/policies/managed/"
#define OURS \
    "{\n\t\"LoopbackNetworkAllowedForUrls\":\t[\"https://platform.example\"],\n" \
    "\t\"LocalNetworkAccessAllowedForUrls\":\t[\"https://platform.example\"]\n}\n"

static void patterns_cover_origins(void **state)
{
    static const struct {
        const char *pattern, *origin;
        bool covers;
    } cases[] = {
        {"*", "https://a.example", true},
        {"https://a.example", "https://a.example", true},
        {"https://a.example:8443", "https://a.example:8443", true},
        {"https://a.example:8443", "https://a.example", false},
        {"a.example", "https://a.example:8443", true},
        {"https://a.example", "https://a.example:8443", true},
        {"http://a.example", "https://a.example", false},
        {"[*.]example", "https://a.example", true},
        {"https://[*.]a.example", "https://a.example", true},
        {"[*.]xample", "https://a.example", false},
        {"[*.]b.example", "https://a.example", false},
        {"b.example", "https://a.example", false},
        {"", "https://a.example", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(doctor_policy_covers(cases[i].pattern, cases[i].origin), cases[i].covers);
}

static void judged(const struct patient *patient, const char *wanted)
{
    struct doctor_findings findings = {0};
    doctor_policy_check(&patient->world, &findings);
    assert_found(&findings, wanted);
}

static void without_a_browser_or_a_platform_none_is_missed(void **state)
{
    struct patient *patient = *state;
    judged(patient, "");
    patient_config(patient, NULL, NULL);
    judged(patient, "");
}

static void each_state_of_the_policies(void **state)
{
    struct patient *patient = *state;
    patient_config(patient, NULL, NULL);
    patient_write(patient, "usr/bin/chromium", "", 0700);
    judged(patient, "policy-missing");
    patient_write(patient, FOLDER "ukeyd.json", "{}", 0600);
    judged(patient, "policy-outdated");
    patient_write(patient, FOLDER "ukeyd.json", OURS, 0600);
    judged(patient, "");
    patient_write(patient, FOLDER "b.json",
                  "{\"LocalNetworkAccessBlockedForUrls\": [\"platform.example\"]}", 0600);
    judged(patient, "policy-blocked");
    patient_write(patient, FOLDER "b.json",
                  "{\"LocalNetworkAccessBlockedForUrls\": [\"other.example\", 7]}", 0600);
    judged(patient, "");
    patient_write(patient, FOLDER "b.json", "no JSON", 0600);
    judged(patient, "");
    patient_write(patient, FOLDER "b.json", "{\"LoopbackNetworkAllowedForUrls\": []}", 0600);
    judged(patient, "policy-overridden");
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_cover_origins),
        WITH_PATIENT(without_a_browser_or_a_platform_none_is_missed),
        WITH_PATIENT(each_state_of_the_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
