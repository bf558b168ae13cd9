#include "token/piv/piv_current.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/virtual_desk.h"
#include "token/piv/piv_key.h"
#include "token/piv/piv_slot.h"
#include "token/virtual/virtual_certificate.h"
#include "token/virtual/virtual_piv_tlv.h"

static const uint8_t digest[32] = {1, 2, 3};

/* A card with the old pair in 9C, and the new one with its certificate in 82. */
static struct virtual_desk renewed(const char *profile)
{
    struct virtual_desk desk = virtual_desk_new(profile, VIRTUAL_PAIR_P256);
    struct token_public_key key;
    virtual_desk_login(&desk);
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    assert_int_equal(token_create_pair(desk.token, "renew-1", TOKEN_P256, &key, &desk.err),
                     ERR_NONE);
    AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(&desk, 0x82);
    assert_int_equal(
        token_write_cert(desk.token, "renew-1", TOKEN_SIGN, span_bytes(cert), &desk.err), ERR_NONE);
    return desk;
}

static struct span cert_in(const struct virtual_desk *desk, uint32_t object)
{
    struct span der = SPAN_NONE;
    const struct bytes *content = virtual_piv_objects_get(desk->objects, object);
    if (content == NULL || !virtual_piv_tlv_find(span_bytes(content), 0x70, &der))
        return SPAN_NONE;
    return der;
}

static bool is_pair(const struct virtual_desk *desk, uint8_t reference, uint32_t object)
{
    struct span der = cert_in(desk, object);
    const struct virtual_pair *pair = virtual_piv_objects_slot(desk->objects, reference)->pair;
    return der.len > 0 && pair != NULL && virtual_certificate_is_of(der, pair);
}

static size_t whole_pairs(const struct virtual_desk *desk)
{
    size_t count = is_pair(desk, 0x9C, 0x5FC10A);
    for (uint8_t i = 0; i < 4; i++)
        count += is_pair(desk, (uint8_t)(0x82 + i), 0x5FC10D + i);
    return count;
}

static void check_history(const struct virtual_desk *desk, uint8_t count)
{
    const uint8_t expected[] = {0xC1, 1, count, 0xC2, 1, 0, 0xFE, 0};
    assert_true(span_equal(span_bytes(virtual_piv_objects_get(desk->objects, 0x5FC10C)),
                           SPAN_ARRAY(expected)));
}

/* Both pairs sign, as the card lists them. */
static void check_all_sign(struct virtual_desk *desk, size_t expected)
{
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    virtual_desk_login(desk);
    assert_int_equal(token_read_pairs(desk->token, &pairs, &desk->err), ERR_NONE);
    assert_int_equal(pairs->count, expected);
    for (size_t i = 0; i < pairs->count; i++) {
        AUTO(bytes_freep) struct bytes *signature = NULL;
        if (token_sign(desk->token, pairs->pairs[i].name, SPAN_ARRAY(digest), &signature,
                       &desk->err) != ERR_NONE)
            fail_msg("%s: %s", pairs->pairs[i].name, desk->err.detail);
    }
}

static void moves_the_new_key_to_where_others_look(void **state)
{
    struct virtual_desk desk = renewed("piv-full");
    AUTO(bytes_freep) struct bytes *old = bytes_new(cert_in(&desk, 0x5FC10A));
    AUTO(bytes_freep) struct bytes *new = bytes_new(cert_in(&desk, 0x5FC10D));
    if (token_make_current(desk.token, "renew-1", &desk.err) != ERR_NONE)
        fail_msg("%s", desk.err.detail);
    assert_true(span_equal(cert_in(&desk, 0x5FC10A), span_bytes(new)));
    assert_true(is_pair(&desk, 0x9C, 0x5FC10A));
    assert_true(span_equal(cert_in(&desk, 0x5FC10E), span_bytes(old)));
    assert_true(is_pair(&desk, 0x83, 0x5FC10E));
    assert_null(virtual_piv_objects_get(desk.objects, 0x5FC10D));
    check_history(&desk, 2);
    check_all_sign(&desk, 2);
    unsigned before = virtual_desk_commands(&desk);
    assert_int_equal(token_make_current(desk.token, "renew-1", &desk.err), ERR_NONE); /* again */
    assert_int_equal(virtual_desk_commands(&desk), before);
    check_all_sign(&desk, 2);
    virtual_desk_done(&desk);
}

static void only_writes_the_history_where_keys_cannot_be_moved(void **state)
{
    struct virtual_desk desk = renewed("piv-5.4");
    assert_int_equal(token_make_current(desk.token, "renew-1", &desk.err), ERR_NONE);
    assert_true(is_pair(&desk, 0x9C, 0x5FC10A));
    assert_true(is_pair(&desk, 0x82, 0x5FC10D));
    check_history(&desk, 1);
    check_all_sign(&desk, 2);
    virtual_desk_done(&desk);
}

/* A version that promises MOVE KEY, and a card without it, or one that doesn't tell where its keys are. */
static void a_promise_that_is_not_kept_changes_no_pair(void **state)
{
    static const char *const profiles[] = {"piv-5.4", "piv-odd"};
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        struct virtual_desk desk = renewed(profiles[i]);
        desk.piv->move = PIV_YES;
        if (token_make_current(desk.token, "renew-1", &desk.err) != ERR_NONE)
            fail_msg("%s: %s", profiles[i], desk.err.detail);
        assert_true(is_pair(&desk, 0x9C, 0x5FC10A));
        assert_true(is_pair(&desk, 0x82, 0x5FC10D));
        assert_int_equal(cert_in(&desk, 0x5FC10E).len, 0);
        check_history(&desk, 1);
        check_all_sign(&desk, 2);
        virtual_desk_done(&desk);
    }
}

/* What lies in 9C and can't be brought elsewhere with its certificate stays: the newest certificate says
 * which pair is in use. */
static void what_cannot_be_kept_is_not_replaced(void **state)
{
    static const struct {
        bool has_key, has_object;
    } cases[] = {{true, false}, {true, true}, {false, true}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct virtual_desk desk = renewed("piv-full");
        struct virtual_piv_slot *slot = virtual_piv_objects_slot(desk.objects, 0x9C);
        bool has_object = cases[i].has_object;
        if (!cases[i].has_key)
            virtual_pair_freep(&slot->pair);
        const struct virtual_pair *kept = slot->pair;
        virtual_piv_objects_remove(desk.objects, 0x5FC10A);
        if (has_object)
            assert_true(virtual_piv_objects_put(desk.objects, 0x5FC10A, span_text("\x70\x01")));
        virtual_desk_reopen(&desk);
        assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
        if (token_make_current(desk.token, "renew-1", &desk.err) != ERR_NONE)
            fail_msg("%s", desk.err.detail);
        assert_ptr_equal(slot->pair, kept);
        assert_int_equal(virtual_piv_objects_get(desk.objects, 0x5FC10A) != NULL, has_object);
        assert_true(is_pair(&desk, 0x82, 0x5FC10D));
        check_all_sign(&desk, 1);
        virtual_desk_done(&desk);
    }
}

/* The card forgets its manager before the nth command, who logs in again and goes on: nothing is left
 * twice. */
static bool goes_on_logged_in_again(unsigned nth)
{
    struct virtual_desk desk = renewed("piv-full");
    assert_int_equal(virtual_fault_add(virtual_channel_faults(desk.channel), VIRTUAL_FAULT_STATUS,
                                       nth, 0x6982, &desk.err),
                     ERR_NONE);
    enum err_code first = token_make_current(desk.token, "renew-1", &desk.err);
    virtual_fault_clear(virtual_channel_faults(desk.channel));
    desk.err = ERR_INIT;
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    if (token_make_current(desk.token, "renew-1", &desk.err) != ERR_NONE)
        fail_msg("command %u: %s", nth, desk.err.detail);
    if (first == ERR_TOKEN_LOGIN_LOST) {
        assert_true(is_pair(&desk, 0x9C, 0x5FC10A));
        assert_true(is_pair(&desk, 0x83, 0x5FC10E));
        assert_int_equal(cert_in(&desk, 0x5FC10D).len, 0);
        assert_int_equal(cert_in(&desk, 0x5FC110).len, 0);
    }
    check_all_sign(&desk, 2);
    virtual_desk_done(&desk);
    return first == ERR_TOKEN_LOGIN_LOST;
}

static void goes_on_after_another_log_in(void **state)
{
    int lost = 0;
    for (unsigned nth = 1; nth < 32; nth++)
        lost += goes_on_logged_in_again(nth);
    assert_int_equal(lost, 6); /* two keys moved, four objects written */
}

static void a_pair_without_a_certificate_is_not_made_current(void **state)
{
    struct virtual_desk desk = virtual_desk_new("piv-full", VIRTUAL_PAIR_P256);
    struct token_public_key key;
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    assert_int_equal(token_create_pair(desk.token, "renew-1", TOKEN_P256, &key, &desk.err),
                     ERR_NONE);
    assert_int_equal(token_make_current(desk.token, "renew-1", &desk.err),
                     ERR_TOKEN_NO_CERTIFICATE);
    assert_int_equal(token_make_current(desk.token, "none", &desk.err), ERR_TOKEN_NO_CONTAINER);
    assert_true(is_pair(&desk, 0x9C, 0x5FC10A));
    virtual_desk_done(&desk);
}

/* The card is pulled out before or after its nth command: whatever was done, every pair that the card
 * lists signs, none is lost, and doing it again ends where it should. */
static bool goes_on(const char *profile, enum virtual_fault_kind kind, unsigned nth)
{
    struct virtual_desk desk = renewed(profile);
    assert_int_equal(
        virtual_fault_add(virtual_channel_faults(desk.channel), kind, nth, 0, &desk.err), ERR_NONE);
    bool through = token_make_current(desk.token, "renew-1", &desk.err) == ERR_NONE;
    virtual_desk_reopen(&desk);
    assert_true(whole_pairs(&desk) >= 1);
    check_all_sign(&desk, 2);
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    if (token_make_current(desk.token, "renew-1", &desk.err) != ERR_NONE)
        fail_msg("%s, %d, command %u: %s", profile, kind, nth, desk.err.detail);
    assert_true(is_pair(&desk, 0x9C, 0x5FC10A));
    assert_int_equal(whole_pairs(&desk), 2);
    assert_true(is_pair(&desk, 0x83, 0x5FC10E));
    check_history(&desk, 2);
    check_all_sign(&desk, 2);
    virtual_desk_done(&desk);
    return through;
}

static void goes_on_from_any_instant(void **state)
{
    static const enum virtual_fault_kind kinds[] = {VIRTUAL_FAULT_REMOVE,
                                                    VIRTUAL_FAULT_REMOVE_AFTER};
    static const char *const profiles[] = {"piv-full", "piv-blocks"};
    for (size_t i = 0; i < ARRAY_SIZE(profiles) * ARRAY_SIZE(kinds); i++) {
        unsigned nth = 1;
        while (!goes_on(profiles[i / 2], kinds[i % 2], nth))
            nth++;
        assert_true(nth > 10);
    }
}

/* A switch that broke off is not gone on with; the key gets another certificate where it is by then. */
static bool is_certified_anew(const char *profile, unsigned nth)
{
    struct virtual_desk desk = renewed(profile);
    size_t slot = 0;
    assert_int_equal(virtual_fault_add(virtual_channel_faults(desk.channel),
                                       VIRTUAL_FAULT_REMOVE_AFTER, nth, 0, &desk.err),
                     ERR_NONE);
    bool through = token_make_current(desk.token, "renew-1", &desk.err) == ERR_NONE;
    virtual_desk_reopen(&desk);
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    assert_int_equal(piv_slot_find(desk.piv, "renew-1", &slot, &desk.err), ERR_NONE);
    uint8_t reference = piv_key_reference(desk.piv->slot[slot].key_slot);
    AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(&desk, reference);
    if (token_write_cert(desk.token, "renew-1", TOKEN_SIGN, span_bytes(cert), &desk.err) !=
        ERR_NONE)
        fail_msg("%s, command %u: %s", profile, nth, desk.err.detail);
    virtual_desk_reopen(&desk);
    check_all_sign(&desk, 2);
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    assert_int_equal(token_make_current(desk.token, "renew-1", &desk.err), ERR_NONE);
    assert_true(span_equal(cert_in(&desk, 0x5FC10A), span_bytes(cert)));
    check_all_sign(&desk, 2);
    virtual_desk_done(&desk);
    return !through;
}

static void a_copy_of_a_replaced_certificate_is_no_pair(void **state)
{
    static const char *const profiles[] = {"piv-full", "piv-blocks"};
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        unsigned nth = 1;
        while (is_certified_anew(profiles[i], nth))
            nth++;
        assert_true(nth > 10);
    }
}

/* The nth command is not done, and the card says this. */
static void check_one_lie(unsigned nth, uint32_t status)
{
    struct virtual_desk desk = renewed("piv-full");
    assert_int_equal(virtual_fault_add(virtual_channel_faults(desk.channel), VIRTUAL_FAULT_STATUS,
                                       nth, status, &desk.err),
                     ERR_NONE);
    bool said_done = token_make_current(desk.token, "renew-1", &desk.err) == ERR_NONE;
    virtual_desk_reopen(&desk);
    AUTO(memory_freep) char *what = memory_printf("%04X to command %u", status, nth);
    if (whole_pairs(&desk) < 1)
        fail_msg("%s: no pair is left", what);
    check_all_sign(&desk, 2);
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    if (token_make_current(desk.token, "renew-1", &desk.err) != ERR_NONE)
        fail_msg("%s, said done: %d: %s", what, said_done, desk.err.detail);
    check_all_sign(&desk, 2);
    assert_true(is_pair(&desk, 0x9C, 0x5FC10A));
    assert_int_equal(whole_pairs(&desk), 2);
    virtual_desk_done(&desk);
}

static void is_not_led_astray_by_one_lie(void **state)
{
    static const uint32_t words[] = {0x9000, 0x6A82, 0x6A88, 0x6982, 0x6985, 0x6A80, 0x6F00};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        for (unsigned nth = 1; nth < 32; nth++)
            check_one_lie(nth, words[i]);
}

/* Renewals one after the other: each finds a place. */
static void can_be_done_as_often_as_there_are_slots(void **state)
{
    struct virtual_desk desk = renewed("piv-full");
    struct token_public_key key;
    assert_int_equal(token_make_current(desk.token, "renew-1", &desk.err), ERR_NONE);
    for (int i = 2; i < 5; i++) {
        AUTO(memory_freep) char *name = memory_printf("renew-%d", i);
        if (token_create_pair(desk.token, name, TOKEN_P256, &key, &desk.err) != ERR_NONE)
            fail_msg("%s", desk.err.detail);
        AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(&desk, 0x82);
        assert_int_equal(
            token_write_cert(desk.token, name, TOKEN_SIGN, span_bytes(cert), &desk.err), ERR_NONE);
        if (token_make_current(desk.token, name, &desk.err) != ERR_NONE)
            fail_msg("%s", desk.err.detail);
        assert_true(is_pair(&desk, 0x9C, 0x5FC10A));
        check_all_sign(&desk, (size_t)i + 1);
    }
    virtual_desk_done(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_the_new_key_to_where_others_look),
        cmocka_unit_test(only_writes_the_history_where_keys_cannot_be_moved),
        cmocka_unit_test(a_promise_that_is_not_kept_changes_no_pair),
        cmocka_unit_test(what_cannot_be_kept_is_not_replaced),
        cmocka_unit_test(goes_on_after_another_log_in),
        cmocka_unit_test(a_pair_without_a_certificate_is_not_made_current),
        cmocka_unit_test(goes_on_from_any_instant),
        cmocka_unit_test(a_copy_of_a_replaced_certificate_is_no_pair),
        cmocka_unit_test(is_not_led_astray_by_one_lie),
        cmocka_unit_test(can_be_done_as_often_as_there_are_slots),
    };
    return cmocka_run_group_tests(tests, virtual_desk_set_up, virtual_desk_tear_down);
}
