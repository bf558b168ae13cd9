/* virtual_access.c, through the card, with the known answers of the standard's algorithms. */
#include "bench.h"

#define VERIFY_USER "80180001 000012 1000 "
#define VERIFY_ADMIN "80180000 000012 1000 "
/* New user PIN 123456, by administrator's PIN 12345678: cryptogram and MAC. */
#define UNBLOCK_ZEROS_M1 "841A0000 000016 1000 CA123D75BC67BF44A52332EC1C6B0EA5 87D03662"
#define UNBLOCK_LENGTH_M4 "841A0000 000016 1000 EDE714B7EEF8ADA789548A254342CDE1 F294E2D0"
/* User's PIN from 123456 to 654321x. */
#define CHANGE_ZEROS_M1 "84160001 000016 1000 A2372C7B7BB49AEF59A85000F3269DE3 89CD8838"

static void verifies_pins_by_the_known_answers(void **state)
{
    (void)state;
    static const struct {
        enum virtual_pin_hash hash;
        enum virtual_block block;
        const char *user;
        const char *admin;
    } known[] = {
        {VIRTUAL_HASH_SHA1_PADDED, VIRTUAL_BLOCK_ZEROS, USER_ZEROS, ADMIN_ZEROS},
        {VIRTUAL_HASH_SM3, VIRTUAL_BLOCK_LENGTH, "28467FC29B87AD450BD2EA397A666535",
         "4AB32D549340C9DF37D27933A59BD497"},
        {VIRTUAL_HASH_SHA1_PADDED, VIRTUAL_BLOCK_LENGTH, USER_LENGTH, ADMIN_LENGTH},
        {VIRTUAL_HASH_SHA1, VIRTUAL_BLOCK_LENGTH, "1D743F0202CE3D587B0BC214E98F4B69",
         "81A446411155C56985354536FBBD960E"},
    };
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        struct bench bench;
        profile.pin_hash = known[i].hash;
        profile.verify_block = known[i].block;
        bench_init(&bench, &profile);
        bench_open(&bench);
        bench_challenge(&bench);
        assert_int_equal(bench_send(&bench, VERIFY_USER "%s", known[i].user), 0x9000);
        bench_challenge(&bench);
        assert_int_equal(bench_send(&bench, VERIFY_ADMIN "%s", known[i].admin), 0x9000);
        assert_true(bench.application->logged_in[0] && bench.application->logged_in[1]);
        for (size_t k = 0; k < ARRAY_SIZE(known); k++) {
            bench_challenge(&bench);
            assert_int_equal(bench_send(&bench, VERIFY_USER "%s", known[k].user),
                             k == i ? 0x9000 : 0x63C5);
            bench.application->pins[VIRTUAL_PIN_USER].left = 6;
        }
        bench_done(&bench);
    }
}

static void locks_after_the_last_try(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_log_in(&bench);
    for (int left = 5; left >= 0; left--) {
        bench_challenge(&bench);
        assert_int_equal(bench_send(&bench, VERIFY_USER WRONG_ANSWER), 0x63C0 | left);
        assert_false(bench.application->logged_in[VIRTUAL_PIN_USER]);
    }
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, VERIFY_USER USER_ZEROS), 0x6983);
    assert_int_equal(bench_send(&bench, "80140001 000002 1000 0003"), 0x9000);
    bench_expect(&bench, "060001");
    assert_int_equal(bench_send(&bench, "80140000 000002 1000 0003"), 0x9000);
    bench_expect(&bench, "060601");
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, CHANGE_ZEROS_M1), 0x6983);
    bench_done(&bench);
}

static void fills_the_tries_after_the_right_pin(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("longmai"));
    bench_open(&bench);
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, VERIFY_USER WRONG_ANSWER), 0x63C9);
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, VERIFY_USER USER_LENGTH), 0x9000);
    assert_int_equal(bench_send(&bench, "80140001 000002 1000 0003"), 0x9000);
    bench_expect(&bench, "0A0A01");
    bench_done(&bench);
}

static void spends_no_try_on_a_malformed_command(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_open(&bench);
    assert_int_equal(bench_send(&bench, VERIFY_USER USER_ZEROS), 0x6984);
    static const char *const bad[] = {
        "80180001 000011 1000 920EE2F758A377F47711FEA261F14D",
        "80180001 000013 1000 920EE2F758A377F47711FEA261F14D1C00",
        "80180001 000002 1000",
        "80180001",
        "84160001 000002 1000",
        "84160001000026 1000" USER_ZEROS USER_ZEROS "89CD8838",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        bench_challenge(&bench);
        assert_int_equal(bench_send(&bench, "%s", bad[i]), 0x6700);
    }
    assert_int_equal(bench.application->pins[VIRTUAL_PIN_USER].left, 6);
    bench_done(&bench);
}

static void keeps_challenges_as_long_as_the_profile_says(void **state)
{
    (void)state;
    static const struct {
        enum virtual_challenge rule;
        unsigned after_other_command, second_use;
    } rules[] = {
        {VIRTUAL_CHALLENGE_NEXT_COMMAND, 0x6984, 0x6984},
        {VIRTUAL_CHALLENGE_ONE_USE, 0x9000, 0x6984},
        {VIRTUAL_CHALLENGE_UNTIL_REPLACED, 0x9000, 0x9000},
    };
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        struct bench bench;
        profile.challenge = rules[i].rule;
        bench_init(&bench, &profile);
        bench_open(&bench);
        bench_challenge(&bench);
        bench_send(&bench, "80220000 000000");
        assert_int_equal(bench_send(&bench, VERIFY_USER USER_ZEROS), rules[i].after_other_command);
        bench_challenge(&bench);
        assert_int_equal(bench_send(&bench, VERIFY_USER USER_ZEROS), 0x9000);
        assert_int_equal(bench_send(&bench, VERIFY_USER USER_ZEROS), rules[i].second_use);
        bench_challenge(&bench);
        assert_int_equal(bench_send(&bench, "80500000 000010"), 0x9000);
        assert_int_equal(bench_send(&bench, VERIFY_USER USER_ZEROS), 0x6984);
        assert_int_equal(bench.application->pins[VIRTUAL_PIN_USER].left, 6);
        bench_done(&bench);
    }
}

static void changes_a_pin_by_the_known_command(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_open(&bench);
    bench.application->pins[VIRTUAL_PIN_USER].left = 2;
    assert_int_equal(bench_send(&bench, CHANGE_ZEROS_M1), 0x6984);
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, CHANGE_ZEROS_M1), 0x9000);
    assert_int_equal(bench_send(&bench, "80140001 000002 1000 0003"), 0x9000);
    bench_expect(&bench, "060600");
    assert_true(span_equal(virtual_pin_peek(&bench.application->pins[VIRTUAL_PIN_USER]),
                           span_text("654321x")));
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, VERIFY_USER USER_ZEROS), 0x63C5);
    /* The same again: its key is that of the old PIN, so its MAC is wrong now. */
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, CHANGE_ZEROS_M1), 0x63C4);
    bench_done(&bench);
}

static void unblocks_by_the_known_command(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_open(&bench);
    virtual_pin_change(&bench.application->pins[VIRTUAL_PIN_USER], span_text("forgotten"));
    bench.application->pins[VIRTUAL_PIN_USER].left = 0;
    bench.application->pins[VIRTUAL_PIN_ADMIN].left = 4;
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, UNBLOCK_ZEROS_M1), 0x9000);
    assert_int_equal(bench_send(&bench, "80140001 000002 1000 0003"), 0x9000);
    bench_expect(&bench, "060601");
    assert_int_equal(bench_send(&bench, "80140000 000002 1000 0003"), 0x9000);
    bench_expect(&bench, "060601");
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, VERIFY_USER USER_ZEROS), 0x9000);
    bench_done(&bench);
}

static void unblocks_by_the_blob_of_a_longmai_server(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("longmai"));
    bench_open(&bench);
    bench.application->pins[VIRTUAL_PIN_USER].left = 0;
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, UNBLOCK_LENGTH_M4), 0x9000);
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, VERIFY_USER USER_LENGTH), 0x9000);
    bench_done(&bench);
}

static void spends_administrator_s_tries_on_wrong_unblocks(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_open(&bench);
    bench.application->pins[VIRTUAL_PIN_USER].left = 0;
    for (int left = 5; left >= 0; left--) {
        bench_challenge(&bench);
        assert_int_equal(
            bench_send(&bench, "841A0000 000016 1000 CA123D75BC67BF44A52332EC1C6B0EA5 87D03663"),
            0x63C0 | left);
    }
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, UNBLOCK_ZEROS_M1), 0x6983);
    assert_int_equal(bench.application->pins[VIRTUAL_PIN_USER].left, 0);
    bench_done(&bench);
}

static void unblocks_a_syno_only_beside_the_administrator(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("syno"));
    bench_log_in(&bench);
    bench_challenge(&bench);
    static const char wrong[] = "841A0000 000016 0010 CA123D75BC67BF44A52332EC1C6B0EA5 00000000";
    assert_int_equal(bench_send(&bench, wrong), 0x6982);
    bench_log_in_admin(&bench);
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, wrong), 0x6988);
    assert_int_equal(bench.application->pins[VIRTUAL_PIN_ADMIN].left, 8);
    /* The right MAC, over the id in the order in which it is sent. */
    uint8_t input[8 + 18] = {0x84, 0x1A, 0, 0, 0, 0x12, 0, 0, 0x00, 0x10};
    const uint8_t challenge[] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t mac[VIRTUAL_MAC_BYTES];
    AUTO(bytes_freep) struct bytes *key = bench_bytes("002FE525CB3AFA592E4011157437C666");
    AUTO(bytes_freep) struct bytes *sealed = bench_bytes("CA123D75BC67BF44A52332EC1C6B0EA5");
    memcpy(input + 10, sealed->at, 16);
    virtual_crypto_mac(key->at, challenge, SPAN_ARRAY(input), true, mac);
    AUTO(memory_freep) char *mac_hex = hex_encode(SPAN_ARRAY(mac));
    assert_int_equal(
        bench_send(&bench, "841A0000 000016 0010 CA123D75BC67BF44A52332EC1C6B0EA5 %s", mac_hex),
        0x9000);
    assert_false(bench.application->logged_in[VIRTUAL_PIN_USER]);
    bench_done(&bench);
}

static void ends_log_ins_when_told(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_log_in(&bench);
    bench_log_in_admin(&bench);
    assert_int_equal(bench_send(&bench, "801C0000 000002 1000"), 0x9000);
    assert_false(bench.application->logged_in[0] || bench.application->logged_in[1]);
    assert_int_equal(bench_send(&bench, "801C0000 000003 1000 00"), 0x6700);
    assert_int_equal(bench_send(&bench, "80140001 000003 1000 00 0003"), 0x6700);
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_pins_by_the_known_answers),
        cmocka_unit_test(locks_after_the_last_try),
        cmocka_unit_test(fills_the_tries_after_the_right_pin),
        cmocka_unit_test(spends_no_try_on_a_malformed_command),
        cmocka_unit_test(keeps_challenges_as_long_as_the_profile_says),
        cmocka_unit_test(changes_a_pin_by_the_known_command),
        cmocka_unit_test(unblocks_by_the_known_command),
        cmocka_unit_test(unblocks_by_the_blob_of_a_longmai_server),
        cmocka_unit_test(spends_administrator_s_tries_on_wrong_unblocks),
        cmocka_unit_test(unblocks_a_syno_only_beside_the_administrator),
        cmocka_unit_test(ends_log_ins_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
