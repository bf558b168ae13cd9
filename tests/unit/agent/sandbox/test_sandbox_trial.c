#include "agent/sandbox/sandbox_trial.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "tests/unit/agent/sandbox/apart.h"

static struct sandbox_stage stage;

static int make_stage(void **state)
{
    struct err err = ERR_INIT;
    if (apart_place_make(state) != 0)
        return -1;
    struct apart_place *place = *state;
    stage = (struct sandbox_stage){
        .settings = place->settings,
        .outside_folder = place->outside,
        .outside_file = file_join(place->outside, "file"),
        .inside_file = file_join(place->state, "file"),
        .user = fork(),
    };
    if (stage.user == 0)
        for (;;)
            pause();
    return file_write_atomic(stage.outside_file, span_text("x"), 0600, &err) == ERR_NONE ? 0 : -1;
}

static int remove_stage(void **state)
{
    kill(stage.user, SIGKILL);
    waitpid(stage.user, NULL, 0);
    free(stage.outside_file);
    free(stage.inside_file);
    return apart_place_remove(state);
}

static bool takes_more(const struct sandbox_trial *trial)
{
    return trial->need == SANDBOX_NEEDS_LANDLOCK && apart_landlock() < trial->landlock;
}

static void every_trial_holds(void **state)
{
    for (size_t i = 0; i < sandbox_trial_count; i++) {
        struct err err = ERR_INIT;
        struct sandbox_outcome outcome;
        if (takes_more(&sandbox_trials[i]))
            continue;
        assert_int_equal(sandbox_trial_perform(&sandbox_trials[i], &stage, &outcome, &err),
                         ERR_NONE);
        if (!sandbox_trial_holds(&sandbox_trials[i], &outcome))
            fail_msg("%s: %d, %d", sandbox_trials[i].name, (int)outcome.ending, outcome.cause);
    }
}

/* The same without a sandbox: each refusal of a file comes from it and from nothing else. */
static int attempt_bare(const void *context)
{
    const struct sandbox_trial *trial = context;
    return trial->attempt(&stage);
}

static void the_files_are_there_without_it(void **state)
{
    for (size_t i = 0; i < sandbox_trial_count; i++) {
        const struct sandbox_trial *trial = &sandbox_trials[i];
        if (trial->need != SANDBOX_NEEDS_LANDLOCK || trial->landlock != 1)
            continue;
        int found = apart(attempt_bare, trial);
        if (found != 0 && access(stage.outside_file, F_OK) == 0)
            fail_msg("%s: %d", trial->name, found);
    }
}

static int go(const struct sandbox_stage *ignored)
{
    return 0;
}

static int fail_so(const struct sandbox_stage *ignored)
{
    return EIO;
}

static void what_does_not_hold_is_seen(void **state)
{
    static const struct {
        struct sandbox_trial trial;
        enum sandbox_ending ending;
        bool holds;
    } cases[] = {
        {{"a", SANDBOX_REFUSED, .attempt = go}, SANDBOX_WENT, false},
        {{"b", SANDBOX_ALLOWED, .attempt = go}, SANDBOX_WENT, true},
        {{"c", SANDBOX_REFUSED, .attempt = fail_so}, SANDBOX_FAILED, true},
        {{"d", SANDBOX_ALLOWED, .attempt = fail_so}, SANDBOX_FAILED, false},
        {{"e", SANDBOX_REFUSED, .attempt = go, .from_outside = true}, SANDBOX_WENT, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        struct sandbox_outcome outcome;
        assert_int_equal(sandbox_trial_perform(&cases[i].trial, &stage, &outcome, &err), ERR_NONE);
        assert_int_equal(outcome.ending, cases[i].ending);
        assert_int_equal(sandbox_trial_holds(&cases[i].trial, &outcome), cases[i].holds);
    }
}

static void who_can_not_be_shut_in_is_told(void **state)
{
    struct err err = ERR_INIT;
    struct sandbox_outcome outcome;
    stage.settings.state_folder = "/nonexistent/folder";
    if (apart_landlock() == 0)
        skip();
    assert_int_equal(sandbox_trial_perform(&sandbox_trials[0], &stage, &outcome, &err),
                     ERR_SANDBOX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_stage, remove_stage)
    const struct CMUnitTest tests[] = {
        TEST(every_trial_holds),
        TEST(the_files_are_there_without_it),
        TEST(what_does_not_hold_is_seen),
        TEST(who_can_not_be_shut_in_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
