#include "token/virtual/virtual_piv_apdu.h"

#include "bench.h"

static bool parse(const char *hex, bool extended, struct virtual_piv_command *out)
{
    /* Its bytes are looked at only as far as out->data, which borrows them, is not used. */
    AUTO(bytes_freep) struct bytes *apdu = bench_bytes(hex);
    return virtual_piv_apdu_parse(span_bytes(apdu), extended, out);
}

static void reads_every_case(void **state)
{
    (void)state;
    static const struct {
        const char *apdu;
        size_t data;
        size_t le;
        bool extended;
    } cases[] = {
        {"00A40400", 0, 0, false},
        {"00A4040000", 0, 256, false},
        {"00A4040001", 0, 1, false},
        {"00A4040002AABB", 2, 0, false},
        {"00A4040002AABB00", 2, 256, false},
        {"00A4040002AABBFF", 2, 255, false},
        {"00A40400000100", 0, 256, true},
        {"00A40400000000", 0, 65536, true},
        {"00A40400000002AABB", 2, 0, true},
        {"00A40400000002AABB0000", 2, 65536, true},
        {"00A40400000002AABB0102", 2, 0x102, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct virtual_piv_command command;
        assert_true(parse(cases[i].apdu, true, &command));
        assert_int_equal(command.ins, 0xA4);
        assert_int_equal(command.p1, 4);
        assert_int_equal(command.data.len, cases[i].data);
        assert_int_equal(command.le, cases[i].le);
        assert_int_equal(command.extended, cases[i].extended);
        assert_int_equal(parse(cases[i].apdu, false, &command), !cases[i].extended);
    }
}

static void refuses_wrong_lengths(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "00A404",
        "00A4040003AABB",
        "00A4040002AABB0000",
        "00A404000002",
        "00A40400000003AABB",
        "00A40400000002AABB00",
        "00A40400000002AABB000000",
        "00A40400000000AABB",
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct virtual_piv_command command = {.ins = 1};
        assert_false(parse(cases[i], true, &command));
        assert_int_equal(command.ins, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_case),
        cmocka_unit_test(refuses_wrong_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
