/* virtual_file.c, through the card. */
#include "bench.h"

#define SEAL_32 "7365616C00000000000000000000000000000000000000000000000000000000"
#define SEAL_48 SEAL_32 "00000000000000000000000000000000"
#define SEAL "7365616C"

static void creates_writes_reads_and_deletes(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_open(&bench);
    assert_int_equal(bench_send(&bench, "80301000 00002C " SEAL_32 "00000010 000000FF 00000010"),
                     0x6982);
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, "80180001 000012 1000 " USER_ZEROS), 0x9000);
    assert_int_equal(bench_send(&bench, "80301000 00002C " SEAL_32 "00000010 000000FF 00000010"),
                     0x9000);
    assert_int_equal(bench_send(&bench, "80301000 00002C " SEAL_32 "00000010 000000FF 00000010"),
                     0x6A92);
    assert_int_equal(bench_send(&bench, "80341000 000000"), 0x9000);
    bench_expect(&bench, SEAL "0000");
    assert_int_equal(bench_send(&bench, "80361000 000004 " SEAL "000C"), 0x9000);
    bench_expect(&bench, "00000010 000000FF 00000010");
    assert_int_equal(bench_send(&bench, "803A0000 00000F 1000 0004 0004 " SEAL "0003 AABBCC"),
                     0x9000);
    assert_int_equal(bench_send(&bench, "80380000 00000A 1000 0003 0004 " SEAL "0005"), 0x9000);
    bench_expect(&bench, "00AABBCC00");
    assert_int_equal(bench_send(&bench, "80380000 00000A 1000 000E 0004 " SEAL "0005"), 0x9000);
    bench_expect(&bench, "0000");
    assert_int_equal(bench_send(&bench, "80380000 00000A 1000 0000 0004 " SEAL "0000"), 0x9000);
    assert_int_equal(bench.answer->len, 16);
    assert_int_equal(bench_send(&bench, "80321000 000004 " SEAL), 0x9000);
    assert_int_equal(bench_send(&bench, "80321000 000004 " SEAL), 0x6A93);
    assert_int_equal(bench_send(&bench, "80341000 000000"), 0x9000);
    bench_expect(&bench, "0000");
    bench_done(&bench);
}

static void speaks_little_endian_with_wide_names(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("syno"));
    bench_log_in(&bench);
    assert_int_equal(bench_send(&bench, "80301000 00003C " SEAL_48 "10000000 FF000000 10000000"),
                     0x9000);
    assert_int_equal(bench_send(&bench, "80301000 00002C " SEAL_32 "10000000 FF000000 10000000"),
                     0x6700);
    assert_int_equal(bench_send(&bench, "80361000 000004 " SEAL "000C"), 0x9000);
    bench_expect(&bench, "10000000 FF000000 10000000");
    assert_int_equal(bench_send(&bench, "803A0000 00000F 0010 0400 0400 " SEAL "0300 AABBCC"),
                     0x9000);
    assert_int_equal(bench_send(&bench, "80380000 00000A 0010 0400 0400 " SEAL "0003"), 0x9000);
    bench_expect(&bench, "AABBCC");
    assert_int_equal(bench_send(&bench, "80340010 000000"), 0x6A88);
    bench_done(&bench);
}

static void refuses_places_outside_the_file(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_log_in(&bench);
    bench_send(&bench, "80301000 00002C " SEAL_32 "00000010 000000FF 00000010");
    assert_int_equal(bench_send(&bench, "80380000 00000A 1000 0010 0004 " SEAL "0001"), 0x6B00);
    assert_int_equal(bench_send(&bench, "803A0000 00000D 1000 000F 0004 " SEAL "0001 AA"), 0x9000);
    assert_int_equal(bench_send(&bench, "803A0000 00000D 1000 0010 0004 " SEAL "0001 AA"), 0x6B00);
    assert_int_equal(bench_send(&bench, "803A0000 00000E 1000 000F 0004 " SEAL "0002 AABB"),
                     0x6B00);
    assert_int_equal(bench_send(&bench, "803A0000 00000C 1000 0010 0004 " SEAL "0000"), 0x9000);
    assert_int_equal(bench_send(&bench, "803A0000 00000D 1000 0000 0004 " SEAL "0002 AA"), 0x6700);
    assert_int_equal(bench_send(&bench, "803A0000 00000A 1000 0000 0005 " SEAL), 0x6700);
    assert_int_equal(bench_send(&bench, "80380000 00000A 1000 0000 FFFF " SEAL "0001"), 0x6700);
    assert_int_equal(bench_send(&bench, "80380000 00000B 1000 0000 0004 " SEAL "00 0001"), 0x6700);
    assert_int_equal(bench_send(&bench, "80380000 000009 1000 0000 0003 736561 0001"), 0x6A93);
    assert_int_equal(bench_send(&bench, "80361000 000003 736561 000C"), 0x6A93);
    bench_done(&bench);
}

static void guards_files_by_their_rights(void **state)
{
    (void)state;
    static const struct {
        unsigned rights;
        bool nobody, user, admin;
    } cases[] = {
        {0x00, false, false, false}, {0x01, false, false, true}, {0x10, false, true, false},
        {0x11, false, true, true},   {0xFF, true, true, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (int who = 0; who < 3; who++) {
            struct bench bench;
            struct virtual_name name;
            bench_init(&bench, virtual_profile_find("gmt0017-2012"));
            assert_true(virtual_objects_set_name(&name, span_text("seal"), 32));
            struct virtual_file *file =
                virtual_objects_add_file(bench.application, &name, bytes_new_size(16));
            file->read_rights = file->write_rights = cases[i].rights;
            bench.application->create_file_rights = cases[i].rights;
            bench_open(&bench);
            bench.application->logged_in[VIRTUAL_PIN_USER] = who == 1;
            bench.application->logged_in[VIRTUAL_PIN_ADMIN] = who == 2;
            bool may = who == 0 ? cases[i].nobody : who == 1 ? cases[i].user : cases[i].admin;
            unsigned expected = may ? 0x9000 : 0x6982;
            assert_int_equal(bench_send(&bench, "80380000 00000A 1000 0000 0004 " SEAL "0001"),
                             expected);
            assert_int_equal(bench_send(&bench, "803A0000 00000D 1000 0000 0004 " SEAL "0001 AA"),
                             expected);
            assert_int_equal(
                bench_send(&bench, "80301000 00002C 61%s 00000010 000000FF 00000010", &SEAL_32[2]),
                expected);
            assert_int_equal(bench_send(&bench, "80321000 000004 " SEAL), expected);
            bench_done(&bench);
        }
}

static void limits_size_number_and_space(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    bench_init(&bench, &profile);
    bench.application->files_max = 1;
    bench_log_in(&bench);
    static const char *const bad[] = {"00000000 000000FF 00000010", "00010001 000000FF 00000010",
                                      "00000010 00000002 00000010", "00000010 000000FF 00000100"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(bench_send(&bench, "80301000 00002C " SEAL_32 "%s", bad[i]), 0x6A80);
    profile.space_bytes = (uint32_t)virtual_objects_used(bench.objects) + VIRTUAL_OBJECT_BYTES + 15;
    assert_int_equal(bench_send(&bench, "80301000 00002C " SEAL_32 "00000010 000000FF 00000010"),
                     0x6A84);
    profile.space_bytes++;
    assert_int_equal(bench_send(&bench, "80301000 00002C " SEAL_32 "00000010 000000FF 00000010"),
                     0x9000);
    profile.space_bytes = 128 * 1024;
    assert_int_equal(
        bench_send(&bench, "80301000 00002C 61%s 00000010 000000FF 00000010", &SEAL_32[2]), 0x6A84);
    bench.application->files_max = 2;
    assert_int_equal(
        bench_send(&bench, "80301000 00002C 61%s 00010000 000000FF 00000010", &SEAL_32[2]), 0x9000);
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creates_writes_reads_and_deletes),
        cmocka_unit_test(speaks_little_endian_with_wide_names),
        cmocka_unit_test(refuses_places_outside_the_file),
        cmocka_unit_test(guards_files_by_their_rights),
        cmocka_unit_test(limits_size_number_and_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
