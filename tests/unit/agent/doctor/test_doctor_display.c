#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/doctor/doctor_checks.h"
#include "base/file.h"
#include "tests/unit/agent/doctor/fixture.h"

static void judged(struct patient *patient, const char *wanted)
{
    struct doctor_findings findings = {0};
    doctor_display_check(&patient->world, &findings);
    assert_found(&findings, wanted);
}

/* A configuration whose pinentry is a program of this name. */
static void use_pinentry(struct patient *patient, const char *name, mode_t mode)
{
    AUTO(memory_freep) char *path = patient_path(patient, name);
    AUTO(memory_freep) char *line = memory_printf("pinentry = %s", path);
    if (mode != 0)
        patient_write(patient, name, "#!/bin/sh\n", mode);
    patient_config(patient, line, NULL);
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const void *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static int start(void **state)
{
    if (patient_start(state) != 0)
        return -1;
    struct patient *patient = *state;
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    setenv("XDG_RUNTIME_DIR", patient->folder, 1);
    use_pinentry(patient, "pinentry-qt", 0700);
    return 0;
}

static void the_program(void **state)
{
    struct patient *patient = *state;
    AUTO(memory_freep) char *screen = patient_path(patient, "wayland-0");
    AUTO(file_closep) int fd = listen_at(screen);
    setenv("WAYLAND_DISPLAY", "wayland-0", 1);
    judged(patient, "");
    use_pinentry(patient, "pinentry-tty", 0700);
    judged(patient, "pinentry-text");
    use_pinentry(patient, "pinentry-gone", 0);
    judged(patient, "pinentry-missing");
    AUTO(memory_freep) char *link = patient_path(patient, "pinentry");
    assert_int_equal(symlink("pinentry-tty", link), 0);
    use_pinentry(patient, "pinentry", 0);
    judged(patient, "pinentry-text");
}

static void the_desktop(void **state)
{
    struct patient *patient = *state;
    judged(patient, "no-display");
    setenv("DISPLAY", "", 1);
    judged(patient, "no-display");
    setenv("DISPLAY", ":4095", 1);
    judged(patient, "display-gone");
    setenv("DISPLAY", ":x", 1);
    judged(patient, "display-gone");
    setenv("DISPLAY", "far.example:0", 1);
    judged(patient, "");
    setenv("DISPLAY", ":4095", 1);
    setenv("WAYLAND_DISPLAY", "wayland-9", 1);
    judged(patient, "display-gone");
    AUTO(memory_freep) char *screen = patient_path(patient, "wayland-9");
    AUTO(file_closep) int fd = listen_at(screen);
    judged(patient, "");
}

static void the_agents_desktop_counts(void **state)
{
    struct patient *patient = *state;
    setenv("DISPLAY", "far.example:0", 1);
    AUTO(memory_freep)
    char *status = memory_printf("Name:\tukeyd\nPPid:\t1\nUid:\t%u\t0\t0\t0\n", geteuid());
    patient_answer(patient, "/v1/status", "{\"version\":\"0\"}");
    patient_write(patient, "proc/10/status", status, 0600);
    judged(patient, ""); /* it can't be seen */
    patient_write(patient, "proc/10/environ", "HOME=/", 0600);
    judged(patient, "no-display");
    patient_write(patient, "proc/10/environ", "DISPLAY=:4095", 0600);
    judged(patient, "display-gone");
}

static void then_the_user_managers(void **state)
{
    struct patient *patient = *state;
    patient_write(patient, "systemd/private", "", 0600);
    patient_write(patient, "usr/bin/systemctl",
                  "#!/bin/sh\n[ \"$*\" = '--user show-environment' ] && echo HOME=/ && "
                  "echo DISPLAY=far.example:0\n",
                  0700);
    judged(patient, "");
    patient_write(patient, "usr/bin/systemctl", "#!/bin/sh\necho XDISPLAY=far.example:0\n", 0700);
    judged(patient, "no-display");
    patient_write(patient, "usr/bin/systemctl", "#!/bin/sh\nexit 1\n", 0700);
    judged(patient, "no-display");
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(the_program),
        WITH_PATIENT(the_desktop),
        WITH_PATIENT(the_agents_desktop_counts),
        WITH_PATIENT(then_the_user_managers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
