/* virtual_instruction.c against the standard's table, typed in once more. */
#include "bench.h"
#include "token/virtual/virtual_call.h"

static const uint8_t standard[] = {
    0x02, 0x04, 0x10, 0x12, 0x14, 0x16, 0x18, 0x1A, 0x1C, 0x20, 0x22, 0x24, 0x26, 0x28,
    0x30, 0x32, 0x34, 0x36, 0x38, 0x3A, 0x40, 0x42, 0x44, 0x46, 0x48, 0x4A, 0x4C, 0x4E,
    0x50, 0x52, 0x54, 0x56, 0x58, 0x5A, 0x5C, 0x5E, 0x60, 0x62, 0x70, 0x72, 0x74, 0x76,
    0x78, 0x7A, 0x7C, 0x7E, 0x80, 0x82, 0x84, 0x86, 0x88, 0xA0, 0xA2, 0xA4, 0xA6, 0xA8,
    0xAA, 0xAC, 0xAE, 0xB0, 0xB2, 0xB4, 0xB6, 0xB8, 0xBA, 0xBC, 0xBE, 0xC0, 0xC2, 0xC4,
};

static void knows_exactly_the_standard_s_commands(void **state)
{
    (void)state;
    for (unsigned ins = 0; ins < 256; ins++)
        assert_int_equal(virtual_instruction_find((uint8_t)ins) != NULL,
                         memchr(standard, (int)ins, sizeof standard) != NULL);
}

static void wants_macs_where_keys_and_pins_change(void **state)
{
    (void)state;
    static const uint8_t with_mac[] = {0x12, 0x16, 0x1A};
    for (unsigned ins = 0; ins < 256; ins++) {
        const struct virtual_instruction *instruction = virtual_instruction_find((uint8_t)ins);
        if (instruction != NULL)
            assert_int_equal(instruction->mac, memchr(with_mac, (int)ins, sizeof with_mac) != NULL);
    }
}

static void lets_only_the_user_touch_containers_and_keys(void **state)
{
    (void)state;
    static const uint8_t of_user[] = {0x40, 0x48, 0x4C, 0x54, 0x58, 0x70, 0x72, 0x74};
    for (size_t i = 0; i < sizeof of_user; i++)
        assert_int_equal(virtual_instruction_find(of_user[i])->access, VIRTUAL_ACCESS_USER);
    assert_int_equal(virtual_instruction_find(0x20)->access, VIRTUAL_ACCESS_DEVICE);
    assert_int_equal(virtual_instruction_find(0x24)->access, VIRTUAL_ACCESS_DEVICE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_exactly_the_standard_s_commands),
        cmocka_unit_test(wants_macs_where_keys_and_pins_change),
        cmocka_unit_test(lets_only_the_user_touch_containers_and_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
