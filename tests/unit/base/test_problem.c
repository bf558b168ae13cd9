#include "base/problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* needs those above */
#include <cmocka.h>

static void an_error_becomes_a_problem(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    err_set(&err, ERR_PIN_WRONG, "SW 63C2");
    err.tries_left = 2;
    AUTO(json_freep) struct json *problem = problem_json(&err, LANG_EN);
    AUTO(memory_freep) char *text = json_print(problem);
    assert_string_equal(
        text, "{\"type\":\"about:blank\",\"title\":\"The PIN is wrong\",\"status\":409,"
              "\"detail\":\"SW 63C2\",\"code\":\"pin-wrong\","
              "\"remedy\":\"Check the PIN; too many wrong ones lock the key.\",\"tries_left\":2}");
}

static void it_is_in_the_language_asked_for(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    err_set(&err, ERR_PIN_LOCKED, "x");
    AUTO(json_freep) struct json *problem = problem_json(&err, LANG_ZH);
    assert_string_equal(json_text_of(json_member(problem, "title")), "CA锁密码已锁死");
    assert_null(json_member(problem, "tries_left"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_becomes_a_problem),
        cmocka_unit_test(it_is_in_the_language_asked_for),
    };
    return cmocka_run_group_tests_name("base/problem", tests, NULL, NULL);
}
