#include "token/piv/piv_guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/scripted_piv.h"
#include "tests/unit/token/piv/virtual_desk.h"
#include "token/piv/piv_cert.h"
#include "token/piv/piv_key.h"
#include "token/piv/piv_slot.h"
#include "token/piv/piv_x509.h"

static const uint8_t digest[32] = {1, 2, 3};

/* ---- a card pulled out ---- */

struct trial {
    const char *profile;
    bool tells_nothing; /* as if it had no metadata */
    enum virtual_fault_kind kind;
    unsigned nth;
};

static void log_in(struct virtual_desk *desk, const struct trial *trial)
{
    if (trial->tells_nothing)
        desk->piv->metadata = PIV_NO;
    virtual_desk_login(desk);
    assert_int_equal(virtual_desk_admin_login(desk), ERR_NONE);
}

static void check_signs(struct virtual_desk *desk, const char *pair)
{
    AUTO(bytes_freep) struct bytes *signature = NULL;
    if (token_sign(desk->token, pair, SPAN_ARRAY(digest), &signature, &desk->err) != ERR_NONE)
        fail_msg("%s: %s", pair, desk->err.detail);
}

static void check_writes(struct virtual_desk *desk, const char *pair, const struct bytes *cert)
{
    AUTO(bytes_freep) struct bytes *back = NULL;
    if (token_write_cert(desk->token, pair, TOKEN_SIGN, span_bytes(cert), &desk->err) != ERR_NONE ||
        token_read_cert(desk->token, pair, TOKEN_SIGN, &back, &desk->err) != ERR_NONE)
        fail_msg("%s: %s", pair, desk->err.detail);
    assert_true(span_equal(span_bytes(back), span_bytes(cert)));
}

static size_t count_pairs(struct virtual_desk *desk)
{
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    if (token_read_pairs(desk->token, &pairs, &desk->err) != ERR_NONE)
        fail_msg("%s", desk->err.detail);
    return pairs->count;
}

/* Pulled out around the nth command of the certificate's writing, which may be one of its blocks: the key is found
 * again by the name that it has, and gets the same certificate. */
static bool breaks_off(const struct trial *trial, const char *pair, uint8_t reference)
{
    struct virtual_desk desk = virtual_desk_new(trial->profile, VIRTUAL_PAIR_P256);
    struct token_public_key key;
    bool is_new = reference != 0x9C;
    log_in(&desk, trial);
    if (is_new)
        assert_int_equal(token_create_pair(desk.token, pair, TOKEN_P256, &key, &desk.err),
                         ERR_NONE);
    size_t pairs = count_pairs(&desk);
    AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(&desk, reference);
    assert_int_equal(virtual_fault_add(virtual_channel_faults(desk.channel), trial->kind,
                                       trial->nth, 0, &desk.err),
                     ERR_NONE);
    bool through =
        token_write_cert(desk.token, pair, TOKEN_SIGN, span_bytes(cert), &desk.err) == ERR_NONE;
    virtual_desk_reopen(&desk);
    log_in(&desk, trial);
    print_message("%s%s, %s, fault %d, command %u\n", trial->profile,
                  trial->tells_nothing ? " without metadata" : "", pair, trial->kind, trial->nth);
    assert_int_equal(count_pairs(&desk), pairs);
    check_signs(&desk, "9C");
    check_signs(&desk, pair);
    check_writes(&desk, pair, cert);
    assert_int_equal(count_pairs(&desk), pairs);
    if (is_new) /* and there is room for the next */
        assert_int_equal(token_create_pair(desk.token, "renew-2", TOKEN_P256, &key, &desk.err),
                         ERR_NONE);
    virtual_desk_done(&desk);
    return !through;
}

static const enum virtual_fault_kind pulled_out[] = {VIRTUAL_FAULT_REMOVE,
                                                     VIRTUAL_FAULT_REMOVE_AFTER};

static void break_everywhere(struct trial trial, const char *pair, uint8_t reference)
{
    for (size_t i = 0; i < ARRAY_SIZE(pulled_out); i++) {
        trial.kind = pulled_out[i];
        trial.nth = 1;
        while (breaks_off(&trial, pair, reference))
            trial.nth++;
        assert_true(trial.nth > 1);
    }
}

static void a_certificate_broken_off_costs_no_pair(void **state)
{
    break_everywhere((struct trial){"piv-full"}, "renew-1", 0x82);
    break_everywhere((struct trial){"piv-odd"}, "renew-1", 0x82);
    break_everywhere((struct trial){"piv-blocks"}, "renew-1", 0x82);
    break_everywhere((struct trial){"piv-blocks", .tells_nothing = true}, "renew-1", 0x82);
}

static void a_kept_keys_certificate_broken_off_costs_no_pair(void **state)
{
    break_everywhere((struct trial){"piv-full"}, "9C", 0x9C);
    break_everywhere((struct trial){"piv-plain"}, "9C", 0x9C);
    break_everywhere((struct trial){"piv-odd"}, "9C", 0x9C);
    break_everywhere((struct trial){"piv-blocks"}, "9C", 0x9C);
    break_everywhere((struct trial){"piv-blocks", .tells_nothing = true}, "9C", 0x9C);
}

/* The kept key's certificate, with a fault; the card is put in anew. */
static bool writes_to_9C(struct virtual_desk *desk, const struct trial *trial, uint32_t status)
{
    log_in(desk, trial);
    size_t pairs = count_pairs(desk);
    AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(desk, 0x9C);
    assert_int_equal(virtual_fault_add(virtual_channel_faults(desk->channel), trial->kind,
                                       trial->nth, status, &desk->err),
                     ERR_NONE);
    bool through =
        token_write_cert(desk->token, "9C", TOKEN_SIGN, span_bytes(cert), &desk->err) == ERR_NONE;
    size_t left = virtual_channel_faults(desk->channel)->count;
    virtual_fault_clear(virtual_channel_faults(desk->channel));
    virtual_desk_reopen(desk);
    log_in(desk, trial);
    assert_int_equal(count_pairs(desk), pairs);
    check_signs(desk, "9C");
    return through && left > 0;
}

static void renew(struct virtual_desk *desk, const struct trial *trial, const char *pair)
{
    struct token_public_key key;
    size_t slot = 0;
    if (token_create_pair(desk->token, pair, TOKEN_P256, &key, &desk->err) != ERR_NONE)
        fail_msg("%s: %s", pair, desk->err.detail);
    assert_int_equal(piv_slot_find(desk->piv, pair, &slot, &desk->err), ERR_NONE);
    AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(desk, piv_key_reference(slot));
    check_writes(desk, pair, cert);
    if (token_make_current(desk->token, pair, &desk->err) != ERR_NONE)
        fail_msg("%s: %s", pair, desk->err.detail);
    virtual_desk_reopen(desk);
    log_in(desk, trial);
}

static void check_all_sign(struct virtual_desk *desk, size_t expected)
{
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    if (token_read_pairs(desk->token, &pairs, &desk->err) != ERR_NONE)
        fail_msg("%s", desk->err.detail);
    assert_int_equal(pairs->count, expected);
    for (size_t i = 0; i < pairs->count; i++)
        check_signs(desk, pairs->pairs[i].name);
}

/* What was broken off is not gone on with, but others are begun: its guard is in their way. */
static void other_renewals_lose_no_pair(void **state)
{
    static const struct trial trials[] = {{"piv-blocks"}, {"piv-blocks", .tells_nothing = true}};
    for (size_t i = 0; i < ARRAY_SIZE(trials) * ARRAY_SIZE(pulled_out); i++) {
        struct trial trial = trials[i / ARRAY_SIZE(pulled_out)];
        trial.kind = pulled_out[i % ARRAY_SIZE(pulled_out)];
        for (bool through = false; !through;) {
            trial.nth++;
            struct virtual_desk desk = virtual_desk_new(trial.profile, VIRTUAL_PAIR_P256);
            through = writes_to_9C(&desk, &trial, 0);
            renew(&desk, &trial, "renew-1");
            check_all_sign(&desk, 2);
            renew(&desk, &trial, "renew-2");
            check_all_sign(&desk, 3);
            virtual_desk_done(&desk);
        }
    }
}

/* One block that was not taken, by a card that says that it was. */
static void a_guard_stays_until_the_certificate_is_there(void **state)
{
    struct trial trial = {"piv-blocks", .tells_nothing = true, .kind = VIRTUAL_FAULT_STATUS};
    for (bool through = false; !through;) {
        trial.nth++;
        struct virtual_desk desk = virtual_desk_new(trial.profile, VIRTUAL_PAIR_P256);
        through = writes_to_9C(&desk, &trial, APDU_STATUS_OK);
        virtual_desk_done(&desk);
    }
}

static void what_goes_in_one_piece_needs_no_guard(void **state)
{
    struct virtual_desk desk = virtual_desk_new("piv-full", VIRTUAL_PAIR_P256);
    const struct trial trial = {"piv-full"};
    log_in(&desk, &trial);
    assert_int_equal(count_pairs(&desk), 1);
    AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(&desk, 0x9C);
    unsigned before = virtual_desk_commands(&desk);
    assert_int_equal(token_write_cert(desk.token, "9C", TOKEN_SIGN, span_bytes(cert), &desk.err),
                     ERR_NONE);
    assert_int_equal(virtual_desk_commands(&desk), before + 1);
    virtual_desk_done(&desk);
}

/* ---- what a scan makes of guards ---- */

static void put(struct piv_slot *slot, uint8_t key_byte, const char *element)
{
    AUTO(buf_done) struct buf cert = BUF_INIT(PIV_X509_PLACEHOLDER_BYTES_MAX);
    slot->state = PIV_SLOT_PAIR;
    slot->key = (struct token_public_key){.algorithm = TOKEN_P256};
    slot->key.x[0] = key_byte;
    slot->is_placeholder = true;
    piv_x509_placeholder(&slot->key, &cert);
    slot->cert = buf_bytes(&cert);
    memcpy(slot->element, element, strlen(element) + 1);
}

static void a_guard_restores_what_was_cut_off(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct piv_slot *slot = card.piv->slot;
    slot[0].state = PIV_SLOT_OTHER;
    slot[0].is_cut_off = true;
    put(&slot[2], 7, "guard-9C:renew-1");
    piv_guard_settle(card.piv);
    assert_int_equal(slot[0].state, PIV_SLOT_PAIR);
    assert_int_equal(slot[0].key.x[0], 7);
    assert_string_equal(slot[0].element, "renew-1");
    assert_false(slot[0].is_cut_off);
    assert_int_equal(slot[2].state, PIV_SLOT_COPY);
    scripted_piv_close(&card, false);
}

static void a_guard_of_what_is_whole_is_free(void **state)
{
    struct scripted_piv card = scripted_piv_new(SCRIPTED_PIV_ATR);
    struct piv_slot *slot = card.piv->slot;
    put(&slot[0], 1, "");
    put(&slot[2], 1, "guard-9C");
    put(&slot[3], 3, "guard-85:renew-2"); /* of a slot that is not to be read */
    slot[4].state = PIV_SLOT_OTHER;
    put(&slot[5], 5, "guard-86"); /* its own place */
    put(&slot[6], 6, "guard-9Cs");
    piv_guard_settle(card.piv);
    assert_int_equal(slot[0].key.x[0], 1);
    assert_int_equal(slot[2].state, PIV_SLOT_OURS_FREE);
    assert_int_equal(slot[3].state, PIV_SLOT_COPY);
    assert_int_equal(slot[4].state, PIV_SLOT_OTHER);
    assert_int_equal(slot[5].state, PIV_SLOT_PAIR);
    assert_int_equal(slot[6].state, PIV_SLOT_PAIR);
    scripted_piv_close(&card, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_broken_off_costs_no_pair),
        cmocka_unit_test(a_kept_keys_certificate_broken_off_costs_no_pair),
        cmocka_unit_test(other_renewals_lose_no_pair),
        cmocka_unit_test(a_guard_stays_until_the_certificate_is_there),
        cmocka_unit_test(what_goes_in_one_piece_needs_no_guard),
        cmocka_unit_test(a_guard_restores_what_was_cut_off),
        cmocka_unit_test(a_guard_of_what_is_whole_is_free),
    };
    return cmocka_run_group_tests(tests, virtual_desk_set_up, virtual_desk_tear_down);
}
