#include "token/virtual/virtual_crypto.h"

#include "bench.h"

static void check_hex(const uint8_t *at, size_t len, const char *expected)
{
    AUTO(memory_freep) char *hex = hex_encode(span_of(at, len));
    assert_string_equal(hex, expected);
}

static void makes_the_key_of_a_pin(void **state)
{
    (void)state;
    static const struct {
        enum virtual_pin_hash hash;
        const char *pin;
        const char *key;
    } known[] = {
        {VIRTUAL_HASH_SHA1_PADDED, "123456", "F41B44DBECCCACCFBB4CCF6A7FC4921C"},
        {VIRTUAL_HASH_SHA1_PADDED, "12345678", "002FE525CB3AFA592E4011157437C666"},
        {VIRTUAL_HASH_SM3, "123456", "207CF410532F92A47DEE245CE9B11FF7"},
        {VIRTUAL_HASH_SM3, "12345678", "0FFFFF81E971FA3F09107ABF77931463"},
        {VIRTUAL_HASH_SHA1, "123456", "7C4A8D09CA3762AF61E59520943DC264"},
        {VIRTUAL_HASH_SHA1, "12345678", "7C222FB2927D828AF22F592134E89324"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        uint8_t key[VIRTUAL_CIPHER_BYTES];
        virtual_crypto_pin_key(known[i].hash, span_text(known[i].pin), key);
        check_hex(key, sizeof key, known[i].key);
    }
}

static void encrypts_as_the_standard_s_example(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *key = bench_bytes("0123456789ABCDEFFEDCBA9876543210");
    uint8_t block[VIRTUAL_CIPHER_BYTES];
    virtual_crypto_encrypt(key->at, span_bytes(key), block);
    check_hex(block, sizeof block, "681EDF34D206965E86B3E94F536E4246");
    virtual_crypto_decrypt(key->at, SPAN_ARRAY(block), block);
    check_hex(block, sizeof block, "0123456789ABCDEFFEDCBA9876543210");
}

static void check_mac(const char *input_hex, bool extra, const char *expected)
{
    uint8_t mac[VIRTUAL_MAC_BYTES];
    AUTO(bytes_freep) struct bytes *key = bench_bytes("002FE525CB3AFA592E4011157437C666");
    AUTO(bytes_freep) struct bytes *challenge = bench_bytes(CHALLENGE);
    AUTO(bytes_freep) struct bytes *input = bench_bytes(input_hex);
    virtual_crypto_mac(key->at, challenge->at, span_bytes(input), extra, mac);
    check_hex(mac, sizeof mac, expected);
}

static void makes_the_known_macs(void **state)
{
    (void)state;
    check_mac("841A0000001200001000CA123D75BC67BF44A52332EC1C6B0EA5", false, "87D03662");
    check_mac("841A0000160000001000CA123D75BC67BF44A52332EC1C6B0EA5", false, "EE3D79D6");
    check_mac("841A00000000161000CA123D75BC67BF44A52332EC1C6B0EA5", false, "EE94CF0D");
    check_mac("841A0000001200001000EDE714B7EEF8ADA789548A254342CDE1", false, "BA5216FC");
    check_mac("841A0000160000001000EDE714B7EEF8ADA789548A254342CDE1", false, "5FCED06D");
    check_mac("841A00000000161000EDE714B7EEF8ADA789548A254342CDE1", false, "6EA8A298");
    check_mac("313233343536", false, "F294E2D0");
    check_mac("841A0000001200001000CA123D75BC67BF44A52332EC1C6B0EA5", true, "87D03662");
}

/* The quirk shows only where 80 ends a block: one more block of zeros then goes through the cipher. */
static void covers_one_more_block_only_where_the_padding_ends_one(void **state)
{
    (void)state;
    uint8_t state_block[VIRTUAL_CIPHER_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t mac[VIRTUAL_MAC_BYTES];
    const uint8_t key[VIRTUAL_CIPHER_BYTES] = {7};
    const uint8_t input[VIRTUAL_CIPHER_BYTES] = {0};
    for (size_t len = 14; len <= 16; len++) {
        uint8_t plain[VIRTUAL_MAC_BYTES];
        virtual_crypto_mac(key, state_block, span_of(input, len), false, plain);
        virtual_crypto_mac(key, state_block, span_of(input, len), true, mac);
        assert_int_equal(memcmp(plain, mac, sizeof mac) == 0, len != 15);
    }
    uint8_t block[VIRTUAL_CIPHER_BYTES];
    memcpy(block, state_block, sizeof block);
    block[15] ^= 0x80;
    virtual_crypto_encrypt(key, SPAN_ARRAY(block), block);
    virtual_crypto_encrypt(key, SPAN_ARRAY(block), block);
    virtual_crypto_mac(key, state_block, span_of(input, 15), true, mac);
    assert_memory_equal(mac, block, sizeof mac);
}

static void check_unwrap(enum virtual_block block, const char *plain_hex, const char *expected)
{
    AUTO(bytes_freep) struct bytes *plain = bench_bytes(plain_hex);
    struct span value = virtual_crypto_unwrap(block, span_bytes(plain));
    AUTO(memory_freep) char *hex = hex_encode(value);
    assert_string_equal(hex, expected);
}

static void takes_values_out_of_blocks(void **state)
{
    (void)state;
    check_unwrap(VIRTUAL_BLOCK_ZEROS, "31323334353600000000000000000000", "313233343536");
    check_unwrap(VIRTUAL_BLOCK_ZEROS, "31323334353637383930313233343536",
                 "31323334353637383930313233343536");
    check_unwrap(VIRTUAL_BLOCK_ZEROS, "31323334353600000000000000000031", "");
    check_unwrap(VIRTUAL_BLOCK_ZEROS, "00000000000000000000000000000000", "");
    check_unwrap(VIRTUAL_BLOCK_ZEROS, "313233", "");
    check_unwrap(VIRTUAL_BLOCK_LENGTH, "06003132333435368000000000000000", "313233343536");
    check_unwrap(VIRTUAL_BLOCK_LENGTH, "0D003132333435363738393031323380",
                 "31323334353637383930313233");
    check_unwrap(VIRTUAL_BLOCK_LENGTH,
                 "0E0031323334353637383930313233348000000000000000000000000000"
                 "0000",
                 "3132333435363738393031323334");
    check_unwrap(VIRTUAL_BLOCK_LENGTH, "0E003132333435363738393031323380", "");
    check_unwrap(VIRTUAL_BLOCK_LENGTH, "06003132333435360000000000000000", "");
    check_unwrap(VIRTUAL_BLOCK_LENGTH, "06003132333435368000000000000001", "");
    check_unwrap(VIRTUAL_BLOCK_LENGTH, "FFFF3132333435368000000000000000", "");
    check_unwrap(VIRTUAL_BLOCK_LENGTH,
                 "06003132333435368000000000000000000000000000000000000000000000"
                 "00",
                 "");
}

static void makes_the_sm2_digest_of_the_example(void **state)
{
    (void)state;
    uint8_t digest[32];
    AUTO(bytes_freep) struct bytes *point = bench_bytes(SIGN_POINT);
    virtual_crypto_sm2_digest(point->at, span_text("1234567812345678"), span_text("message digest"),
                              digest);
    check_hex(digest, sizeof digest, EXAMPLE_E);
}

static void compares_and_wipes(void **state)
{
    (void)state;
    uint8_t bytes[8];
    uint8_t other[8];
    const uint8_t zeros[8] = {0};
    virtual_crypto_random(bytes, sizeof bytes);
    memcpy(other, bytes, sizeof other);
    assert_true(virtual_crypto_equal(bytes, other, sizeof other));
    other[7] ^= 1;
    assert_false(virtual_crypto_equal(bytes, other, sizeof other));
    virtual_crypto_wipe(bytes, sizeof bytes);
    assert_memory_equal(bytes, zeros, sizeof bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_key_of_a_pin),
        cmocka_unit_test(encrypts_as_the_standard_s_example),
        cmocka_unit_test(makes_the_known_macs),
        cmocka_unit_test(covers_one_more_block_only_where_the_padding_ends_one),
        cmocka_unit_test(takes_values_out_of_blocks),
        cmocka_unit_test(makes_the_sm2_digest_of_the_example),
        cmocka_unit_test(compares_and_wipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
