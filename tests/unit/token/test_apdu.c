#include "token/apdu.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/hex.h"

static void check_built(struct apdu apdu, const char *expected)
{
    struct err err = ERR_INIT;
    AUTO(bytes_wipe_freep) struct bytes *bytes = NULL;
    assert_int_equal(apdu_build(&apdu, &bytes, &err), ERR_NONE);
    AUTO(memory_freep) char *hex = hex_encode(span_bytes(bytes));
    assert_string_equal(hex, expected);
}

static void builds_the_four_cases(void **state)
{
    const uint8_t data[] = {0xAA, 0xBB};
    check_built((struct apdu){0x80, 0x1C, 1, 2, SPAN_NONE, APDU_LE_NONE}, "801C0102");
    check_built((struct apdu){0x80, 0x04, 0, 0, SPAN_NONE, APDU_LE_ALL}, "80040000000000");
    check_built((struct apdu){0x80, 0x04, 0, 0, SPAN_NONE, 288}, "80040000000120");
    check_built((struct apdu){0x80, 0x1C, 0, 0, SPAN_ARRAY(data), APDU_LE_NONE},
                "801C0000000002AABB");
    check_built((struct apdu){0x80, 0x46, 0, 0, SPAN_ARRAY(data), APDU_LE_ALL},
                "80460000000002AABB0000");
    check_built((struct apdu){0x80, 0x46, 0, 0, SPAN_ARRAY(data), APDU_LE_MAX},
                "80460000000002AABBFFFF");
}

static void counts_data_of_any_length(void **state)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *data = bytes_new_size(APDU_DATA_BYTES_MAX + 1);
    for (size_t length = APDU_DATA_BYTES_MAX - 1; length <= APDU_DATA_BYTES_MAX; length++) {
        struct apdu apdu = {0x80, 0x4C, 0, 0, span_of(data->at, length), APDU_LE_NONE};
        AUTO(bytes_wipe_freep) struct bytes *bytes = NULL;
        assert_int_equal(apdu_build(&apdu, &bytes, &err), ERR_NONE);
        assert_int_equal(bytes->len, 7 + length);
        assert_int_equal(bytes->at[5] << 8 | bytes->at[6], length);
    }
    struct apdu apdu = {0x80, 0x4C, 0, 0, span_bytes(data), APDU_LE_NONE};
    struct bytes *bytes = NULL;
    assert_int_equal(apdu_build(&apdu, &bytes, &err), ERR_TOKEN_NO_SPACE);
    assert_null(bytes);
}

static void splits_answers(void **state)
{
    const uint8_t answer[] = {1, 2, 0x6A, 0x9E};
    struct err err = ERR_INIT;
    struct span data = SPAN_NONE;
    uint16_t status = 0;
    assert_int_equal(apdu_split(SPAN_ARRAY(answer), &data, &status, &err), ERR_NONE);
    assert_int_equal(data.len, 2);
    assert_int_equal(status, 0x6A9E);
    assert_int_equal(apdu_split(span_of(answer, 2), &data, &status, &err), ERR_NONE);
    assert_int_equal(data.len, 0);
    assert_int_equal(status, 0x0102);
    assert_int_equal(apdu_split(span_of(answer, 1), &data, &status, &err), ERR_TOKEN_TRANSPORT);
    assert_int_equal(apdu_split(SPAN_NONE, &data, &status, &err), ERR_TOKEN_TRANSPORT);
    assert_int_equal(status, 0x0102);
}

static void knows_what_carries_a_pin(void **state)
{
    for (int ins = 0; ins < 256; ins++) {
        const uint8_t command[] = {0x90, (uint8_t)ins, 0, 0};
        bool expected = ins == 0x10 || ins == 0x12 || ins == 0x16 || ins == 0x18 || ins == 0x1A ||
                        ins == 0x20 || ins == 0x21 || ins == 0x24 || ins == 0x2C;
        assert_int_equal(apdu_carries_pin(SPAN_ARRAY(command)), expected);
        assert_true(apdu_carries_pin(span_of(command, 3)));
    }
}

static void builds_short_commands(void **state)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *data = bytes_new_size(APDU_SHORT_DATA_BYTES_MAX + 1);
    AUTO(bytes_freep) struct bytes *command = NULL;
    struct apdu apdu = {0, 0xCB, 1, 2, span_of(data->at, APDU_SHORT_DATA_BYTES_MAX), 256};
    assert_int_equal(apdu_build_short(&apdu, &command, &err), ERR_NONE);
    assert_int_equal(command->len, 4 + 1 + APDU_SHORT_DATA_BYTES_MAX + 1);
    assert_int_equal(command->at[4], 0xFF);
    assert_int_equal(command->at[command->len - 1], 0);
    bytes_freep(&command);
    apdu = (struct apdu){0, 0x20, 0, 0x80, SPAN_NONE, APDU_LE_NONE};
    assert_int_equal(apdu_build_short(&apdu, &command, &err), ERR_NONE);
    assert_int_equal(command->len, 4);
    bytes_freep(&command);
    apdu.data = span_bytes(data);
    assert_int_equal(apdu_build_short(&apdu, &command, &err), ERR_TOKEN_NO_SPACE);
}

static void knows_what_only_a_reset_ends(void **state)
{
    static const uint8_t management[] = {0, 0x87, 0x0A, 0x9B, 0};
    static const uint8_t signature[] = {0, 0x87, 0x11, 0x9C, 0};
    static const uint8_t verify[] = {0, 0x20, 0, 0x9B, 0};
    assert_true(apdu_needs_reset(SPAN_ARRAY(management)));
    assert_false(apdu_needs_reset(SPAN_ARRAY(signature)));
    assert_false(apdu_needs_reset(SPAN_ARRAY(verify)));
    assert_false(apdu_needs_reset(span_of(management, 3)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_the_four_cases), cmocka_unit_test(counts_data_of_any_length),
        cmocka_unit_test(splits_answers),        cmocka_unit_test(knows_what_carries_a_pin),
        cmocka_unit_test(builds_short_commands), cmocka_unit_test(knows_what_only_a_reset_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
