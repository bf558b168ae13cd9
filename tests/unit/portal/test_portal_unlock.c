#include "portal/portal_unlock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <openssl/evp.h>

#include "world.h"

/* The answers below were computed with OpenSSL's SM4, SM3 and SHA-1 for this challenge. */
static const struct portal_unlock_request request = {{1, 2, 3, 4, 5, 6, 7, 8}, {0x10, 0x00}};

static struct secret *pin_of(const char *text)
{
    struct secret *pin = NULL;
    struct err err = ERR_INIT;
    world_must(secret_new(64, &pin, &err), &err);
    memcpy(secret_room(pin), text, strlen(text));
    secret_set_length(pin, strlen(text));
    return pin;
}

static struct bytes *unlock(const struct portal_unlock_profile *profile, const char *admin_pin)
{
    AUTO(secret_freep) struct secret *pin = pin_of(admin_pin);
    struct bytes *answer = NULL;
    struct err err = ERR_INIT;
    world_must(portal_unlock_pin(profile, pin, &request, &answer, &err), &err);
    return answer;
}

static void check_bytes(const struct bytes *found, const char *hex)
{
    AUTO(bytes_freep) struct bytes *wanted = fixture_hex(hex);
    if (!span_equal(span_bytes(found), span_bytes(wanted)))
        fail_msg("not %s", hex);
}

static void each_profiles_unblock_has_its_known_answer(void **state)
{
    static const struct {
        const char *profile;
        const char *answer;
    } cases[] = {
        {"gmt0017-2012", "CA123D75BC67BF44A52332EC1C6B0EA587D03662"},
        {"longmai", "EDE714B7EEF8ADA789548A254342CDE1F294E2D0"},
        {"syno", "CA123D75BC67BF44A52332EC1C6B0EA587D03662"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct portal_unlock_profile *profile = portal_unlock_profile_find(cases[i].profile);
        assert_non_null(profile);
        AUTO(bytes_freep) struct bytes *answer = unlock(profile, "12345678");
        check_bytes(answer, cases[i].answer);
    }
}

static void each_way_to_log_in_has_its_known_answer(void **state)
{
    static const struct {
        const char *pin_hash;
        bool padded;
        enum portal_unlock_block block;
        const char *answers[2]; /* of 123456 and 12345678 */
    } cases[] = {
        {"SHA1",
         true,
         PORTAL_UNLOCK_ZEROS,
         {"920EE2F758A377F47711FEA261F14D1C", "5B21F57370D6ADE8B84EF018F616013E"}},
        {"SM3",
         false,
         PORTAL_UNLOCK_LENGTH,
         {"28467FC29B87AD450BD2EA397A666535", "4AB32D549340C9DF37D27933A59BD497"}},
        {"SHA1",
         true,
         PORTAL_UNLOCK_LENGTH,
         {"0566E5EB3B4A1E76864236FB8BEF7594", "88D761037516258B23E09503E327A5AB"}},
        {"SHA1",
         false,
         PORTAL_UNLOCK_LENGTH,
         {"1D743F0202CE3D587B0BC214E98F4B69", "81A446411155C56985354536FBBD960E"}},
    };
    static const char *const pins[] = {"123456", "12345678"};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct portal_unlock_profile profile = {.pin_hash = cases[i].pin_hash,
                                                      .pin_padded = cases[i].padded,
                                                      .verify_block = cases[i].block};
        for (size_t j = 0; j < ARRAY_SIZE(pins); j++) {
            AUTO(secret_freep) struct secret *pin = pin_of(pins[j]);
            AUTO(bytes_freep) struct bytes *answer = NULL;
            struct err err = ERR_INIT;
            world_must(portal_unlock_login(&profile, pin, &request, &answer, &err), &err);
            check_bytes(answer, cases[i].answers[j]);
        }
    }
}

static void syno_alone_wants_the_administrator_logged_in(void **state)
{
    assert_true(portal_unlock_profile_find("syno")->needs_login);
    assert_false(portal_unlock_profile_find("longmai")->needs_login);
    assert_false(portal_unlock_profile_find("gmt0017-2012")->needs_login);
    assert_null(portal_unlock_profile_find("unknown"));
    assert_null(portal_unlock_profile_find(""));
}

static void the_mac_covers_what_the_profile_says(void **state)
{
    static const struct {
        enum portal_unlock_block block;
        enum portal_unlock_mac mac;
        const char *tail; /* of the answer */
    } cases[] = {
        {PORTAL_UNLOCK_ZEROS, PORTAL_UNLOCK_MAC_PIN, "CA123D75BC67BF44A52332EC1C6B0EA5F294E2D0"},
        {PORTAL_UNLOCK_LENGTH, PORTAL_UNLOCK_MAC_COMMAND,
         "EDE714B7EEF8ADA789548A254342CDE1BA5216FC"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct portal_unlock_profile profile = *portal_unlock_profile_find("gmt0017-2012");
        profile.new_pin_block = cases[i].block;
        profile.mac = cases[i].mac;
        AUTO(bytes_freep) struct bytes *answer = unlock(&profile, "12345678");
        check_bytes(answer, cases[i].tail);
    }
}

/* CBC-MAC of whole blocks with the key of PIN 12345678. */
static void mac_of_blocks(const uint8_t *blocks, size_t length, uint8_t out[4])
{
    AUTO(bytes_freep) struct bytes *key = fixture_hex("002FE525CB3AFA592E4011157437C666");
    uint8_t iv[16] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t answer[64];
    int written = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex2(context, EVP_sm4_cbc(), key->at, iv, NULL), 1);
    assert_int_equal(EVP_EncryptUpdate(context, answer, &written, blocks, (int)length), 1);
    EVP_CIPHER_CTX_free(context);
    memcpy(out, answer + length - 16, 4);
}

static void where_the_pad_ends_a_block_a_quirk_adds_one_of_zeros(void **state)
{
    static const struct {
        const char *initial_pin;
        bool quirk;
        size_t blocks;
    } cases[] = {
        {"12345678901234", false, 1}, {"12345678901234", true, 1},    {"123456789012345", false, 1},
        {"123456789012345", true, 2}, {"1234567890123456", false, 2}, {"1234567890123456", true, 2},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct portal_unlock_profile profile = *portal_unlock_profile_find("longmai");
        size_t length = strlen(cases[i].initial_pin);
        uint8_t blocks[32] = {0};
        uint8_t mac[4];
        profile.initial_pin = cases[i].initial_pin;
        profile.mac_extra_block = cases[i].quirk;
        memcpy(blocks, cases[i].initial_pin, length);
        blocks[length] = 0x80;
        mac_of_blocks(blocks, cases[i].blocks * 16, mac);
        AUTO(bytes_freep) struct bytes *answer = unlock(&profile, "12345678");
        assert_int_equal(answer->len, length <= 13 ? 20 : 36);
        assert_memory_equal(answer->at + answer->len - 4, mac, 4);
    }
}

static void another_challenge_application_or_pin_is_another_answer(void **state)
{
    const struct portal_unlock_profile *profile = portal_unlock_profile_find("gmt0017-2012");
    AUTO(bytes_freep) struct bytes *usual = unlock(profile, "12345678");
    AUTO(bytes_freep) struct bytes *of_pin = unlock(profile, "12345679");
    assert_memory_not_equal(usual->at, of_pin->at, 16);
    struct portal_unlock_request others[] = {request, request};
    others[0].challenge[7] ^= 1;
    others[1].application[1] ^= 1;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        AUTO(secret_freep) struct secret *pin = pin_of("12345678");
        AUTO(bytes_freep) struct bytes *answer = NULL;
        struct err err = ERR_INIT;
        world_must(portal_unlock_pin(profile, pin, &others[i], &answer, &err), &err);
        assert_memory_equal(usual->at, answer->at, 16);
        assert_memory_not_equal(usual->at + 16, answer->at + 16, 4);
    }
}

static void a_pin_that_no_key_takes_is_refused(void **state)
{
    static const struct {
        const char *pin;
        enum err_code code;
    } cases[] = {
        {"", ERR_FIELD_VALUE},
        {"1", ERR_NONE},
        {"1234567890123456", ERR_NONE},
        {"12345678901234567", ERR_FIELD_VALUE},
    };
    const struct portal_unlock_profile *profile = portal_unlock_profile_find("syno");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(secret_freep) struct secret *pin = pin_of(cases[i].pin);
        AUTO(bytes_freep) struct bytes *login = NULL;
        AUTO(bytes_freep) struct bytes *unblock = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(portal_unlock_login(profile, pin, &request, &login, &err), cases[i].code);
        assert_int_equal(portal_unlock_pin(profile, pin, &request, &unblock, &err), cases[i].code);
        assert_true((login != NULL) == (cases[i].code == ERR_NONE));
        assert_true((unblock != NULL) == (cases[i].code == ERR_NONE));
    }
}

static void a_digest_that_is_not_there_fails(void **state)
{
    const struct portal_unlock_profile profile = {.pin_hash = "no such digest"};
    AUTO(secret_freep) struct secret *pin = pin_of("12345678");
    AUTO(bytes_freep) struct bytes *answer = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(portal_unlock_login(&profile, pin, &request, &answer, &err), ERR_CRYPTO);
    assert_null(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_profiles_unblock_has_its_known_answer),
        cmocka_unit_test(each_way_to_log_in_has_its_known_answer),
        cmocka_unit_test(syno_alone_wants_the_administrator_logged_in),
        cmocka_unit_test(the_mac_covers_what_the_profile_says),
        cmocka_unit_test(where_the_pad_ends_a_block_a_quirk_adds_one_of_zeros),
        cmocka_unit_test(another_challenge_application_or_pin_is_another_answer),
        cmocka_unit_test(a_pin_that_no_key_takes_is_refused),
        cmocka_unit_test(a_digest_that_is_not_there_fails),
    };
    return cmocka_run_group_tests(tests, NULL, fixture_no_errors_left);
}
