#include "agent/doctor/doctor_report.h"

#include <stdlib.h>
#include <unistd.h>

#include "agent/ops/op_journal.h"
#include "base/file.h"
#include "tests/unit/agent/doctor/fixture.h"

static char *report_of(struct patient *patient, const char *log)
{
    const struct doctor_options options = {.socket_path = "/x/y", .ask = patient_ask};
    struct doctor_findings findings = {0};
    doctor_findings_add(&findings, DOCTOR_PIN_LOCKED, "key SN123456789: no try is left");
    doctor_findings_add(&findings, DOCTOR_CONFIG, "%s/ukeyd.conf of 李四", patient->folder);
    char *text = doctor_report_text(&options, &findings, log);
    doctor_findings_done(&findings);
    return text;
}

static void it_names_nobody(void **state)
{
    struct patient *patient = *state;
    setenv("HOME", patient->folder, 1);
    patient_answer(
        patient, "/v1/tokens",
        "{\"tokens\":[{\"serial\":\"SN123456789\",\"label\":\"某公司的锁\","
        "\"certificates\":[{\"subject\":\"CN=张三,O=某公司,C=CN\",\"common_name\":\"张三\","
        "\"serial\":\"0A0B0C0D0E\"}],\"seals\":[{\"name\":\"某公司公章\"}]}]}");
    patient_answer(patient, "/v1/operations",
                   "{\"operations\":[{\"order\":\"YQ20261122001\","
                   "\"token\":{\"serial\":\"SN987654321\",\"holder\":\"李四\"}}]}");
    AUTO(memory_freep)
    char *text =
        report_of(patient, "log of 张三 and 李四, key SN987654321, certificate 0A0B0C0D0E, "
                           "order YQ20261122001, seal 某公司公章, lock 某公司的锁\n");
    static const char *const secrets[] = {"SN123456789", "SN987654321", "张三",       "李四",
                                          "某公司",      "0A0B0C0D0E",  "20261122001"};
    for (size_t i = 0; i < ARRAY_SIZE(secrets); i++)
        assert_null(strstr(text, secrets[i]));
    assert_null(strstr(text, patient->folder));
    assert_non_null(strstr(text, "key SN...89: no try is left"));
    assert_non_null(strstr(text, "~/ukeyd.conf of (name)"));
    assert_non_null(strstr(text, "\"pin-locked\""));
    assert_non_null(strstr(text, UKEYD_VERSION));
    assert_non_null(strstr(text, "log of (name) and (name)"));
}

static void quotation_marks_and_readers_hide_nothing(void **state)
{
    struct patient *patient = *state;
    const struct doctor_options options = {.socket_path = "/x/y", .ask = patient_ask};
    struct doctor_findings findings = {0};
    patient_answer(patient, "/v1/tokens",
                   "{\"tokens\":[{\"reader\":\"Key [CCID] (0123456789ABCDEF) 00 00\","
                   "\"label\":\"Firm \\\"Sun\\\"\"}]}");
    doctor_findings_add(&findings, DOCTOR_KEY_FAILED,
                        "Key [CCID] (FEDCBA9876543210) 00 00: "
                        "Firm \"Sun\"");
    AUTO(memory_freep)
    char *text = doctor_report_text(&options, &findings,
                                    "Key [CCID] (0123456789ABCDEF) 00 00: Firm \"Sun\"\n");
    doctor_findings_done(&findings);
    assert_null(strstr(text, "Sun"));
    assert_null(strstr(text, "0123456789ABCDEF"));
    assert_null(strstr(text, "FEDCBA9876543210"));
    assert_non_null(strstr(text, "(01...EF) 00 00: (name)"));
}

static void without_an_agent_there_is_one_too(void **state)
{
    AUTO(memory_freep) char *text = report_of(*state, NULL);
    assert_non_null(strstr(text, "\"pin-locked\""));
}

/* C=CN, O=五金店, CN=王五; SM2, signed by itself. */
#define CERTIFICATE \
    "MIIBxTCCAWygAwIBAgIUeS/djrRmWYLykAZlafXyQ1kzi4YwCgYIKoEcz1UBg3UwMjELMAkGA1UEBhMCQ04xEjAQ" \
    "BgNVBAoMCeS6lOmHkeW6lzEPMA0GA1UEAwwG546L5LqUMB4XDTI2MTEyMzAxMDc1N1oXDTM2MTEyMDAxMDc1N1ow" \
    "MjELMAkGA1UEBhMCQ04xEjAQBgNVBAoMCeS6lOmHkeW6lzEPMA0GA1UEAwwG546L5LqUMFkwEwYHKoZIzj0CAQYI" \
    "KoEcz1UBgi0DQgAEKyQjb1ubpQzn5jcwZ5Vm7wdECTAcDE9HBEbyzRvWL6sRgwbqqqXC91ObcRkTgvKcKYFmas6Y" \
    "r0aa++3Fpulr7aNgMF4wHQYDVR0OBBYEFGonX4JVW2lvgfv4QPUHNVpNj5snMB8GA1UdIwQYMBaAFGonX4JVW2lv" \
    "gfv4QPUHNVpNj5snMA8GA1UdEwEB/wQFMAMBAf8wCwYDVR0PBAQDAgeAMAoGCCqBHM9VAYN1A0cAMEQCIFF/1Zkf" \
    "n1ml226MiLyoZF5A730E/hdFNIQdrYaSd8lEAiAenZEoWzw1zZ0Le0fzWQ5s92CahPpeqRClK49f6y7N6w=="

static void write_journal(const struct patient *patient)
{
    struct err err = ERR_INIT;
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    AUTO(memory_freep) char *path = patient_path(patient, "state/journal.db");
    const struct op_row rows[] = {
        {.id = "a",
         .kind = "renew",
         .state = "failed",
         .step = "issue",
         .serial = "bidder7",
         .facts = "{\"job\":{\"order\":\"2026-0815\",\"holder\":\"赵六\"},"
                  "\"issued\":{\"sign_cert\":\"" CERTIFICATE "\"}}"},
        {.id = "b", .kind = "renew", .state = "done", .step = "confirm", .facts = "no JSON"},
    };
    patient_folder(patient, "state", 0700);
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_int_equal(op_journal_put(journal, &rows[i], OP_OUTLIVES_US, &err), ERR_NONE);
}

static void without_an_agent_its_journal_says_whom_to_hide(void **state)
{
    struct patient *patient = *state;
    const struct doctor_options options = {
        .state_folder = patient->world.state_folder, .socket_path = "/x/y", .ask = patient_ask};
    const struct doctor_findings nothing = {0};
    write_journal(patient);
    AUTO(memory_freep)
    char *text = doctor_report_text(&options, &nothing, "bidder7: 赵六, 王五 of 五金店, 2026-0815");
    assert_non_null(strstr(text, "bi...r7: (name), (name) of (name), 20...15"));
}

static void it_is_a_new_file_for_its_owner(void **state)
{
    struct patient *patient = *state;
    struct err err = ERR_INIT;
    struct stat status;
    AUTO(bytes_freep) struct bytes *content = NULL;
    AUTO(memory_freep) char *path = patient_path(patient, "report");
    AUTO(memory_freep) char *link = patient_path(patient, "link");
    AUTO(memory_freep) char *nowhere = patient_path(patient, "none/report");
    mode_t mask = umask(0);
    assert_int_equal(doctor_report_write(path, "text", &err), ERR_NONE);
    umask(mask);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(doctor_report_write(path, "other", &err), ERR_REPORT_EXISTS);
    assert_int_equal(symlink("elsewhere", link), 0);
    assert_int_equal(doctor_report_write(link, "other", &err), ERR_REPORT_EXISTS);
    assert_int_equal(doctor_report_write(nowhere, "other", &err), ERR_FILE);
    assert_int_equal(file_read(path, 100, &content, &err), ERR_NONE);
    assert_string_equal((const char *)content->at, "text");
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(it_names_nobody),
        WITH_PATIENT(quotation_marks_and_readers_hide_nothing),
        WITH_PATIENT(without_an_agent_there_is_one_too),
        WITH_PATIENT(without_an_agent_its_journal_says_whom_to_hide),
        WITH_PATIENT(it_is_a_new_file_for_its_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
