#include "agent/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/agent/sandbox/apart.h"

static int tell_facts(const void *context)
{
    const struct apart_place *place = context;
    struct err err = ERR_INIT;
    struct sandbox_facts facts = {0};
    int landlock = apart_landlock();
    if (sandbox_enter(&place->settings, &facts, &err) != ERR_NONE)
        return 1;
    if (facts.landlock != landlock)
        return 2;
    return facts.calls ? 0 : 3;
}

static void the_facts_are_told(void **state)
{
    assert_int_equal(apart(tell_facts, *state), 0);
}

static int enter_without_a_folder(const void *context)
{
    const struct apart_place *place = context;
    struct err err = ERR_INIT;
    struct sandbox_facts facts = {.landlock = -1};
    struct sandbox_settings settings = place->settings;
    settings.state_folder = "/nonexistent/folder";
    bool refused = sandbox_enter(&settings, &facts, &err) == ERR_SANDBOX;
    return refused && facts.landlock == -1 ? 0 : 1;
}

static void it_fails_closed(void **state)
{
    if (apart_landlock() == 0)
        skip();
    assert_int_equal(apart(enter_without_a_folder, *state), 0);
}

static int listen_now(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return listen(fd, 1) == 0 ? 0 : errno;
}

struct waiter {
    sem_t may_look;
    int found;
};

static void *look_later(void *context)
{
    struct waiter *waiter = context;
    sem_wait(&waiter->may_look);
    waiter->found = listen_now();
    return NULL;
}

/* A thread that runs already is closed in too. */
static int close_for_all(const void *context)
{
    const struct apart_place *place = context;
    struct err err = ERR_INIT;
    struct sandbox_facts facts;
    struct waiter waiter = {.found = -1};
    pthread_t thread;
    struct sandbox_settings settings = place->settings;
    settings.port_count = 1; /* listening without a name takes any */
    if (sandbox_enter(&settings, &facts, &err) != ERR_NONE)
        return 1;
    sem_init(&waiter.may_look, 0, 0);
    if (pthread_create(&thread, NULL, look_later, &waiter) != 0)
        return 2;
    if (listen_now() != 0)
        return 3;
    if (sandbox_close(&err) != ERR_NONE)
        return 4;
    sem_post(&waiter.may_look);
    pthread_join(thread, NULL);
    if (waiter.found != EPERM)
        return 5;
    return listen_now() == EPERM ? 0 : 6;
}

static void nothing_listens_once_it_is_closed(void **state)
{
    assert_int_equal(apart(close_for_all, *state), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, apart_place_make, apart_place_remove)
    const struct CMUnitTest tests[] = {
        TEST(the_facts_are_told),
        TEST(it_fails_closed),
        TEST(nothing_listens_once_it_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
