#include "token/piv/piv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hex.h"
#include "tests/unit/token/piv/scripted_piv.h"

static char *repeated(const char *byte, size_t count)
{
    char *text = memory_new(2 * count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(text + 2 * i, byte, 2);
    return text;
}

static enum err_code ask(struct scripted_piv *card, size_t data_bytes, size_t limit,
                         struct bytes **out)
{
    AUTO(bytes_freep) struct bytes *data = bytes_new_size(data_bytes);
    struct piv_command command = {.name = "TEST",
                                  .ins = 0xCB,
                                  .p1 = 1,
                                  .p2 = 2,
                                  .data = span_bytes(data),
                                  .answer_bytes_max = limit};
    return piv_call(card->piv, &command, out, &card->err);
}

static void long_commands_are_chained(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    AUTO(memory_freep) char *zeros = repeated("00", 255);
    AUTO(memory_freep) char *first = memory_printf("10 CB 01 02 FF %s", zeros);
    AUTO(memory_freep) char *whole = memory_printf("00 CB 01 02 FF %s 00", zeros);
    scripted_piv_expect(&card, whole, "AA 9000");
    assert_int_equal(ask(&card, 255, 16, &answer), ERR_NONE);
    bytes_freep(&answer);
    scripted_piv_expect(&card, first, "9000");
    scripted_piv_expect(&card, first, "9000");
    scripted_piv_expect(&card, "00 CB 01 02 02 00 00 00", "AA BB 9000");
    assert_int_equal(ask(&card, 512, 16, &answer), ERR_NONE);
    assert_int_equal(answer->len, 2);
    scripted_piv_close(&card, false);
}

static void a_chain_that_is_refused_ends_there(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(memory_freep) char *zeros = repeated("00", 255);
    AUTO(memory_freep) char *first = memory_printf("10 CB 01 02 FF %s", zeros);
    scripted_piv_expect(&card, first, "6982");
    assert_int_equal(ask(&card, 512, 16, NULL), ERR_TOKEN_LOGIN_LOST);
    scripted_piv_expect(&card, first, "9000");
    scripted_piv_expect(&card, first, "6A84");
    assert_int_equal(ask(&card, 512, 16, NULL), ERR_TOKEN_NO_SPACE);
    scripted_piv_expect(&card, first, "6110"); /* not the success of what was not yet sent */
    assert_int_equal(ask(&card, 512, 16, NULL), ERR_TOKEN_ANSWER);
    scripted_piv_close(&card, false);
}

static void long_answers_are_fetched_in_parts(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    AUTO(memory_freep) char *part = repeated("AB", 256);
    AUTO(memory_freep) char *more = memory_printf("%s 6100", part);
    AUTO(memory_freep) char *less = memory_printf("%s 6103", part);
    scripted_piv_expect(&card, "00 CB 01 02 01 00 00", more);
    scripted_piv_expect(&card, "00 C0 00 00 00", less);
    scripted_piv_expect(&card, "00 C0 00 00 03", "01 02 03 9000");
    assert_int_equal(ask(&card, 1, 600, &answer), ERR_NONE);
    assert_int_equal(answer->len, 515);
    bytes_freep(&answer);
    scripted_piv_expect(&card, "00 CB 01 02 01 00 00", "6102"); /* nothing without being asked */
    scripted_piv_expect(&card, "00 C0 00 00 02", "6C 03"); /* the key knows better */
    scripted_piv_expect(&card, "00 C0 00 00 03", "01 02 03 9000");
    assert_int_equal(ask(&card, 1, 600, &answer), ERR_NONE);
    assert_int_equal(answer->len, 3);
    scripted_piv_close(&card, false);
}

static void the_key_may_want_another_length(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    scripted_piv_expect(&card, "00 CB 01 02 01 00 00", "6C02");
    scripted_piv_expect(&card, "00 CB 01 02 01 00 02", "01 02 9000");
    assert_int_equal(ask(&card, 1, 16, &answer), ERR_NONE);
    assert_int_equal(answer->len, 2);
    scripted_piv_expect(&card, "00 CB 01 02 01 00 00", "6C02");
    scripted_piv_expect(&card, "00 CB 01 02 01 00 02", "6C02"); /* once is enough */
    bytes_freep(&answer);
    assert_int_equal(ask(&card, 1, 16, &answer), ERR_TOKEN_STATUS);
    scripted_piv_close(&card, false);
}

static void data_and_le_in_one_command_may_be_too_much(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    scripted_piv_expect(&card, "00 CB 01 02 01 00 00", "6700");
    for (int i = 0; i < 2; i++) { /* it is remembered */
        bytes_freep(&answer);
        scripted_piv_expect(&card, "00 CB 01 02 01 00", "6102");
        scripted_piv_expect(&card, "00 C0 00 00 02", "01 02 9000");
        assert_int_equal(ask(&card, 1, 16, &answer), ERR_NONE);
        assert_int_equal(answer->len, 2);
    }
    scripted_piv_expect(&card, "00 CB 01 02 01 00", "6700");
    assert_int_equal(ask(&card, 1, 16, NULL), ERR_TOKEN_STATUS);
    bytes_freep(&answer);
    scripted_piv_expect(&card, "00 CB 01 02 00", "01 9000"); /* without data it has a form */
    assert_int_equal(ask(&card, 0, 16, &answer), ERR_NONE);
    scripted_piv_close(&card, false);
}

static void an_answer_has_an_end(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(memory_freep) char *part = repeated("AB", 8);
    AUTO(memory_freep) char *more = memory_printf("%s 6108", part);
    scripted_piv_expect(&card, "00 CB 01 02 01 00 00", more);
    scripted_piv_expect(&card, "00 C0 00 00 08", more);
    scripted_piv_expect(&card, "00 C0 00 00 08", "00 9000");
    assert_int_equal(ask(&card, 1, 16, NULL), ERR_TOKEN_ANSWER);
    scripted_piv_expect(&card, "00 CB 01 02 01 00 00", "6108");
    for (int i = 0; i < 260; i++)
        scripted_piv_expect(&card, "00 C0 00 00 08", "6108");
    assert_int_equal(ask(&card, 1, 16, NULL), ERR_TOKEN_ANSWER);
    scripted_piv_expect(&card, "00 CB 01 02 01 00", "00 9000"); /* none is due */
    assert_int_equal(ask(&card, 1, 0, NULL), ERR_TOKEN_ANSWER);
    scripted_piv_close(&card, false);
}

static void long_ones_go_in_one_piece_where_the_card_promises_it(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR_EXTENDED);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    AUTO(memory_freep) char *zeros = repeated("00", 300);
    AUTO(memory_freep) char *command = memory_printf("00 CB 01 02 00 01 2C %s", zeros);
    scripted_piv_expect(&card, command, "9000");
    assert_int_equal(ask(&card, 300, 0, NULL), ERR_NONE);
    scripted_piv_expect(&card, "00 CB 01 02 00 00 01 00 00 00", "01 9000");
    assert_int_equal(ask(&card, 1, 600, &answer), ERR_NONE);
    bytes_freep(&answer);
    scripted_piv_expect(&card, "00 CB 01 02 01 00 00", "01 9000"); /* a short one stays short */
    assert_int_equal(ask(&card, 1, 256, &answer), ERR_NONE);
    scripted_piv_close(&card, false);
}

static void a_card_that_breaks_its_promise_is_spoken_to_in_short(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR_EXTENDED);
    scripted_piv_expect(&card, "00 CB 01 02 00 00 01 00 00 00", "6700");
    scripted_piv_expect(&card, "00 CB 01 02 01 00 00", "01 9000");
    assert_int_equal(ask(&card, 1, 600, NULL), ERR_NONE);
    scripted_piv_expect(&card, "00 CB 01 02 01 00 00", "01 9000");
    assert_int_equal(ask(&card, 1, 600, NULL), ERR_NONE);
    scripted_piv_close(&card, false);
}

static void an_answer_that_is_broken_off_is_asked_for_in_short(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR_EXTENDED);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    scripted_piv_expect(&card, "00 CB 01 02 00 00 01 00 00 00", "01 02 6101");
    scripted_piv_expect(&card, "00 C0 00 00 01", "6985");
    scripted_piv_expect(&card, "00 CB 01 02 01 00 00", "01 02 6101");
    scripted_piv_expect(&card, "00 C0 00 00 01", "03 9000");
    assert_int_equal(ask(&card, 1, 600, &answer), ERR_NONE);
    assert_int_equal(answer->len, 3);
    scripted_piv_expect(&card, "00 CB 01 02 01 00 00", "01 02 6101");
    scripted_piv_expect(&card, "00 C0 00 00 01", "6985"); /* in short it is final */
    assert_int_not_equal(ask(&card, 1, 600, NULL), ERR_NONE);
    scripted_piv_close(&card, false);
}

static void a_card_that_takes_no_chain_gets_the_whole_in_one_piece(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(memory_freep) char *zeros = repeated("00", 300);
    AUTO(memory_freep) char *first = memory_printf("10 CB 01 02 FF %.510s", zeros);
    AUTO(memory_freep) char *whole = memory_printf("00 CB 01 02 00 01 2C %s", zeros);
    scripted_piv_expect(&card, first, "6884");
    scripted_piv_expect(&card, whole, "9000");
    assert_int_equal(ask(&card, 300, 0, NULL), ERR_NONE);
    scripted_piv_expect(&card, whole, "9000"); /* it is remembered */
    assert_int_equal(ask(&card, 300, 0, NULL), ERR_NONE);
    scripted_piv_close(&card, false);
}

/* A class with the bit of chains is as unknown to some cards as chains are. */
static void check_takes_neither(const char *to_the_chain)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct scripted_piv promising = scripted_piv_new(SCRIPTED_PIV_ATR_EXTENDED);
    AUTO(memory_freep) char *zeros = repeated("00", 300);
    AUTO(memory_freep) char *first = memory_printf("10 CB 01 02 FF %.510s", zeros);
    AUTO(memory_freep) char *whole = memory_printf("00 CB 01 02 00 01 2C %s", zeros);
    scripted_piv_expect(&card, first, to_the_chain);
    scripted_piv_expect(&card, whole, "6700");
    assert_int_equal(ask(&card, 300, 0, NULL), ERR_TOKEN_COMMANDS_SHORT);
    assert_int_equal(ask(&card, 300, 0, NULL), ERR_TOKEN_COMMANDS_SHORT); /* it is remembered */
    scripted_piv_expect(&card, "00 CB 01 02 01 00", "6E00");
    assert_int_equal(ask(&card, 1, 0, NULL), ERR_TOKEN_NOT_SUPPORTED); /* short ones are sent */
    scripted_piv_expect(&promising, whole, "6700");
    scripted_piv_expect(&promising, first, to_the_chain);
    assert_int_equal(ask(&promising, 300, 0, NULL), ERR_TOKEN_COMMANDS_SHORT);
    assert_int_equal(ask(&promising, 300, 0, NULL), ERR_TOKEN_COMMANDS_SHORT);
    scripted_piv_close(&card, false);
    scripted_piv_close(&promising, false);
}

static void a_card_that_takes_neither_is_not_asked_for_ever(void **state)
{
    check_takes_neither("6884");
    check_takes_neither("6E00");
}

static void what_the_reader_would_not_pass_on_is_not_sent(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(memory_freep) char *zeros = repeated("00", 255);
    AUTO(memory_freep) char *first = memory_printf("10 CB 01 02 FF %s", zeros);
    scripted_channel_set_command_bytes_max(card.script, 261);
    scripted_piv_expect(&card, first, "6884");
    assert_int_equal(ask(&card, 300, 0, NULL), ERR_TOKEN_COMMANDS_SHORT);
    scripted_piv_close(&card, false);
}

static void check_reader(size_t bytes_max, size_t data_bytes, bool extended)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR_EXTENDED);
    AUTO(memory_freep) char *zeros = repeated("00", data_bytes);
    AUTO(memory_freep) char *rest = repeated("00", data_bytes - 255);
    AUTO(memory_freep)
    char *whole = memory_printf("00 CB 01 02 00 %04zX %s", data_bytes, zeros);
    AUTO(memory_freep)
    char *first = memory_printf("10 CB 01 02 FF %.510s", zeros);
    AUTO(memory_freep)
    char *last = memory_printf("00 CB 01 02 %02zX %s", data_bytes - 255, rest);
    scripted_channel_set_command_bytes_max(card.script, bytes_max);
    assert_int_equal(piv_in_one_piece(card.piv, data_bytes), extended);
    scripted_piv_expect(&card, extended ? whole : first, "9000");
    if (!extended)
        scripted_piv_expect(&card, last, "9000");
    assert_int_equal(ask(&card, data_bytes, 0, NULL), ERR_NONE);
    scripted_piv_close(&card, false);
}

static void the_reader_has_a_say_too(void **state)
{
    check_reader(0, 300, true);
    check_reader(3062, 300, true);
    check_reader(309, 300, true);
    check_reader(308, 300, false);
    check_reader(261, 300, false);
}

static void a_broken_line_is_not_tried_again(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_channel_expect_failure(card.script, "00 CB 01 02 01 00 00", ERR_TOKEN_TRANSPORT);
    assert_int_equal(ask(&card, 1, 600, NULL), ERR_TOKEN_TRANSPORT);
    scripted_piv_close(&card, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_commands_are_chained),
        cmocka_unit_test(a_chain_that_is_refused_ends_there),
        cmocka_unit_test(long_answers_are_fetched_in_parts),
        cmocka_unit_test(the_key_may_want_another_length),
        cmocka_unit_test(data_and_le_in_one_command_may_be_too_much),
        cmocka_unit_test(an_answer_has_an_end),
        cmocka_unit_test(long_ones_go_in_one_piece_where_the_card_promises_it),
        cmocka_unit_test(a_card_that_breaks_its_promise_is_spoken_to_in_short),
        cmocka_unit_test(an_answer_that_is_broken_off_is_asked_for_in_short),
        cmocka_unit_test(a_card_that_takes_no_chain_gets_the_whole_in_one_piece),
        cmocka_unit_test(a_card_that_takes_neither_is_not_asked_for_ever),
        cmocka_unit_test(what_the_reader_would_not_pass_on_is_not_sent),
        cmocka_unit_test(the_reader_has_a_say_too),
        cmocka_unit_test(a_broken_line_is_not_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
