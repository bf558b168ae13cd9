#include "agent/doctor/doctor_process.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/unit/agent/doctor/fixture.h"

static void process(const struct patient *patient, int pid, const char *name, int parent,
                    unsigned uid)
{
    AUTO(memory_freep) char *path = memory_printf("proc/%d/status", pid);
    AUTO(memory_freep)
    char *text =
        memory_printf("Name:\t%s\nUmask:\t0022\nPid:\t%d\nPPid:\t%d\nUid:\t%u\t%u\t%u\t%u\n", name,
                      pid, parent, uid, uid, uid, uid);
    patient_write(patient, path, text, 0600);
}

static void link_at(const struct patient *patient, const char *path, const char *target)
{
    AUTO(memory_freep) char *full = patient_path(patient, path);
    assert_int_equal(symlink(target, full), 0);
}

static void ours_of_that_name_are_found(void **state)
{
    const struct patient *patient = *state;
    struct doctor_process found[DOCTOR_PROCESSES_MAX];
    process(patient, 10, "ukeyd", 1, geteuid());
    process(patient, 11, "ukeyd", 10, geteuid()); /* its launcher */
    process(patient, 12, "ukeyd", 1, geteuid() + 1);
    process(patient, 13, "ukeyctl", 1, geteuid());
    patient_folder(patient, "proc/self", 0700);
    patient_folder(patient, "proc/14x", 0700);
    link_at(patient, "proc/10/exe", "/usr/bin/ukeyd");
    assert_int_equal(doctor_process_find(&patient->world, "ukeyd", found), 1);
    assert_int_equal(found[0].pid, 10);
    assert_false(found[0].replaced);
}

static void a_replaced_program_is_noticed(void **state)
{
    const struct patient *patient = *state;
    struct doctor_process found[DOCTOR_PROCESSES_MAX];
    process(patient, 10, "ukeyd", 1, geteuid());
    link_at(patient, "proc/10/exe", "/usr/bin/ukeyd (deleted)");
    assert_int_equal(doctor_process_find(&patient->world, "ukeyd", found), 1);
    assert_true(found[0].replaced);
}

static void its_variables_are_read(void **state)
{
    const struct patient *patient = *state;
    bool known;
    AUTO(memory_freep) char *path = patient_path(patient, "proc/10/environ");
    static const char environment[] = "XDISPLAY=:9\0DISPLAY=:1\0EMPTY=";
    patient_write(patient, "proc/10/environ", "", 0600);
    FILE *file = fopen(path, "w");
    assert_int_equal(fwrite(environment, 1, sizeof environment, file), sizeof environment);
    fclose(file);
    AUTO(memory_freep) char *x = doctor_process_variable(&patient->world, 10, "DISPLAY", &known);
    AUTO(memory_freep) char *empty = doctor_process_variable(&patient->world, 10, "EMPTY", &known);
    assert_string_equal(x, ":1");
    assert_string_equal(empty, "");
    assert_null(doctor_process_variable(&patient->world, 10, "HOME", &known));
    assert_true(known);
    assert_null(doctor_process_variable(&patient->world, 11, "HOME", &known));
    assert_false(known);
}

static void a_sockets_holder_is_found(void **state)
{
    const struct patient *patient = *state;
    char name[DOCTOR_PROCESS_NAME_BYTES];
    process(patient, 10, "python3", 1, 5);
    patient_folder(patient, "proc/10/fd", 0700);
    link_at(patient, "proc/10/fd/3", "/dev/null");
    link_at(patient, "proc/10/fd/4", "socket:[4711]");
    assert_int_equal(doctor_process_of_socket(&patient->world, 4711, name), 10);
    assert_string_equal(name, "python3");
    assert_int_equal(doctor_process_of_socket(&patient->world, 471, name), 0);
}

static void who_has_loaded_a_library_is_found(void **state)
{
    const struct patient *patient = *state;
    struct doctor_program found[DOCTOR_PROCESSES_MAX];
    process(patient, 10, "user", 1, geteuid());
    patient_write(patient, "proc/10/maps",
                  "7f00-7f01 r-xp 0 08:01 42 /usr/lib/libpcsclite.so.1.0.0\n", 0600);
    process(patient, 11, "other", 1, geteuid());
    patient_write(patient, "proc/11/maps", "7f00-7f01 r-xp 0 08:01 42 /usr/lib/xlibpcsclite.so\n",
                  0600);
    process(patient, 12, "somebody's", 1, geteuid() + 1);
    patient_write(patient, "proc/12/maps", "7f00-7f01 r-xp 0 08:01 42 /usr/lib/libpcsclite.so\n",
                  0600);
    process(patient, 13, "hidden", 1, geteuid());
    assert_int_equal(doctor_process_with_library(&patient->world, "libpcsclite.so", found), 1);
    assert_int_equal(found[0].pid, 10);
    assert_string_equal(found[0].name, "user");
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(ours_of_that_name_are_found),
        WITH_PATIENT(a_replaced_program_is_noticed),
        WITH_PATIENT(its_variables_are_read),
        WITH_PATIENT(a_sockets_holder_is_found),
        WITH_PATIENT(who_has_loaded_a_library_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
