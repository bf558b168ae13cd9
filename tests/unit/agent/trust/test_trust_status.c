#include "agent/trust/trust_status.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>

#include "agent/trust/trust.h"
#include "agent/trust/trust_nss.h"
#include "tests/unit/agent/trust/fixture.h"

#define POLICIES "{\"policies\":{\"Certificates\":{\"Install\":[\"ukeyd.pem\"]}}}"

/* "browser=state " of each row. */
static char *states_of(struct home *home)
{
    AUTO(json_freep) struct json *status = trust_status(&home->user, LANG_EN);
    const struct json *rows = json_member(status, "browsers");
    char *text = memory_text("");
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_item(rows, i);
        char *longer = memory_printf("%s%s=%s ", text, json_text_of(json_member(row, "browser")),
                                     json_text_of(json_member(row, "state")));
        free(text);
        text = longer;
    }
    return text;
}

static void expect(struct home *home, const char *wanted)
{
    AUTO(memory_freep) char *states = states_of(home);
    assert_string_equal(states, wanted);
}

static void install(struct home *home)
{
    struct err err = ERR_INIT;
    assert_int_equal(trust_install(&home->user, &err), ERR_NONE);
}

static void use_policies(struct home *home, const char *text)
{
    static char path[128];
    home_write(home, "policies.json", text, 0644);
    snprintf(path, sizeof path, "%s/policies.json", home->folder);
    home->user.firefox_policies = path;
}

static void test_before_and_after(void **state)
{
    struct home *home = *state;
    AUTO(memory_freep) char *before = home_list(home, "none");
    expect(home, "chromium=missing firefox=missing ");
    AUTO(memory_freep) char *after = home_list(home, "none");
    assert_string_equal(after, before);
    install(home);
    expect(home, "chromium=trusted firefox=no-policy ");
    use_policies(home, POLICIES);
    expect(home, "chromium=trusted firefox=trusted ");
    home_renew(home);
    expect(home, "chromium=outdated firefox=outdated ");
}

static void test_profiles(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    home_make_database(home, ".mozilla/firefox/a", NULL);
    expect(home, "chromium=missing firefox=missing ");
    install(home);
    use_policies(home, POLICIES);
    expect(home, "chromium=trusted firefox=trusted firefox-profile=restart ");
    AUTO(memory_freep) char *profile = home_path(home, ".mozilla/firefox/a");
    assert_int_equal(trust_nss_add(&home->user.certutil, profile, span_bytes(home->der), &err),
                     ERR_NONE);
    expect(home, "chromium=trusted firefox=trusted firefox-profile=trusted ");
}

static void test_failures_are_rows(void **state)
{
    struct home *home = *state;
    home_make_folder(home, ".pki/nssdb");
    home_write(home, ".pki/nssdb/cert9.db", "damaged", 0600);
    use_policies(home, "no json");
    expect(home, "chromium=failed firefox=failed ");
}

static void test_without_an_identity(void **state)
{
    struct home *home = *state;
    memory_freep(&home->user.identity);
    home->user.identity = home_path(home, "nowhere");
    AUTO(json_freep) struct json *status = trust_status(&home->user, LANG_EN);
    assert_null(json_text_of(json_member(status, "certificate")));
    expect(home, "chromium=missing firefox=missing ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_before_and_after, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_profiles, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_failures_are_rows, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_without_an_identity, home_start, home_stop),
    };
    return cmocka_run_group_tests_name("agent/trust/trust_status", tests, NULL, NULL);
}
