/* virtual_key.c, through the card. */
#include <openssl/evp.h>

#include "bench.h"

#define IMPORT_HEAD "80720000 00010C 1000 3001 "
#define ZEROS_32 "0000000000000000000000000000000000000000000000000000000000000000"
#define ENVELOPE(version, algorithm, bits) \
    version " " algorithm " " bits " " ENVELOPE_C1 ENVELOPE_C3 "00000010" ENVELOPE_C2 " " bits \
            " " ENVELOPED_POINT "00000040" ZEROS_32 ENVELOPE_KEY
#define GOOD_ENVELOPE ENVELOPE("00000001", "00000401", "00000100")

static void prepare(struct bench *bench, const struct virtual_profile *profile)
{
    bench_init(bench, profile);
    bench_log_in(bench);
    bench_open_container(bench);
}

static void generates_an_sm2_pair_and_exports_it(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench, virtual_profile_find("gmt0017-2012"));
    assert_int_equal(bench_send(&bench, "80880100 000004 1000 3001 0000"), 0x6A95);
    assert_int_equal(bench_send(&bench, "80700000 000008 1000 3001 00000100 0040"), 0x9000);
    AUTO(memory_freep) char *point = hex_encode(span_bytes(bench.answer));
    assert_int_equal(strlen(point), 128);
    assert_int_equal(bench_send(&bench, "80880100 000004 1000 3001 0000"), 0x9000);
    bench_expect(&bench, "00000100 %s", point);
    assert_int_equal(bench_send(&bench, "80880000 000004 1000 3001 0000"), 0x6A95);
    assert_int_equal(bench_send(&bench, "80880100 000005 1000 3001 00 0000"), 0x6700);
    static const char *const bad[] = {"00000080", "00000200", "00000000"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(bench_send(&bench, "80700000 000008 1000 3001 %s 0040", bad[i]), 0x6A80);
    assert_int_equal(bench_send(&bench, "80700000 000006 1000 3001 0100 0040"), 0x6700);
    bench_done(&bench);
}

/* As real keys do: whoever generates into the live container has lost the live key. */
static void overwrites_a_signing_pair_without_asking(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    for (int drops = 0; drops <= 1; drops++) {
        profile.new_pair_drops_certificate = drops == 1;
        prepare(&bench, &profile);
        bench_put_sign_pair(&bench);
        virtual_objects_set_certificate(&bench.container->slots[VIRTUAL_SLOT_SIGN],
                                        span_text("certificate"));
        assert_int_equal(bench_send(&bench, "80700000 000008 1000 3001 00000100 0040"), 0x9000);
        assert_int_equal(bench_send(&bench, "80880100 000004 1000 3001 0000"), 0x9000);
        AUTO(memory_freep) char *exported = hex_encode(span_bytes(bench.answer));
        assert_string_not_equal(exported, "00000100" SIGN_POINT);
        assert_int_equal(bench_send(&bench, "804E0100 000004 1000 3001 0000"),
                         drops == 1 ? 0x6A96 : 0x9000);
        bench_done(&bench);
    }
}

static void generates_an_rsa_pair_and_exports_it(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench, virtual_profile_find("gmt0017-2012"));
    assert_int_equal(bench_send(&bench, "80540100 000006 1000 3001 0400 0104"), 0x6A80);
    assert_int_equal(bench_send(&bench, "80540000 000006 1000 3001 0800 0104"), 0x6A86);
    assert_int_equal(bench_send(&bench, "80540100 000007 1000 3001 0800 00 0104"), 0x6700);
    assert_int_equal(bench_send(&bench, "80540100 000006 1000 3001 0800 0000"), 0x9000);
    assert_int_equal(bench.answer->len, 260);
    AUTO(memory_freep) char *modulus = hex_encode(span_of(bench.answer->at, 256));
    assert_memory_equal(bench.answer->at + 256, "\x00\x01\x00\x01", 4);
    assert_int_equal(bench_send(&bench, "80880100 000004 1000 3001 0000"), 0x9000);
    bench_expect(&bench, "0800 00010001 %s", modulus);
    assert_int_equal(bench_send(&bench, "804A0000 000005 1000 626F78 000B"), 0x9000);
    bench_expect(&bench, "01 00000800 00000000 00 00");
    bench_done(&bench);
}

static void imports_the_known_envelope(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    prepare(&bench, &profile);
    assert_int_equal(bench_send(&bench, IMPORT_HEAD GOOD_ENVELOPE), 0x6A95);
    bench_put_sign_pair(&bench);
    assert_int_equal(bench_send(&bench, IMPORT_HEAD GOOD_ENVELOPE), 0x9000);
    assert_int_equal(bench_send(&bench, "80880000 000004 1000 3001 0000"), 0x9000);
    bench_expect(&bench, "00000100 " ENVELOPED_POINT);
    assert_int_equal(bench_send(&bench, "804A0000 000005 1000 626F78 000B"), 0x9000);
    bench_expect(&bench, "02 00000100 00000100 00 00");
    bench_done(&bench);
}

static void imports_in_the_order_of_the_draft(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    static const char draft[] =
        IMPORT_HEAD "00000001 00000401 00000100 00000040" ZEROS_32 ENVELOPE_KEY ENVELOPED_POINT
                    "00000100" ENVELOPE_C1 ENVELOPE_C3 "00000010" ENVELOPE_C2;
    profile.import_order = VIRTUAL_IMPORT_DRAFT;
    prepare(&bench, &profile);
    bench_put_sign_pair(&bench);
    assert_int_not_equal(bench_send(&bench, IMPORT_HEAD GOOD_ENVELOPE), 0x9000);
    assert_int_equal(bench_send(&bench, "%s", draft), 0x9000);
    profile.import_order = VIRTUAL_IMPORT_ISSUED;
    assert_int_not_equal(bench_send(&bench, "%s", draft), 0x9000);
    bench_done(&bench);
}

static void refuses_envelopes_that_are_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        unsigned status;
    } cases[] = {
        {ENVELOPE("00000002", "00000401", "00000100"), 0x6A80},
        {ENVELOPE("00000001", "00000101", "00000100"), 0x6A81},
        {ENVELOPE("00000001", "00000402", "00000100"), 0x6A80},
        {ENVELOPE("00000001", "00000401", "00000200"), 0x6A80},
    };
    struct bench bench;
    prepare(&bench, virtual_profile_find("gmt0017-2012"));
    bench_put_sign_pair(&bench);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(bench_send(&bench, IMPORT_HEAD "%s", cases[i].body), cases[i].status);
    static const struct {
        size_t digit;
        unsigned status;
    } flips[] = {
        {3 * 9 + 10, 0x6A9B}, /* C1: no longer on the curve */
        {3 * 9 + 128 + 10, 0x6A9B}, /* C3 */
        {3 * 9 + 192 + 8 + 10, 0x6A9B}, /* C2 */
        {sizeof GOOD_ENVELOPE - 2, 0x6A80}, /* the private key is another one */
    };
    for (size_t i = 0; i < ARRAY_SIZE(flips); i++) {
        char body[] = GOOD_ENVELOPE;
        body[flips[i].digit] = body[flips[i].digit] == '0' ? '1' : '0';
        assert_int_equal(bench_send(&bench, IMPORT_HEAD "%s", body), flips[i].status);
    }
    assert_int_equal(bench_send(&bench, "80720000 00010B 1000 3001 %.*s",
                                (int)sizeof GOOD_ENVELOPE - 3, GOOD_ENVELOPE),
                     0x6700);
    assert_null(bench.container->slots[VIRTUAL_SLOT_ENCRYPT].pair);
    bench_done(&bench);
}

static void keeps_one_algorithm_in_a_container(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench, virtual_profile_find("gmt0017-2012"));
    bench_put_sign_pair(&bench);
    assert_int_equal(bench_send(&bench, IMPORT_HEAD GOOD_ENVELOPE), 0x9000);
    assert_int_equal(bench_send(&bench, "80540100 000006 1000 3001 0800 0104"), 0x6985);
    assert_int_equal(bench_send(&bench, "80880100 000004 1000 3001 0000"), 0x9000);
    bench_expect(&bench, "00000100 " SIGN_POINT);
    bench_done(&bench);
}

static void needs_the_user_and_room(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    prepare(&bench, &profile);
    profile.space_bytes = (uint32_t)virtual_objects_used(bench.objects) + VIRTUAL_PAIR_BYTES - 1;
    assert_int_equal(bench_send(&bench, "80700000 000008 1000 3001 00000100 0040"), 0x6A84);
    profile.space_bytes++;
    assert_int_equal(bench_send(&bench, "80700000 000008 1000 3001 00000100 0040"), 0x9000);
    assert_int_equal(bench_send(&bench, "80700000 000008 1000 3001 00000100 0040"), 0x9000);
    assert_int_equal(bench_send(&bench, IMPORT_HEAD GOOD_ENVELOPE), 0x6A84);
    assert_int_equal(bench_send(&bench, "801C0000 000002 1000"), 0x9000);
    assert_int_equal(bench_send(&bench, "80700000 000008 1000 3001 00000100 0040"), 0x6982);
    assert_int_equal(bench_send(&bench, "80540100 000006 1000 3001 0800 0104"), 0x6982);
    assert_int_equal(bench_send(&bench, IMPORT_HEAD GOOD_ENVELOPE), 0x6982);
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generates_an_sm2_pair_and_exports_it),
        cmocka_unit_test(overwrites_a_signing_pair_without_asking),
        cmocka_unit_test(generates_an_rsa_pair_and_exports_it),
        cmocka_unit_test(imports_the_known_envelope),
        cmocka_unit_test(imports_in_the_order_of_the_draft),
        cmocka_unit_test(refuses_envelopes_that_are_wrong),
        cmocka_unit_test(keeps_one_algorithm_in_a_container),
        cmocka_unit_test(needs_the_user_and_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
