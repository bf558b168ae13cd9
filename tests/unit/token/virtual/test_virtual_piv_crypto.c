#include "token/virtual/virtual_piv_crypto.h"

#include "bench.h"

/* Known answers by openssl's command line, with the key 01 to 08 again and again. */
static void enciphers_one_block(void **state)
{
    (void)state;
    static const struct {
        enum virtual_piv_management cipher;
        const char *in;
        const char *out;
    } cases[] = {
        {VIRTUAL_PIV_3DES, "0102030405060708", "77A7D6BCF57962B9"},
        {VIRTUAL_PIV_AES128, "000102030405060708090A0B0C0D0E0F",
         "EABB4337BB24E6B5FD696F8E857A4213"},
        {VIRTUAL_PIV_AES192, "000102030405060708090A0B0C0D0E0F",
         "3F92E2FCE73F9D83187C140D035F7EDC"},
        {VIRTUAL_PIV_AES256, "000102030405060708090A0B0C0D0E0F",
         "98EA3764F97C45FAA70DE40FE3C72B56"},
    };
    uint8_t key[VIRTUAL_PIV_MANAGEMENT_BYTES_MAX];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(i % 8 + 1);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *in = bench_bytes(cases[i].in);
        uint8_t out[VIRTUAL_PIV_BLOCK_BYTES_MAX];
        assert_int_equal(virtual_piv_crypto_block_bytes(cases[i].cipher), in->len);
        virtual_piv_crypto_encrypt(cases[i].cipher, key, in->at, out);
        AUTO(memory_freep) char *hex = hex_encode(span_of(out, in->len));
        assert_string_equal(hex, cases[i].out);
    }
}

static void knows_ciphers_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t key_bytes;
    } cases[] = {{"3des", 24}, {"aes128", 16}, {"aes192", 24}, {"aes256", 32}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        enum virtual_piv_management cipher = virtual_piv_crypto_find(cases[i].name);
        assert_string_equal(virtual_piv_crypto_name(cipher), cases[i].name);
        assert_int_equal(virtual_piv_crypto_key_bytes(cipher), cases[i].key_bytes);
    }
    enum virtual_piv_management none = virtual_piv_crypto_find("sm4");
    assert_int_equal(none, 0);
    assert_null(virtual_piv_crypto_name(none));
    assert_int_equal(virtual_piv_crypto_key_bytes(none), 0);
    assert_int_equal(virtual_piv_crypto_block_bytes(none), 0);
}

static void knows_algorithms_of_pairs(void **state)
{
    (void)state;
    static const struct {
        enum virtual_pair_kind kind;
        uint8_t algorithm;
        size_t bytes;
    } cases[] = {
        {VIRTUAL_PAIR_P256, 0x11, 32},
        {VIRTUAL_PAIR_P384, 0x14, 48},
        {VIRTUAL_PAIR_RSA, 0x07, 256},
        {VIRTUAL_PAIR_SM2, 0x54, 32},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(virtual_piv_crypto_algorithm(cases[i].kind), cases[i].algorithm);
        assert_int_equal(virtual_piv_crypto_kind(cases[i].algorithm), cases[i].kind);
        assert_int_equal(virtual_piv_crypto_pair_bytes(cases[i].kind), cases[i].bytes);
    }
    assert_int_equal(virtual_piv_crypto_algorithm(VIRTUAL_PAIR_NONE), 0);
    assert_int_equal(virtual_piv_crypto_kind(0x06), VIRTUAL_PAIR_NONE);
    assert_int_equal(virtual_piv_crypto_pair_bytes(VIRTUAL_PAIR_NONE), 0);
}

static void signs_with_sm2_and_agrees_on_nothing(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    static const uint8_t e[VIRTUAL_SM2_BYTES] = {1, 2, 3};
    uint8_t point[2 * VIRTUAL_SM2_BYTES], encoded[1 + sizeof point] = {4};
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    AUTO(buf_done) struct buf key = BUF_INIT(256);
    AUTO(buf_done) struct buf out = BUF_INIT(256);
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_SM2, &pair, &err), ERR_NONE);
    assert_int_equal(virtual_pair_point(pair, point, &err), ERR_NONE);
    memcpy(encoded + 1, point, sizeof point);
    assert_true(virtual_piv_crypto_public_key(pair, &key));
    assert_int_equal(key.at[0], 0x86);
    assert_memory_equal(key.at + 2, encoded, sizeof encoded);
    assert_true(virtual_piv_crypto_sign(pair, SPAN_ARRAY(e), &out));
    assert_int_equal(out.at[0], 0x30);
    buf_clear(&out);
    assert_false(virtual_piv_crypto_agree(pair, SPAN_ARRAY(encoded), &out));
}

static void gives_nothing_when_it_refuses(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    uint8_t ones[VIRTUAL_RSA_BYTES];
    memset(ones, 0xFF, sizeof ones);
    AUTO(virtual_pair_freep) struct virtual_pair *rsa = NULL;
    AUTO(virtual_pair_freep) struct virtual_pair *ec = NULL;
    AUTO(buf_done) struct buf out = BUF_INIT(1024);
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_RSA, &rsa, &err), ERR_NONE);
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_P256, &ec, &err), ERR_NONE);
    assert_false(virtual_piv_crypto_rsa(rsa, SPAN_ARRAY(ones), &out)); /* above the modulus */
    assert_false(virtual_piv_crypto_agree(ec, span_of(ones, 65), &out));
    assert_int_equal(out.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enciphers_one_block),
        cmocka_unit_test(knows_ciphers_by_name),
        cmocka_unit_test(knows_algorithms_of_pairs),
        cmocka_unit_test(signs_with_sm2_and_agrees_on_nothing),
        cmocka_unit_test(gives_nothing_when_it_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
