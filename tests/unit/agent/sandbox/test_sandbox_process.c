#include "agent/sandbox/sandbox_process.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/agent/sandbox/apart.h"

static bool restrict_it(void)
{
    struct err err = ERR_INIT;
    bool no_new_code;
    return sandbox_process_restrict(&no_new_code, &err) == ERR_NONE;
}

static int look_at_itself(const void *context)
{
    struct rlimit core;
    const rlim_t *hard = context;
    const rlim_t wanted = *hard == 0 ? 0 : 1;
    core.rlim_cur = core.rlim_max = *hard;
    if (setrlimit(RLIMIT_CORE, &core) != 0 || !restrict_it())
        return 1;
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != wanted || core.rlim_max != wanted)
        return 2;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
        return 3;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 4;
}

static void it_holds_what_it_promises(void **state)
{
    static const rlim_t limits[] = {1048576, 1, 0};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        assert_int_equal(apart(look_at_itself, &limits[i]), 0);
}

static int make_code(const void *context)
{
    struct err err = ERR_INIT;
    bool no_new_code = false;
    if (sandbox_process_restrict(&no_new_code, &err) != ERR_NONE)
        return 1;
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool refused = mprotect(map, 4096, PROT_READ | PROT_EXEC) != 0;
    return refused == no_new_code ? 0 : 2;
}

static void data_becomes_no_code_where_the_kernel_knows_that(void **state)
{
    assert_int_equal(apart(make_code, NULL), 0);
}

static int crash(const void *context)
{
    signal(SIGSEGV, SIG_DFL);
    return restrict_it() ? raise(SIGSEGV) : 1;
}

static void a_crash_is_a_crash(void **state)
{
    assert_int_equal(apart(crash, NULL), -SIGSEGV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_what_it_promises),
        cmocka_unit_test(data_becomes_no_code_where_the_kernel_knows_that),
        cmocka_unit_test(a_crash_is_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
