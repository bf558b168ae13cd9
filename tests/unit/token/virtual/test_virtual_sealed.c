/* virtual_sealed.c, through UnblockPIN: administrator's PIN 12345678, new user's PIN 123456. */
#include "bench.h"

static void knows_what_each_mac_covers(void **state)
{
    (void)state;
    static const char *const sealed[] = {
        [VIRTUAL_BLOCK_ZEROS] = "CA123D75BC67BF44A52332EC1C6B0EA5",
        [VIRTUAL_BLOCK_LENGTH] = "EDE714B7EEF8ADA789548A254342CDE1",
    };
    static const char *const macs[][4] = {
        [VIRTUAL_BLOCK_ZEROS] = {"87D03662", "EE3D79D6", "EE94CF0D", "F294E2D0"},
        [VIRTUAL_BLOCK_LENGTH] = {"BA5216FC", "5FCED06D", "6EA8A298", "F294E2D0"},
    };
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    for (int block = VIRTUAL_BLOCK_ZEROS; block <= VIRTUAL_BLOCK_LENGTH; block++)
        for (int input = VIRTUAL_MAC_M1; input <= VIRTUAL_MAC_M4; input++)
            for (int sent = VIRTUAL_MAC_M1; sent <= VIRTUAL_MAC_M4; sent++) {
                struct bench bench;
                profile.new_pin_block = (enum virtual_block)block;
                profile.mac_input = (enum virtual_mac_input)input;
                bench_init(&bench, &profile);
                bench_open(&bench);
                bench_challenge(&bench);
                assert_int_equal(bench_send(&bench, "841A0000 000016 1000 %s %s", sealed[block],
                                            macs[block][sent]),
                                 sent == input ? 0x9000 : 0x63C5);
                bench_done(&bench);
            }
}

static void answers_6988_where_a_wrong_mac_is_free(void **state)
{
    (void)state;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    struct bench bench;
    profile.mac_miss_costs_try = false;
    bench_init(&bench, &profile);
    bench_open(&bench);
    bench_challenge(&bench);
    assert_int_equal(
        bench_send(&bench, "841A0000 000016 1000 CA123D75BC67BF44A52332EC1C6B0EA5 00000000"),
        0x6988);
    assert_int_equal(bench.application->pins[VIRTUAL_PIN_ADMIN].left, 6);
    bench_done(&bench);
}

/* Seals value as it is, in whole blocks, for the M1 profile, and sends it as UnblockPIN. */
static unsigned send_block(struct bench *bench, const char *plain_hex)
{
    AUTO(bytes_freep) struct bytes *key = bench_bytes("002FE525CB3AFA592E4011157437C666");
    AUTO(bytes_freep) struct bytes *plain = bench_bytes(plain_hex);
    uint8_t input[8 + 2 + 32] = {0x84, 0x1A, 0, 0, 0, (uint8_t)(2 + plain->len), 0, 0, 0x10, 0x00};
    const uint8_t challenge[] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t mac[VIRTUAL_MAC_BYTES];
    assert_true(plain->len <= 32);
    virtual_crypto_encrypt(key->at, span_bytes(plain), input + 10);
    virtual_crypto_mac(key->at, challenge, span_of(input, 10 + plain->len), false, mac);
    AUTO(memory_freep) char *sealed = hex_encode(span_of(input + 8, 2 + plain->len));
    AUTO(memory_freep) char *mac_hex = hex_encode(SPAN_ARRAY(mac));
    bench_challenge(bench);
    return bench_send(bench, "841A0000 0000%02zX %s %s", 2 + plain->len + 4, sealed, mac_hex);
}

static void spends_no_try_on_a_malformed_block_with_a_right_mac(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    bench_init(&bench, &profile);
    bench_open(&bench);
    assert_int_equal(send_block(&bench, "31323334353600000000000000000031"), 0x6A80);
    assert_int_equal(send_block(&bench, "00000000000000000000000000000000"), 0x6A80);
    assert_int_equal(send_block(&bench, "31323334350000000000000000000000"), 0x6A80); /* 5 */
    assert_int_equal(send_block(&bench, "31323334353600000000000000000000"), 0x9000); /* 6 */
    assert_int_equal(send_block(&bench, "31323334353637383930313233343536"), 0x9000); /* 16 */
    assert_int_equal(send_block(&bench, "3132333435360000000000000000000000000000000000000000000000"
                                        "000000"),
                     0x6700);
    assert_int_equal(bench.application->pins[VIRTUAL_PIN_ADMIN].left, 6);
    bench_done(&bench);
}

static void takes_long_pins_in_two_blocks_with_their_length(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    profile.new_pin_block = VIRTUAL_BLOCK_LENGTH;
    bench_init(&bench, &profile);
    bench_open(&bench);
    assert_int_equal(send_block(&bench, "0D003132333435363738393031323380"), 0x9000);
    assert_int_equal(
        send_block(&bench, "1000313233343536373839303132333435368000000000000000000000000000"),
        0x9000);
    assert_true(span_equal(virtual_pin_peek(&bench.application->pins[VIRTUAL_PIN_USER]),
                           span_text("1234567890123456")));
    assert_int_equal(
        send_block(&bench, "1100313233343536373839303132333435363780000000000000000000000000"),
        0x6A80);
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_each_mac_covers),
        cmocka_unit_test(answers_6988_where_a_wrong_mac_is_free),
        cmocka_unit_test(spends_no_try_on_a_malformed_block_with_a_right_mac),
        cmocka_unit_test(takes_long_pins_in_two_blocks_with_their_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
