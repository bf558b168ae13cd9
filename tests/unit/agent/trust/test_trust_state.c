#include "agent/trust/trust_state.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

static const char *text_at(const struct json *row, const char *name)
{
    return json_text_of(json_member(row, name));
}

static void test_rows(void **state)
{
    AUTO(json_freep)
    struct json *zh = trust_state_row("chromium", "/a", TRUST_STATE_MISSING, LANG_ZH);
    AUTO(json_freep)
    struct json *en = trust_state_row("firefox", "/b", TRUST_STATE_FAILED, LANG_EN);
    assert_string_equal(text_at(zh, "browser"), "chromium");
    assert_string_equal(text_at(zh, "path"), "/a");
    assert_string_equal(text_at(zh, "state"), "missing");
    assert_string_equal(text_at(zh, "title"), "未信任");
    assert_non_null(strstr(text_at(zh, "remedy"), "ukeyctl trust install"));
    assert_string_equal(text_at(en, "title"), "failed");
    assert_null(json_member(en, "remedy"));
}

static void test_a_failure_says_what_the_list_says(void **state)
{
    struct err err = ERR_INIT;
    (void)!err_set(&err, ERR_TRUST_BUSY, "why");
    AUTO(json_freep) struct json *row = trust_state_row_failed("chromium", "/a", &err, LANG_EN);
    assert_string_equal(text_at(row, "state"), "failed");
    assert_string_equal(text_at(row, "code"), "trust-database-busy");
    assert_string_equal(text_at(row, "detail"), "why");
    assert_string_equal(text_at(row, "title"), err_title(ERR_TRUST_BUSY).en);
    assert_string_equal(text_at(row, "remedy"), err_remedy(ERR_TRUST_BUSY).en);
}

static void test_rows_of_the_machine(void **state)
{
    static const enum trust_state states[] = {TRUST_STATE_TRUSTED, TRUST_STATE_MISSING,
                                              TRUST_STATE_OUTDATED};
    for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
        AUTO(json_freep)
        struct json *row = trust_state_row_system("edge", "/a", states[i], LANG_ZH);
        assert_true((json_member(row, "remedy") == NULL) == (states[i] == TRUST_STATE_TRUSTED));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_a_failure_says_what_the_list_says),
        cmocka_unit_test(test_rows_of_the_machine),
    };
    return cmocka_run_group_tests_name("agent/trust/trust_state", tests, NULL, NULL);
}
