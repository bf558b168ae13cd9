#include "agent/ctl/ctl_interrupt.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void signals_are_counted(void **state)
{
    assert_int_equal(ctl_interrupt_count(), 0);
    ctl_interrupt_catch();
    raise(SIGINT);
    assert_int_equal(ctl_interrupt_count(), 1);
    raise(SIGTERM);
    raise(SIGINT);
    assert_int_equal(ctl_interrupt_count(), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(signals_are_counted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
