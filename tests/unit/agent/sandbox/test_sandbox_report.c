#include "agent/sandbox/sandbox_report.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/sandbox/sandbox_binary.h"
#include "agent/sandbox/sandbox_trial.h"
#include "base/memory.h"

static size_t left_in_tmp(void)
{
    glob_t found;
    size_t count = glob("/tmp/ukeyd-report.*", 0, NULL, &found) == 0 ? found.gl_pathc : 0;
    globfree(&found);
    return count;
}

static void it_names_everything_and_holds(void **state)
{
    struct err err = ERR_INIT;
    char *text = NULL;
    size_t size = 0;
    bool holds = false;
    size_t before = left_in_tmp();
    FILE *out = open_memstream(&text, &size);
    enum err_code code = sandbox_report(out, &holds, &err);
    fclose(out);
    if (code != ERR_NONE || !holds)
        fail_msg("%s\n%s", err.detail, text);
    for (size_t i = 0; i < sandbox_trial_count; i++)
        assert_non_null(strstr(text, sandbox_trials[i].name));
    for (size_t i = 0; i < sandbox_flag_count; i++)
        assert_non_null(strstr(text, sandbox_flags[i].name));
    assert_null(strstr(text, "WRONG"));
    assert_non_null(strstr(text, "All that this kernel can do holds."));
    assert_int_equal(left_in_tmp(), before);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_names_everything_and_holds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
