/* virtual_sign.c, through the card. */
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "bench.h"
#include "token/virtual/virtual_pair.h"

static void prepare(struct bench *bench, const char *profile)
{
    bench_init(bench, virtual_profile_find(profile));
    bench_log_in(bench);
    bench_open_container(bench);
}

static bool answer_signs(const struct bench *bench, const char *e_hex)
{
    AUTO(bytes_freep) struct bytes *point = bench_bytes(SIGN_POINT);
    AUTO(bytes_freep) struct bytes *e = bench_bytes(e_hex);
    assert_int_equal(bench->answer->len, 68);
    return virtual_pair_verify_sm2(point->at, e->at, bench->answer->at + 4);
}

static void signs_a_digest_or_a_message(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench, "gmt0017-2012");
    assert_int_equal(bench_send(&bench, "80740200 000024 1000 3001 " EXAMPLE_E "0000"), 0x6A95);
    bench_put_sign_pair(&bench);
    assert_int_equal(bench_send(&bench, "80740200 000024 1000 3001 " EXAMPLE_E "0000"), 0x9000);
    assert_memory_equal(bench.answer->at, "\x00\x00\x01\x00", 4);
    assert_true(answer_signs(&bench, EXAMPLE_E));
    /* The card makes Z and e of the example: id 1234567812345678, "message digest". */
    assert_int_equal(bench_send(&bench, "80740100 000026 1000 3001 00000010"
                                        "31323334353637383132333435363738"
                                        "6D65737361676520646967657374 0000"),
                     0x9000);
    assert_true(answer_signs(&bench, EXAMPLE_E));
    bench_done(&bench);
}

static void refuses_malformed_inputs(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench, "gmt0017-2012");
    bench_put_sign_pair(&bench);
    static const struct {
        const char *command;
        unsigned status;
    } cases[] = {
        {"80740200 000023 1000 3001 00000000000000000000000000000000000000000000000000000000000000"
         "0000",
         0x6700},
        {"80740200 000025 1000 3001 " EXAMPLE_E "00 0000", 0x6700},
        {"80740300 000024 1000 3001 " EXAMPLE_E "0000", 0x6A86},
        {"80740201 000024 1000 3001 " EXAMPLE_E "0000", 0x6A86},
        {"80740100 000008 1000 3001 00000000 0000", 0x6700},
        {"80740100 00000A 1000 3001 00000003 3132 0000", 0x6700},
        {"80740100 00000A 1000 3001 00000002 3132 0000", 0x6700},
        {"80740100 00000A 1000 3001 FFFFFFFF 3132 0000", 0x6700},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(bench_send(&bench, "%s", cases[i].command), cases[i].status);
    assert_int_equal(bench_send(&bench, "801C0000 000002 1000"), 0x9000);
    assert_int_equal(bench_send(&bench, "80740200 000024 1000 3001 " EXAMPLE_E "0000"), 0x6982);
    bench_done(&bench);
}

static void signs_with_rsa_what_it_is_given(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = ERR_INIT;
    struct virtual_pair *pair = NULL;
    prepare(&bench, "longmai");
    assert_int_equal(bench_send(&bench, "80580200 000006 1000 3001 AABB 0000"), 0x6A95);
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_RSA, &pair, &err), ERR_NONE);
    virtual_objects_set_pair(&bench.container->slots[VIRTUAL_SLOT_SIGN], pair, true);
    assert_int_equal(bench_send(&bench, "80580200 000006 1000 3001 AABB 0000"), 0x9000);
    assert_int_equal(bench.answer->len, 256);
    uint8_t recovered[256];
    size_t length = sizeof recovered;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(virtual_pair_peek(pair), NULL);
    assert_int_equal(EVP_PKEY_verify_recover_init(context), 1);
    assert_int_equal(EVP_PKEY_verify_recover(context, recovered, &length, bench.answer->at, 256),
                     1);
    EVP_PKEY_CTX_free(context);
    assert_int_equal(length, 2);
    assert_memory_equal(recovered, "\xAA\xBB", 2);
    AUTO(bytes_freep) struct bytes *input = bytes_new_size(246);
    AUTO(memory_freep) char *hex = hex_encode(span_bytes(input));
    assert_int_equal(bench_send(&bench, "80580200 0000F9 1000 3001 %s 0000", hex + 2), 0x9000);
    assert_int_equal(bench_send(&bench, "80580200 0000FA 1000 3001 %s 0000", hex), 0x6700);
    assert_int_equal(bench_send(&bench, "80580200 000004 1000 3001 0000"), 0x6700);
    assert_int_equal(bench_send(&bench, "80580100 000006 1000 3001 AABB 0000"), 0x6A86);
    assert_int_equal(bench_send(&bench, "80740200 000024 1000 3001 " EXAMPLE_E "0000"), 0x6A95);
    bench_done(&bench);
}

static void verifies_the_example(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench, "gmt0017-2012");
    static const char good[] =
        "80760000 0000A8 00000100" SIGN_POINT "00000020" EXAMPLE_E EXAMPLE_SIGNATURE;
    char bad[sizeof good];
    memcpy(bad, good, sizeof bad);
    bad[sizeof bad - 2] = bad[sizeof bad - 2] == '0' ? '1' : '0';
    assert_int_equal(bench_send(&bench, "%s", good), 0x9000);
    assert_int_equal(bench_send(&bench, "%s", bad), 0x6A98);
    assert_int_equal(bench_send(&bench, "80760000 0000A8 00000200%s", good + 24), 0x6A80);
    assert_int_equal(bench_send(&bench, "80760000 0000A9 %s00", good + 16), 0x6700);
    bench_done(&bench);
}

static void speaks_little_endian(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench, "syno");
    bench_put_sign_pair(&bench);
    assert_int_equal(bench_send(&bench, "80740200 000024 0010 0130 " EXAMPLE_E "0000"), 0x9000);
    assert_memory_equal(bench.answer->at, "\x00\x01\x00\x00", 4);
    assert_true(answer_signs(&bench, EXAMPLE_E));
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_a_digest_or_a_message),
        cmocka_unit_test(refuses_malformed_inputs),
        cmocka_unit_test(signs_with_rsa_what_it_is_given),
        cmocka_unit_test(verifies_the_example),
        cmocka_unit_test(speaks_little_endian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
