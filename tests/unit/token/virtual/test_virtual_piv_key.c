#include "piv_bench.h"
#include "token/virtual/virtual_piv_profile.h"

static void init(struct piv_bench *bench, const char *profile)
{
    piv_bench_init(bench, virtual_piv_profile_find(profile));
    assert_int_equal(piv_bench_manage(bench), 0x9000);
}

static const struct virtual_pair *pair(struct piv_bench *bench, uint8_t reference)
{
    return virtual_piv_objects_slot(bench->objects, reference)->pair;
}

static void makes_pairs_of_every_algorithm(void **state)
{
    (void)state;
    static const struct {
        unsigned algorithm;
        enum virtual_pair_kind kind;
        size_t answer;
    } cases[] = {
        {0x11, VIRTUAL_PAIR_P256, 3 + 2 + 65},
        {0x14, VIRTUAL_PAIR_P384, 3 + 2 + 97},
        {0x07, VIRTUAL_PAIR_RSA, 5 + 4 + 256 + 2 + 3},
    };
    static const char *const profiles[] = {"piv-full", "piv-plain"};
    for (size_t k = 0; k < ARRAY_SIZE(profiles); k++)
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
            struct piv_bench bench;
            init(&bench, profiles[k]);
            assert_int_equal(piv_bench_generate(&bench, 0x9C, cases[i].algorithm), 0x9000);
            assert_int_equal(bench.bench.answer->len, cases[i].answer);
            assert_int_equal(virtual_pair_kind(pair(&bench, 0x9C)), cases[i].kind);
            piv_bench_done(&bench);
        }
}

/* An overwritten key is gone for good: nobody may do so with a live one. */
static void makes_another_in_place_of_the_old(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-full");
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x9000);
    AUTO(bytes_freep) struct bytes *first = bytes_new(span_bytes(bench.bench.answer));
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x9000);
    assert_false(span_equal(span_bytes(first), span_bytes(bench.bench.answer)));
    piv_bench_done(&bench);
}

static void retired_slots_differ(void **state)
{
    (void)state;
    static const struct {
        const char *profile;
        unsigned slot;
        unsigned status;
    } cases[] = {
        {"piv-full", 0x82, 0x9000}, {"piv-full", 0x95, 0x9000},  {"piv-full", 0x96, 0x6A86},
        {"piv-full", 0x81, 0x6A86}, {"piv-plain", 0x82, 0x6A86}, {"piv-odd", 0x85, 0x9000},
        {"piv-odd", 0x86, 0x6A86},  {"piv-full", 0x9B, 0x6A86},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct piv_bench bench;
        init(&bench, cases[i].profile);
        assert_int_equal(piv_bench_generate(&bench, cases[i].slot, 0x11), cases[i].status);
        piv_bench_done(&bench);
    }
}

static void takes_policies_where_it_knows_them(void **state)
{
    (void)state;
    static const struct {
        const char *profile;
        const char *command;
        unsigned status;
        enum virtual_piv_pin_policy policy;
    } cases[] = {
        {"piv-full", "00470082 05 AC03 800111 00", 0x9000, VIRTUAL_PIV_PIN_ONCE},
        {"piv-full", "0047009C 05 AC03 800111 00", 0x9000, VIRTUAL_PIV_PIN_ALWAYS},
        {"piv-full", "00470082 08 AC06 800111 AA0103 00", 0x9000, VIRTUAL_PIV_PIN_ALWAYS},
        {"piv-full", "0047009C 0B AC09 800111 AA0102 AB0101 00", 0x9000, VIRTUAL_PIV_PIN_ONCE},
        {"piv-full", "0047009C 08 AC06 800111 AA0100 00", 0x9000, VIRTUAL_PIV_PIN_ALWAYS},
        {"piv-full", "0047009C 08 AC06 800111 AA0104 00", 0x6A80, 0},
        {"piv-full", "0047009C 08 AC06 800111 AB0102 00", 0x6A80, 0},
        {"piv-odd", "0047009C 08 AC06 800111 AA0102 00", 0x6A80, 0},
        {"piv-odd", "0047009C 08 AC06 800111 AB0101 00", 0x6A80, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct piv_bench bench;
        init(&bench, cases[i].profile);
        assert_int_equal(piv_bench_fetch(&bench, "%s", cases[i].command), cases[i].status);
        for (size_t k = 0; k < VIRTUAL_PIV_SLOTS; k++)
            if (bench.objects->slots[k].pair != NULL)
                assert_int_equal(bench.objects->slots[k].policy, cases[i].policy);
        piv_bench_done(&bench);
    }
}

static void refuses_malformed_wishes(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        unsigned status;
    } cases[] = {
        {"0047019C 05 AC03 800111 00", 0x6A86},   {"0047009C 05 AD03 800111 00", 0x6A80},
        {"0047009C 05 AC03 800105 00", 0x6A80},   {"0047009C 05 AC03 800106 00", 0x6A80},
        {"0047009C 02 AC00 00", 0x6A80},          {"0047009C 05 AC03 810111 00", 0x6A80},
        {"0047009C 06 AC04 80021111 00", 0x6A80}, {"0047009C", 0x6A80},
        {"0047009C 05 AC03 800211 00", 0x6A80},
    };
    struct piv_bench bench;
    init(&bench, "piv-full");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(piv_bench_fetch(&bench, "%s", cases[i].command), cases[i].status);
    assert_null(pair(&bench, 0x9C));
    piv_bench_done(&bench);
    init(&bench, "piv-odd");
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x14), 0x6A80);
    piv_bench_done(&bench);
}

static void moves_and_deletes(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-full");
    assert_int_equal(bench_send(&bench.bench, "00F6829C"), 0x6A88);
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x9000);
    const struct virtual_pair *first = pair(&bench, 0x9C);
    assert_int_equal(bench_send(&bench.bench, "00F6829C"), 0x9000);
    assert_null(pair(&bench, 0x9C));
    assert_ptr_equal(pair(&bench, 0x82), first);
    assert_int_equal(virtual_piv_objects_slot(bench.objects, 0x82)->policy, VIRTUAL_PIV_PIN_ALWAYS);
    assert_int_equal(piv_bench_generate(&bench, 0x83, 0x11), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00F68382"), 0x6985);
    assert_int_equal(bench_send(&bench.bench, "00F68282"), 0x6A86);
    assert_int_equal(bench_send(&bench.bench, "00F69B82"), 0x6A86);
    assert_int_equal(bench_send(&bench.bench, "00F682F9"), 0x6A86);
    assert_int_equal(bench_send(&bench.bench, "00F69C83"), 0x9000);
    assert_int_equal(virtual_piv_objects_slot(bench.objects, 0x9C)->policy, VIRTUAL_PIV_PIN_ONCE);
    assert_int_equal(bench_send(&bench.bench, "00F6FF82"), 0x9000);
    assert_null(pair(&bench, 0x82));
    assert_int_equal(bench_send(&bench.bench, "00F6FF82"), 0x6A88);
    assert_int_equal(piv_bench_select(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00F6FF9C"), 0x6982);
    assert_non_null(pair(&bench, 0x9C));
    piv_bench_done(&bench);
}

static void an_older_token_does_not_move(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-5.4");
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00F6829C"), 0x6D00);
    piv_bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_pairs_of_every_algorithm),
        cmocka_unit_test(makes_another_in_place_of_the_old),
        cmocka_unit_test(retired_slots_differ),
        cmocka_unit_test(takes_policies_where_it_knows_them),
        cmocka_unit_test(refuses_malformed_wishes),
        cmocka_unit_test(moves_and_deletes),
        cmocka_unit_test(an_older_token_does_not_move),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
