#include "token/piv/piv_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/scripted_piv.h"
#include "tests/unit/token/piv/virtual_desk.h"

static struct virtual_desk managed(const char *profile)
{
    struct virtual_desk desk = virtual_desk_new(profile, VIRTUAL_PAIR_P256);
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    return desk;
}

static enum err_code write_bytes(struct virtual_desk *desk, const char *name, size_t bytes)
{
    AUTO(bytes_freep) struct bytes *content = bytes_new_size(bytes);
    if (bytes > 0)
        content->at[bytes - 1] = 0xAB;
    return token_write_file(desk->token, name, span_bytes(content), &desk->err);
}

static size_t size_of(struct virtual_desk *desk, const char *name)
{
    AUTO(bytes_freep) struct bytes *content = NULL;
    if (token_read_file(desk->token, name, &content, &desk->err) != ERR_NONE)
        return 0;
    assert_int_equal(content->at[content->len - 1], 0xAB);
    return content->len;
}

static size_t count_files(struct virtual_desk *desk)
{
    AUTO(token_files_freep) struct token_files *files = NULL;
    assert_int_equal(token_list_files(desk->token, &files, &desk->err), ERR_NONE);
    return files->count;
}

static void a_new_file_is_whole_before_the_old_one_goes(void **state)
{
    struct virtual_desk desk = managed("piv-full");
    assert_int_equal(write_bytes(&desk, "seal-1", 1500), ERR_NONE);
    assert_int_equal(write_bytes(&desk, "seal-1", 1500), ERR_TOKEN_EXISTS);
    assert_int_equal(write_bytes(&desk, "seal-2", 2000), ERR_NONE);
    assert_int_equal(size_of(&desk, "seal-1"), 1500);
    assert_int_equal(size_of(&desk, "seal-2"), 2000);
    assert_int_equal(write_bytes(&desk, "seal-3", 10), ERR_TOKEN_NO_SPACE);
    assert_int_equal(token_delete_file(desk.token, "seal-1", &desk.err), ERR_NONE);
    assert_int_equal(count_files(&desk), 1);
    assert_int_equal(write_bytes(&desk, "seal-3", 10), ERR_NONE);
    virtual_desk_reopen(&desk);
    assert_int_equal(size_of(&desk, "seal-2"), 2000);
    assert_int_equal(size_of(&desk, "seal-3"), 10);
    assert_int_equal(size_of(&desk, "seal-1"), 0);
    assert_int_equal(desk.err.code, ERR_TOKEN_NO_FILE);
    virtual_desk_done(&desk);
}

static void a_file_that_is_too_large_changes_nothing(void **state)
{
    static const struct {
        const char *profile;
        size_t fits;
    } cards[] = {{"piv-full", 3052}, {"piv-odd", 2048}, {"piv-plain", 0}};
    for (size_t i = 0; i < ARRAY_SIZE(cards); i++) {
        struct virtual_desk desk = managed(cards[i].profile);
        size_t frame = 2 + strlen("seal") + 4; /* two tags, two lengths */
        if (cards[i].fits > 0)
            assert_int_equal(write_bytes(&desk, "old", 300), ERR_NONE);
        size_t room = cards[i].fits > 0 ? cards[i].fits - frame : 20;
        assert_int_equal(write_bytes(&desk, "seal", room + 1), ERR_TOKEN_NO_SPACE);
        assert_int_equal(count_files(&desk), cards[i].fits > 0);
        assert_int_equal(write_bytes(&desk, "seal", room),
                         cards[i].fits > 0 ? ERR_NONE : ERR_TOKEN_NO_SPACE);
        virtual_desk_done(&desk);
    }
}

static void what_was_listed_is_not_read_again_but_what_was_written_is(void **state)
{
    struct virtual_desk desk = managed("piv-full");
    assert_int_equal(write_bytes(&desk, "seal", 100), ERR_NONE);
    assert_int_equal(count_files(&desk), 1);
    unsigned before = virtual_desk_commands(&desk);
    assert_int_equal(size_of(&desk, "seal"), 100);
    assert_int_equal(virtual_desk_commands(&desk), before);
    assert_int_equal(size_of(&desk, "seal"), 100);
    assert_int_equal(virtual_desk_commands(&desk), before + 1);
    assert_int_equal(write_bytes(&desk, "more", 100), ERR_NONE);
    before = virtual_desk_commands(&desk);
    assert_int_equal(size_of(&desk, "more"), 100); /* read back */
    assert_int_equal(virtual_desk_commands(&desk), before + 1);
    virtual_desk_done(&desk);
}

static void put(struct virtual_desk *desk, uint32_t tag, const char *text)
{
    assert_true(virtual_piv_objects_put(desk->objects, tag, span_text(text)));
}

/* The card denied it once: what is said of it next is asked anew. */
static void a_file_that_was_denied_once_is_looked_for_again(void **state)
{
    static const uint32_t denials[] = {0x6A82, 0x6982, 0x6F00};
    for (size_t i = 0; i < ARRAY_SIZE(denials); i++) {
        struct virtual_desk desk = managed("piv-full");
        assert_int_equal(write_bytes(&desk, "seal", 100), ERR_NONE);
        assert_int_equal(virtual_fault_add(virtual_channel_faults(desk.channel),
                                           VIRTUAL_FAULT_STATUS, 1, denials[i], &desk.err),
                         ERR_NONE);
        assert_int_equal(count_files(&desk), 0);
        assert_int_equal(token_delete_file(desk.token, "seal", &desk.err), ERR_NONE);
        assert_int_equal(token_delete_file(desk.token, "seal", &desk.err), ERR_TOKEN_NO_FILE);
        virtual_desk_done(&desk);
    }
}

/* The card was pulled out in the middle of a file, and writes block by block. */
static void half_a_file_of_ours_is_a_free_place(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    AUTO(token_files_freep) struct token_files *files = NULL;
    scripted_piv_expect_object(&card, "5FFF10", "53 7F 80 04 7365616C 81 70 01 9000");
    scripted_piv_expect_object(&card, "5FFF11", "53 7F 70 04 7365616C 9000"); /* another's */
    assert_int_equal(token_list_files(card.token, &files, &card.err), ERR_NONE);
    assert_int_equal(files->count, 0);
    assert_int_equal(card.piv->file[0].exists, PIV_NO);
    assert_int_equal(card.piv->file[1].exists, PIV_YES);
    scripted_piv_close(&card, false);
}

static void objects_of_others_are_no_files_and_stay(void **state)
{
    struct virtual_desk desk = managed("piv-full");
    put(&desk, 0x5FFF10, "\x80\x04seal"); /* no content */
    assert_int_equal(count_files(&desk), 1); /* an empty file is one */
    put(&desk, 0x5FFF10, "\x01\x04what");
    assert_int_equal(count_files(&desk), 0);
    put(&desk, 0x5FFF10,
        "\x80\x04"
        "a\x01"
        "bc\x81\x01x"); /* a control character */
    assert_int_equal(count_files(&desk), 0);
    assert_int_equal(write_bytes(&desk, "one", 5), ERR_NONE);
    assert_int_equal(write_bytes(&desk, "two", 5), ERR_TOKEN_NO_SPACE);
    virtual_desk_done(&desk);
}

/* 6982: of somebody who lets it be read with rights that we don't have. */
static void what_may_not_be_read_is_not_written_over(void **state)
{
    struct virtual_desk desk = managed("piv-full");
    assert_int_equal(virtual_fault_add(virtual_channel_faults(desk.channel), VIRTUAL_FAULT_STATUS,
                                       1, 0x6982, &desk.err),
                     ERR_NONE);
    assert_int_equal(write_bytes(&desk, "one", 5), ERR_NONE);
    assert_null(virtual_piv_objects_get(desk.objects, 0x5FFF10));
    assert_non_null(virtual_piv_objects_get(desk.objects, 0x5FFF11));
    virtual_desk_done(&desk);
}

static void a_shorter_file_than_expected_is_a_broken_answer(void **state)
{
    struct virtual_desk desk = managed("piv-full");
    AUTO(bytes_freep) struct bytes *content = NULL;
    assert_int_equal(write_bytes(&desk, "seal", 100), ERR_NONE);
    assert_int_equal(token_read_file_of(desk.token, "seal", 101, &content, &desk.err),
                     ERR_TOKEN_ANSWER);
    assert_int_equal(token_read_file_of(desk.token, "seal", 100, &content, &desk.err), ERR_NONE);
    virtual_desk_done(&desk);
}

static void what_the_card_does_not_empty_is_marked_free(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    scripted_piv_expect_object(&card, "5FFF10", "53 09 80 04 7365616C 81 01 78 9000");
    scripted_piv_expect_object(&card, "5FFF11", "6A82");
    scripted_piv_expect(&card, "00 DB 3F FF 07 5C 03 5FFF10 53 00", "6A80");
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    scripted_piv_expect(&card, "00 DB 3F FF 09 5C 03 5FFF10 53 02 80 00", "9000");
    assert_int_equal(piv_file_delete(card.piv, "seal", &card.err), ERR_NONE);
    piv_forget(card.piv);
    scripted_piv_expect_object(&card, "5FFF10", "53 02 80 00 9000");
    scripted_piv_expect_object(&card, "5FFF11", "6A82");
    scripted_piv_expect(&card, "00 DB 3F FF 0D 5C 03 5FFF10 53 06 80 01 61 81 01 78", "9000");
    assert_int_equal(piv_file_write(card.piv, "a", span_text("x"), &card.err), ERR_NONE);
    scripted_piv_close(&card, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_file_is_whole_before_the_old_one_goes),
        cmocka_unit_test(a_file_that_is_too_large_changes_nothing),
        cmocka_unit_test(what_was_listed_is_not_read_again_but_what_was_written_is),
        cmocka_unit_test(a_file_that_was_denied_once_is_looked_for_again),
        cmocka_unit_test(half_a_file_of_ours_is_a_free_place),
        cmocka_unit_test(objects_of_others_are_no_files_and_stay),
        cmocka_unit_test(what_may_not_be_read_is_not_written_over),
        cmocka_unit_test(what_the_card_does_not_empty_is_marked_free),
        cmocka_unit_test(a_shorter_file_than_expected_is_a_broken_answer),
    };
    return cmocka_run_group_tests(tests, virtual_desk_set_up, virtual_desk_tear_down);
}
