#include "agent/doctor/doctor.h"

#include <semaphore.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/agent/doctor/fixture.h"

static sem_t go_on, gone;

static void good(const struct doctor_world *world, struct doctor_findings *findings)
{
    doctor_findings_fact(findings, "seen", world->root);
}

static void no_reader(const struct doctor_world *world, struct doctor_findings *findings)
{
    doctor_findings_add(findings, DOCTOR_NO_READER, "none");
}

static void hid(const struct doctor_world *world, struct doctor_findings *findings)
{
    doctor_findings_add(findings, DOCTOR_KEY_HID, "055C:E618");
}

static void slow(const struct doctor_world *world, struct doctor_findings *findings)
{
    sem_wait(&go_on);
    doctor_findings_add(findings, DOCTOR_CONFIG, "%s", world->root);
    sem_post(&gone);
}

static void run(const struct doctor_check *checks, size_t count, struct doctor_findings *out)
{
    const struct doctor_options options = {
        .config_file = "/nowhere", .socket_path = "/x/y", .root = "/r", .ask = patient_ask};
    doctor_run(doctor_world_new(&options), checks, count, out);
}

static void all_run_and_their_order_stays(void **state)
{
    const struct doctor_check checks[] = {
        {"first", no_reader, 10}, {"second", good, 10}, {"third", no_reader, 10}};
    struct doctor_findings findings = {0};
    run(checks, ARRAY_SIZE(checks), &findings);
    assert_string_equal(json_text_of(json_member(json_member(findings.facts, "second"), "seen")),
                        "/r");
    AUTO(json_freep) struct json *json = doctor_json(&findings, LANG_EN);
    assert_int_equal(json_count(json_member(json, "findings")), 2);
    assert_string_equal(json_text_of(json_member(json, "version")), UKEYD_VERSION);
    assert_found(&findings, "no-reader no-reader");
}

static void a_consequence_is_not_told(void **state)
{
    const struct doctor_check checks[] = {{"pcsc", no_reader, 10}, {"usb", hid, 10}};
    struct doctor_findings findings = {0};
    run(checks, ARRAY_SIZE(checks), &findings);
    assert_found(&findings, "key-hid");
}

static void one_that_hangs_is_given_up(void **state)
{
    const struct doctor_check checks[] = {{"slow", slow, 0}, {"pcsc", no_reader, 30}};
    struct doctor_findings findings = {0};
    sem_init(&go_on, 0, 0);
    sem_init(&gone, 0, 0);
    run(checks, ARRAY_SIZE(checks), &findings);
    assert_non_null(strstr(findings.at[0].found, "\"slow\""));
    assert_found(&findings, "check-late no-reader");
    sem_post(&go_on);
    sem_wait(&gone);
}

static int handlers_ran; /* written to by the child's handler */

static void tell(void)
{
    assert_int_equal(write(handlers_ran, "x", 1), 1);
}

/* Whether a process that performed the check runs its exit handlers. */
static bool handlers_run_after(const struct doctor_check *check)
{
    int ends[2], status;
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct doctor_findings findings = {0};
        handlers_ran = ends[1];
        atexit(tell);
        run(check, 1, &findings);
        exit(7);
    }
    close(ends[1]);
    bool told = read(ends[0], &byte, 1) == 1;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 7);
    return told;
}

static void no_exit_handler_runs_beside_one_that_was_given_up(void **state)
{
    const struct doctor_check in_time = {"first", no_reader, 30}, late = {"slow", slow, 0};
    sem_init(&go_on, 0, 0);
    assert_true(handlers_run_after(&in_time));
    assert_false(handlers_run_after(&late));
}

static void the_table_is_whole(void **state)
{
    for (size_t i = 0; i < doctor_check_count; i++) {
        assert_non_null(doctor_checks[i].run);
        assert_true(doctor_checks[i].seconds > 0 && doctor_checks[i].seconds <= 60);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(doctor_checks[i].name, doctor_checks[k].name);
    }
}

static void nothing_found_is_healthy(void **state)
{
    struct doctor_findings findings = {0};
    AUTO(json_freep) struct json *json = doctor_json(&findings, LANG_ZH);
    AUTO(memory_freep) char *text = json_print(json);
    assert_non_null(strstr(text, "\"healthy\":true,\"findings\":[],\"facts\":{}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_run_and_their_order_stays),
        cmocka_unit_test(a_consequence_is_not_told),
        cmocka_unit_test(one_that_hangs_is_given_up),
        cmocka_unit_test(no_exit_handler_runs_beside_one_that_was_given_up),
        cmocka_unit_test(the_table_is_whole),
        cmocka_unit_test(nothing_found_is_healthy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
