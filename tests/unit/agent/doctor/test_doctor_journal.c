#include "agent/doctor/doctor_checks.h"
#include "agent/ops/op_journal.h"
#include "tests/unit/agent/doctor/fixture.h"

static void judged(struct patient *patient, const char *wanted)
{
    struct doctor_findings findings = {0};
    doctor_journal_check(&patient->world, &findings);
    assert_found(&findings, wanted);
}

static void the_agent_is_asked(void **state)
{
    struct patient *patient = *state;
    patient_answer(patient, "/v1/status", "{\"version\":\"0\"}");
    patient_answer(
        patient, "/v1/operations",
        "{\"operations\":["
        "{\"id\":\"a\",\"kind\":\"renew\",\"state\":\"done\",\"resumable\":false},"
        "{\"id\":\"b\",\"kind\":\"renew\",\"state\":\"failed\",\"resumable\":false},"
        "{\"id\":\"c\",\"kind\":\"renew\",\"state\":\"failed\",\"resumable\":true},"
        "{\"id\":\"d\",\"kind\":\"renew\",\"state\":\"running\",\"resumable\":false},"
        "{\"id\":\"e\",\"kind\":\"renew\",\"state\":\"unconfirmed\",\"resumable\":false},"
        "{},7]}");
    judged(patient, "operation-interrupted operation-unconfirmed");
    patient_answer(patient, "/v1/operations", NULL);
    judged(patient, "");
}

static void write_row(const char *path, const char *id, const char *state)
{
    struct err err = ERR_INIT;
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    const struct op_row row = {
        .id = id, .kind = "renew", .state = state, .step = "s", .facts = "{}"};
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    assert_int_equal(op_journal_put(journal, &row, OP_OUTLIVES_US, &err), ERR_NONE);
}

static void without_it_the_file_is_read(void **state)
{
    struct patient *patient = *state;
    AUTO(memory_freep) char *path = patient_path(patient, "state/journal.db");
    judged(patient, "");
    patient_folder(patient, "state", 0700);
    write_row(path, "a", "done");
    judged(patient, "");
    write_row(path, "b", "waiting-platform");
    write_row(path, "c", "unconfirmed");
    judged(patient, "operation-interrupted operation-unconfirmed");
}

static void a_damaged_file(void **state)
{
    struct patient *patient = *state;
    patient_write(patient, "state/journal.db", "this is no database, and long enough to be one",
                  0600);
    judged(patient, "journal-damaged");
}

static void one_that_an_agent_has_is_left_alone(void **state)
{
    struct patient *patient = *state;
    struct err err = ERR_INIT;
    AUTO(op_journal_closep) struct op_journal *journal = NULL;
    AUTO(memory_freep) char *path = patient_path(patient, "state/journal.db");
    patient_folder(patient, "state", 0700);
    write_row(path, "c", "unconfirmed");
    assert_int_equal(op_journal_open(path, &journal, &err), ERR_NONE);
    judged(patient, "");
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(the_agent_is_asked),
        WITH_PATIENT(without_it_the_file_is_read),
        WITH_PATIENT(a_damaged_file),
        WITH_PATIENT(one_that_an_agent_has_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
