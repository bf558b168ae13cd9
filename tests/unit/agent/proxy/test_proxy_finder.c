#include "agent/proxy/proxy_finder.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/scratch.h"

static char folder[64], *login_file;
static struct launch *launch;
static struct proxy_finder *finder;

static int start(void **state)
{
    struct err err = ERR_INIT;
    unsetenv("https_proxy");
    snprintf(folder, sizeof folder, "%s/finder.XXXXXX", scratch_top());
    if (mkdtemp(folder) == NULL)
        return -1;
    login_file = file_join(folder, "login");
    const struct launch_task tasks[] = {proxy_finder_task(login_file)};
    assert_int_equal(launch_new(tasks, 1, &launch, &err), ERR_NONE);
    finder = proxy_finder_new(launch, 0);
    return 0;
}

static int stop(void **state)
{
    proxy_finder_free(finder);
    launch_free(launch);
    unlink(login_file);
    rmdir(folder);
    memory_freep(&login_file);
    return 0;
}

static void write_login(mode_t mode)
{
    struct err err = ERR_INIT;
    assert_int_equal(file_write_atomic(login_file, span_text("li:geheim\n"), mode, &err), ERR_NONE);
}

static enum err_code find(const char *platform, struct proxy *out, struct secret **out_login,
                          struct err *err)
{
    *err = ERR_INIT;
    return proxy_finder_find(finder, platform, NULL, out, out_login, err);
}

static void the_task_brings_the_login(void **state)
{
    struct err err;
    AUTO(proxy_done) struct proxy proxy = {0};
    AUTO(secret_freep) struct secret *login = NULL;
    write_login(0600);
    assert_int_equal(find("http://p:1", &proxy, &login, &err), ERR_NONE);
    assert_string_equal(proxy.url, "http://p:1");
    assert_string_equal((const char *)secret_peek(login).at, "li:geheim");
}

static void where_no_proxy_is_used_there_is_no_login(void **state)
{
    struct err err;
    AUTO(proxy_done) struct proxy proxy = {0};
    AUTO(secret_freep) struct secret *login = NULL;
    write_login(0600);
    assert_int_equal(find("off", &proxy, &login, &err), ERR_NONE);
    assert_string_equal(proxy.url, "");
    assert_null(login);
}

static void a_login_that_cant_be_used_is_told_where_it_is_needed(void **state)
{
    struct err err;
    AUTO(proxy_done) struct proxy proxy = {0};
    AUTO(secret_freep) struct secret *login = NULL;
    write_login(0644);
    assert_int_equal(find("http://p:1", &proxy, &login, &err), ERR_PLATFORM_PROXY);
    assert_non_null(strstr(err.detail, "0644"));
    assert_int_equal(find("", &proxy, &login, &err), ERR_NONE);
}

#define WITH_FINDER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FINDER(the_task_brings_the_login),
        WITH_FINDER(where_no_proxy_is_used_there_is_no_login),
        WITH_FINDER(a_login_that_cant_be_used_is_told_where_it_is_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
