#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/doctor/doctor_checks.h"
#include "base/file.h"
#include "tests/unit/agent/doctor/fixture.h"

/* libpcsclite takes the service's socket from here. A service that answers is met in scenario/doctor. */
#define VARIABLE "PCSCLITE_CSOCK_NAME"

static void judged(const struct patient *patient, const char *wanted)
{
    struct doctor_findings findings = {0};
    doctor_pcsc_check(&patient->world, &findings);
    assert_found(&findings, wanted);
}

static void no_service(void **state)
{
    AUTO(memory_freep) char *path = patient_path(*state, "pcscd");
    setenv(VARIABLE, path, 1);
    judged(*state, "pcsc-no-service");
}

/* It takes connections, so it runs; but the library gets no answer that it knows. */
static void a_service_that_hangs_up(void **state)
{
    AUTO(memory_freep) char *path = patient_path(*state, "pcscd");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    AUTO(file_closep) int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const void *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    setenv(VARIABLE, path, 1);
    pid_t child = fork();
    if (child == 0)
        for (;;)
            close(accept(fd, NULL, NULL));
    struct doctor_findings findings = {0};
    struct patient *patient = *state;
    doctor_pcsc_check(&patient->world, &findings);
    kill(child, SIGKILL);
    assert_int_equal(findings.count, 1);
    assert_false(doctor_findings_have(&findings, DOCTOR_PCSC_NO_SERVICE));
    assert_false(doctor_findings_have(&findings, DOCTOR_PCSC_NO_PERMISSION));
    doctor_findings_done(&findings);
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(no_service),
        WITH_PATIENT(a_service_that_hangs_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
