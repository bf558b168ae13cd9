#include "agent/doctor/doctor_units.h"

#include <stdlib.h>
#include <unistd.h>

#include "agent/doctor/doctor_checks.h"
#include "tests/unit/agent/doctor/fixture.h"

#define BLOCK(id, load, active, file, result) \
    "Id=" id "\nLoadState=" load "\nActiveState=" active "\nUnitFileState=" file \
    "\nResult=" result "\n"

static void blocks_are_told_apart(void **state)
{
    static const char output[] =
        BLOCK("ukeyd.service", "loaded", "failed", "static",
              "exit-code") "\n" BLOCK("ukeyd.socket", "masked", "inactive", "disabled", "success");
    struct doctor_unit service, listener, none;
    doctor_units_read(output, "ukeyd.service", &service);
    doctor_units_read(output, "ukeyd.socket", &listener);
    doctor_units_read(output, "ukeyd.timer", &none);
    assert_true(service.known && service.failed && !service.masked && !service.disabled);
    assert_string_equal(service.result, "exit-code");
    assert_true(listener.known && listener.masked && listener.disabled && !listener.active);
    assert_false(none.known);
}

/* A systemctl that prints this. */
static void judged(const struct patient *patient, const char *output, const char *wanted)
{
    struct doctor_findings findings = {0};
    AUTO(memory_freep) char *script = memory_printf("#!/bin/sh\ncat <<'END'\n%s\nEND\n", output);
    patient_write(patient, "usr/bin/systemctl", script, 0700);
    doctor_units_check(&patient->world, &findings);
    assert_found(&findings, wanted);
}

#define SERVICE(load, active, file) BLOCK("ukeyd.service", load, active, file, "success") "\n"
#define LISTENER(load, active, file) BLOCK("ukeyd.socket", load, active, file, "success")

static void each_state_of_the_units(void **state)
{
    const struct patient *patient = *state;
    static const struct {
        const char *output, *wanted;
    } cases[] = {
        {SERVICE("loaded", "active", "static") LISTENER("loaded", "active", "enabled"), ""},
        {SERVICE("loaded", "inactive", "disabled") LISTENER("loaded", "active", "enabled"), ""},
        {SERVICE("not-found", "inactive", "") LISTENER("not-found", "inactive", ""), ""},
        {SERVICE("loaded", "failed", "static") LISTENER("loaded", "active", "enabled"),
         "unit-failed"},
        {SERVICE("loaded", "active", "static") LISTENER("loaded", "failed", "enabled"), ""},
        {SERVICE("loaded", "inactive", "disabled") LISTENER("loaded", "inactive", "disabled"),
         "unit-disabled"},
        {SERVICE("masked", "inactive", "masked") LISTENER("loaded", "inactive", "enabled"),
         "unit-disabled"},
        {"nonsense", ""},
    };
    AUTO(memory_freep) char *runtime = patient_path(patient, "run");
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    assert_false(doctor_units_manager());
    judged(patient, cases[3].output, "");
    patient_write(patient, "run/systemd/private", "", 0600);
    assert_true(doctor_units_manager());
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        judged(patient, cases[i].output, cases[i].wanted);
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(blocks_are_told_apart),
        WITH_PATIENT(each_state_of_the_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
