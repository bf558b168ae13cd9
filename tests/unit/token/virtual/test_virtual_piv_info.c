#include "piv_bench.h"
#include "token/virtual/virtual_piv_profile.h"
#include "token/virtual/virtual_piv_tlv.h"

static void init(struct piv_bench *bench, const char *profile)
{
    piv_bench_init(bench, virtual_piv_profile_find(profile));
}

static void tells_version_and_serial(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-full");
    assert_int_equal(bench_send(&bench.bench, "00FD000000"), 0x9000);
    bench_expect(&bench.bench, "050701");
    assert_int_equal(bench_send(&bench.bench, "00F8000000"), 0x9000);
    bench_expect(&bench.bench, "12345678");
    assert_int_equal(bench_send(&bench.bench, "00F8010000"), 0x6A86);
    assert_int_equal(bench_send(&bench.bench, "00FD000100"), 0x6A86);
    piv_bench_done(&bench);
}

static void plain_tokens_have_no_extensions(void **state)
{
    (void)state;
    static const unsigned extensions[] = {0xF6, 0xF7, 0xF8, 0xFA, 0xFD};
    static const char *const profiles[] = {"piv-plain", "piv-odd"};
    for (size_t k = 0; k < ARRAY_SIZE(profiles); k++) {
        struct piv_bench bench;
        init(&bench, profiles[k]);
        for (size_t i = 0; i < ARRAY_SIZE(extensions); i++)
            assert_int_equal(bench_send(&bench.bench, "00%02X000000", extensions[i]), 0x6D00);
        piv_bench_done(&bench);
    }
}

static void tells_about_pin_puk_and_management_key(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-5.4");
    assert_int_equal(bench_send(&bench.bench, "00200080 08 " WRONG_PIN), 0x63C2);
    assert_int_equal(bench_send(&bench.bench, "00F7008000"), 0x9000);
    bench_expect(&bench.bench, "0101FF 050101 06020302");
    assert_int_equal(bench_send(&bench.bench, "00240080 10 " PIN NEW_PIN), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00F7008000"), 0x9000);
    bench_expect(&bench.bench, "0101FF 050100 06020303");
    assert_int_equal(bench_send(&bench.bench, "00F7008100"), 0x9000);
    bench_expect(&bench.bench, "0101FF 050101 06020303");
    assert_int_equal(bench_send(&bench.bench, "00F7009B00"), 0x9000);
    bench_expect(&bench.bench, "010103 02020001 050101");
    bench.objects->management_key[0] ^= 0x10;
    assert_int_equal(bench_send(&bench.bench, "00F7009B00"), 0x9000);
    bench_expect(&bench.bench, "010103 02020001 050100");
    assert_int_equal(bench_send(&bench.bench, "00F7018000"), 0x6A86);
    piv_bench_done(&bench);
}

static void tells_about_key_pairs(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-full");
    assert_int_equal(piv_bench_manage(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00F7009C00"), 0x6A88);
    assert_int_equal(bench_send(&bench.bench, "00F700EE00"), 0x6A88);
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x9000);
    AUTO(memory_freep) char *point = hex_encode(span_of(bench.bench.answer->at + 3, 67));
    assert_int_equal(bench_send(&bench.bench, "00F7009C00"), 0x9000);
    bench_expect(&bench.bench, "010111 02020301 030101 0443 %s", point);
    assert_int_equal(piv_bench_generate(&bench, 0x82, 0x07), 0x9000);
    assert_int_equal(piv_bench_fetch(&bench, "00F7008200"), 0x9000);
    struct span key;
    assert_true(virtual_piv_tlv_find(span_bytes(bench.bench.answer), 4, &key));
    assert_int_equal(key.len, 4 + 256 + 2 + 3);
    piv_bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_version_and_serial),
        cmocka_unit_test(plain_tokens_have_no_extensions),
        cmocka_unit_test(tells_about_pin_puk_and_management_key),
        cmocka_unit_test(tells_about_key_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
