/* virtual_device.c, through the card. */
#include "bench.h"

static void describes_itself(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("longmai"));
    assert_int_equal(bench_send(&bench, "80040000 000000"), 0x9000);
    const uint8_t *info = bench.answer->at;
    assert_int_equal(bench.answer->len, 288);
    assert_memory_equal(info, "\x01\x00\x01\x00Longmai\0\0", 13);
    assert_memory_equal(info + 68, "Longmai\0", 8);
    assert_memory_equal(info + 132, "label\0", 6);
    assert_memory_equal(info + 164, "SERIAL-1\0", 9);
    assert_memory_equal(info + 196, "\x01\x00\x01\x00", 4);
    assert_memory_equal(info + 212, "\x00\x00\x04\x01", 4); /* SM4-ECB */
    assert_memory_equal(info + 216, "\x00\x01\x00\x00", 4); /* 64 KiB */
    assert_memory_equal(info + 220, "\x00\x00\xFF\x80", 4); /* less two objects */
    assert_memory_equal(info + 224, "\x08\x00\0\0\0\0\x40\x80",
                        8); /* data, containers, certificates */
    assert_memory_equal(info + 232, "\x00\x40", 2);
    for (size_t i = 234; i < 288; i++)
        assert_int_equal(info[i], 0);
    bench_done(&bench);
}

static void describes_itself_in_little_endian_with_its_own_le(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("syno"));
    assert_int_equal(bench_send(&bench, "80040000 000000"), 0x6C00);
    assert_int_equal(bench_send(&bench, "80040000"), 0x6C00);
    assert_int_equal(bench_send(&bench, "80040000 000121"), 0x6C00);
    assert_int_equal(bench_send(&bench, "80040000 000120"), 0x9000);
    assert_memory_equal(bench.answer->at + 212, "\x01\x04\x00\x00", 4);
    assert_memory_equal(bench.answer->at + 216, "\x00\x00\x02\x00", 4);
    assert_memory_equal(bench.answer->at + 224, "\x00\x08", 2);
    bench_done(&bench);
}

static void takes_labels(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    assert_int_equal(bench_send(&bench, "80020000 000003 6E6577"), 0x9000);
    assert_string_equal(bench.objects->label.at, "new");
    assert_int_equal(bench_send(&bench, "80020000 000005 6E65770000"), 0x9000);
    assert_string_equal(bench.objects->label.at, "new");
    static const char long_label[] =
        "6161616161616161616161616161616161616161616161616161616161616161";
    assert_int_equal(bench_send(&bench, "80020000 000020 %s", long_label), 0x9000);
    assert_int_equal(bench_send(&bench, "80020000 000021 %s61", long_label), 0x6700);
    assert_int_equal(bench_send(&bench, "80020000"), 0x6A80);
    assert_int_equal(bench_send(&bench, "80020000 000002 0061"), 0x6A80);
    assert_int_equal(bench.objects->label.len, 32);
    bench_done(&bench);
}

static void gives_random_numbers_of_the_wanted_length(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    assert_int_equal(bench_send(&bench, "80500000 000010"), 0x9000);
    assert_int_equal(bench.answer->len, 16);
    AUTO(memory_freep) char *first = hex_encode(span_bytes(bench.answer));
    assert_int_equal(bench_send(&bench, "80500000 000010"), 0x9000);
    AUTO(memory_freep) char *second = hex_encode(span_bytes(bench.answer));
    assert_string_not_equal(first, second);
    assert_int_equal(bench_send(&bench, "80500000 000000"), 0x6700);
    assert_int_equal(bench_send(&bench, "80500000 00FFFD"), 0x9000);
    assert_int_equal(bench.answer->len, 65533);
    assert_int_equal(bench_send(&bench, "80500000 00FFFE"), 0x6700);
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, "80500000 000008"), 0x9000);
    AUTO(memory_freep) char *third = hex_encode(span_bytes(bench.answer));
    assert_string_not_equal(third, CHALLENGE);
    bench_done(&bench);
}

static void authenticates_the_device_with_the_known_answer(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_authenticate(&bench);
    assert_int_equal(bench_send(&bench, "80240000 000003 585858"), 0x6A88);
    assert_int_equal(bench_send(&bench, "80100002 000010 5FA2DF7AEAF68C7F0DDCEC1871CA96B7"),
                     0x6984);
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, "80100002 00000F 5FA2DF7AEAF68C7F0DDCEC1871CA96"), 0x6700);
    for (int left = 7; left >= 0; left--) {
        bench_challenge(&bench);
        assert_int_equal(bench_send(&bench, "80100002 000010 " WRONG_ANSWER), 0x63C0 | left);
    }
    assert_int_equal(bench_send(&bench, "80240000 000003 585858"), 0x6982);
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, "80100002 000010 5FA2DF7AEAF68C7F0DDCEC1871CA96B7"),
                     0x6983);
    bench_done(&bench);
}

/* The new key is all zeros; its cryptogram and MAC are made here, by the standard's text. */
static void changes_the_device_key(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t sealed[VIRTUAL_CIPHER_BYTES + VIRTUAL_MAC_BYTES] = {0};
    uint8_t input[8 + VIRTUAL_CIPHER_BYTES] = {0x84, 0x12, 0, 2, 0, 0x10, 0, 0};
    const uint8_t challenge[] = {1, 2, 3, 4, 5, 6, 7, 8};
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    virtual_crypto_encrypt(bench.objects->device_key, span_of(sealed, 16), sealed);
    memcpy(input + 8, sealed, 16);
    virtual_crypto_mac(bench.objects->device_key, challenge, SPAN_ARRAY(input), false, sealed + 16);
    AUTO(memory_freep) char *hex = hex_encode(SPAN_ARRAY(sealed));
    assert_int_equal(bench_send(&bench, "84120002 000014 %s", hex), 0x6984);
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, "84120002 000014 %.38s00", hex), 0x63C7);
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, "84120002 000014 %s", hex), 0x9000);
    const uint8_t zeros[VIRTUAL_CIPHER_BYTES] = {0};
    assert_memory_equal(bench.objects->device_key, zeros, sizeof zeros);
    assert_int_equal(bench.objects->device_left, 8);
    bench_challenge(&bench);
    assert_int_equal(bench_send(&bench, "84120002 000024 %s " WRONG_ANSWER, hex), 0x6700);
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describes_itself),
        cmocka_unit_test(describes_itself_in_little_endian_with_its_own_le),
        cmocka_unit_test(takes_labels),
        cmocka_unit_test(gives_random_numbers_of_the_wanted_length),
        cmocka_unit_test(authenticates_the_device_with_the_known_answer),
        cmocka_unit_test(changes_the_device_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
