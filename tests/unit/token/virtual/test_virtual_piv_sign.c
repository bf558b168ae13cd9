#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "piv_bench.h"
#include "token/virtual/virtual_piv_crypto.h"
#include "token/virtual/virtual_piv_profile.h"
#include "token/virtual/virtual_piv_tlv.h"

#define DIGEST_32 "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
#define DIGEST_16 "000102030405060708090A0B0C0D0E0F"
#define SIGN_P256 "0087119C 26 7C24 8200 8120 " DIGEST_32 " 00"

static void init(struct piv_bench *bench, const char *profile, unsigned slot, unsigned algorithm)
{
    piv_bench_init(bench, virtual_piv_profile_find(profile));
    assert_int_equal(piv_bench_manage(bench), 0x9000);
    assert_int_equal(piv_bench_generate(bench, slot, algorithm), 0x9000);
}

static const struct virtual_pair *pair(struct piv_bench *bench, uint8_t slot)
{
    return virtual_piv_objects_slot(bench->objects, slot)->pair;
}

/* What is inside 7C and 82. */
static struct span result(const struct piv_bench *bench)
{
    struct span template;
    struct span value;
    assert_true(virtual_piv_tlv_only(span_bytes(bench->bench.answer), 0x7C, &template));
    assert_true(virtual_piv_tlv_only(template, 0x82, &value));
    return value;
}

static bool verifies(const struct virtual_pair *pair, struct span digest, struct span signature)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(virtual_pair_peek(pair), NULL);
    assert_int_equal(EVP_PKEY_verify_init(context), 1);
    bool good = EVP_PKEY_verify(context, signature.at, signature.len, digest.at, digest.len) == 1;
    EVP_PKEY_CTX_free(context);
    return good;
}

static void signs_with_p256_and_p384(void **state)
{
    (void)state;
    struct piv_bench bench;
    AUTO(bytes_freep) struct bytes *digest = bench_bytes(DIGEST_32 DIGEST_16);
    init(&bench, "piv-plain", 0x9C, 0x11);
    assert_int_equal(piv_bench_verify(&bench), 0x9000);
    assert_int_equal(piv_bench_fetch(&bench, SIGN_P256), 0x9000);
    assert_true(verifies(pair(&bench, 0x9C), span_of(digest->at, 32), result(&bench)));
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x14), 0x9000);
    assert_int_equal(piv_bench_verify(&bench), 0x9000);
    assert_int_equal(
        piv_bench_fetch(&bench, "0087149C 36 7C34 8200 8130 " DIGEST_32 DIGEST_16 " 00"), 0x9000);
    assert_true(verifies(pair(&bench, 0x9C), span_of(digest->at, 48), result(&bench)));
    piv_bench_done(&bench);
}

static void does_the_rsa_operation_on_a_chained_block(void **state)
{
    (void)state;
    struct piv_bench bench;
    AUTO(memory_freep) char *zeros = memory_new(2 * 240 + 1);
    memset(zeros, '0', 2 * 240);
    init(&bench, "piv-plain", 0x9C, 0x07);
    assert_int_equal(piv_bench_verify(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "1087079C FA 7C820106 8200 81820100 %s", zeros),
                     0x9000);
    assert_int_equal(piv_bench_fetch(&bench, "0087079C 10 000000000000000000000000000000 02 00"),
                     0x9000);
    /* 2 to the d, to the e: 2 again. */
    uint8_t back[256];
    size_t length = sizeof back;
    struct span signature = result(&bench);
    assert_int_equal(signature.len, 256);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(virtual_pair_peek(pair(&bench, 0x9C)), NULL);
    assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), 1);
    assert_int_equal(EVP_PKEY_encrypt(context, back, &length, signature.at, signature.len), 1);
    EVP_PKEY_CTX_free(context);
    assert_int_equal(back[255], 2);
    for (size_t i = 0; i < 255; i++)
        assert_int_equal(back[i], 0);
    piv_bench_done(&bench);
}

static void agrees_on_a_shared_secret(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct piv_bench bench;
    AUTO(virtual_pair_freep) struct virtual_pair *other = NULL;
    AUTO(buf_done) struct buf point = BUF_INIT(128);
    AUTO(buf_done) struct buf expected = BUF_INIT(64);
    init(&bench, "piv-full", 0x9D, 0x11);
    assert_non_null(bench.bench.answer);
    AUTO(bytes_freep)
    struct bytes *own = bytes_new(span_of(bench.bench.answer->at + 5, 65));
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_P256, &other, &err), ERR_NONE);
    assert_true(virtual_piv_crypto_public_key(other, &point));
    assert_true(virtual_piv_crypto_agree(other, span_bytes(own), &expected));
    AUTO(memory_freep) char *hex = hex_encode(span_of(point.at + 2, 65));
    assert_int_equal(bench_send(&bench.bench, "0087119D 47 7C45 8200 8541 %s 00", hex), 0x6982);
    assert_int_equal(piv_bench_verify(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "0087119D 47 7C45 8200 8541 %s 00", hex), 0x9000);
    assert_true(span_equal(result(&bench), buf_span(&expected)));
    /* Not on the curve; too short. */
    hex[3] = hex[3] == '0' ? '1' : '0';
    assert_int_equal(bench_send(&bench.bench, "0087119D 47 7C45 8200 8541 %s 00", hex), 0x6A80);
    assert_int_equal(bench_send(&bench.bench, "0087119D 07 7C05 8200 850104 00"), 0x6A80);
    piv_bench_done(&bench);
}

static void wants_the_pin_for_each_signature(void **state)
{
    (void)state;
    static const struct {
        const char *profile;
        unsigned after_another_command;
    } cases[] = {{"piv-full", 0x9000}, {"piv-plain", 0x6982}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct piv_bench bench;
        init(&bench, cases[i].profile, 0x9C, 0x11);
        assert_int_equal(piv_bench_fetch(&bench, SIGN_P256), 0x6982);
        assert_int_equal(piv_bench_verify(&bench), 0x9000);
        assert_int_equal(piv_bench_fetch(&bench, SIGN_P256), 0x9000);
        assert_int_equal(piv_bench_fetch(&bench, SIGN_P256), 0x6982);
        assert_int_equal(bench_send(&bench.bench, "00200080"), 0x9000); /* still logged in */
        assert_int_equal(piv_bench_fetch(&bench, SIGN_P256), 0x6982);
        assert_int_equal(piv_bench_verify(&bench), 0x9000);
        assert_int_equal(bench_send(&bench.bench, "00CB3FFF 03 5C017E 01") >> 8, 0x61);
        assert_int_equal(piv_bench_fetch(&bench, SIGN_P256), cases[i].after_another_command);
        piv_bench_done(&bench);
    }
}

static void other_slots_have_other_policies(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-full", 0x82, 0x11);
    const char *sign_82 = "00871182 26 7C24 8200 8120 " DIGEST_32 " 00";
    assert_int_equal(piv_bench_fetch(&bench, "%s", sign_82), 0x6982);
    assert_int_equal(piv_bench_verify(&bench), 0x9000);
    assert_int_equal(piv_bench_fetch(&bench, "%s", sign_82), 0x9000);
    assert_int_equal(piv_bench_fetch(&bench, "%s", sign_82), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "0020FF80"), 0x9000);
    assert_int_equal(piv_bench_fetch(&bench, "%s", sign_82), 0x6982);
    assert_int_equal(piv_bench_generate(&bench, 0x9E, 0x11), 0x9000);
    assert_int_equal(piv_bench_fetch(&bench, "0087119E 26 7C24 8200 8120 " DIGEST_32 " 00"),
                     0x9000);
    piv_bench_done(&bench);
}

/* Where retired keys are for key establishment only. */
static void a_retired_key_need_not_sign(void **state)
{
    (void)state;
    struct virtual_piv_profile profile = *virtual_piv_profile_find("piv-full");
    struct piv_bench bench;
    profile.retired_sign = 0x6985;
    piv_bench_init(&bench, &profile);
    assert_int_equal(piv_bench_manage(&bench), 0x9000);
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x9000);
    assert_int_equal(piv_bench_generate(&bench, 0x82, 0x11), 0x9000);
    AUTO(memory_freep) char *point = hex_encode(span_of(bench.bench.answer->at + 5, 65));
    assert_int_equal(piv_bench_verify(&bench), 0x9000);
    assert_int_equal(piv_bench_fetch(&bench, "00871182 26 7C24 8200 8120 " DIGEST_32 " 00"),
                     0x6985);
    assert_int_equal(bench_send(&bench.bench, "00871182 47 7C45 8200 8541 %s 00", point), 0x9000);
    assert_int_equal(piv_bench_fetch(&bench, SIGN_P256), 0x9000);
    piv_bench_done(&bench);
}

static void refuses_other_inputs(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        unsigned status;
    } cases[] = {
        {"0087149C 26 7C24 8200 8120 " DIGEST_32 " 00", 0x6A86},
        {"00871183 26 7C24 8200 8120 " DIGEST_32 " 00", 0x6A88},
        {"00871196 26 7C24 8200 8120 " DIGEST_32 " 00", 0x6A86},
        {"0087119C 16 7C14 8200 8110 " DIGEST_16 " 00", 0x6A80},
        {"0087119C 24 7C22 8120 " DIGEST_32 " 00", 0x6A80},
        {"0087119C 27 7C25 820100 8120 " DIGEST_32 " 00", 0x6A80},
        {"0087119C 26 7D24 8200 8120 " DIGEST_32 " 00", 0x6A80},
        {"0087119C 26 7C23 8200 8120 " DIGEST_32 " 00", 0x6A80},
        {"0087119C 02 7C00 00", 0x6A80},
        {"0087119C 04 7C028200 00", 0x6A80},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct piv_bench bench;
        init(&bench, "piv-full", 0x9C, 0x11);
        assert_int_equal(piv_bench_verify(&bench), 0x9000);
        assert_int_equal(piv_bench_fetch(&bench, "%s", cases[i].command), cases[i].status);
        piv_bench_done(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_with_p256_and_p384),
        cmocka_unit_test(does_the_rsa_operation_on_a_chained_block),
        cmocka_unit_test(agrees_on_a_shared_secret),
        cmocka_unit_test(wants_the_pin_for_each_signature),
        cmocka_unit_test(other_slots_have_other_policies),
        cmocka_unit_test(a_retired_key_need_not_sign),
        cmocka_unit_test(refuses_other_inputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
