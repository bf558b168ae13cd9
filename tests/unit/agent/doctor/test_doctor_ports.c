#include "agent/doctor/doctor_ports.h"

#include <unistd.h>

#include "agent/doctor/doctor_checks.h"
#include "tests/unit/agent/doctor/fixture.h"

#define HEAD \
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout " \
    "inode\n"
#define ROW(address, state, uid, inode) \
    "   0: " address " 00000000:0000 " state " 00000000:00000000 00:00000000 00000000  " uid \
    "        0 " inode " 1 0000000000000000 100 0 0 10 0\n"
#define ROW6(address, state) \
    "   0: " address " 00000000000000000000000000000000:0000 " state \
    " 00000000:00000000 00:00000000 00000000  1000        0 77 1 0000000000000000 100 0 0 10 0\n"

static void listeners_are_found(void **state)
{
    static const struct {
        const char *row;
        bool found;
    } cases[] = {
        {ROW("0100007F:6B76", "0A", "1000", "42"), true},
        {ROW("0200007F:6B76", "0A", "1000", "42"), true},
        {ROW("00000000:6B76", "0A", "1000", "42"), true},
        {ROW("0101A8C0:6B76", "0A", "1000", "42"), false}, /* 192.168.1.1 */
        {ROW("0100007F:6B76", "01", "1000", "42"), false}, /* connected */
        {ROW("0100007F:6B77", "0A", "1000", "42"), false},
        {ROW6("00000000000000000000000001000000:6B76", "0A"), true},
        {ROW6("00000000000000000000000000000000:6B76", "0A"), true},
        {ROW6("000080FE00000000FF005450B9E8A3FE:6B76", "0A"), false},
        {"nonsense\n", false},
        {"", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct doctor_listener found = {0};
        AUTO(memory_freep) char *table = memory_printf(HEAD "%s", cases[i].row);
        assert_int_equal(doctor_ports_listener(table, 27510, &found), cases[i].found);
        if (i == 0) {
            assert_int_equal(found.uid, 1000);
            assert_int_equal(found.inode, 42);
        }
    }
}

static void judged(const struct patient *patient, const char *table, const char *wanted)
{
    struct doctor_findings findings = {0};
    patient_write(patient, "proc/net/tcp", table, 0600);
    doctor_ports_check(&patient->world, &findings);
    assert_found(&findings, wanted);
}

/* Ports where nobody answers, so that only the table speaks. */
#define AGENT_SETTINGS "port = 1100"
#define TAKEN(port) ROW("0100007F:" port, "0A", "5", "42")

static void who_holds_them_matters_up_to_the_first_free_pair(void **state)
{
    struct patient *patient = *state;
    patient_config(patient, AGENT_SETTINGS, NULL);
    judged(patient, HEAD, "");
    judged(patient, HEAD TAKEN("044C"), "port-taken");
    judged(patient, HEAD TAKEN("044D"), "port-taken");
    judged(patient, HEAD TAKEN("0456"), ""); /* the second pair */
    judged(patient, HEAD TAKEN("044C") TAKEN("0457"), "port-taken port-taken");
    judged(patient, HEAD TAKEN("044C") TAKEN("0456") TAKEN("0461"),
           "port-taken port-taken port-taken ports-taken");
}

static void an_agent_that_hangs_shows_no_descriptors(void **state)
{
    struct patient *patient = *state;
    unsigned user = geteuid();
    AUTO(memory_freep)
    char *table = memory_printf(HEAD ROW("0100007F:044C", "0A", "%u", "42"), user);
    AUTO(memory_freep)
    char *process = memory_printf("Name:\tukeyd\nPPid:\t1\nUid:\t%u\t0\t0\t0\n", user);
    patient_config(patient, AGENT_SETTINGS, NULL);
    judged(patient, table, "port-taken");
    patient_write(patient, "proc/10/status", process, 0600);
    judged(patient, table, "");
}

static void systemd_holds_them_for_the_agent(void **state)
{
    struct patient *patient = *state;
    AUTO(memory_freep) char *link = patient_path(patient, "proc/10/fd/5");
    patient_config(patient, AGENT_SETTINGS, NULL);
    patient_write(patient, "proc/10/status", "Name:\tsystemd\nPPid:\t1\nUid:\t5\t5\t5\t5\n", 0600);
    patient_folder(patient, "proc/10/fd", 0700);
    assert_int_equal(symlink("socket:[42]", link), 0);
    judged(patient, HEAD TAKEN("044C"), "");
}

#define WITH_PATIENT(test) cmocka_unit_test_setup_teardown(test, patient_start, patient_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PATIENT(listeners_are_found),
        WITH_PATIENT(who_holds_them_matters_up_to_the_first_free_pair),
        WITH_PATIENT(an_agent_that_hangs_shows_no_descriptors),
        WITH_PATIENT(systemd_holds_them_for_the_agent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
