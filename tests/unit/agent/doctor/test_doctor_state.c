#include <unistd.h>

#include "agent/doctor/doctor_checks.h"
#include "tests/unit/agent/doctor/fixture.h"

static void judged(const struct patient *patient, const char *wanted)
{
    struct doctor_findings findings = {0};
    doctor_state_check(&patient->world, &findings);
    /* Where tests keep their files there may be little room. */
    doctor_findings_drop(&findings, DOCTOR_DISK_FULL);
    assert_found(&findings, wanted);
}

static void settings(void **state)
{
    struct patient *patient = *state;
    patient->world.config_err = (struct err){.code = ERR_CONFIG, .detail = "line 3"};
    judged(patient, "config");
    patient_config(patient, NULL, NULL);
    judged(patient, "roots-unreadable");
    patient_write(patient, "roots.pem", "no certificate", 0600);
    judged(patient, "roots-unreadable");
}

static void a_platforms_file_that_is_left_out(void **state)
{
    struct patient *patient = *state;
    struct err err = ERR_INIT;
    struct doctor_findings findings = {0};
    AUTO(memory_freep) char *folder = patient_path(patient, "platforms.d");
    patient_write(patient, "platforms.d/bad.conf", "[platform bad]\ncolour = red\n", 0600);
    assert_int_equal(config_read_folder("/nonexistent", folder, &patient->world.config, &err),
                     ERR_NONE);
    doctor_state_check(&patient->world, &findings);
    doctor_findings_drop(&findings, DOCTOR_DISK_FULL);
    assert_non_null(strstr(findings.at[0].found, "bad.conf"));
    assert_non_null(strstr(findings.at[0].found, "line 2"));
    assert_found(&findings, "config no-platform");
}

static void no_platform(void **state)
{
    struct patient *patient = *state;
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = patient_path(patient, "empty.conf");
    patient_write(patient, "empty.conf", "[agent]\n", 0600);
    assert_int_equal(config_read(path, &patient->world.config, &err), ERR_NONE);
    judged(patient, "no-platform");
}

static void folders(void **state)
{
    struct patient *patient = *state;
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = patient_path(patient, "empty.conf");
    patient_write(patient, "empty.conf", "[agent]\n", 0600);
    assert_int_equal(config_read(path, &patient->world.config, &err), ERR_NONE);
    patient_folder(patient, "state", 0700);
    patient_folder(patient, "runtime/ukeyd", 0700);
    judged(patient, "no-platform");
    patient_folder(patient, "state", 0750);
    judged(patient, "no-platform state-mode");
    patient_folder(patient, "state", 0500);
    judged(patient, "no-platform state-mode");
    patient_folder(patient, "state", 0700);
    patient_folder(patient, "runtime/ukeyd", 0701);
    judged(patient, "no-platform state-mode");
    patient_folder(patient, "runtime/ukeyd", 0700);
    patient_write(patient, "state/identity/loopback.key", "", 0640);
    judged(patient, "no-platform state-mode");
    patient_write(patient, "state/identity/loopback.key", "", 0600);
    judged(patient, "no-platform");
}

static void a_folder_of_somebody_else(void **state)
{
    struct patient *patient = *state;
    AUTO(memory_freep) char *folder = patient_path(patient, "state");
    char *own = patient->world.state_folder;
    bool is_root = geteuid() == 0; /* who can give it away; all others have root's */
    patient_folder(patient, "state", 0700);
    assert_int_equal(is_root ? chown(folder, 4711, 4711) : 0, 0);
    patient->world.state_folder = is_root ? own : (char[]){"/"};
    judged(patient, "config state-foreign");
    patient->world.state_folder = own;
    assert_int_equal(is_root ? chown(folder, 0, 0) : 0, 0);
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(settings),
        WITH_PATIENT(a_platforms_file_that_is_left_out),
        WITH_PATIENT(no_platform),
        WITH_PATIENT(folders),
        WITH_PATIENT(a_folder_of_somebody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
