#include "http/http_upgrade.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

static void test_answers_the_key_of_the_standard(void **state)
{
    AUTO(memory_freep) char *accept = http_upgrade_accept_of("dGhlIHNhbXBsZSBub25jZQ==");
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* RFC 6455 1.3 */
}

static void test_reads_lists(void **state)
{
    static const struct {
        const char *list;
        bool has;
    } cases[] = {
        {"upgrade", true},
        {"Upgrade", true},
        {"keep-alive, Upgrade", true},
        {"keep-alive,upgrade,x", true},
        {" ,, upgrade", true},
        {NULL, false},
        {"", false},
        {"upgraded", false},
        {"noupgrade", false},
        {"keep-alive", false},
        {"up grade", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(http_upgrade_list_has(cases[i].list, "upgrade"), cases[i].has);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_the_key_of_the_standard),
        cmocka_unit_test(test_reads_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
