#include "piv_bench.h"
#include "token/virtual/virtual_piv_crypto.h"
#include "token/virtual/virtual_piv_profile.h"

#define CHALLENGE_8 "0102030405060708"

static void set_random(struct piv_bench *bench, const char *hex)
{
    AUTO(bytes_freep) struct bytes *bytes = bench_bytes(hex);
    virtual_card_set_random(bench->bench.card, span_bytes(bytes));
}

static void is_proved_with_every_cipher(void **state)
{
    (void)state;
    static const enum virtual_piv_management ciphers[] = {VIRTUAL_PIV_3DES, VIRTUAL_PIV_AES128,
                                                          VIRTUAL_PIV_AES192, VIRTUAL_PIV_AES256};
    for (size_t i = 0; i < ARRAY_SIZE(ciphers); i++) {
        struct piv_bench bench;
        piv_bench_init(&bench, virtual_piv_profile_find("piv-plain"));
        bench.objects->cipher = ciphers[i];
        assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x6982);
        assert_int_equal(piv_bench_manage(&bench), 0x9000);
        assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x9000);
        piv_bench_done(&bench);
    }
}

/* Known answer: two-key 3DES in ECB over the challenge, by openssl's command line. */
static void gives_a_challenge_and_takes_its_cryptogram(void **state)
{
    (void)state;
    struct piv_bench bench;
    piv_bench_init(&bench, virtual_piv_profile_find("piv-5.4"));
    set_random(&bench, CHALLENGE_8);
    assert_int_equal(bench_send(&bench.bench, "0087039B 04 7C028100 00"), 0x9000);
    bench_expect(&bench.bench, "7C0A 8108 " CHALLENGE_8);
    assert_int_equal(bench_send(&bench.bench, "0087039B 0C 7C0A 8208 77A7D6BCF57962B9"), 0x9000);
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x9000);
    piv_bench_done(&bench);
}

static void a_wrong_cryptogram_ends_the_log_in(void **state)
{
    (void)state;
    static const struct {
        const char *profile;
        unsigned status;
        const char *command;
    } cases[] = {
        {"piv-5.4", 0x6300, "0087039B 0C 7C0A 8208 0000000000000000"},
        {"piv-odd", 0x6982, "0087089B 14 7C12 8210 00000000000000000000000000000000"},
        {"piv-5.4", 0x6300, "0087039B 0B 7C09 8207 00000000000000"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct piv_bench bench;
        piv_bench_init(&bench, virtual_piv_profile_find(cases[i].profile));
        assert_int_equal(piv_bench_manage(&bench), 0x9000);
        assert_int_equal(bench_send(&bench.bench, "0087009B 04 7C028100 00"),
                         bench.objects->cipher == VIRTUAL_PIV_3DES ? 0x9000 : 0x6A86);
        assert_int_equal(
            bench_send(&bench.bench, "0087%02X9B 04 7C028100 00", (unsigned)bench.objects->cipher),
            0x9000);
        assert_int_equal(bench_send(&bench.bench, "%s", cases[i].command), cases[i].status);
        assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x6982);
        /* The challenge is used up. */
        assert_int_equal(bench_send(&bench.bench, "%s", cases[i].command), 0x6985);
        piv_bench_done(&bench);
    }
}

/* The terminal's own challenge comes back enciphered. */
static void proves_itself_too_when_asked(void **state)
{
    (void)state;
    struct piv_bench bench;
    piv_bench_init(&bench, virtual_piv_profile_find("piv-5.4"));
    set_random(&bench, "1112131415161718");
    assert_int_equal(bench_send(&bench.bench, "0087039B 04 7C028000 00"), 0x9000);
    assert_int_equal(bench.bench.answer->len, 12);
    assert_int_equal(bench.bench.answer->at[2], 0x80);
    assert_int_equal(bench_send(&bench.bench,
                                "0087039B 18 7C16 8008 1112131415161718 8108 " CHALLENGE_8 " 8200"
                                " 00"),
                     0x9000);
    bench_expect(&bench.bench, "7C0A 8208 77A7D6BCF57962B9");
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "0087039B 04 7C028000 00"), 0x9000);
    assert_int_equal(
        bench_send(&bench.bench, "0087039B 16 7C14 8008 0000000000000000 8108 " CHALLENGE_8),
        0x6300);
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x6982);
    piv_bench_done(&bench);
}

static void refuses_what_would_forge_a_proof(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        unsigned status;
    } cases[] = {
        {"0087039B 0E 7C0C 8108 " CHALLENGE_8 " 8200 00", 0x6A80}, /* encipher this for me */
        {"0087039B 0C 7C0A 8208 77A7D6BCF57962B9", 0x6985}, /* no challenge was given */
        {"0087039B 16 7C14 8008 1112131415161718 8108 " CHALLENGE_8, 0x6985},
        {"0087089B 04 7C028100 00", 0x6A86},
        {"0087039B 02 7C00 00", 0x6A80},
        {"0087039B 03 7C0281 00", 0x6A80},
    };
    struct piv_bench bench;
    piv_bench_init(&bench, virtual_piv_profile_find("piv-5.4"));
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(bench_send(&bench.bench, "%s", cases[i].command), cases[i].status);
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x6982);
    piv_bench_done(&bench);
}

/* A challenge is no witness: its cryptogram does not answer the other question. */
static void keeps_both_ways_apart(void **state)
{
    (void)state;
    struct piv_bench bench;
    piv_bench_init(&bench, virtual_piv_profile_find("piv-5.4"));
    set_random(&bench, CHALLENGE_8);
    assert_int_equal(bench_send(&bench.bench, "0087039B 04 7C028100 00"), 0x9000);
    assert_int_equal(
        bench_send(&bench.bench, "0087039B 16 7C14 8008 " CHALLENGE_8 " 8108 " CHALLENGE_8),
        0x6985);
    piv_bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_proved_with_every_cipher),
        cmocka_unit_test(gives_a_challenge_and_takes_its_cryptogram),
        cmocka_unit_test(a_wrong_cryptogram_ends_the_log_in),
        cmocka_unit_test(proves_itself_too_when_asked),
        cmocka_unit_test(refuses_what_would_forge_a_proof),
        cmocka_unit_test(keeps_both_ways_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
