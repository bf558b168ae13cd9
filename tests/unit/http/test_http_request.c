#include "http/http_server.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

static void test_knows_json(void **state)
{
    static const struct {
        const char *type;
        bool json;
    } cases[] = {
        {"application/json", true},
        {"Application/JSON", true},
        {"application/json;charset=utf-8", true},
        {"application/json ; charset=UTF-8", true},
        {"application/json; charset=\"utf-8\"", true},
        {"application/json  ", true},
        {NULL, false},
        {"", false},
        {"application/jso", false},
        {"application/jsonp", false},
        {"application/json;", false},
        {"application/json; charset=utf-8; x=y", false},
        {"application/json; charset=gb18030", false},
        {"application/json, text/plain", false},
        {" application/json", false},
        {"text/json", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(http_content_type_is_json(cases[i].type), cases[i].json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_knows_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
