#include "agent/proxy/proxy_desktop.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

/* As gsettings 2.74 prints them. */
#define SCHEMA "org.gnome.system.proxy"
#define MANUAL SCHEMA " mode 'manual'\n"
#define SAME SCHEMA " use-same-proxy true\n"
#define IGNORE(list) SCHEMA " ignore-hosts " list "\n"
#define HOST(kind, host, port) \
    SCHEMA "." kind " host '" host "'\n" SCHEMA "." kind " port " port "\n"
#define LOGIN(use) \
    SCHEMA ".http use-authentication " use "\n" SCHEMA ".http authentication-user 'li'\n" SCHEMA \
           ".http authentication-password 'ge\\'heim'\n"

static void each_setting_has_its_meaning(void **state)
{
    static const struct {
        const char *text, *url, *no_proxy;
        bool script;
    } cases[] = {
        {"", NULL, NULL, false},
        {"nonsense", NULL, NULL, false},
        {SCHEMA " mode 'none'\n" HOST("https", "p", "8080"), NULL, NULL, false},
        {SCHEMA " mode 'auto'\n" HOST("https", "p", "8080"), NULL, NULL, true},
        {MANUAL HOST("https", "p", "8080"), "http://p:8080", NULL, false},
        {MANUAL HOST("https", "::1", "8080"), "http://[::1]:8080", NULL, false},
        {MANUAL SAME HOST("http", "p", "1"), "http://p:1", NULL, false},
        {MANUAL HOST("http", "p", "1"), NULL, NULL, false},
        {MANUAL SAME HOST("http", "p", "1") HOST("https", "q", "2"), "http://q:2", NULL, false},
        {MANUAL HOST("socks", "s", "1080"), "socks5h://s:1080", NULL, false},
        {MANUAL HOST("https", "", "8080"), NULL, NULL, false},
        {MANUAL HOST("https", "p", "0"), NULL, NULL, false},
        {MANUAL HOST("https", "p", "65536"), NULL, NULL, false},
        {MANUAL HOST("https", "a@b", "1"), NULL, NULL, false},
        {MANUAL HOST("https", "a/b", "1"), NULL, NULL, false},
        {MANUAL HOST("https", "p", "1") IGNORE("['localhost', '127.0.0.0/8', '*.lan', '::1']"),
         "http://p:1", "localhost,127.0.0.0/8,.lan,::1", false},
        {MANUAL HOST("https", "p", "1") IGNORE("@as []"), "http://p:1", NULL, false},
        {MANUAL HOST("https", "p", "1") IGNORE("['a', 'b"), "http://p:1", "a", false},
        {SCHEMA " mode 'manual", NULL, NULL, false},
        {SCHEMA " mode", NULL, NULL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = ERR_INIT;
        struct proxy_desktop found;
        assert_int_equal(proxy_desktop_parse(cases[i].text, &found, &err), ERR_NONE);
        if (cases[i].url == NULL)
            assert_null(found.url);
        else
            assert_string_equal(found.url, cases[i].url);
        if (cases[i].no_proxy == NULL)
            assert_null(found.no_proxy);
        else
            assert_string_equal(found.no_proxy, cases[i].no_proxy);
        assert_int_equal(found.script, cases[i].script);
        assert_null(found.user);
        proxy_desktop_done(&found);
    }
}

static void a_login(void **state)
{
    struct err err = ERR_INIT;
    struct proxy_desktop found;
    assert_int_equal(
        proxy_desktop_parse(MANUAL HOST("https", "p", "1") LOGIN("true"), &found, &err), ERR_NONE);
    assert_string_equal(found.user, "li");
    assert_true(span_equal(secret_peek(found.password), span_text("ge'heim")));
    proxy_desktop_done(&found);
    assert_int_equal(
        proxy_desktop_parse(MANUAL HOST("https", "p", "1") LOGIN("false"), &found, &err), ERR_NONE);
    assert_null(found.user);
    assert_null(found.password);
    proxy_desktop_done(&found);
}

/* Whatever this computer's desktop has, or none. */
static void the_real_one_can_be_asked(void **state)
{
    struct err err = ERR_INIT;
    struct proxy_desktop found;
    assert_int_equal(proxy_desktop_read(&found, &err), ERR_NONE);
    proxy_desktop_done(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_setting_has_its_meaning),
        cmocka_unit_test(a_login),
        cmocka_unit_test(the_real_one_can_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
