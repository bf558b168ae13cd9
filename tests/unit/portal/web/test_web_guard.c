#include "portal/web/web_guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "portal/portal_session.h"

#define ORIGIN "https://portal.example:8443"
#define TOKEN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void an_origin_is_written_as_browsers_do(void **state)
{
    static const struct {
        const char *text, *origin; /* NULL: refused */
    } cases[] = {
        {"https://portal.example", "https://portal.example"},
        {"https://portal.example:443", "https://portal.example"},
        {"https://portal.example:8443", "https://portal.example:8443"},
        {"https://127.0.0.1:1", "https://127.0.0.1:1"},
        {"https://[::1]:8443", "https://[::1]:8443"},
        {"https://[::1]", "https://[::1]"},
        {"", NULL},
        {"http://portal.example", NULL},
        {"https://", NULL},
        {"https://Portal.example", NULL},
        {"https://portal.example/", NULL},
        {"https://portal.example:", NULL},
        {"https://portal.example:0", NULL},
        {"https://portal.example:65536", NULL},
        {"https://portal.example:8443/orders", NULL},
        {"https://user@portal.example", NULL},
        {"https://[]:1", NULL},
        {"https://[::1", NULL},
        {"https://a b", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *origin = NULL;
        struct err err = ERR_INIT;
        enum err_code code = web_guard_origin(cases[i].text, &origin, &err);
        if (code != (cases[i].origin == NULL ? ERR_USAGE : ERR_NONE))
            fail_msg("%s: %s", cases[i].text, err_code_text(code));
        if (cases[i].origin != NULL)
            assert_string_equal(origin, cases[i].origin);
    }
}

static enum err_code host(const char *value, const char *origin)
{
    struct err err = ERR_INIT;
    return web_guard_host(&(struct web_headers){.host = value}, origin, &err);
}

static void only_our_host_is_served(void **state)
{
    assert_int_equal(host("portal.example:8443", ORIGIN), ERR_NONE);
    assert_int_equal(host("portal.example", "https://portal.example"), ERR_NONE);
    assert_int_equal(host("portal.example:443", "https://portal.example"), ERR_NONE);
    assert_int_equal(host("[::1]:443", "https://[::1]"), ERR_NONE);
    static const char *const wrong[] = {NULL,
                                        "",
                                        "portal.example",
                                        "portal.example:443",
                                        "portal.example:84430",
                                        "evil.example:8443",
                                        "portal.example:8443.evil.example",
                                        "x.portal.example:8443",
                                        "127.0.0.1:8443"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_int_equal(host(wrong[i], ORIGIN), ERR_HTTP_HOST);
    assert_int_equal(host("portal.example:8443:443", ORIGIN), ERR_HTTP_HOST);
}

static enum err_code same_origin(const char *origin, const char *site)
{
    struct err err = ERR_INIT;
    const struct web_headers headers = {.origin = origin, .fetch_site = site};
    return web_guard_same_origin(&headers, ORIGIN, &err);
}

static void a_change_comes_from_our_own_page(void **state)
{
    assert_int_equal(same_origin(ORIGIN, "same-origin"), ERR_NONE);
    assert_int_equal(same_origin(ORIGIN, NULL), ERR_NONE);
    assert_int_equal(same_origin(NULL, "same-origin"), ERR_CSRF);
    assert_int_equal(same_origin("", "same-origin"), ERR_CSRF);
    assert_int_equal(same_origin("null", "same-origin"), ERR_CSRF);
    assert_int_equal(same_origin("https://evil.example", "same-origin"), ERR_CSRF);
    assert_int_equal(same_origin("https://portal.example", "same-origin"), ERR_CSRF);
    assert_int_equal(same_origin(ORIGIN ".evil.example", "same-origin"), ERR_CSRF);
    assert_int_equal(same_origin("http://portal.example:8443", "same-origin"), ERR_CSRF);
    assert_int_equal(same_origin(ORIGIN, "same-site"), ERR_CSRF);
    assert_int_equal(same_origin(ORIGIN, "cross-site"), ERR_CSRF);
    assert_int_equal(same_origin(ORIGIN, "none"), ERR_CSRF);
    assert_int_equal(same_origin(ORIGIN, ""), ERR_CSRF);
}

static enum err_code csrf(const char *value)
{
    struct err err = ERR_INIT;
    return web_guard_csrf(&(struct web_headers){.csrf = value}, TOKEN, &err);
}

static void the_token_is_the_sessions(void **state)
{
    static const char other[] = "11112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    AUTO(memory_freep) char *right = portal_session_csrf(TOKEN);
    AUTO(memory_freep) char *others = portal_session_csrf(other);
    AUTO(memory_freep) char *shorter = memory_printf("%.63s", right);
    AUTO(memory_freep) char *longer = memory_printf("%s0", right);
    assert_int_equal(csrf(right), ERR_NONE);
    assert_int_equal(csrf(NULL), ERR_CSRF);
    assert_int_equal(csrf(""), ERR_CSRF);
    assert_int_equal(csrf(others), ERR_CSRF);
    assert_int_equal(csrf(shorter), ERR_CSRF);
    assert_int_equal(csrf(longer), ERR_CSRF);
    assert_int_equal(csrf(TOKEN), ERR_CSRF);
}

static bool token(const char *cookie, char out[PORTAL_SESSION_TOKEN_CHARACTERS + 1])
{
    return web_guard_token(&(struct web_headers){.cookie = cookie}, out,
                           PORTAL_SESSION_TOKEN_CHARACTERS + 1);
}

static void the_token_is_found_among_the_cookies(void **state)
{
    static const char *const right[] = {
        "__Host-session=" TOKEN,
        "a=b; __Host-session=" TOKEN,
        "__Host-session=" TOKEN "; a=b",
        "a=b;__Host-session=" TOKEN " ;c=",
        "x__Host-session=1; __Host-session=" TOKEN,
    };
    static const char *const wrong[] = {
        NULL,
        "",
        ";;; ;",
        "a=b",
        "__Host-session=",
        "__Host-session",
        "__Host-session=" TOKEN "0",
        "__Host-session=0" TOKEN,
        "__host-session=" TOKEN,
        "session=" TOKEN,
        "__Host-session=\"" TOKEN "\"",
        "__Host-session=" TOKEN "; __Host-session=" TOKEN,
        "__Host-session=x; __Host-session=" TOKEN,
        "__Host-session=00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff",
        "__Host-session=g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    };
    char found[PORTAL_SESSION_TOKEN_CHARACTERS + 1];
    for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
        if (!token(right[i], found))
            fail_msg("not found: %s", right[i]);
        assert_string_equal(found, TOKEN);
    }
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        if (token(wrong[i], found))
            fail_msg("taken: %s", wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_origin_is_written_as_browsers_do),
        cmocka_unit_test(only_our_host_is_served),
        cmocka_unit_test(a_change_comes_from_our_own_page),
        cmocka_unit_test(the_token_is_the_sessions),
        cmocka_unit_test(the_token_is_found_among_the_cookies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
