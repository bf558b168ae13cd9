#include "bench.h"
#include "token/virtual/virtual_piv_call.h"

static void has_the_standards_commands(void **state)
{
    (void)state;
    static const uint8_t standard[] = {0x20, 0x24, 0x2C, 0x47, 0x87, 0xA4, 0xCB, 0xDB};
    for (size_t i = 0; virtual_piv_profile_at(i) != NULL; i++)
        for (size_t k = 0; k < sizeof standard; k++)
            assert_non_null(virtual_piv_instruction_find(virtual_piv_profile_at(i), standard[k]));
}

static void has_others_by_profile(void **state)
{
    (void)state;
    const struct virtual_piv_profile *full = virtual_piv_profile_find("piv-full");
    const struct virtual_piv_profile *older = virtual_piv_profile_find("piv-5.4");
    assert_string_equal(virtual_piv_instruction_find(full, 0xF6)->name, "MOVE KEY");
    assert_null(virtual_piv_instruction_find(older, 0xF6));
    assert_non_null(virtual_piv_instruction_find(older, 0xF7));
    assert_non_null(virtual_piv_instruction_find(NULL, 0xF6));
    assert_null(virtual_piv_instruction_find(NULL, 0x00));
    assert_null(virtual_piv_instruction_find(NULL, 0xF9));
}

static void only_long_commands_come_in_blocks(void **state)
{
    (void)state;
    assert_true(virtual_piv_instruction_find(NULL, 0xDB)->chains);
    assert_true(virtual_piv_instruction_find(NULL, 0x87)->chains);
    assert_false(virtual_piv_instruction_find(NULL, 0x20)->chains);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_standards_commands),
        cmocka_unit_test(has_others_by_profile),
        cmocka_unit_test(only_long_commands_come_in_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
