#include "token/piv/piv_object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/scripted_piv.h"

static void reads_what_is_framed(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(bytes_freep) struct bytes *content = NULL;
    scripted_piv_expect_object(&card, "5FC102", "53 03 010203 9000");
    assert_int_equal(piv_object_read(card.piv, PIV_OBJECT_CHUID, &content, &card.err), ERR_NONE);
    assert_int_equal(content->len, 3);
    scripted_piv_close(&card, false);
}

static void zero_bytes_behind_an_object_mean_nothing(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(bytes_freep) struct bytes *content = NULL;
    scripted_piv_expect_object(&card, "5FC102", "53 03 010203 0000 9000");
    assert_int_equal(piv_object_read(card.piv, PIV_OBJECT_CHUID, &content, &card.err), ERR_NONE);
    assert_int_equal(content->len, 3);
    scripted_piv_close(&card, false);
}

static void cards_say_in_many_ways_that_there_is_none(void **state)
{
    static const char *const answers[] = {"6A82", "6300", "6A80", "6A81", "6A83",
                                          "6A86", "6A88", "6B00", "9000", "53 00 9000"};
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        AUTO(bytes_freep) struct bytes *content = NULL;
        scripted_piv_expect_object(&card, "5FFF10", answers[i]);
        assert_int_equal(piv_object_read(card.piv, PIV_OBJECT_FILE, &content, &card.err), ERR_NONE);
        assert_null(content);
    }
    scripted_piv_close(&card, false);
}

static void what_cannot_be_read_is_not_absent(void **state)
{
    static const char *const answers[] = {"53 04 010203 9000",
                                          "53 02 010203 9000",
                                          "53 02 0102 0003 9000",
                                          "54 03 010203 9000",
                                          "53 9000",
                                          "6F00",
                                          "6982",
                                          "6985"};
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        AUTO(bytes_freep) struct bytes *content = NULL;
        enum err_code expected = i < 5 ? ERR_TOKEN_ANSWER : ERR_TOKEN_STATUS;
        AUTO(piv_object_done) struct piv_object object = {NULL};
        scripted_piv_expect_object(&card, "5FC102", answers[i]);
        assert_int_equal(piv_object_read(card.piv, PIV_OBJECT_CHUID, &content, &card.err),
                         expected);
        scripted_piv_expect_object(&card, "5FC102", answers[i]);
        assert_int_equal(piv_object_look(card.piv, PIV_OBJECT_CHUID, &object, &card.err), ERR_NONE);
        assert_int_equal(object.unread.code, expected);
        assert_null(object.content);
        assert_int_equal(object.cut_off != NULL, i == 0); /* it says that it is longer */
        assert_null(content);
    }
    scripted_piv_close(&card, false);
}

static void a_broken_line_is_no_unreadable_object(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(piv_object_done) struct piv_object object = {NULL};
    scripted_channel_expect_failure(card.script, "00 CB 3F FF 05 5C 03 5FC102 00",
                                    ERR_TOKEN_REMOVED);
    assert_int_equal(piv_object_look(card.piv, PIV_OBJECT_CHUID, &object, &card.err),
                     ERR_TOKEN_REMOVED);
    scripted_piv_close(&card, false);
}

static void check_write(const char *status, enum err_code expected)
{
    static const uint8_t content[] = {0xAA, 0xBB};
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect(&card, "00 DB 3F FF 09 5C 03 5FC10C 53 02 AABB", status);
    if (expected == ERR_TOKEN_NO_SPACE)
        scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    assert_int_equal(piv_object_write(card.piv, PIV_OBJECT_HISTORY, SPAN_ARRAY(content), &card.err),
                     expected);
    scripted_piv_close(&card, false);
}

static void writes_and_tells_why_not(void **state)
{
    check_write("9000", ERR_NONE);
    check_write("6982", ERR_TOKEN_LOGIN_LOST);
    check_write("6581", ERR_TOKEN_MEMORY);
    check_write("6A93", ERR_TOKEN_STATUS);
    check_write("6984", ERR_TOKEN_STATUS);
    check_write("6983", ERR_TOKEN_STATUS);
    static const char *const no_room[] = {"6700", "6A80", "6A81", "6A82", "6A84",
                                          "6A86", "6A88", "6B00", "6D00"};
    for (size_t i = 0; i < ARRAY_SIZE(no_room); i++)
        check_write(no_room[i], ERR_TOKEN_NO_SPACE);
}

/* Another program selected another application, which has the same words. */
static void a_refusal_by_another_application_is_none(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    card.piv->admin_in = true;
    scripted_piv_expect(&card, "00 DB 3F FF 07 5C 03 5FC10C 53 00", "6D00");
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, "6D00");
    assert_int_equal(piv_object_write(card.piv, PIV_OBJECT_HISTORY, SPAN_NONE, &card.err),
                     ERR_TOKEN_LOGIN_LOST);
    assert_false(card.piv->admin_in);
    scripted_piv_close(&card, false);
}

static void empties_an_object(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect(&card, "00 DB 3F FF 07 5C 03 5FFF11 53 00", "9000");
    assert_int_equal(piv_object_write(card.piv, PIV_OBJECT_FILE + 1, SPAN_NONE, &card.err),
                     ERR_NONE);
    scripted_piv_close(&card, false);
}

static void sends_nothing_that_is_too_long(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(bytes_freep) struct bytes *content = bytes_new_size(PIV_OBJECT_BYTES_MAX + 1);
    assert_int_equal(piv_object_write(card.piv, PIV_OBJECT_FILE, span_bytes(content), &card.err),
                     ERR_TOKEN_NO_SPACE);
    scripted_piv_close(&card, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_is_framed),
        cmocka_unit_test(zero_bytes_behind_an_object_mean_nothing),
        cmocka_unit_test(cards_say_in_many_ways_that_there_is_none),
        cmocka_unit_test(what_cannot_be_read_is_not_absent),
        cmocka_unit_test(a_broken_line_is_no_unreadable_object),
        cmocka_unit_test(writes_and_tells_why_not),
        cmocka_unit_test(a_refusal_by_another_application_is_none),
        cmocka_unit_test(empties_an_object),
        cmocka_unit_test(sends_nothing_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
