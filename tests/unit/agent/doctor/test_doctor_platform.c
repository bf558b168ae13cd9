#include "agent/doctor/doctor_platform.h"

#include <stdlib.h>

#include "agent/doctor/doctor_checks.h"
#include "tests/unit/agent/doctor/fixture.h"

/* Real servers and proxies are met in scenario/doctor. */
static void each_failure_has_its_meaning(void **state)
{
    static const struct doctor_platform_way direct = {NULL, false, false},
                                            own = {NULL, true, false},
                                            proxied = {"10.0.0.1 port 3128", false, false},
                                            scripted = {NULL, false, true};
    const struct {
        const struct doctor_platform_way *way;
        struct doctor_fetched fetched;
        enum doctor_code code;
    } cases[] = {
        {&direct, {.status = 404}, DOCTOR_CODE_COUNT},
        {&direct, {.status = 405}, DOCTOR_CODE_COUNT},
        {&direct, {.status = 404, .is_html = true}, DOCTOR_CODE_COUNT},
        {&direct, {.status = 500}, DOCTOR_PLATFORM_FAILED},
        {&direct, {.status = 302, .is_redirect = true}, DOCTOR_PLATFORM_PORTAL},
        {&direct, {.status = 200, .is_html = true}, DOCTOR_PLATFORM_PORTAL},
        {&direct, {.curl_code = 6}, DOCTOR_PLATFORM_NAME},
        {&proxied, {.curl_code = 5}, DOCTOR_PROXY_NAME},
        {&direct, {.curl_code = 7}, DOCTOR_PLATFORM_CONNECT},
        {&proxied,
         {.curl_code = 7, .words = "Failed to connect to 10.0.0.1 port 3128"},
         DOCTOR_PROXY_CONNECT},
        {&proxied,
         {.curl_code = 7, .words = "Failed to connect to 10.0.0.2 port 443"},
         DOCTOR_PLATFORM_CONNECT},
        {&proxied, {.curl_code = 56, .connect_status = 407}, DOCTOR_PROXY_LOGIN},
        {&proxied, {.curl_code = 56, .connect_status = 403}, DOCTOR_PROXY_REFUSED},
        {&proxied, {.curl_code = 56}, DOCTOR_PROXY_REFUSED},
        {&proxied, {.curl_code = 56, .connect_status = 200}, DOCTOR_PLATFORM_TLS},
        {&direct, {.curl_code = 56}, DOCTOR_PLATFORM_TLS},
        {&proxied, {.curl_code = 97}, DOCTOR_PROXY_CONNECT},
        {&direct, {.curl_code = 28}, DOCTOR_PLATFORM_TIMEOUT},
        {&direct, {.curl_code = 35}, DOCTOR_PLATFORM_TLS},
        {&scripted, {.status = 404}, DOCTOR_CODE_COUNT},
        {&scripted, {.status = 500}, DOCTOR_PLATFORM_FAILED},
        {&scripted, {.curl_code = 6}, DOCTOR_PROXY_SCRIPT},
        {&scripted, {.curl_code = 7}, DOCTOR_PROXY_SCRIPT},
        {&scripted, {.curl_code = 28}, DOCTOR_PROXY_SCRIPT},
        {&scripted, {.curl_code = 35}, DOCTOR_PLATFORM_TLS},
        {&own, {.curl_code = 77}, DOCTOR_ROOTS},
        {&own, {.curl_code = 60, .verify_result = 20}, DOCTOR_PLATFORM_INTERCEPTED},
        {&direct, {.curl_code = 60, .verify_result = 18}, DOCTOR_PLATFORM_UNTRUSTED},
        {&own, {.curl_code = 60, .verify_result = 10}, DOCTOR_PLATFORM_CERTIFICATE_TIME},
        {&own, {.curl_code = 60, .verify_result = 9}, DOCTOR_PLATFORM_CERTIFICATE_TIME},
        {&own,
         {.curl_code = 60, .words = "SSL: no alternative certificate subject name matches"},
         DOCTOR_PLATFORM_CERTIFICATE_NAME},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(doctor_platform_judge(cases[i].way, &cases[i].fetched), cases[i].code);
}

static void one_that_is_not_there(void **state)
{
    struct patient *patient = *state;
    struct doctor_findings findings = {0};
    doctor_platform_check(&patient->world, &findings);
    assert_found(&findings, "");
    patient_config(patient, NULL, "api = https://127.0.0.1:1/v1\nproxy = off");
    doctor_platform_check(&patient->world, &findings);
    assert_found(&findings, "platform-connect");
    patient_config(patient, "proxy = http://127.0.0.1:1", NULL);
    doctor_platform_check(&patient->world, &findings);
    assert_found(&findings, "proxy-connect");
}

static void the_environments_proxy_may_hold_a_log_in(void **state)
{
    static const struct {
        const char *proxy, *found;
    } cases[] = {
        {"http://li:geheim@127.0.0.1:1", "proxy-connect"},
        {"http://li:geheim@[::1]:1/", "proxy-connect"},
        {"http://li:geheim@127.0.0.1", "proxy-connect"}, /* 1080 */
        {"https://127.0.0.1", "proxy-connect"},
        {"htp://li:geheim@127.0.0.1:1", "proxy-name"},
        {"http://li:ge#heim@127.0.0.1:1", "proxy-name"},
    };
    struct patient *patient = *state;
    patient_config(patient, NULL, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct doctor_findings findings = {0};
        setenv("https_proxy", cases[i].proxy, 1);
        doctor_platform_check(&patient->world, &findings);
        unsetenv("https_proxy");
        assert_int_equal(findings.count, 1);
        assert_null(strstr(findings.at[0].found, "heim"));
        assert_found(&findings, cases[i].found);
    }
}

static void a_login_that_others_can_read(void **state)
{
    struct patient *patient = *state;
    struct doctor_findings findings = {0};
    AUTO(memory_freep) char *path = patient_path(patient, "login");
    AUTO(memory_freep)
    char *lines = memory_printf("proxy = http://127.0.0.1:1\nproxy_login = %s", path);
    patient_write(patient, "login", "li:geheim", 0644);
    patient_config(patient, lines, NULL);
    doctor_platform_check(&patient->world, &findings);
    assert_null(strstr(findings.at[0].found, "geheim"));
    assert_found(&findings, "proxy-login-file proxy-connect");
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    setenv("HOME", "/dev/null", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failure_has_its_meaning),
        WITH_PATIENT(one_that_is_not_there),
        WITH_PATIENT(the_environments_proxy_may_hold_a_log_in),
        WITH_PATIENT(a_login_that_others_can_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
