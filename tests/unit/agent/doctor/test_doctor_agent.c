#include <unistd.h>

#include "agent/doctor/doctor_checks.h"
#include "tests/unit/agent/doctor/fixture.h"

#define RUNNING "{\"version\":\"" UKEYD_VERSION "\"}"

static void judged(const struct patient *patient, const char *wanted)
{
    struct doctor_findings findings = {0};
    doctor_agent_check(&patient->world, &findings);
    assert_found(&findings, wanted);
}

static void process(const struct patient *patient, int pid)
{
    AUTO(memory_freep) char *path = memory_printf("proc/%d/status", pid);
    AUTO(memory_freep)
    char *status = memory_printf("Name:\tukeyd\nPPid:\t1\nUid:\t%u\t0\t0\t0\n", geteuid());
    patient_write(patient, path, status, 0600);
}

static void none_runs(void **state)
{
    struct patient *patient = *state;
    judged(patient, "agent-not-running");
    process(patient, 10);
    judged(patient, "agent-silent");
    patient->world.agent_err.code = ERR_DEADLINE;
    judged(patient, "agent-silent");
}

/* Its HTTPS can't be met here. */
static void versions_and_numbers(void **state)
{
    struct patient *patient = *state;
    patient_config(patient, "port = 1100", NULL);
    patient_answer(patient, "/v1/status", RUNNING);
    judged(patient, "https-failed");
    patient_answer(patient, "/v1/status", "{\"version\":\"0.0.1\"}");
    judged(patient, "agent-old https-failed");
    patient_answer(patient, "/v1/status", "{}");
    judged(patient, "agent-old https-failed");
    patient_answer(patient, "/v1/status", RUNNING);
    process(patient, 10);
    process(patient, 11);
    judged(patient, "several-agents https-failed");
}

static void a_replaced_program(void **state)
{
    struct patient *patient = *state;
    AUTO(memory_freep) char *link = patient_path(patient, "proc/10/exe");
    patient_config(patient, "port = 1100", NULL);
    patient_answer(patient, "/v1/status", RUNNING);
    process(patient, 10);
    assert_int_equal(symlink("/usr/bin/ukeyd (deleted)", link), 0);
    judged(patient, "agent-old https-failed");
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(none_runs),
        WITH_PATIENT(versions_and_numbers),
        WITH_PATIENT(a_replaced_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
