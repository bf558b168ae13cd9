#include "agent/sandbox/sandbox_binary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* This very test is built as the agent is. */
static void everything_was_built_in(void **state)
{
    assert_in_range(sandbox_flag_count, 8, 20);
    for (size_t i = 0; i < sandbox_flag_count; i++)
        if (sandbox_flags[i].look() == SANDBOX_NOT_BUILT)
            fail_msg("%s", sandbox_flags[i].name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(everything_was_built_in)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
