#include "token/gmt0017/gmt0017_driver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "tests/unit/token/scripted_key.h"

#define PIN_INFO "80 14 00 01 00 00 02 10 00 00 03"

static const char profile[] = "[profile]\n"
                              "name = other\n"
                              "model = Other Key 1\n"
                              "manufacturer = Other\n"
                              "byte_order = little\n"
                              "pin_key = sm3-bare\n"
                              "verify_block = length\n"
                              "new_pin_block = zeros\n"
                              "mac_input = m3\n"
                              "mac_extra_block = no\n"
                              "pin_bytes_min = 4\n"
                              "pin_bytes_max = 12\n"
                              "file_name_bytes = 40\n"
                              "read_bytes = 256\n"
                              "write_bytes = 256\n"
                              "continuation = none\n"
                              "unblock_needs_admin_login = no\n"
                              "envelope = draft\n";

static enum err_code open_other(const char *folder, struct scripted_channel *script,
                                struct token **out, struct err *err)
{
    AUTO(memory_freep) char *info = scripted_key_dev_info("Other Maker", "LABEL", "SN0001", true);
    struct token_settings settings = {.profile_folder = folder};
    scripted_channel_expect(script, SCRIPTED_KEY_OPEN_DEV_INFO, info);
    return token_open(scripted_channel_channel(script), "reader", &settings, DEADLINE_NEVER, out,
                      err);
}

static void uses_the_administrators_profile(void **state)
{
    char folder[] = "/tmp/token-driver-XXXXXX";
    assert_non_null(mkdtemp(folder));
    AUTO(memory_freep) char *path = file_join(folder, "other.ini");
    struct err err = ERR_INIT;
    assert_int_equal(file_write_atomic(path, span_text(profile), 0600, &err), ERR_NONE);
    struct token *token = NULL;
    struct scripted_channel *script = scripted_channel_new();
    AUTO(memory_freep) char *info = scripted_key_dev_info("Other Maker", "LABEL", "SN0001", true);
    struct token_settings settings = {.profile_folder = folder};
    scripted_channel_expect(script, SCRIPTED_KEY_OPEN_DEV_INFO, info);
    scripted_channel_expect(script, "80 22 00 00 00 00 00", "41 50 50 00 00 9000");
    scripted_channel_expect(script, "80 26 00 00 00 00 03 41 50 50 00 0A",
                            "10 00 00 00 04 08 20 00 10 00 9000");
    assert_int_equal(token_open(scripted_channel_channel(script), "reader", &settings,
                                DEADLINE_NEVER, &token, &err),
                     ERR_NONE);
    assert_string_equal(token_peek_facts(token)->profile, "other");
    assert_string_equal(token_peek_facts(token)->model, "Other Key 1");
    assert_int_equal(token_peek_facts(token)->pin_bytes_max, 12);
    /* Variant B's known answer. */
    AUTO(secret_freep) struct secret *pin = scripted_key_secret("123456");
    scripted_channel_expect(script, "80 50 00 00 00 00 08", "01 02 03 04 05 06 07 08 9000");
    scripted_channel_expect(script, "80 18 00 01 00 00 12 10 00 28467FC29B87AD450BD2EA397A666535",
                            "9000");
    assert_int_equal(token_login(token, pin, &err), ERR_NONE);
    /* The draft's order of ImportECCKeyPair. */
    struct token_envelope envelope = {.cipher_id = 0x401, .c2 = {0xC2}, .public_x = {0xD1}};
    envelope.encrypted_private[0] = 0xE1;
    AUTO(memory_freep) char *zeros = memory_printf("%0512d", 0);
    AUTO(memory_freep)
    char *import = memory_printf(
        "80 72 00 00 00 01 0C 10 00 30 01 01000000 01040000 00010000 40000000 %.64s E1 %.62s"
        "D1 %.62s %.64s 00010000 %.64s %.64s %.64s 10000000 C2 %.30s",
        zeros, zeros, zeros, zeros, zeros, zeros, zeros, zeros);
    scripted_channel_expect(script, "80 4A 00 00 00 00 04 10 00 43 31 00 0B",
                            "02 00010000 00000000 00 00 9000");
    scripted_channel_expect(script, "80 42 00 00 00 00 04 10 00 43 31 00 02", "30 01 9000");
    scripted_channel_expect(script, import, "9000");
    assert_int_equal(token_import_encryption_key(token, "C1", &envelope, &err), ERR_NONE);
    scripted_channel_expect(script, "80 1C 00 00 00 00 02 10 00", "9000");
    scripted_channel_expect(script, "80 28 00 00 00 00 02 10 00", "9000");
    token_closep(&token);
    unlink(path);
    rmdir(folder);
}

static void a_bad_profile_folder_stops_it(void **state)
{
    struct token *token = NULL;
    struct err err = ERR_INIT;
    struct scripted_channel *script = scripted_channel_new();
    /* Profiles that can't be read name no ATR. */
    scripted_channel_expect(script, SCRIPTED_KEY_OTHER_DRIVER, "6E00");
    assert_int_equal(open_other("/dev/null", script, &token, &err), ERR_CONFIG);
    assert_null(token);
}

/* An unknown key is asked who it is, and nothing else. */
static void says_which_key_it_does_not_know(void **state)
{
    struct token *token = NULL;
    struct err err = ERR_INIT;
    struct scripted_channel *script = scripted_channel_new();
    scripted_channel_set_atr(script, "3B 80 80 01 01"); /* no driver's for sure */
    scripted_channel_expect(script, SCRIPTED_KEY_OTHER_DRIVER, "6E00");
    assert_int_equal(open_other(NULL, script, &token, &err), ERR_TOKEN_UNSUPPORTED);
    assert_non_null(strstr(err.detail, "Other Maker"));
}

static void break_line(struct scripted_key *key)
{
    struct token_pin_state pin;
    scripted_channel_expect_failure(key->script, PIN_INFO, ERR_TOKEN_TRANSPORT);
    assert_int_equal(token_read_pin_state(key->token, TOKEN_USER, &pin, &key->err),
                     ERR_TOKEN_TRANSPORT);
}

static void notices_another_key_after_a_broken_exchange(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_pin_state pin;
    AUTO(memory_freep)
    char *other = scripted_key_dev_info(SCRIPTED_KEY_PLAIN, "LABEL", "SN0002", false);
    break_line(&key);
    scripted_key_expect(&key, SCRIPTED_KEY_OPEN_DEV_INFO, other);
    assert_int_equal(token_read_pin_state(key.token, TOKEN_USER, &pin, &key.err), ERR_WRONG_TOKEN);
    assert_int_equal(token_read_pin_state(key.token, TOKEN_USER, &pin, &key.err), ERR_WRONG_TOKEN);
    token_closep(&key.token);
}

/* One answer behind: the answer to the command before comes for this one. */
static void notices_answers_that_are_one_behind(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_pin_state pin;
    break_line(&key);
    scripted_key_expect(&key, SCRIPTED_KEY_OPEN_DEV_INFO, "0A 0A 00 9000");
    assert_int_equal(token_read_pin_state(key.token, TOKEN_USER, &pin, &key.err), ERR_TOKEN_ANSWER);
    scripted_key_close_stale(&key, false);
}

static void forgets_numbers_of_containers_after_a_reset(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(bytes_freep) struct bytes *again = NULL;
    AUTO(memory_freep)
    char *info = scripted_key_dev_info(SCRIPTED_KEY_PLAIN, "LABEL", "SN0001", false);
    scripted_key_expect(&key, "80 42 00 00 00 00 04 10 00 43 31 00 02", "30 01 9000");
    scripted_key_expect(&key, "80 4E 01 00 00 00 04 10 00 30 01 00 00", "00 00 00 01 AA 9000");
    assert_int_equal(token_read_cert(key.token, "C1", TOKEN_SIGN, &cert, &key.err), ERR_NONE);
    scripted_channel_fail_begin(key.script, ERR_TOKEN_RESET);
    scripted_key_expect(&key, SCRIPTED_KEY_OPEN_DEV_INFO, info);
    scripted_key_expect(&key, "80 26 00 00 00 00 03 41 50 50 00 0A",
                        "00 00 00 10 04 08 00 20 10 00 9000");
    scripted_key_expect(&key, "80 42 00 00 00 00 04 10 00 43 31 00 02", "30 07 9000");
    scripted_key_expect(&key, "80 4E 01 00 00 00 04 10 00 30 07 00 00", "00 00 00 01 AA 9000");
    assert_int_equal(token_read_cert(key.token, "C1", TOKEN_SIGN, &again, &key.err), ERR_NONE);
    scripted_key_close(&key, false);
}

/* What a renewal with a new key costs from opening to closing. */
static void a_renewal_costs_few_commands(void **state)
{
    static const char point[] = "0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20"
                                "0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20";
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    struct token_public_key public;
    struct token_pin_state pin;
    scripted_key_expect(&key, "80 46 00 00 00 00 02 10 00 00 00", "43 30 00 00 9000");
    scripted_key_expect(&key, "80 4A 00 00 00 00 04 10 00 43 30 00 0B",
                        "02 00000100 00000100 01 01 9000");
    scripted_key_expect(&key, "80 42 00 00 00 00 04 10 00 43 30 00 02", "30 00 9000");
    scripted_key_expect(&key, "80 4E 01 00 00 00 04 10 00 30 00 00 00", "00 00 00 01 AA 9000");
    scripted_key_expect(&key, "80 4E 00 00 00 00 04 10 00 30 00 00 00", "00 00 00 01 AA 9000");
    assert_int_equal(token_read_pairs(key.token, &pairs, &key.err), ERR_NONE);
    scripted_key_expect(&key, PIN_INFO, "0A 0A 00 9000");
    assert_int_equal(token_read_pin_state(key.token, TOKEN_USER, &pin, &key.err), ERR_NONE);
    scripted_key_login(&key);
    scripted_key_expect(&key, "80 46 00 00 00 00 02 10 00 00 00", "43 30 00 00 9000");
    scripted_key_expect(&key, "80 40 00 00 00 00 04 10 00 43 31 00 02", "30 01 9000");
    AUTO(memory_freep) char *generated = memory_printf("%s 9000", point);
    scripted_key_expect(&key, "80 70 00 00 00 00 08 10 00 30 01 00 00 01 00 00 40", generated);
    assert_int_equal(token_create_pair(key.token, "C1", TOKEN_SM2, &public, &key.err), ERR_NONE);
    assert_int_equal(token_usage(key.token).commands, 3 + 5 + 1 + 2 + 3);
    scripted_key_close(&key, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uses_the_administrators_profile),
        cmocka_unit_test(a_bad_profile_folder_stops_it),
        cmocka_unit_test(says_which_key_it_does_not_know),
        cmocka_unit_test(notices_another_key_after_a_broken_exchange),
        cmocka_unit_test(notices_answers_that_are_one_behind),
        cmocka_unit_test(forgets_numbers_of_containers_after_a_reset),
        cmocka_unit_test(a_renewal_costs_few_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
