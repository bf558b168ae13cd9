#include "token/gmt0017/gmt0017_application.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/token/scripted_key.h"

#define ENUM_APPLICATION "80 22 00 00 00 00 00"
#define OPEN_A "80 26 00 00 00 00 01 41 00 0A"
#define OPEN_B "80 26 00 00 00 00 01 42 00 0A"
#define OPENED_A "00 00 00 10 04 08 00 20 10 00 9000"
#define OPENED_B "00 00 00 10 02 08 00 20 20 00 9000"
#define ENUM_CONTAINER_A "80 46 00 00 00 00 02 10 00 00 00"
#define ENUM_CONTAINER_B "80 46 00 00 00 00 02 20 00 00 00"
#define CLOSE_A "80 28 00 00 00 00 02 10 00"
#define CLOSE_B "80 28 00 00 00 00 02 20 00"

struct opening {
    struct scripted_channel *script;
    struct token *token;
    struct err err;
};

static struct opening opening_new(void)
{
    struct opening opening = {.script = scripted_channel_new(), .err = ERR_INIT};
    AUTO(memory_freep)
    char *info = scripted_key_dev_info(SCRIPTED_KEY_PLAIN, "LABEL", "SN0001", false);
    scripted_channel_expect(opening.script, SCRIPTED_KEY_OPEN_DEV_INFO, info);
    return opening;
}

static enum err_code open_it(struct opening *opening)
{
    return token_open(scripted_channel_channel(opening->script), "reader", NULL, DEADLINE_NEVER,
                      &opening->token, &opening->err);
}

static void opens_the_only_one_in_three_commands(void **state)
{
    struct opening opening = opening_new();
    scripted_channel_expect(opening.script, ENUM_APPLICATION, "41 00 00 9000");
    scripted_channel_expect(opening.script, OPEN_A, OPENED_A);
    assert_int_equal(open_it(&opening), ERR_NONE);
    const struct token_facts *facts = token_peek_facts(opening.token);
    assert_int_equal(token_usage(opening.token).commands, 3);
    assert_string_equal(facts->application, "A");
    assert_memory_equal(facts->application_id, "\x10\x00", 2);
    assert_int_equal(facts->pairs_max, 4);
    scripted_channel_expect(opening.script, CLOSE_A, "9000");
    token_closep(&opening.token);
}

static void opens_the_first_that_has_a_container(void **state)
{
    struct opening opening = opening_new();
    scripted_channel_expect(opening.script, ENUM_APPLICATION, "41 00 42 00 00 9000");
    scripted_channel_expect(opening.script, OPEN_A, OPENED_A);
    scripted_channel_expect(opening.script, ENUM_CONTAINER_A, "9000");
    scripted_channel_expect(opening.script, CLOSE_A, "9000");
    scripted_channel_expect(opening.script, OPEN_B, OPENED_B);
    scripted_channel_expect(opening.script, ENUM_CONTAINER_B, "43 00 00 9000");
    assert_int_equal(open_it(&opening), ERR_NONE);
    assert_string_equal(token_peek_facts(opening.token)->application, "B");
    scripted_channel_expect(opening.script, CLOSE_B, "9000");
    token_closep(&opening.token);
}

static void opens_the_first_where_none_has_a_container(void **state)
{
    struct opening opening = opening_new();
    scripted_channel_expect(opening.script, ENUM_APPLICATION, "41 00 42 00 00 9000");
    scripted_channel_expect(opening.script, OPEN_A, OPENED_A);
    scripted_channel_expect(opening.script, ENUM_CONTAINER_A, "00 9000");
    scripted_channel_expect(opening.script, CLOSE_A, "9000");
    scripted_channel_expect(opening.script, OPEN_B, OPENED_B);
    scripted_channel_expect(opening.script, ENUM_CONTAINER_B, "00 00 9000");
    scripted_channel_expect(opening.script, CLOSE_B, "9000");
    scripted_channel_expect(opening.script, OPEN_A, OPENED_A);
    assert_int_equal(open_it(&opening), ERR_NONE);
    assert_string_equal(token_peek_facts(opening.token)->application, "A");
    scripted_channel_expect(opening.script, CLOSE_A, "9000");
    token_closep(&opening.token);
}

static void check_no_application(const char *list, enum err_code expected)
{
    struct opening opening = opening_new();
    scripted_channel_expect(opening.script, ENUM_APPLICATION, list);
    assert_int_equal(open_it(&opening), expected);
    assert_null(opening.token);
}

static void refuses_a_key_without_application(void **state)
{
    check_no_application("9000", ERR_TOKEN_NO_APPLICATION);
    check_no_application("00 9000", ERR_TOKEN_NO_APPLICATION);
    check_no_application("00 00 9000", ERR_TOKEN_NO_APPLICATION);
    check_no_application("6A88", ERR_TOKEN_NO_APPLICATION);
    check_no_application("41 00 00 42 9000", ERR_TOKEN_ANSWER);
}

static void check_refused(const char *answer, enum err_code expected)
{
    struct opening opening = opening_new();
    scripted_channel_expect(opening.script, ENUM_APPLICATION, "41 00 00 9000");
    scripted_channel_expect(opening.script, OPEN_A, answer);
    assert_int_equal(open_it(&opening), expected);
}

static void refuses_answers_of_another_length(void **state)
{
    check_refused("00 00 00 10 04 08 00 20 10 9000", ERR_TOKEN_ANSWER);
    check_refused("00 00 00 10 04 08 00 20 10 00 00 9000", ERR_TOKEN_ANSWER);
    check_refused("6A8B", ERR_TOKEN_NO_APPLICATION);
    check_refused("6A88", ERR_TOKEN_NO_APPLICATION);
}

/* Its number is not known then, and guessing one could disturb the program that opened it. */
static void says_that_another_program_has_it_open(void **state)
{
    check_refused("6A8A", ERR_READER_BUSY);
}

static void check_reopened(const char *answer)
{
    struct opening opening = opening_new();
    struct token_pin_state pin;
    AUTO(memory_freep)
    char *info = scripted_key_dev_info(SCRIPTED_KEY_PLAIN, "LABEL", "SN0001", false);
    scripted_channel_expect(opening.script, ENUM_APPLICATION, "41 00 00 9000");
    scripted_channel_expect(opening.script, OPEN_A, OPENED_A);
    assert_int_equal(open_it(&opening), ERR_NONE);
    scripted_channel_expect(opening.script, "80 14 00 01 00 00 02 10 00 00 03", "698A");
    assert_int_equal(token_read_pin_state(opening.token, TOKEN_USER, &pin, &opening.err),
                     ERR_TOKEN_RESET);
    scripted_channel_expect(opening.script, SCRIPTED_KEY_OPEN_DEV_INFO, info);
    scripted_channel_expect(opening.script, OPEN_A, answer);
    scripted_channel_expect(opening.script, "80 14 00 01 00 00 02 10 00 00 03", "0A 0A 00 9000");
    assert_int_equal(token_read_pin_state(opening.token, TOKEN_USER, &pin, &opening.err), ERR_NONE);
    scripted_channel_expect(opening.script, CLOSE_A, "9000");
    token_closep(&opening.token);
}

static void opens_it_again_when_it_was_closed(void **state)
{
    check_reopened(OPENED_A);
    check_reopened("6A8A"); /* it was open all the while: its number still holds */
}

static void takes_the_number_that_it_gets_when_opened_again(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct token_pin_state pin;
    AUTO(memory_freep)
    char *info = scripted_key_dev_info(SCRIPTED_KEY_PLAIN, "LABEL", "SN0001", false);
    scripted_channel_expect_failure(key.script, "80 14 00 01 00 00 02 10 00 00 03",
                                    ERR_TOKEN_RESET);
    assert_int_equal(token_read_pin_state(key.token, TOKEN_USER, &pin, &key.err), ERR_TOKEN_RESET);
    scripted_key_expect(&key, SCRIPTED_KEY_OPEN_DEV_INFO, info);
    scripted_key_expect(&key, "80 26 00 00 00 00 03 41 50 50 00 0A",
                        "00 00 00 10 04 08 00 20 20 01 9000");
    scripted_key_expect(&key, "80 14 00 01 00 00 02 20 01 00 03", "0A 0A 00 9000");
    assert_int_equal(token_read_pin_state(key.token, TOKEN_USER, &pin, &key.err), ERR_NONE);
    assert_memory_equal(token_peek_facts(key.token)->application_id, "\x20\x01", 2);
    scripted_key_expect(&key, "80 28 00 00 00 00 02 20 01", "9000");
    token_closep(&key.token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_the_only_one_in_three_commands),
        cmocka_unit_test(opens_the_first_that_has_a_container),
        cmocka_unit_test(opens_the_first_where_none_has_a_container),
        cmocka_unit_test(refuses_a_key_without_application),
        cmocka_unit_test(refuses_answers_of_another_length),
        cmocka_unit_test(says_that_another_program_has_it_open),
        cmocka_unit_test(opens_it_again_when_it_was_closed),
        cmocka_unit_test(takes_the_number_that_it_gets_when_opened_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
