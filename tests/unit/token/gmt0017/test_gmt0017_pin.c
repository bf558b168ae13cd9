#include "token/gmt0017/gmt0017_pin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "tests/unit/token/scripted_key.h"

static const uint8_t challenge[] = {1, 2, 3, 4, 5, 6, 7, 8};

static struct gmt0017_profile with_key(enum gmt0017_pin_key kind)
{
    return (struct gmt0017_profile){.pin_key = kind};
}

static struct secret *key_of(const struct gmt0017_profile *profile, const char *pin)
{
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *secret = scripted_key_secret(pin);
    struct secret *key = NULL;
    assert_int_equal(gmt0017_pin_key(profile, secret, &key, &err), ERR_NONE);
    return key;
}

static void assert_hex(struct span bytes, const char *expected)
{
    AUTO(memory_freep) char *hex = hex_encode(bytes);
    assert_string_equal(hex, expected);
}

static void check_key(enum gmt0017_pin_key kind, const char *pin, const char *expected)
{
    struct gmt0017_profile profile = with_key(kind);
    AUTO(secret_freep) struct secret *key = key_of(&profile, pin);
    assert_hex(secret_peek(key), expected);
}

static void makes_the_keys_of_each_variant(void **state)
{
    check_key(GMT0017_PIN_KEY_SHA1_PADDED, "123456", "F41B44DBECCCACCFBB4CCF6A7FC4921C");
    check_key(GMT0017_PIN_KEY_SHA1_PADDED, "12345678", "002FE525CB3AFA592E4011157437C666");
    check_key(GMT0017_PIN_KEY_SM3_BARE, "123456", "207CF410532F92A47DEE245CE9B11FF7");
    check_key(GMT0017_PIN_KEY_SM3_BARE, "12345678", "0FFFFF81E971FA3F09107ABF77931463");
    check_key(GMT0017_PIN_KEY_SHA1_BARE, "123456", "7C4A8D09CA3762AF61E59520943DC264");
    check_key(GMT0017_PIN_KEY_SHA1_BARE, "12345678", "7C222FB2927D828AF22F592134E89324");
    /* A PIN of 16 bytes needs no padding. */
    struct gmt0017_profile padded = with_key(GMT0017_PIN_KEY_SM3_PADDED);
    struct gmt0017_profile bare = with_key(GMT0017_PIN_KEY_SM3_BARE);
    AUTO(secret_freep) struct secret *one = key_of(&padded, "1234567812345678");
    AUTO(secret_freep) struct secret *other = key_of(&bare, "1234567812345678");
    assert_true(secret_equal(one, other));
}

static void check_verify(enum gmt0017_pin_key kind, enum gmt0017_block block, const char *pin,
                         const char *expected)
{
    struct err err = ERR_INIT;
    struct gmt0017_profile profile = with_key(kind);
    profile.verify_block = block;
    AUTO(secret_freep) struct secret *key = key_of(&profile, pin);
    uint8_t cryptogram[GMT0017_VERIFY_BYTES];
    assert_int_equal(gmt0017_pin_verify(&profile, key, challenge, cryptogram, &err), ERR_NONE);
    assert_hex(SPAN_ARRAY(cryptogram), expected);
}

static void answers_the_challenge_in_each_variant(void **state)
{
    check_verify(GMT0017_PIN_KEY_SHA1_PADDED, GMT0017_BLOCK_ZEROS, "123456",
                 "920EE2F758A377F47711FEA261F14D1C");
    check_verify(GMT0017_PIN_KEY_SHA1_PADDED, GMT0017_BLOCK_ZEROS, "12345678",
                 "5B21F57370D6ADE8B84EF018F616013E");
    check_verify(GMT0017_PIN_KEY_SM3_BARE, GMT0017_BLOCK_LENGTH, "123456",
                 "28467FC29B87AD450BD2EA397A666535");
    check_verify(GMT0017_PIN_KEY_SM3_BARE, GMT0017_BLOCK_LENGTH, "12345678",
                 "4AB32D549340C9DF37D27933A59BD497");
    check_verify(GMT0017_PIN_KEY_SHA1_PADDED, GMT0017_BLOCK_LENGTH, "123456",
                 "0566E5EB3B4A1E76864236FB8BEF7594");
    check_verify(GMT0017_PIN_KEY_SHA1_PADDED, GMT0017_BLOCK_LENGTH, "12345678",
                 "88D761037516258B23E09503E327A5AB");
    check_verify(GMT0017_PIN_KEY_SHA1_BARE, GMT0017_BLOCK_LENGTH, "123456",
                 "1D743F0202CE3D587B0BC214E98F4B69");
    check_verify(GMT0017_PIN_KEY_SHA1_BARE, GMT0017_BLOCK_LENGTH, "12345678",
                 "81A446411155C56985354536FBBD960E");
}

/* UnblockPIN with the administrator PIN 12345678 and the new PIN 123456 in application 1000. */
static void check_unblock(enum gmt0017_block block, enum gmt0017_mac_input input,
                          const char *expected)
{
    struct err err = ERR_INIT;
    struct gmt0017_profile profile = with_key(GMT0017_PIN_KEY_SHA1_PADDED);
    profile.new_pin_block = block;
    profile.mac_input = input;
    AUTO(secret_freep) struct secret *key = key_of(&profile, "12345678");
    AUTO(secret_freep) struct secret *pin = scripted_key_secret("123456");
    uint8_t out[2 + GMT0017_NEW_PIN_BYTES_MAX + GMT0017_MAC_BYTES] = {0x10, 0x00};
    size_t length = 0;
    assert_int_equal(gmt0017_pin_wrap(&profile, key, pin, out + 2, &length, &err), ERR_NONE);
    assert_int_equal(length, 16);
    const uint8_t header[] = {0x84, 0x1A, 0, 0};
    assert_int_equal(
        gmt0017_pin_mac(&profile, key, challenge, header, span_of(out, 18), pin, out + 18, &err),
        ERR_NONE);
    assert_hex(span_of(out + 2, 20), expected);
}

static void wraps_and_authenticates_a_new_pin(void **state)
{
    check_unblock(GMT0017_BLOCK_ZEROS, GMT0017_MAC_HEADER_LE,
                  "CA123D75BC67BF44A52332EC1C6B0EA587D03662");
    check_unblock(GMT0017_BLOCK_ZEROS, GMT0017_MAC_HEADER_LE_LC,
                  "CA123D75BC67BF44A52332EC1C6B0EA5EE3D79D6");
    check_unblock(GMT0017_BLOCK_ZEROS, GMT0017_MAC_AS_SENT,
                  "CA123D75BC67BF44A52332EC1C6B0EA5EE94CF0D");
    check_unblock(GMT0017_BLOCK_ZEROS, GMT0017_MAC_PLAIN_PIN,
                  "CA123D75BC67BF44A52332EC1C6B0EA5F294E2D0");
    check_unblock(GMT0017_BLOCK_LENGTH, GMT0017_MAC_HEADER_LE,
                  "EDE714B7EEF8ADA789548A254342CDE1BA5216FC");
    check_unblock(GMT0017_BLOCK_LENGTH, GMT0017_MAC_HEADER_LE_LC,
                  "EDE714B7EEF8ADA789548A254342CDE15FCED06D");
    check_unblock(GMT0017_BLOCK_LENGTH, GMT0017_MAC_AS_SENT,
                  "EDE714B7EEF8ADA789548A254342CDE16EA8A298");
    check_unblock(GMT0017_BLOCK_LENGTH, GMT0017_MAC_PLAIN_PIN,
                  "EDE714B7EEF8ADA789548A254342CDE1F294E2D0");
}

static size_t wrapped_length(enum gmt0017_block block, const char *pin)
{
    struct err err = ERR_INIT;
    struct gmt0017_profile profile = with_key(GMT0017_PIN_KEY_SHA1_PADDED);
    profile.new_pin_block = block;
    AUTO(secret_freep) struct secret *key = key_of(&profile, "12345678");
    AUTO(secret_freep) struct secret *secret = scripted_key_secret(pin);
    uint8_t out[GMT0017_NEW_PIN_BYTES_MAX];
    size_t length = 0;
    assert_int_equal(gmt0017_pin_wrap(&profile, key, secret, out, &length, &err), ERR_NONE);
    return length;
}

static void wraps_long_pins_into_a_second_block(void **state)
{
    assert_int_equal(wrapped_length(GMT0017_BLOCK_LENGTH, "1234567890123"), 16);
    assert_int_equal(wrapped_length(GMT0017_BLOCK_LENGTH, "12345678901234"), 32);
    assert_int_equal(wrapped_length(GMT0017_BLOCK_LENGTH, "1234567890123456"), 32);
    assert_int_equal(wrapped_length(GMT0017_BLOCK_ZEROS, "1234567890123456"), 16);
}

/* With 15 bytes of input the 80 of the padding ends the block: only then the variants differ. */
static void pads_one_block_more_where_the_profile_says_so(void **state)
{
    struct err err = ERR_INIT;
    static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7};
    const uint8_t header[] = {0x84, 0x16, 0, 1};
    for (size_t length = 6; length <= 7; length++) {
        struct gmt0017_profile profile = with_key(GMT0017_PIN_KEY_SHA1_PADDED);
        AUTO(secret_freep) struct secret *key = key_of(&profile, "123456");
        AUTO(secret_freep) struct secret *pin = scripted_key_secret("654321");
        uint8_t plain[GMT0017_MAC_BYTES], extra[GMT0017_MAC_BYTES];
        assert_int_equal(gmt0017_pin_mac(&profile, key, challenge, header, span_of(data, length),
                                         pin, plain, &err),
                         ERR_NONE);
        profile.mac_extra_block = true;
        assert_int_equal(gmt0017_pin_mac(&profile, key, challenge, header, span_of(data, length),
                                         pin, extra, &err),
                         ERR_NONE);
        bool same = memcmp(plain, extra, sizeof plain) == 0;
        assert_int_equal(same, length != 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_keys_of_each_variant),
        cmocka_unit_test(answers_the_challenge_in_each_variant),
        cmocka_unit_test(wraps_and_authenticates_a_new_pin),
        cmocka_unit_test(wraps_long_pins_into_a_second_block),
        cmocka_unit_test(pads_one_block_more_where_the_profile_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
