#include "agent/trust/trust_system.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>

#include "tests/unit/agent/trust/fixture.h"

static const char *const origins[] = {"https://one.test"};

static struct trust_system system_of(const struct home *home)
{
    return (struct trust_system){home->folder, origins, 1};
}

static enum err_code install(const struct home *home)
{
    struct err err = ERR_INIT;
    const struct trust_system system = system_of(home);
    return trust_system_install(&system, &err);
}

static enum err_code take_back(const struct home *home)
{
    struct err err = ERR_INIT;
    const struct trust_system system = system_of(home);
    return trust_system_remove(&system, &err);
}

static void expect(const struct home *home, const char *wanted)
{
    const struct trust_system system = system_of(home);
    AUTO(json_freep) struct json *rows = trust_system_status(&system, LANG_EN);
    char *text = memory_text("");
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_item(rows, i);
        char *longer = memory_printf("%s%s=%s ", text, json_text_of(json_member(row, "browser")),
                                     json_text_of(json_member(row, "state")));
        free(text);
        text = longer;
    }
    assert_string_equal(text, wanted);
    free(text);
}

static void test_nothing_is_left_of_it(void **state)
{
    struct home *home = *state;
    home_make_folder(home, "etc/opt/chrome");
    AUTO(memory_freep) char *before = home_list(home, "none");
    expect(home, "firefox=missing chromium=missing chrome=missing edge=missing ");
    assert_int_equal(install(home), ERR_NONE);
    expect(home, "firefox=trusted chromium=trusted chrome=trusted edge=trusted ");
    assert_true(home_has(home, "etc/firefox/policies/policies.json"));
    assert_true(home_has(home, "etc/opt/edge/policies/managed/ukeyd.json"));
    assert_int_equal(install(home), ERR_NONE);
    assert_int_equal(take_back(home), ERR_NONE);
    AUTO(memory_freep) char *after = home_list(home, "none");
    assert_string_equal(after, before);
    assert_int_equal(take_back(home), ERR_NONE);
}

static void test_what_others_put_there_meanwhile_stays(void **state)
{
    struct home *home = *state;
    assert_int_equal(install(home), ERR_NONE);
    home_write(home, "etc/chromium/policies/managed/other.json", "{}", 0644);
    assert_int_equal(take_back(home), ERR_NONE);
    assert_true(home_has(home, "etc/chromium/policies/managed/other.json"));
    assert_false(home_has(home, "etc/firefox"));
}

static void test_one_failure_does_not_keep_the_rest(void **state)
{
    struct home *home = *state;
    home_make_folder(home, "etc/firefox/policies");
    home_write(home, "etc/firefox/policies/policies.json", "no json", 0644);
    home_make_folder(home, "etc/opt/edge/policies/managed");
    home_write(home, "etc/opt/edge/policies/managed/x.json",
               "{\"LocalNetworkAccessAllowedForUrls\":[]}", 0644);
    assert_int_equal(install(home), ERR_TRUST_POLICY_FILE);
    expect(home, "firefox=failed chromium=trusted chrome=trusted edge=failed ");
    home_write(home, "etc/chromium/policies/managed/ukeyd.json", "{}", 0644);
    expect(home, "firefox=failed chromium=outdated chrome=trusted edge=failed ");
    assert_int_equal(take_back(home), ERR_NONE);
    expect(home, "firefox=failed chromium=missing chrome=missing edge=failed ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_is_left_of_it, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_what_others_put_there_meanwhile_stays, home_start,
                                        home_stop),
        cmocka_unit_test_setup_teardown(test_one_failure_does_not_keep_the_rest, home_start,
                                        home_stop),
    };
    return cmocka_run_group_tests_name("agent/trust/trust_system", tests, NULL, NULL);
}
