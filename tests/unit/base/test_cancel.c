#include "base/cancel.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
/* needs those above */
#include <cmocka.h>

static bool readable(const struct cancel *cancel)
{
    struct pollfd poll_fd = {.fd = cancel_fd(cancel), .events = POLLIN};
    return poll(&poll_fd, 1, 0) == 1;
}

static struct cancel *make(void)
{
    struct cancel *cancel = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(cancel_new(&cancel, &err), ERR_NONE);
    return cancel;
}

static void a_request_stays(void **state)
{
    (void)state;
    AUTO(cancel_freep) struct cancel *cancel = make();
    assert_false(cancel_requested(cancel));
    assert_false(readable(cancel));
    for (int i = 0; i < 3; i++) {
        cancel_request(cancel);
        assert_true(cancel_requested(cancel));
        assert_true(readable(cancel));
    }
}

static void nothing_is_never_cancelled(void **state)
{
    (void)state;
    struct cancel *none = NULL;
    assert_false(cancel_requested(NULL));
    assert_int_equal(cancel_fd(NULL), -1);
    cancel_free(NULL);
    cancel_freep(&none);
}

static void *request(void *cancel)
{
    cancel_request(cancel);
    return NULL;
}

static void another_thread_wakes_a_waiter(void **state)
{
    (void)state;
    AUTO(cancel_freep) struct cancel *cancel = make();
    pthread_t thread;
    struct pollfd poll_fd = {.fd = cancel_fd(cancel), .events = POLLIN};
    assert_int_equal(pthread_create(&thread, NULL, request, cancel), 0);
    assert_int_equal(poll(&poll_fd, 1, 10000), 1);
    assert_true(cancel_requested(cancel));
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_stays),
        cmocka_unit_test(nothing_is_never_cancelled),
        cmocka_unit_test(another_thread_wakes_a_waiter),
    };
    return cmocka_run_group_tests_name("base/cancel", tests, NULL, NULL);
}
