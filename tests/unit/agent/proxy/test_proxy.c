#include "agent/proxy/proxy.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>

#include "base/memory.h"

static const char *const variables[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY",   "no_proxy",    "NO_PROXY"};

static int clear(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
        unsetenv(variables[i]);
    return 0;
}

static void chosen(const char *platform, const char *agent, const struct proxy_desktop *desktop,
                   enum proxy_source source, const char *url, const char *no_proxy)
{
    struct proxy proxy;
    proxy_choose(platform, agent, desktop, &proxy);
    assert_string_equal(proxy_source_text(proxy.source), proxy_source_text(source));
    assert_string_equal(proxy.url, url);
    assert_string_equal(proxy.no_proxy, no_proxy);
    assert_int_equal(proxy.script, desktop->script && source == PROXY_DIRECT);
    proxy_done(&proxy);
}

static void the_nearest_setting_wins(void **state)
{
    char url[] = "http://desk:1", hosts[] = ".lan";
    const struct proxy_desktop desktop = {.url = url, .no_proxy = hosts}, none = {0};
    chosen(NULL, NULL, &none, PROXY_DIRECT, "", "");
    chosen(NULL, NULL, &desktop, PROXY_DESKTOP, url, hosts);
    setenv("https_proxy", "http://env:1", 1);
    setenv("no_proxy", "a,b", 1);
    chosen(NULL, NULL, &desktop, PROXY_ENVIRONMENT, "http://env:1", "a,b");
    chosen(NULL, "http://agent:1", &desktop, PROXY_CONFIGURATION, "http://agent:1", "");
    chosen("http://own:1", "http://agent:1", &desktop, PROXY_CONFIGURATION, "http://own:1", "");
}

static void off_is_off(void **state)
{
    char url[] = "http://desk:1";
    const struct proxy_desktop desktop = {.url = url};
    setenv("https_proxy", "http://env:1", 1);
    chosen("off", "http://agent:1", &desktop, PROXY_CONFIGURATION, "", "");
    chosen("", "http://agent:1", &desktop, PROXY_CONFIGURATION, "", "");
    chosen(NULL, "off", &desktop, PROXY_CONFIGURATION, "", "");
}

static void variables_are_taken_in_libcurls_order(void **state)
{
    const struct proxy_desktop none = {0};
    static const char *const order[] = {"ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"};
    for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
        setenv(order[i], order[i], 1);
        chosen(NULL, NULL, &none, PROXY_ENVIRONMENT, order[i], "");
    }
    setenv("https_proxy", "", 1);
    chosen(NULL, NULL, &none, PROXY_ENVIRONMENT, "HTTPS_PROXY", "");
    setenv("NO_PROXY", "x", 1);
    chosen(NULL, NULL, &none, PROXY_ENVIRONMENT, "HTTPS_PROXY", "x");
}

static void a_script_is_told_where_nothing_else_is_set(void **state)
{
    const struct proxy_desktop script = {.script = true};
    chosen(NULL, NULL, &script, PROXY_DIRECT, "", "");
    chosen("http://own:1", NULL, &script, PROXY_CONFIGURATION, "http://own:1", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_nearest_setting_wins, clear),
        cmocka_unit_test_setup(off_is_off, clear),
        cmocka_unit_test_setup(variables_are_taken_in_libcurls_order, clear),
        cmocka_unit_test_setup(a_script_is_told_where_nothing_else_is_set, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
