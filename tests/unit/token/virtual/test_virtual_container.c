/* virtual_container.c, through the card. */
#include "bench.h"

#define IMPORT_SIGN "804C0000 00000C 1000 3001 01 00000003 "

static void creates_opens_lists_and_deletes(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_open(&bench);
    assert_int_equal(bench_send(&bench, "80400000 000005 1000 6E6577 0002"), 0x6982);
    assert_int_equal(bench_send(&bench, "80480000 000005 1000 626F78"), 0x6982);
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, "80180001 000012 1000 " USER_ZEROS), 0x9000);
    assert_int_equal(bench_send(&bench, "80400000 000005 1000 6E6577 0002"), 0x9000);
    bench_expect(&bench, "3002");
    assert_int_equal(bench_send(&bench, "80400000 000005 1000 6E6577 0002"), 0x6E02);
    assert_int_equal(bench_send(&bench, "80460000 000002 1000 0000"), 0x9000);
    bench_expect(&bench, "626F7800 6E657700 00");
    assert_int_equal(bench_send(&bench, "80440000 000004 1000 3002"), 0x9000);
    assert_int_equal(bench_send(&bench, "80420000 000005 1000 6E6577 0002"), 0x9000);
    bench_expect(&bench, "3002");
    assert_int_equal(bench_send(&bench, "80420000 000005 1000 6E6578 0002"), 0x6A91);
    assert_int_equal(bench_send(&bench, "80480000 000005 1000 6E6577"), 0x9000);
    assert_int_equal(bench_send(&bench, "80480000 000005 1000 6E6577"), 0x6A91);
    bench_open_container(&bench);
    assert_int_equal(bench_send(&bench, "80440000 000005 1000 3001 00"), 0x6700);
    bench_done(&bench);
}

static void limits_names_number_and_space(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    char name[131] = {0};
    memset(name, '6', 130);
    bench_init(&bench, &profile);
    bench.application->containers_max = 3;
    bench_log_in(&bench);
    assert_int_equal(bench_send(&bench, "80400000 000002 1000 0002"), 0x6A80);
    assert_int_equal(bench_send(&bench, "80400000 000003 1000 00 0002"), 0x6A80);
    assert_int_equal(bench_send(&bench, "80400000 000042 1000 %.128s 0002", name), 0x9000);
    assert_int_equal(bench_send(&bench, "80400000 000043 1000 %.130s 0002", name), 0x6A80);
    profile.space_bytes = (uint32_t)virtual_objects_used(bench.objects) + VIRTUAL_OBJECT_BYTES - 1;
    assert_int_equal(bench_send(&bench, "80400000 000003 1000 61 0002"), 0x6A84);
    profile.space_bytes++;
    assert_int_equal(bench_send(&bench, "80400000 000003 1000 61 0002"), 0x9000);
    profile.space_bytes = 128 * 1024;
    assert_int_equal(bench_send(&bench, "80400000 000003 1000 62 0002"), 0x6A84);
    bench_done(&bench);
}

static void keeps_certificates_beside_their_pairs(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_log_in(&bench);
    bench_open_container(&bench);
    assert_int_equal(bench_send(&bench, "804A0000 000005 1000 626F78 000B"), 0x9000);
    bench_expect(&bench, "00 00000000 00000000 00 00");
    assert_int_equal(bench_send(&bench, IMPORT_SIGN "AABBCC"), 0x6A95);
    assert_int_equal(bench_send(&bench, "804E0100 000004 1000 3001 0000"), 0x6A96);
    bench_put_sign_pair(&bench);
    assert_int_equal(bench_send(&bench, IMPORT_SIGN "AABBCC"), 0x9000);
    assert_int_equal(bench_send(&bench, "804E0100 000004 1000 3001 0000"), 0x9000);
    bench_expect(&bench, "00000003 AABBCC");
    assert_int_equal(bench_send(&bench, IMPORT_SIGN "DDEEFF"), 0x9000);
    assert_int_equal(bench_send(&bench, "804E0100 000004 1000 3001 0007"), 0x9000);
    bench_expect(&bench, "00000003 DDEEFF");
    assert_int_equal(bench_send(&bench, "804E0000 000004 1000 3001 0000"), 0x6A96);
    assert_int_equal(bench_send(&bench, "804C0000 00000C 1000 3001 00 00000003 AABBCC"), 0x6A95);
    assert_int_equal(bench_send(&bench, "804A0000 000005 1000 626F78 000B"), 0x9000);
    bench_expect(&bench, "02 00000100 00000000 01 00");
    assert_int_equal(bench_send(&bench, "804A0000 000005 1000 626F79 000B"), 0x6A91);
    bench_done(&bench);
}

static void refuses_malformed_certificate_commands(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_put_sign_pair(&bench);
    bench_log_in(&bench);
    bench_open_container(&bench);
    static const struct {
        const char *command;
        unsigned status;
    } cases[] = {
        {"804C0000 00000C 1000 3001 02 00000003 AABBCC", 0x6A80},
        {"804C0000 00000C 1000 3001 01 00000004 AABBCC", 0x6A80},
        {"804C0000 00000C 1000 3001 01 00000002 AABBCC", 0x6A80},
        {"804C0000 00000C 1000 3001 01 FFFFFFFF AABBCC", 0x6A80},
        {"804C0000 000009 1000 3001 01 00000000", 0x6A80},
        {"804C0000 000008 1000 3001 01 000000", 0x6700},
        {"804C0000 000004 1000 3001", 0x6700},
        {"804E0200 000004 1000 3001 0000", 0x6A86},
        {"804E0100 000005 1000 3001 00 0000", 0x6700},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(bench_send(&bench, "%s", cases[i].command), cases[i].status);
    assert_null(bench.container->slots[VIRTUAL_SLOT_SIGN].certificate);
    bench_done(&bench);
}

static void limits_certificates_by_number_and_space(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    bench_init(&bench, &profile);
    bench_put_sign_pair(&bench);
    bench.application->certificates_max = 0;
    bench_log_in(&bench);
    bench_open_container(&bench);
    assert_int_equal(bench_send(&bench, IMPORT_SIGN "AABBCC"), 0x6A84);
    bench.application->certificates_max = 1;
    profile.space_bytes = (uint32_t)virtual_objects_used(bench.objects) + 2;
    assert_int_equal(bench_send(&bench, IMPORT_SIGN "AABBCC"), 0x6A84);
    profile.space_bytes++;
    assert_int_equal(bench_send(&bench, IMPORT_SIGN "AABBCC"), 0x9000);
    /* One in place of another needs no more room, in number or space. */
    assert_int_equal(bench_send(&bench, IMPORT_SIGN "AABBCD"), 0x9000);
    assert_int_equal(bench_send(&bench, "804C0000 00000D 1000 3001 01 00000004 AABBCCDD"), 0x6A84);
    assert_int_equal(bench_send(&bench, "804E0100 000004 1000 3001 0000"), 0x9000);
    bench_expect(&bench, "00000003 AABBCD");
    bench_done(&bench);
}

static void speaks_little_endian(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("syno"));
    bench_put_sign_pair(&bench);
    bench_log_in(&bench);
    bench_open_container(&bench);
    assert_int_equal(bench_send(&bench, "804C0000 00000C 0010 0130 01 03000000 AABBCC"), 0x9000);
    assert_int_equal(bench_send(&bench, "804E0100 000004 0010 0130 0000"), 0x9000);
    bench_expect(&bench, "03000000 AABBCC");
    assert_int_equal(bench_send(&bench, "804A0000 000005 0010 626F78 000B"), 0x9000);
    bench_expect(&bench, "02 00010000 00000000 01 00");
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creates_opens_lists_and_deletes),
        cmocka_unit_test(limits_names_number_and_space),
        cmocka_unit_test(keeps_certificates_beside_their_pairs),
        cmocka_unit_test(refuses_malformed_certificate_commands),
        cmocka_unit_test(limits_certificates_by_number_and_space),
        cmocka_unit_test(speaks_little_endian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
