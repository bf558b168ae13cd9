#include "token/piv/piv_driver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/piv/virtual_desk.h"
#include "token/virtual/virtual_certificate.h"
#include "token/virtual/virtual_family.h"

static const uint8_t digest[64] = {1, 2, 3};

static const struct token_pair *only_pair(const struct token_pairs *pairs)
{
    assert_int_equal(pairs->count, 1);
    return &pairs->pairs[0];
}

/* ---- what is known of a card ---- */

static void tells_each_kind_of_card_from_others(void **state)
{
    static const struct {
        const char *profile, *serial;
    } cards[] = {
        {"piv-full", "12345678"},
        {"piv-5.4", "12345678"},
        {"piv-plain", "00112233445566778899AABBCCDDEEFF"},
        {"piv-odd", "00112233445566778899AABBCCDDEEFF"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cards); i++) {
        struct virtual_desk desk = virtual_desk_new(cards[i].profile, VIRTUAL_PAIR_P256);
        const struct token_facts *facts = token_peek_facts(desk.token);
        assert_string_equal(facts->driver, "piv");
        assert_string_equal(facts->profile, "piv");
        assert_string_equal(facts->serial, cards[i].serial);
        assert_string_equal(facts->admin_algorithm, "");
        assert_true(facts->writes_need_admin_login);
        assert_false(facts->unblock_needs_admin_login);
        assert_int_equal(facts->admin_tries_stop, 1);
        assert_int_equal(facts->pin_bytes_min, 6);
        assert_int_equal(facts->pin_bytes_max, 8);
        assert_int_equal(token_check_same(desk.token, &desk.err), ERR_NONE);
        virtual_desk_done(&desk);
    }
}

static void looks_at_a_token_in_few_commands(void **state)
{
    struct virtual_desk desk = virtual_desk_new("piv-full", VIRTUAL_PAIR_P256);
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    AUTO(token_files_freep) struct token_files *files = NULL;
    struct token_pin_state pin;
    desk.piv->extended = true;
    assert_int_equal(token_read_pin_state(desk.token, TOKEN_USER, &pin, &desk.err), ERR_NONE);
    assert_int_equal(pin.tries_left, 3);
    assert_int_equal(token_read_pairs(desk.token, &pairs, &desk.err), ERR_NONE);
    assert_string_equal(only_pair(pairs)->name, "9C");
    assert_int_equal(only_pair(pairs)->algorithm, TOKEN_P256);
    assert_non_null(only_pair(pairs)->sign_cert);
    assert_int_equal(token_list_files(desk.token, &files, &desk.err), ERR_NONE);
    assert_int_equal(files->count, 0);
    assert_true(virtual_desk_commands(&desk) <= 8);
    virtual_desk_done(&desk);
}

/* ---- a renewal ---- */

static void make_key_request_and_certificate(struct virtual_desk *desk,
                                             enum token_algorithm algorithm, size_t input_bytes)
{
    struct token_public_key key;
    AUTO(bytes_freep) struct bytes *signature = NULL;
    virtual_desk_login(desk);
    assert_int_equal(virtual_desk_admin_login(desk), ERR_NONE);
    if (token_create_pair(desk->token, "renew-1", algorithm, &key, &desk->err) != ERR_NONE)
        fail_msg("%s", desk->err.detail);
    assert_int_equal(key.algorithm, algorithm);
    if (token_sign(desk->token, "renew-1", span_of(digest, input_bytes), &signature, &desk->err) !=
        ERR_NONE)
        fail_msg("%s", desk->err.detail);
    AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(desk, 0x82);
    assert_int_equal(
        token_write_cert(desk->token, "renew-1", TOKEN_SIGN, span_bytes(cert), &desk->err),
        ERR_NONE);
    AUTO(bytes_freep) struct bytes *back = NULL;
    assert_int_equal(token_read_cert(desk->token, "renew-1", TOKEN_SIGN, &back, &desk->err),
                     ERR_NONE);
    assert_true(span_equal(span_bytes(back), span_bytes(cert)));
}

static void makes_new_keys_of_each_kind_on_each_card(void **state)
{
    static const struct {
        const char *profile;
        enum token_algorithm algorithm;
        size_t input_bytes;
    } cases[] = {
        {"piv-full", TOKEN_P256, 32},    {"piv-full", TOKEN_P384, 48},
        {"piv-full", TOKEN_RSA2048, 19}, {"piv-5.4", TOKEN_P256, 32},
        {"piv-5.4", TOKEN_RSA2048, 51},  {"piv-odd", TOKEN_P256, 32},
        {"piv-gm", TOKEN_SM2, 32},       {"piv-blocks", TOKEN_P256, 32},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        for (int extended = 0; extended < 2; extended++) {
            bool gm = cases[i].algorithm == TOKEN_SM2; /* whose number the key in use tells */
            struct virtual_desk desk =
                virtual_desk_new(cases[i].profile, gm ? VIRTUAL_PAIR_SM2 : VIRTUAL_PAIR_P256);
            desk.piv->extended = extended == 1;
            make_key_request_and_certificate(&desk, cases[i].algorithm, cases[i].input_bytes);
            virtual_desk_done(&desk);
        }
}

static void needs_few_commands_for_key_request_and_certificate(void **state)
{
    struct virtual_desk desk = virtual_desk_new("piv-full", VIRTUAL_PAIR_P256);
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    AUTO(bytes_freep) struct bytes *signature = NULL;
    struct token_public_key key;
    desk.piv->extended = true;
    assert_int_equal(token_read_pairs(desk.token, &pairs, &desk.err), ERR_NONE);
    unsigned before = virtual_desk_commands(&desk);
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    assert_int_equal(token_create_pair(desk.token, "renew-1", TOKEN_P256, &key, &desk.err),
                     ERR_NONE);
    virtual_desk_login(&desk);
    assert_int_equal(token_sign(desk.token, "renew-1", span_of(digest, 32), &signature, &desk.err),
                     ERR_NONE);
    AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(&desk, 0x82);
    assert_int_equal(
        token_write_cert(desk.token, "renew-1", TOKEN_SIGN, span_bytes(cert), &desk.err), ERR_NONE);
    assert_true(virtual_desk_commands(&desk) - before <= 11);
    virtual_desk_done(&desk);
}

/* But for the rest of long answers, which short ones leave to be fetched. */
static void needs_few_commands_to_look_at_a_card(void **state)
{
    const struct virtual_piv_profile *profile;
    for (size_t i = 0; (profile = virtual_piv_profile_at(i)) != NULL; i++) {
        struct virtual_desk desk = virtual_desk_new(profile->name, VIRTUAL_PAIR_P256);
        AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
        struct token_pin_state pin;
        virtual_desk_reopen(&desk);
        uint64_t fetched = desk.card->counts[0xC0];
        assert_int_equal(token_read_pairs(desk.token, &pairs, &desk.err), ERR_NONE);
        assert_int_equal(token_read_pin_state(desk.token, TOKEN_USER, &pin, &desk.err), ERR_NONE);
        assert_true(pin.tries_left > 0);
        assert_true(virtual_desk_commands(&desk) - (desk.card->counts[0xC0] - fetched) <= 7);
        virtual_desk_done(&desk);
    }
}

static void leaves_a_card_that_makes_no_second_key_as_it_is(void **state)
{
    struct virtual_desk desk = virtual_desk_new("piv-plain", VIRTUAL_PAIR_P256);
    struct token_public_key key;
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    assert_int_equal(token_create_pair(desk.token, "renew-1", TOKEN_P256, &key, &desk.err),
                     ERR_TOKEN_CANNOT_REPLACE);
    assert_int_equal(virtual_piv_objects_get(desk.objects, 0x5FC10D)->len, 0);
    virtual_desk_login(&desk);
    AUTO(bytes_freep) struct bytes *cert = virtual_desk_issue(&desk, 0x9C);
    assert_int_equal(token_write_cert(desk.token, "9C", TOKEN_SIGN, span_bytes(cert), &desk.err),
                     ERR_NONE);
    AUTO(bytes_freep) struct bytes *back = NULL;
    assert_int_equal(token_read_cert(desk.token, "9C", TOKEN_SIGN, &back, &desk.err), ERR_NONE);
    assert_true(span_equal(span_bytes(back), span_bytes(cert)));
    virtual_desk_done(&desk);
}

/* ---- what the token wants first ---- */

static void writes_nothing_without_the_administrator(void **state)
{
    struct virtual_desk desk = virtual_desk_new("piv-full", VIRTUAL_PAIR_P256);
    struct token_public_key key;
    virtual_desk_login(&desk);
    assert_int_equal(token_create_pair(desk.token, "renew-1", TOKEN_P256, &key, &desk.err),
                     ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(token_write_cert(desk.token, "9C", TOKEN_SIGN, SPAN_ARRAY(digest), &desk.err),
                     ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(token_write_file(desk.token, "seal", SPAN_ARRAY(digest), &desk.err),
                     ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(token_delete_pair(desk.token, "9C", &desk.err), ERR_TOKEN_LOGIN_LOST);
    virtual_desk_done(&desk);
}

/* The manager's log-in is lost, by another program: it is made anew, and the person is not asked again. */
static void a_lost_administrator_keeps_the_user(void **state)
{
    struct virtual_desk desk = virtual_desk_new("piv-full", VIRTUAL_PAIR_P256);
    struct token_public_key key;
    AUTO(bytes_freep) struct bytes *signature = NULL;
    virtual_desk_login(&desk);
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    assert_int_equal(virtual_fault_add(virtual_channel_faults(desk.channel), VIRTUAL_FAULT_STATUS,
                                       5, 0x6982, &desk.err),
                     ERR_NONE); /* history, 9C, 82, metadata; the mark */
    assert_int_equal(token_create_pair(desk.token, "renew-1", TOKEN_P256, &key, &desk.err),
                     ERR_TOKEN_LOGIN_LOST);
    assert_int_equal(token_create_pair(desk.token, "renew-1", TOKEN_P256, &key, &desk.err),
                     ERR_TOKEN_LOGIN_LOST); /* nothing is sent without one */
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    assert_int_equal(token_create_pair(desk.token, "renew-1", TOKEN_P256, &key, &desk.err),
                     ERR_NONE);
    assert_int_equal(token_sign(desk.token, "renew-1", span_of(digest, 32), &signature, &desk.err),
                     ERR_NONE);
    virtual_desk_done(&desk);
}

static void gets_back_in_step_after_a_reset(void **state)
{
    struct virtual_desk desk = virtual_desk_new("piv-full", VIRTUAL_PAIR_P256);
    struct token_pin_state pin;
    virtual_channel_reset(desk.channel);
    assert_int_equal(token_read_pin_state(desk.token, TOKEN_USER, &pin, &desk.err), ERR_NONE);
    virtual_desk_login(&desk);
    virtual_channel_reset(desk.channel);
    assert_int_equal(token_read_pin_state(desk.token, TOKEN_USER, &pin, &desk.err),
                     ERR_TOKEN_RESET);
    assert_int_equal(token_read_pin_state(desk.token, TOKEN_USER, &pin, &desk.err), ERR_NONE);
    assert_null(desk.piv->pin); /* it went with the log-in */
    virtual_desk_done(&desk);
}

static void takes_no_enveloped_keys(void **state)
{
    static const struct token_envelope envelope;
    struct virtual_desk desk = virtual_desk_new("piv-full", VIRTUAL_PAIR_P256);
    assert_int_equal(virtual_desk_admin_login(&desk), ERR_NONE);
    assert_int_equal(token_import_encryption_key(desk.token, "9C", &envelope, &desk.err),
                     ERR_TOKEN_NOT_SUPPORTED);
    virtual_desk_done(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_each_kind_of_card_from_others),
        cmocka_unit_test(looks_at_a_token_in_few_commands),
        cmocka_unit_test(makes_new_keys_of_each_kind_on_each_card),
        cmocka_unit_test(needs_few_commands_for_key_request_and_certificate),
        cmocka_unit_test(needs_few_commands_to_look_at_a_card),
        cmocka_unit_test(leaves_a_card_that_makes_no_second_key_as_it_is),
        cmocka_unit_test(writes_nothing_without_the_administrator),
        cmocka_unit_test(a_lost_administrator_keeps_the_user),
        cmocka_unit_test(gets_back_in_step_after_a_reset),
        cmocka_unit_test(takes_no_enveloped_keys),
    };
    return cmocka_run_group_tests(tests, virtual_desk_set_up, virtual_desk_tear_down);
}
