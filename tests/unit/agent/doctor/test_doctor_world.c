#include "agent/doctor/doctor_world.h"

#include <stdlib.h>

#include "tests/unit/agent/doctor/fixture.h"

static void it_reads_settings_and_asks_the_agent(void **state)
{
    struct patient *patient = *state;
    patient_config(patient, NULL, NULL);
    patient_answer(patient, "/v1/status", "{\"version\":\"9\"}");
    AUTO(memory_freep) char *config = patient_path(patient, "ukeyd.conf");
    const struct doctor_options options = {
        .config_file = config,
        .state_folder = "/s",
        .socket_path = "/run/user/1/ukeyd/ukeyd.sock",
        .root = "/r",
        .ask = patient_ask,
    };
    AUTO(doctor_world_freep) struct doctor_world *world = doctor_world_new(&options);
    assert_true(doctor_world_agent_runs(world));
    assert_string_equal(doctor_world_text(world->status, "version"), "9");
    assert_int_equal(world->config->platform_count, 1);
    assert_string_equal(world->runtime_folder, "/run/user/1/ukeyd");
    AUTO(memory_freep) char *path = doctor_world_path(world, "/etc/x");
    assert_string_equal(path, "/r/etc/x");
}

static void without_an_agent_and_with_bad_settings(void **state)
{
    setenv("XDG_DATA_HOME", "relative", 1);
    setenv("HOME", "/home/li", 1);
    const struct doctor_options options = {
        .config_file = "/nowhere/ukeyd.conf", .socket_path = "/x/y", .ask = patient_ask};
    AUTO(doctor_world_freep) struct doctor_world *world = doctor_world_new(&options);
    assert_false(doctor_world_agent_runs(world));
    assert_int_equal(world->agent_err.code, ERR_AGENT_UNREACHABLE);
    assert_null(world->config);
    assert_int_equal(world->config_err.code, ERR_FILE_MISSING);
    assert_string_equal(world->state_folder, "/home/li/.local/share/ukeyd");
    setenv("XDG_DATA_HOME", "/data", 1);
    AUTO(doctor_world_freep) struct doctor_world *other = doctor_world_new(&options);
    assert_string_equal(other->state_folder, "/data/ukeyd");
}

static void files_of_any_said_size_are_read(void **state)
{
    struct patient *patient = *state;
    patient_write(patient, "etc/two", "one\ntwo\n", 0600);
    AUTO(memory_freep) char *all = doctor_world_read(&patient->world, "/etc/two");
    AUTO(memory_freep) char *first = doctor_world_line(&patient->world, "/etc/two");
    assert_string_equal(all, "one\ntwo\n");
    assert_string_equal(first, "one");
    assert_true(doctor_world_has(&patient->world, "/etc/two"));
    assert_false(doctor_world_has(&patient->world, "/etc/three"));
    assert_null(doctor_world_line(&patient->world, "/etc/three"));
    assert_null(doctor_world_read(&patient->world, "/etc"));
    const struct doctor_world real = {.root = (char *)(uintptr_t) ""};
    AUTO(memory_freep) char *status = doctor_world_read(&real, "/proc/self/status");
    assert_non_null(strstr(status, "Uid:"));
}

static void what_is_too_long_is_not_read(void **state)
{
    struct patient *patient = *state;
    char *text = memory_new(DOCTOR_FILE_BYTES_MAX + 2);
    memset(text, 'a', DOCTOR_FILE_BYTES_MAX);
    patient_write(patient, "fits", text, 0600);
    text[DOCTOR_FILE_BYTES_MAX] = 'a';
    patient_write(patient, "longer", text, 0600);
    AUTO(memory_freep) char *fits = doctor_world_read(&patient->world, "/fits");
    assert_non_null(fits);
    assert_null(doctor_world_read(&patient->world, "/longer"));
    free(text);
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(it_reads_settings_and_asks_the_agent),
        WITH_PATIENT(without_an_agent_and_with_bad_settings),
        WITH_PATIENT(files_of_any_said_size_are_read),
        WITH_PATIENT(what_is_too_long_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
