#include "token/status_word.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ANY_INS 0xEE

struct expectation {
    uint16_t status;
    uint8_t ins;
    enum err_code code;
    int tries_left;
};

static const struct expectation expectations[] = {
    {0x9000, ANY_INS, ERR_NONE, -1},
    {0x63C1, ANY_INS, ERR_PIN_WRONG, 1},
    {0x63CF, ANY_INS, ERR_PIN_WRONG, 15},
    {0x63C0, ANY_INS, ERR_PIN_LOCKED, 0},
    {0x6983, ANY_INS, ERR_PIN_LOCKED, 0},
    {0x63B1, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6400, ANY_INS, ERR_TOKEN_MEMORY, -1},
    {0x6581, ANY_INS, ERR_TOKEN_MEMORY, -1},
    {0x6500, ANY_INS, ERR_TOKEN_MEMORY, -1},
    {0x6700, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6881, ANY_INS, ERR_TOKEN_NOT_SUPPORTED, -1},
    {0x6882, ANY_INS, ERR_TOKEN_NOT_SUPPORTED, -1},
    {0x6915, ANY_INS, ERR_TOKEN_KEYGEN, -1},
    {0x6981, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6982, ANY_INS, ERR_TOKEN_LOGIN_LOST, -1},
    {0x6984, ANY_INS, ERR_TOKEN_RESET, -1},
    {0x6985, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6986, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6988, ANY_INS, ERR_TOKEN_MAC, -1},
    {0x698A, ANY_INS, ERR_TOKEN_RESET, -1},
    {0x6A80, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6A80, 0x16, ERR_TOKEN_CRYPTO, -1},
    {0x6A80, 0x1A, ERR_TOKEN_CRYPTO, -1},
    {0x6A80, 0x72, ERR_TOKEN_CRYPTO, -1},
    {0x6A81, ANY_INS, ERR_TOKEN_NOT_SUPPORTED, -1},
    {0x6A82, ANY_INS, ERR_TOKEN_NO_FILE, -1},
    {0x6A82, 0x42, ERR_TOKEN_NO_CONTAINER, -1},
    {0x6A82, 0x4E, ERR_TOKEN_NO_CERTIFICATE, -1},
    {0x6A83, ANY_INS, ERR_TOKEN_NO_FILE, -1},
    {0x6A84, ANY_INS, ERR_TOKEN_NO_SPACE, -1},
    {0x6A85, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6A86, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6A87, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6A88, ANY_INS, ERR_TOKEN_NO_APPLICATION, -1},
    {0x6A88, 0x36, ERR_TOKEN_NO_FILE, -1},
    {0x6A88, 0x4A, ERR_TOKEN_NO_CONTAINER, -1},
    {0x6A88, 0x4E, ERR_TOKEN_NO_CERTIFICATE, -1},
    {0x6A88, 0x74, ERR_TOKEN_NO_KEY, -1},
    {0x6A89, ANY_INS, ERR_TOKEN_EXISTS, -1},
    {0x6A8A, ANY_INS, ERR_READER_BUSY, -1},
    {0x6A8B, 0x26, ERR_TOKEN_NO_APPLICATION, -1},
    {0x6A8B, 0x42, ERR_TOKEN_NO_CONTAINER, -1},
    {0x6A8C, ANY_INS, ERR_TOKEN_NO_KEY, -1},
    {0x6A8D, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6A90, ANY_INS, ERR_TOKEN_NOT_SUPPORTED, -1},
    {0x6A91, ANY_INS, ERR_TOKEN_NO_CONTAINER, -1},
    {0x6A92, ANY_INS, ERR_TOKEN_EXISTS, -1},
    {0x6A93, ANY_INS, ERR_TOKEN_NO_FILE, -1},
    {0x6A94, ANY_INS, ERR_TOKEN_NO_CONTAINER, -1},
    {0x6A95, ANY_INS, ERR_TOKEN_NO_KEY, -1},
    {0x6A96, ANY_INS, ERR_TOKEN_NO_CERTIFICATE, -1},
    {0x6A97, ANY_INS, ERR_TOKEN_MEMORY, -1},
    {0x6A98, ANY_INS, ERR_TOKEN_CRYPTO, -1},
    {0x6A99, ANY_INS, ERR_TOKEN_NOT_SUPPORTED, -1},
    {0x6A9A, ANY_INS, ERR_TOKEN_CRYPTO, -1},
    {0x6A9B, ANY_INS, ERR_TOKEN_CRYPTO, -1},
    {0x6A9C, ANY_INS, ERR_TOKEN_CRYPTO, -1},
    {0x6A9D, ANY_INS, ERR_TOKEN_NOT_SUPPORTED, -1},
    {0x6A9E, ANY_INS, ERR_TOKEN_ANSWER, -1},
    {0x6A9F, ANY_INS, ERR_TOKEN_NO_KEY, -1},
    {0x6B00, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6B01, ANY_INS, ERR_TOKEN_CRYPTO, -1},
    {0x6B02, ANY_INS, ERR_TOKEN_CRYPTO, -1},
    {0x6C00, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6C2A, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6D00, ANY_INS, ERR_TOKEN_NOT_SUPPORTED, -1},
    {0x6E00, ANY_INS, ERR_TOKEN_NOT_SUPPORTED, -1},
    {0x6E01, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6E02, ANY_INS, ERR_TOKEN_EXISTS, -1},
    {0x6F00, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x0000, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0x6100, ANY_INS, ERR_TOKEN_STATUS, -1},
    {0xFFFF, ANY_INS, ERR_TOKEN_STATUS, -1},
};

static void maps_each_word(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(expectations); i++) {
        const struct expectation *expected = &expectations[i];
        struct err err = ERR_INIT;
        enum err_code code = status_word_check(expected->status, expected->ins, "Doing", &err);
        if (code != expected->code)
            fail_msg("%04X after %02X: %s", expected->status, expected->ins, err_code_text(code));
        assert_int_equal(err.tries_left, expected->tries_left);
        if (code == ERR_NONE)
            continue;
        assert_int_equal(err.code, code);
        assert_int_equal(err.foreign, expected->status);
        assert_non_null(strstr(err.detail, "Doing"));
    }
}

static void every_other_word_is_an_error(void **state)
{
    for (long status = 0; status <= 0xFFFF; status++) {
        struct err err = ERR_INIT;
        enum err_code code = status_word_check((uint16_t)status, ANY_INS, "Doing", &err);
        assert_int_equal(code == ERR_NONE, status == 0x9000);
    }
}

static void tells_the_wanted_length(void **state)
{
    assert_int_equal(status_word_wanted_le(0x6C0B), 11);
    assert_int_equal(status_word_wanted_le(0x6CFF), 255);
    assert_int_equal(status_word_wanted_le(0x6C00), -1);
    assert_int_equal(status_word_wanted_le(0x9000), -1);
    assert_int_equal(status_word_wanted_le(0x6B0B), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_each_word),
        cmocka_unit_test(every_other_word_is_an_error),
        cmocka_unit_test(tells_the_wanted_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
