#include "token/piv/piv_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/scripted_piv.h"
#include "tests/unit/token/piv/virtual_desk.h"
#include "token/virtual/virtual_certificate.h"

static const uint8_t digest[32] = {1, 2, 3};

static struct virtual_desk managed(const char *profile)
{
    struct virtual_desk desk = virtual_desk_new(profile, VIRTUAL_PAIR_P256);
    virtual_desk_login(&desk);
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    return desk;
}

static enum err_code create(struct virtual_desk *desk, const char *name)
{
    struct token_public_key key;
    return token_create_pair(desk->token, name, TOKEN_P256, &key, &desk->err);
}

static size_t count_pairs(struct virtual_desk *desk)
{
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    assert_int_equal(token_read_pairs(desk->token, &pairs, &desk->err), ERR_NONE);
    return pairs->count;
}

/* The process ends right after the key was made: it is found again with its public key. */
static void a_half_made_pair_is_found_again(void **state)
{
    struct virtual_desk desk = managed("piv-odd");
    struct token_public_key key, back;
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    AUTO(bytes_freep) struct bytes *cert = NULL;
    assert_int_equal(token_create_pair(desk.token, "renew-1", TOKEN_P256, &key, &desk.err),
                     ERR_NONE);
    virtual_desk_reopen(&desk);
    assert_int_equal(token_read_pairs(desk.token, &pairs, &desk.err), ERR_NONE);
    assert_int_equal(pairs->count, 2);
    assert_string_equal(pairs->pairs[1].name, "renew-1");
    assert_true(pairs->pairs[1].has_sign_key);
    assert_false(pairs->pairs[1].has_encrypt_key);
    assert_null(pairs->pairs[1].sign_cert);
    assert_int_equal(token_read_public_key(desk.token, "renew-1", TOKEN_SIGN, &back, &desk.err),
                     ERR_NONE);
    assert_memory_equal(&back, &key, sizeof key);
    assert_int_equal(token_read_cert(desk.token, "renew-1", TOKEN_SIGN, &cert, &desk.err),
                     ERR_TOKEN_NO_CERTIFICATE);
    virtual_desk_done(&desk);
}

static void never_makes_a_name_twice(void **state)
{
    struct virtual_desk desk = managed("piv-full");
    assert_int_equal(create(&desk, "renew-1"), ERR_NONE);
    assert_int_equal(create(&desk, "renew-1"), ERR_TOKEN_EXISTS);
    assert_int_equal(create(&desk, "9C"), ERR_FIELD_VALUE);
    assert_int_equal(create(&desk, "a b c"), ERR_FIELD_VALUE);
    assert_int_equal(create(&desk, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), ERR_FIELD_VALUE);
    assert_int_equal(create(&desk, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), ERR_NONE);
    assert_int_equal(count_pairs(&desk), 3);
    virtual_desk_done(&desk);
}

static void never_generates_over_a_key(void **state)
{
    struct virtual_desk desk = managed("piv-full");
    struct virtual_piv_slot *slot = virtual_piv_objects_slot(desk.objects, 0x82);
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_P256, &slot->pair, &desk.err), ERR_NONE);
    const struct virtual_pair *kept = slot->pair; /* another program's, without a certificate */
    assert_int_equal(create(&desk, "renew-1"), ERR_NONE);
    assert_ptr_equal(slot->pair, kept);
    assert_non_null(virtual_piv_objects_slot(desk.objects, 0x83)->pair);
    virtual_desk_reopen(&desk);
    assert_int_equal(count_pairs(&desk), 2); /* behind it the new one is found again */
    virtual_desk_done(&desk);
}

static void makes_keys_until_the_slots_are_full(void **state)
{
    struct virtual_desk desk = managed("piv-odd"); /* has four */
    for (int i = 0; i < 4; i++) {
        AUTO(memory_freep) char *name = memory_printf("renew-%d", i);
        assert_int_equal(create(&desk, name), ERR_NONE);
    }
    assert_int_equal(create(&desk, "renew-4"), ERR_TOKEN_CANNOT_REPLACE);
    assert_int_equal(count_pairs(&desk), 5);
    virtual_desk_done(&desk);
}

static void a_kept_key_gets_its_certificate_in_place(void **state)
{
    struct virtual_desk desk = managed("piv-plain");
    AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(&desk, 0x9C);
    AUTO(bytes_freep) struct bytes *back = NULL;
    AUTO(bytes_freep) struct bytes *signature = NULL;
    assert_int_equal(token_write_cert(desk.token, "9C", TOKEN_SIGN, span_bytes(cert), &desk.err),
                     ERR_NONE);
    assert_int_equal(token_read_cert(desk.token, "9C", TOKEN_SIGN, &back, &desk.err), ERR_NONE);
    assert_true(span_equal(span_bytes(cert), span_bytes(back)));
    assert_int_equal(token_sign(desk.token, "9C", SPAN_ARRAY(digest), &signature, &desk.err),
                     ERR_NONE);
    assert_int_equal(count_pairs(&desk), 1);
    virtual_desk_done(&desk);
}

static void deletes_only_what_is_ours(void **state)
{
    struct virtual_desk desk = managed("piv-full");
    struct virtual_pair *pair = NULL;
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_P256, &pair, &desk.err), ERR_NONE);
    virtual_piv_objects_slot(desk.objects, 0x82)->pair = pair;
    AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(&desk, 0x82);
    virtual_piv_objects_slot(desk.objects, 0x82)->pair = NULL;
    assert_int_equal(virtual_piv_make_slot(desk.objects, 0x82, pair, span_bytes(cert), &desk.err),
                     ERR_NONE);
    assert_int_equal(token_delete_pair(desk.token, "9C", &desk.err), ERR_TOKEN_NOT_SUPPORTED);
    assert_int_equal(token_delete_pair(desk.token, "82", &desk.err), ERR_TOKEN_NOT_SUPPORTED);
    assert_int_equal(token_delete_pair(desk.token, "83", &desk.err), ERR_TOKEN_NO_CONTAINER);
    assert_int_equal(count_pairs(&desk), 1); /* what has no name there is not listed */
    assert_int_equal(create(&desk, "renew-1"), ERR_NONE);
    assert_ptr_equal(virtual_piv_objects_slot(desk.objects, 0x82)->pair, pair);
    assert_int_equal(count_pairs(&desk), 2);
    virtual_desk_done(&desk);
}

static void a_deleted_slot_is_used_again(void **state)
{
    static const char *const profiles[] = {"piv-full", "piv-5.4", "piv-odd"};
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        struct virtual_desk desk = managed(profiles[i]);
        assert_int_equal(create(&desk, "renew-1"), ERR_NONE);
        assert_int_equal(create(&desk, "renew-2"), ERR_NONE);
        if (token_delete_pair(desk.token, "renew-1", &desk.err) != ERR_NONE)
            fail_msg("%s", desk.err.detail);
        assert_int_equal(count_pairs(&desk), 2); /* what lies behind the gap is still there */
        assert_int_equal(create(&desk, "renew-3"), ERR_NONE);
        assert_null(virtual_piv_objects_slot(desk.objects, 0x84)->pair);
        assert_int_equal(count_pairs(&desk), 3);
        assert_int_equal(token_delete_pair(desk.token, "renew-2", &desk.err), ERR_NONE);
        assert_int_equal(token_delete_pair(desk.token, "renew-3", &desk.err), ERR_NONE);
        assert_int_equal(count_pairs(&desk), 1);
        virtual_desk_done(&desk);
    }
}

/* A version that promises DELETE KEY, and a card without it: the mark is enough. */
static void a_deletion_that_the_card_cannot_do_leaves_the_mark(void **state)
{
    struct virtual_desk desk = managed("piv-5.4");
    assert_int_equal(create(&desk, "renew-1"), ERR_NONE);
    desk.piv->move = PIV_YES;
    assert_int_equal(token_delete_pair(desk.token, "renew-1", &desk.err), ERR_NONE);
    assert_int_equal(count_pairs(&desk), 1);
    assert_int_equal(create(&desk, "renew-2"), ERR_NONE);
    assert_null(virtual_piv_objects_slot(desk.objects, 0x83)->pair);
    virtual_desk_done(&desk);
}

/* The card is pulled out around the nth command of a deletion. */
static bool broken_off(const char *profile, enum virtual_fault_kind kind, unsigned nth)
{
    struct virtual_desk desk = managed(profile);
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    assert_int_equal(create(&desk, "renew-1"), ERR_NONE);
    AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(&desk, 0x82);
    assert_int_equal(
        token_write_cert(desk.token, "renew-1", TOKEN_SIGN, span_bytes(cert), &desk.err), ERR_NONE);
    assert_int_equal(
        virtual_fault_add(virtual_channel_faults(desk.channel), kind, nth, 0, &desk.err), ERR_NONE);
    bool through = token_delete_pair(desk.token, "renew-1", &desk.err) == ERR_NONE;
    virtual_desk_reopen(&desk);
    virtual_desk_login(&desk);
    assert_int_equal(token_read_pairs(desk.token, &pairs, &desk.err), ERR_NONE);
    for (size_t i = 0; i < pairs->count; i++) {
        AUTO(bytes_freep) struct bytes *signature = NULL;
        if (token_sign(desk.token, pairs->pairs[i].name, SPAN_ARRAY(digest), &signature,
                       &desk.err) != ERR_NONE)
            fail_msg("%s, command %u: %s", profile, nth, desk.err.detail);
    }
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    assert_int_equal(create(&desk, "renew-2"), ERR_NONE);
    if (pairs->count == 1) /* the place is free again */
        assert_non_null(virtual_piv_objects_get(desk.objects, 0x5FC10D));
    virtual_desk_done(&desk);
    return !through;
}

static void a_deletion_broken_off_lists_no_certificate_without_key(void **state)
{
    static const char *const profiles[] = {"piv-full", "piv-5.4", "piv-odd", "piv-blocks"};
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        unsigned nth = 1;
        while (broken_off(profiles[i], VIRTUAL_FAULT_REMOVE, nth) &&
               broken_off(profiles[i], VIRTUAL_FAULT_REMOVE_AFTER, nth))
            nth++;
        assert_true(nth > 2);
    }
}

/* The card is pulled out around the nth command of a creation: the next one finds the same slot free, or the pair. */
static bool creation_broken_off(const char *profile, enum virtual_fault_kind kind, unsigned nth)
{
    struct virtual_desk desk = managed(profile);
    assert_int_equal(
        virtual_fault_add(virtual_channel_faults(desk.channel), kind, nth, 0, &desk.err), ERR_NONE);
    bool through = create(&desk, "renew-1") == ERR_NONE;
    virtual_desk_reopen(&desk);
    virtual_desk_login(&desk);
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    bool found = count_pairs(&desk) == 2;
    if (create(&desk, "renew-1") != (found ? ERR_TOKEN_EXISTS : ERR_NONE))
        fail_msg("%s, command %u: %s", profile, nth, desk.err.detail);
    assert_int_equal(count_pairs(&desk), 2);
    assert_non_null(virtual_piv_objects_slot(desk.objects, 0x82)->pair);
    assert_null(virtual_piv_objects_slot(desk.objects, 0x83)->pair);
    virtual_desk_done(&desk);
    return !through;
}

static void a_creation_broken_off_costs_no_slot(void **state)
{
    static const char *const profiles[] = {"piv-full", "piv-5.4", "piv-odd", "piv-blocks"};
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        unsigned nth = 1;
        while (creation_broken_off(profiles[i], VIRTUAL_FAULT_REMOVE, nth) &&
               creation_broken_off(profiles[i], VIRTUAL_FAULT_REMOVE_AFTER, nth))
            nth++;
        assert_true(nth > 3);
    }
}

/* Of a creation the mark is written, before any key is made. */
#define RESERVE_82 \
    "00 DB 3F FF 00 0157 5C 03 5FC10D 53 82 014E 72 0A 756B6579642D66726565 FE 00 %0640d"
#define GENERATE_82 "00 47 00 82 00 0005 AC 03 80 01 11 0000"

/* The slots are known: 82 is empty, and the metadata say so too. */
static void expect_no_slots_taken(struct scripted_piv *card)
{
    card->piv->metadata = PIV_YES;
    card->piv->slots_known = true;
    card->piv->slot[1].state = PIV_SLOT_EMPTY;
    scripted_piv_expect(card, "00 F7 00 82 00 00 00", "6A88");
}

static enum err_code create_scripted(struct scripted_piv *card)
{
    struct token_public_key key;
    return token_create_pair(card->token, "renew-1", TOKEN_P256, &key, &card->err);
}

/* Another program used the card meanwhile: this says nothing of what the card can do. */
static void a_lost_log_in_is_no_refusal_to_make_a_key(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR_EXTENDED);
    AUTO(memory_freep) char *reserve = memory_printf(RESERVE_82, 0);
    scripted_piv_admin_login(&card);
    expect_no_slots_taken(&card);
    scripted_piv_expect(&card, reserve, "6982");
    assert_int_equal(create_scripted(&card), ERR_TOKEN_LOGIN_LOST);
    assert_false(card.piv->admin_in);
    scripted_piv_expect(&card, SCRIPTED_PIV_SELECT, SCRIPTED_PIV_PROPERTIES);
    scripted_piv_admin_login(&card);
    expect_no_slots_taken(&card);
    scripted_piv_expect(&card, reserve, "6D00"); /* an application that knows no such command */
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, "6D00");
    assert_int_equal(create_scripted(&card), ERR_TOKEN_LOGIN_LOST);
    scripted_piv_close(&card, true);
}

/* Who may write may make keys: the same word right after a success means another thing. */
static void a_slot_that_makes_no_keys_is_given_back(void **state)
{
    static const char *const words[] = {"6982", "6985", "6A86", "6D00"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR_EXTENDED);
        AUTO(memory_freep) char *reserve = memory_printf(RESERVE_82, 0);
        scripted_piv_admin_login(&card);
        expect_no_slots_taken(&card);
        scripted_piv_expect(&card, reserve, "9000");
        scripted_piv_expect(&card, GENERATE_82, words[i]);
        scripted_piv_expect(&card, "00 DB 3F FF 07 5C 03 5FC10D 53 00", "9000");
        assert_int_equal(create_scripted(&card), ERR_TOKEN_CANNOT_REPLACE);
        assert_true(card.piv->admin_in);
        scripted_piv_close(&card, true);
    }
}

static void a_card_without_room_or_long_commands_makes_no_key(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR_EXTENDED);
    struct scripted_piv brief = scripted_piv_new(SCRIPTED_PIV_ATR_EXTENDED);
    AUTO(memory_freep) char *reserve = memory_printf(RESERVE_82, 0);
    AUTO(memory_freep)
    char *block = memory_printf("10 DB 3F FF FF 5C 03 5FC10D 53 82 014E 72 0A 756B6579642D66726565 "
                                "FE 00 %0464d",
                                0);
    scripted_piv_admin_login(&card);
    expect_no_slots_taken(&card);
    scripted_piv_expect(&card, reserve, "6A84");
    scripted_piv_expect(&card, SCRIPTED_PIV_SERIAL, SCRIPTED_PIV_SERIAL_ANSWER);
    assert_int_equal(create_scripted(&card), ERR_TOKEN_CANNOT_REPLACE);
    scripted_piv_admin_login(&brief);
    expect_no_slots_taken(&brief);
    scripted_piv_expect(&brief, reserve, "6700");
    scripted_piv_expect(&brief, block, "6884");
    assert_int_equal(create_scripted(&brief), ERR_TOKEN_COMMANDS_SHORT);
    scripted_piv_close(&card, true);
    scripted_piv_close(&brief, true);
}

/* A card that denies its certificate once: the pair is still there to be removed. */
static void a_certificate_that_is_denied_once_hides_no_pair(void **state)
{
    static const uint32_t denials[] = {0x6982, 0x6985, 0x6A80, 0x6A81, 0x6A82};
    for (size_t i = 0; i < ARRAY_SIZE(denials); i++) {
        struct virtual_desk desk = managed("piv-full");
        AUTO(bytes_freep) struct bytes *got = NULL;
        assert_int_equal(create(&desk, "renew-1"), ERR_NONE);
        AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(&desk, 0x82);
        assert_int_equal(
            token_write_cert(desk.token, "renew-1", TOKEN_SIGN, span_bytes(cert), &desk.err),
            ERR_NONE);
        assert_int_equal(virtual_fault_add(virtual_channel_faults(desk.channel),
                                           VIRTUAL_FAULT_STATUS, 1, denials[i], &desk.err),
                         ERR_NONE);
        assert_int_equal(token_read_cert(desk.token, "renew-1", TOKEN_SIGN, &got, &desk.err),
                         ERR_TOKEN_NO_CERTIFICATE);
        assert_int_equal(token_delete_pair(desk.token, "renew-1", &desk.err), ERR_NONE);
        virtual_desk_done(&desk);
    }
}

static void signs_with_more_than_one_key(void **state)
{
    static const char *const profiles[] = {"piv-full", "piv-5.4", "piv-odd"};
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        struct virtual_desk desk = managed(profiles[i]);
        assert_int_equal(create(&desk, "renew-1"), ERR_NONE);
        for (int j = 0; j < 6; j++) {
            AUTO(bytes_freep) struct bytes *signature = NULL;
            if (token_sign(desk.token, j % 3 == 0 ? "renew-1" : "9C", SPAN_ARRAY(digest),
                           &signature, &desk.err) != ERR_NONE)
                fail_msg("%s", desk.err.detail);
        }
        assert_int_equal(desk.objects->pin.left, desk.objects->pin.max);
        virtual_desk_done(&desk);
    }
}

static void has_one_key_and_one_certificate(void **state)
{
    struct virtual_desk desk = managed("piv-full");
    struct token_public_key key;
    AUTO(bytes_freep) struct bytes *cert = NULL;
    assert_int_equal(token_read_cert(desk.token, "9C", TOKEN_ENCRYPT, &cert, &desk.err),
                     ERR_TOKEN_NO_CERTIFICATE);
    assert_int_equal(token_read_public_key(desk.token, "9C", TOKEN_ENCRYPT, &key, &desk.err),
                     ERR_TOKEN_NO_KEY);
    assert_int_equal(
        token_write_cert(desk.token, "9C", TOKEN_ENCRYPT, SPAN_ARRAY(digest), &desk.err),
        ERR_TOKEN_NOT_SUPPORTED);
    assert_int_equal(
        token_write_cert(desk.token, "none", TOKEN_SIGN, SPAN_ARRAY(digest), &desk.err),
        ERR_TOKEN_NO_KEY);
    virtual_desk_done(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_half_made_pair_is_found_again),
        cmocka_unit_test(never_makes_a_name_twice),
        cmocka_unit_test(never_generates_over_a_key),
        cmocka_unit_test(makes_keys_until_the_slots_are_full),
        cmocka_unit_test(a_kept_key_gets_its_certificate_in_place),
        cmocka_unit_test(deletes_only_what_is_ours),
        cmocka_unit_test(a_deleted_slot_is_used_again),
        cmocka_unit_test(a_deletion_that_the_card_cannot_do_leaves_the_mark),
        cmocka_unit_test(a_deletion_broken_off_lists_no_certificate_without_key),
        cmocka_unit_test(a_creation_broken_off_costs_no_slot),
        cmocka_unit_test(a_lost_log_in_is_no_refusal_to_make_a_key),
        cmocka_unit_test(a_slot_that_makes_no_keys_is_given_back),
        cmocka_unit_test(a_card_without_room_or_long_commands_makes_no_key),
        cmocka_unit_test(a_certificate_that_is_denied_once_hides_no_pair),
        cmocka_unit_test(signs_with_more_than_one_key),
        cmocka_unit_test(has_one_key_and_one_certificate),
    };
    return cmocka_run_group_tests(tests, virtual_desk_set_up, virtual_desk_tear_down);
}
