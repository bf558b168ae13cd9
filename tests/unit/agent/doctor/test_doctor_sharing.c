#include "agent/doctor/doctor_sharing.h"

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
    patient_write(patient, loaded, maps, 0600);
}

static void opens(const struct patient *patient, int pid, const char *target)
{
    AUTO(memory_freep) char *folder = memory_printf("proc/%d/fd", pid);
    AUTO(memory_freep) char *path = memory_printf("%s/7", folder);
    AUTO(memory_freep) char *full = patient_path(patient, path);
    patient_folder(patient, folder, 0700);
    assert_int_equal(symlink(target, full), 0);
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

static void gnupg_is_named_by_name(void **state)
{
    const struct patient *patient = *state;
    process(patient, 13, "scdaemon", OTHER PCSC);
    blamed(patient, "r: may be held by scdaemon (13)", "key-held-by-gnupg");
    assert_false(doctor_sharing_gnupg_has_usb(&patient->world));
}

/* It runs, but for a token that it drives itself, or for none. */
static void gnupg_without_the_service_holds_no_card_of_it(void **state)
{
    const struct patient *patient = *state;
    process(patient, 13, "scdaemon", OTHER);
    blamed(patient, "r: no program of this user is known to use it", "key-held");
    opens(patient, 13, "/dev/bus/usb/001/004");
    assert_true(doctor_sharing_gnupg_has_usb(&patient->world));
}

static void others_may_have_usb(void **state)
{
    const struct patient *patient = *state;
    process(patient, 14, "scanner", OTHER);
    opens(patient, 14, "/dev/bus/usb/001/004");
    assert_false(doctor_sharing_gnupg_has_usb(&patient->world));
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(nobody_is_known),
        WITH_PATIENT(who_speaks_to_the_service_is_named),
        WITH_PATIENT(gnupg_is_named_by_name),
        WITH_PATIENT(gnupg_without_the_service_holds_no_card_of_it),
        WITH_PATIENT(others_may_have_usb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
