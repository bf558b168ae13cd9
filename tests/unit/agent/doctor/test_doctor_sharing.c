#include "agent/doctor/doctor_sharing.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/agent/doctor/fixture.h"

#define LINE "7f0000000000-7f0000001000 r-xp 00000000 08:01 42 "
#define PCSC LINE "/usr/lib/x86_64-linux-gnu/libpcsclite.so.1.0.0\n"
#define OTHER LINE "/usr/lib/x86_64-linux-gnu/libc.so.6\n"

static void process(const struct patient *patient, int pid, const char *name, const char *maps)
{
    AUTO(memory_freep) char *status = memory_printf("proc/%d/status", pid);
    AUTO(memory_freep) char *loaded = memory_printf("proc/%d/maps", pid);
    AUTO(memory_freep)
    char *text = memory_printf("Name:\t%s\nPPid:\t1\nUid:\t%u\n", name, geteuid());
    patient_write(patient, status, text, 0600);
    if (maps != NULL)
        patient_write(patient, loaded, maps, 0600);
}

static void blamed(const struct patient *patient, const char *found, const char *wanted)
{
    struct doctor_findings findings = {0};
    doctor_sharing_blame(&patient->world, "r", &findings);
    assert_string_equal(findings.at[0].found, found);
    assert_found(&findings, wanted);
}

static void nobody_is_known(void **state)
{
    const struct patient *patient = *state;
    assert_null(doctor_sharing_programs(&patient->world));
    process(patient, 8, "ukeyctl", OTHER PCSC);
    process(patient, 9, "ukeyd-launch", OTHER PCSC);
    process(patient, 10, "ukeyd", OTHER PCSC);
    process(patient, 11, "bash", OTHER);
    assert_null(doctor_sharing_programs(&patient->world));
    blamed(patient, "r: no program of this user is known to use it", "key-held");
}

static void who_speaks_to_the_service_is_named(void **state)
{
    const struct patient *patient = *state;
    process(patient, 12, "firefox-esr", OTHER PCSC OTHER);
    AUTO(memory_freep) char *programs = doctor_sharing_programs(&patient->world);
    assert_string_equal(programs, "firefox-esr (12)");
    blamed(patient, "r: may be held by firefox-esr (12)", "key-held");
}

/* It lets nobody look into it. */
static void gnupg_is_named_by_its_process(void **state)
{
    const struct patient *patient = *state;
    process(patient, 13, "scdaemon", NULL);
    process(patient, 14, "firefox-esr", PCSC);
    blamed(patient, "r: may be held by scdaemon (13), firefox-esr (14)", "key-held-by-gnupg");
}

static void gnupg_that_shares_is_not_to_blame(void **state)
{
    static const struct {
        const char *settings, *wanted;
    } cases[] = {
        {"", "key-held-by-gnupg"},
        {"#pcsc-shared\npcsc-shared-not\n", "key-held-by-gnupg"},
        {"verbose\n  pcsc-shared", "key-held"},
        {"pcsc-shared \r\n", "key-held"},
    };
    const struct patient *patient = *state;
    process(patient, 13, "scdaemon", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        patient_write(patient, "home/.gnupg/scdaemon.conf", cases[i].settings, 0600);
        blamed(patient, "r: may be held by scdaemon (13)", cases[i].wanted);
    }
    patient_write(patient, "home/.gnupg/scdaemon.conf", "", 0600);
    patient_write(patient, "etc/gnupg/scdaemon.conf", "pcsc-shared\n", 0600);
    blamed(patient, "r: may be held by scdaemon (13)", "key-held");
}

static void usb_device(const struct patient *patient, const char *name, const char *class)
{
    static const char *const ids[] = {"idVendor", "idProduct"};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        AUTO(memory_freep) char *path = memory_printf("sys/bus/usb/devices/%s/%s", name, ids[i]);
        patient_write(patient, path, "1050\n", 0600);
    }
    AUTO(memory_freep)
    char *path = memory_printf("sys/bus/usb/devices/%s:1.0/bInterfaceClass", name);
    patient_write(patient, path, class, 0600);
}

static void gnupg_may_drive_a_reader_itself(void **state)
{
    const struct patient *patient = *state;
    usb_device(patient, "1-1", "0b\n");
    usb_device(patient, "1-2", "03\n"); /* no reader */
    assert_false(doctor_sharing_gnupg_has_usb(&patient->world, 0));
    process(patient, 13, "scdaemon", NULL);
    assert_true(doctor_sharing_gnupg_has_usb(&patient->world, 0));
    assert_false(doctor_sharing_gnupg_has_usb(&patient->world, 1));
    patient_write(patient, "home/.gnupg/scdaemon.conf", "disable-ccid\n", 0600);
    assert_false(doctor_sharing_gnupg_has_usb(&patient->world, 0));
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    setenv("HOME", "/home", 1);
    unsetenv("GNUPGHOME");
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(nobody_is_known),
        WITH_PATIENT(who_speaks_to_the_service_is_named),
        WITH_PATIENT(gnupg_is_named_by_its_process),
        WITH_PATIENT(gnupg_that_shares_is_not_to_blame),
        WITH_PATIENT(gnupg_may_drive_a_reader_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
