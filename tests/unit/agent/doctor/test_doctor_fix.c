#include "agent/doctor/doctor_fix.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/agent/doctor/fixture.h"

static struct json *fix(struct patient *patient, enum doctor_code code)
{
    const struct doctor_options options = {
        .config_file = "/nowhere",
        .state_folder = patient->world.state_folder,
        .socket_path = patient->world.socket_path,
        .root = patient->folder,
        .ask = patient_ask,
    };
    struct doctor_findings findings = {0};
    doctor_findings_add(&findings, code, "x");
    struct json *done = doctor_fix(&options, &findings);
    doctor_findings_done(&findings);
    return done;
}

static void assert_done(const struct json *done, bool wanted)
{
    AUTO(memory_freep) char *text = json_print(done);
    assert_int_equal(json_count(done), 1);
    assert_non_null(strstr(text, wanted ? "\"done\":true" : "\"done\":false"));
    assert_non_null(json_text_of(json_member(json_item(done, 0), "text")));
}

static mode_t mode_of(const struct patient *patient, const char *path)
{
    struct stat status;
    AUTO(memory_freep) char *full = patient_path(patient, path);
    assert_int_equal(stat(full, &status), 0);
    return status.st_mode & 07777;
}

static void modes_are_set(void **state)
{
    struct patient *patient = *state;
    patient_folder(patient, "state", 0755);
    patient_folder(patient, "runtime/ukeyd", 0711);
    patient_write(patient, "state/journal.db", "", 0644);
    AUTO(json_freep) struct json *done = fix(patient, DOCTOR_STATE_MODE);
    assert_done(done, true);
    assert_int_equal(mode_of(patient, "state"), 0700);
    assert_int_equal(mode_of(patient, "runtime/ukeyd"), 0700);
    assert_int_equal(mode_of(patient, "state/journal.db"), 0600);
}

static void a_link_is_not_followed(void **state)
{
    struct patient *patient = *state;
    AUTO(memory_freep) char *link = patient_path(patient, "state/identity");
    AUTO(memory_freep) char *target = patient_path(patient, "elsewhere");
    patient_folder(patient, "state", 0755);
    patient_folder(patient, "elsewhere", 0755);
    assert_int_equal(symlink(target, link), 0);
    AUTO(json_freep) struct json *done = fix(patient, DOCTOR_STATE_MODE);
    assert_done(done, false);
    assert_int_equal(mode_of(patient, "elsewhere"), 0755);
}

static void the_unit_is_restarted(void **state)
{
    struct patient *patient = *state;
    setenv("XDG_RUNTIME_DIR", patient->folder, 1);
    AUTO(json_freep) struct json *without = fix(patient, DOCTOR_AGENT_OLD);
    assert_done(without, false);
    patient_write(patient, "systemd/private", "", 0600);
    patient_write(patient, "usr/bin/systemctl",
                  "#!/bin/sh\n[ \"$*\" = '--user restart ukeyd.service' ]\n", 0700);
    AUTO(json_freep) struct json *done = fix(patient, DOCTOR_AGENT_OLD);
    assert_done(done, true);
    patient_write(patient, "usr/bin/systemctl", "#!/bin/sh\nexit 1\n", 0700);
    AUTO(json_freep) struct json *failed = fix(patient, DOCTOR_UNIT_FAILED);
    assert_done(failed, false);
}

static void trust_without_a_certificate_fails(void **state)
{
    struct patient *patient = *state;
    setenv("HOME", patient->folder, 1);
    AUTO(json_freep) struct json *done = fix(patient, DOCTOR_TRUST_MISSING);
    assert_done(done, false);
}

/* What the list calls fixable is tried, and nothing else. */
static void the_list_is_kept(void **state)
{
    struct patient *patient = *state;
    setenv("HOME", patient->folder, 1);
    setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
    for (size_t i = 0; i < DOCTOR_CODE_COUNT; i++) {
        AUTO(json_freep) struct json *done = fix(patient, (enum doctor_code)i);
        assert_int_equal(json_count(done), doctor_code_fixable((enum doctor_code)i) ? 1 : 0);
    }
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(modes_are_set),         WITH_PATIENT(a_link_is_not_followed),
        WITH_PATIENT(the_unit_is_restarted), WITH_PATIENT(trust_without_a_certificate_fails),
        WITH_PATIENT(the_list_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
