#include "token/gmt0017/gmt0017_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "tests/unit/token/scripted_key.h"

#define EXACT "80 04 00 00 00 01 20"
#define ALL "80 04 00 00 00 00 00"

static enum err_code open_script(struct scripted_channel *script, bool goes_on,
                                 struct token_facts *facts)
{
    struct token *token = NULL;
    struct err err = ERR_INIT;
    if (goes_on) {
        scripted_channel_expect(script, "80 22 00 00 00 00 00", "41 50 50 00 00 9000");
        scripted_channel_expect(script, "80 26 00 00 00 00 03 41 50 50 00 0A",
                                "00 00 00 10 00 08 00 20 10 00 9000");
    }
    enum err_code code =
        token_open(scripted_channel_channel(script), "reader", NULL, DEADLINE_NEVER, &token, &err);
    if (code == ERR_NONE) {
        if (facts != NULL)
            *facts = *token_peek_facts(token);
        scripted_channel_expect(script, SCRIPTED_KEY_CLOSE_APPLICATION, "9000");
    }
    token_closep(&token);
    return code;
}

static enum err_code open_with(const char *first, const char *second, bool goes_on,
                               struct token_facts *facts)
{
    struct scripted_channel *script = scripted_channel_new();
    scripted_channel_expect(script, EXACT, first);
    if (second != NULL)
        scripted_channel_expect(script, ALL, second);
    return open_script(script, goes_on, facts);
}

/* The card is left to the other driver, which does not know it either. */
static void check_left_alone(const char *first, const char *second)
{
    struct scripted_channel *script = scripted_channel_new();
    scripted_channel_expect(script, EXACT, first);
    if (second != NULL)
        scripted_channel_expect(script, ALL, second);
    scripted_channel_expect(script, SCRIPTED_KEY_OTHER_DRIVER, "6E00");
    assert_int_equal(open_script(script, false, NULL), ERR_TOKEN_UNSUPPORTED);
}

static void reads_what_the_key_says_of_itself(void **state)
{
    struct token_facts facts;
    AUTO(memory_freep)
    char *info = scripted_key_dev_info(SCRIPTED_KEY_PLAIN, "LABEL", "SN0001", false);
    assert_int_equal(open_with(info, NULL, true, &facts), ERR_NONE);
    assert_string_equal(facts.serial, "SN0001");
    assert_string_equal(facts.label, "LABEL");
    assert_string_equal(facts.manufacturer, SCRIPTED_KEY_PLAIN);
    assert_string_equal(facts.profile, "gmt0017-2012");
    assert_string_equal(facts.driver, "gmt0017");
    assert_int_equal(facts.free_bytes, 32768);
    assert_int_equal(facts.pairs_max, 8); /* the application names no limit of its own */
    assert_int_equal(facts.pin_bytes_min, 6);
    assert_int_equal(facts.pin_bytes_max, 16);
    assert_false(facts.unblock_needs_admin_login);
}

static void reads_integers_in_the_keys_byte_order(void **state)
{
    struct token_facts facts;
    AUTO(memory_freep) char *info = scripted_key_dev_info("Syno TF", "", "S", true);
    assert_int_equal(open_with(info, NULL, true, &facts), ERR_NONE);
    assert_int_equal(facts.free_bytes, 32768);
    assert_true(facts.unblock_needs_admin_login);
}

static void asks_for_everything_where_the_length_is_refused(void **state)
{
    AUTO(memory_freep) char *info = scripted_key_dev_info("Longmai", "L", "S", false);
    assert_int_equal(open_with("6700", info, true, NULL), ERR_NONE);
    assert_int_equal(open_with("6C00", info, true, NULL), ERR_NONE);
    assert_int_equal(open_with("6C20", info, true, NULL), ERR_NONE);
}

static void leaves_other_cards_alone(void **state)
{
    check_left_alone("6D00", NULL);
    check_left_alone("6E00", NULL);
    check_left_alone("6982", NULL);
    check_left_alone("6983", NULL);
    check_left_alone("63C3", NULL);
    assert_int_equal(open_with("0101", NULL, false, NULL), ERR_TOKEN_STATUS);
    check_left_alone("9000", NULL);
    check_left_alone("80 04 00 00 9000", NULL);
    check_left_alone("6700", "6700");
    check_left_alone("6700", "9000");
}

static void check_length(size_t length, enum err_code expected)
{
    AUTO(memory_freep) char *info = scripted_key_dev_info(SCRIPTED_KEY_PLAIN, "L", "S", false);
    AUTO(memory_freep) char *zeros = memory_printf("%0*d", (int)(2 * length), 0);
    memcpy(zeros, info, 2 * (length < 288 ? length : 288));
    AUTO(memory_freep) char *answer = memory_printf("%s 9000", zeros);
    if (expected == ERR_NONE)
        assert_int_equal(open_with(answer, NULL, true, NULL), expected);
    else
        check_left_alone(answer, NULL);
}

static void demands_all_288_bytes(void **state)
{
    check_length(287, ERR_TOKEN_UNSUPPORTED);
    check_length(288, ERR_NONE);
    check_length(289, ERR_TOKEN_UNSUPPORTED);
}

static void refuses_unknown_manufacturers(void **state)
{
    AUTO(memory_freep) char *other = scripted_key_dev_info("Another", "L", "S", false);
    AUTO(memory_freep) char *none = scripted_key_dev_info("", "L", "S", false);
    check_left_alone(other, NULL);
    check_left_alone(none, NULL);
}

static void check_serial(const char *serial, enum err_code expected_code, const char *expected)
{
    struct token_facts facts;
    AUTO(memory_freep) char *info = scripted_key_dev_info("Longmai", "L", serial, false);
    assert_int_equal(open_with(info, NULL, expected_code == ERR_NONE, &facts), expected_code);
    if (expected != NULL)
        assert_string_equal(facts.serial, expected);
}

static void makes_the_serial_number_a_text(void **state)
{
    check_serial("SN 1", ERR_NONE, "SN 1");
    check_serial("SN1   ", ERR_NONE, "SN1");
    check_serial("12345678901234567890123456789012", ERR_NONE, "12345678901234567890123456789012");
    check_serial("\x01\x80", ERR_NONE,
                 "0180000000000000000000000000000000000000000000000000000000000000");
    check_serial("", ERR_TOKEN_ANSWER, NULL);
    check_serial("    ", ERR_TOKEN_ANSWER, NULL);
}

static void check_label(const char *label, const char *expected)
{
    struct token_facts facts;
    AUTO(memory_freep) char *info = scripted_key_dev_info("Longmai", label, "S", false);
    assert_int_equal(open_with(info, NULL, true, &facts), ERR_NONE);
    assert_string_equal(facts.label, expected);
}

static void makes_the_label_plain(void **state)
{
    check_label("\xE5\xAE\xB9 key", "\xE5\xAE\xB9 key");
    check_label("a\nb\x7F", "a?b?");
    check_label("\xC8\xDD\xC6\xF7", "????"); /* GBK */
    check_label("\xC0\x80", "??"); /* too long a form */
    check_label("\xE0\x80\x80", "???");
    check_label("\xED\xA0\x80", "???"); /* a surrogate */
    check_label("\xF4\x90\x80\x80", "????");
    check_label("\xE5\xAE", "??");
    check_label("x\xFF\xFF", "x"); /* erased memory behind it */
}

static void checks_that_the_same_key_is_there(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(memory_freep)
    char *same = scripted_key_dev_info(SCRIPTED_KEY_PLAIN, "LABEL", "SN0001", false);
    AUTO(memory_freep)
    char *other = scripted_key_dev_info(SCRIPTED_KEY_PLAIN, "LABEL", "SN0002", false);
    scripted_key_expect(&key, EXACT, same);
    assert_int_equal(token_check_same(key.token, &key.err), ERR_NONE);
    scripted_key_expect(&key, EXACT, other);
    assert_int_equal(token_check_same(key.token, &key.err), ERR_WRONG_TOKEN);
    assert_int_equal(token_check_same(key.token, &key.err), ERR_WRONG_TOKEN); /* unsent */
    token_closep(&key.token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_key_says_of_itself),
        cmocka_unit_test(reads_integers_in_the_keys_byte_order),
        cmocka_unit_test(asks_for_everything_where_the_length_is_refused),
        cmocka_unit_test(leaves_other_cards_alone),
        cmocka_unit_test(demands_all_288_bytes),
        cmocka_unit_test(refuses_unknown_manufacturers),
        cmocka_unit_test(makes_the_serial_number_a_text),
        cmocka_unit_test(makes_the_label_plain),
        cmocka_unit_test(checks_that_the_same_key_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
