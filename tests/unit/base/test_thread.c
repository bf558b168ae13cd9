#include "base/thread.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* needs those above */
#include <cmocka.h>

static void *read_mask(void *context)
{
    pthread_sigmask(SIG_SETMASK, NULL, context);
    return context;
}

static void a_thread_gets_no_signals(void **state)
{
    (void)state;
    sigset_t inside, before, after;
    pthread_t thread;
    void *result = NULL;
    struct err err = ERR_INIT;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_int_equal(thread_start(&thread, read_mask, &inside, &err), ERR_NONE);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, &inside);
    assert_true(sigismember(&inside, SIGTERM) == 1 && sigismember(&inside, SIGINT) == 1 &&
                sigismember(&inside, SIGCHLD) == 1 && sigismember(&inside, SIGUSR1) == 1);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_thread_gets_no_signals)};
    return cmocka_run_group_tests_name("base/thread", tests, NULL, NULL);
}
