#include "piv_bench.h"
#include "token/virtual/virtual_piv_profile.h"

static void init(struct piv_bench *bench, const char *profile)
{
    piv_bench_init(bench, virtual_piv_profile_find(profile));
}

static void says_how_many_tries_are_left(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-full");
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x63C3);
    assert_int_equal(bench_send(&bench.bench, "00200080 08 " WRONG_PIN), 0x63C2);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x63C2);
    assert_int_equal(piv_bench_verify(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x9000);
    assert_int_equal(bench.objects->pin.left, 3);
    assert_int_equal(bench_send(&bench.bench, "0020FF80"), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x63C3);
    piv_bench_done(&bench);
}

static void locks_after_the_last_miss(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-odd");
    for (unsigned left = 4; left > 0; left--)
        assert_int_equal(bench_send(&bench.bench, "00200080 08 " WRONG_PIN), 0x63C0 | left);
    assert_int_equal(bench_send(&bench.bench, "00200080 08 " WRONG_PIN), 0x6983);
    assert_int_equal(piv_bench_verify(&bench), 0x6983);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x6983);
    assert_int_equal(bench_send(&bench.bench, "00240080 10 " PIN NEW_PIN), 0x6983);
    piv_bench_done(&bench);
}

static void a_miss_ends_the_log_in(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-full");
    assert_int_equal(piv_bench_verify(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00200080 08 " WRONG_PIN), 0x63C2);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x63C2);
    piv_bench_done(&bench);
}

static void refuses_other_forms_without_counting(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        unsigned status;
    } cases[] = {
        {"00200180 08 " PIN, 0x6A86},
        {"00200000 08 " PIN, 0x6A88},
        {"00200081 08 " PUK, 0x6A88},
        {"0020FF80 08 " PIN, 0x6A80},
        {"00200080 06 313233343536", 0x6A80},
        {"00200080 08 3132333435FFFFFF", 0x6A80},
        {"00200080 08 313233343536FF37", 0x6A80},
        {"00240180 10 " PIN NEW_PIN, 0x6A86},
        {"00240000 10 " PIN NEW_PIN, 0x6A88},
        {"00240080 08 " PIN, 0x6700},
        {"00240080 10 " PIN "31FFFFFFFFFFFFFF", 0x6A80},
        {"002C0180 10 " PUK NEW_PIN, 0x6A86},
        {"002C0081 10 " PUK NEW_PIN, 0x6A88},
        {"002C0080 08 " PUK, 0x6700},
        {"002C0080 10 " PUK "31FFFFFFFFFFFFFF", 0x6A80},
    };
    struct piv_bench bench;
    init(&bench, "piv-full");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(bench_send(&bench.bench, "%s", cases[i].command), cases[i].status);
    assert_int_equal(bench.objects->pin.left, 3);
    assert_int_equal(bench.objects->puk.left, 3);
    assert_true(virtual_piv_objects_pin_is_default(bench.objects));
    piv_bench_done(&bench);
}

static void changes_pin_and_puk(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-full");
    assert_int_equal(bench_send(&bench.bench, "00240080 10 " WRONG_PIN NEW_PIN), 0x63C2);
    assert_int_equal(bench_send(&bench.bench, "00240080 10 " PIN NEW_PIN), 0x9000);
    assert_int_equal(bench.objects->pin.left, 3);
    assert_int_equal(bench_send(&bench.bench, "00200080 08 " NEW_PIN), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00240081 10 " WRONG_PIN NEW_PIN), 0x63C2);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x9000); /* the PIN's log-in stays */
    assert_int_equal(bench_send(&bench.bench, "00240081 10 " PUK NEW_PIN), 0x9000);
    assert_false(virtual_piv_objects_puk_is_default(bench.objects));
    piv_bench_done(&bench);
}

static void the_puk_resets_a_locked_pin(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-full");
    bench.objects->pin.left = 0;
    assert_int_equal(bench_send(&bench.bench, "002C0080 10 " WRONG_PIN NEW_PIN), 0x63C2);
    assert_int_equal(piv_bench_verify(&bench), 0x6983);
    assert_int_equal(bench_send(&bench.bench, "002C0080 10 " PUK NEW_PIN), 0x9000);
    assert_int_equal(bench.objects->puk.left, 3);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x63C3); /* nobody is logged in */
    assert_int_equal(bench_send(&bench.bench, "00200080 08 " NEW_PIN), 0x9000);
    bench.objects->puk.left = 1;
    assert_int_equal(bench_send(&bench.bench, "002C0080 10 " WRONG_PIN PIN), 0x6983);
    assert_int_equal(bench_send(&bench.bench, "002C0080 10 " PUK PIN), 0x6983);
    assert_int_equal(bench_send(&bench.bench, "00240081 10 " PUK PUK), 0x6983);
    piv_bench_done(&bench);
}

static void sets_the_number_of_tries(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-full");
    assert_int_equal(bench_send(&bench.bench, "00FA0508"), 0x6982);
    assert_int_equal(piv_bench_manage(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00FA0508"), 0x6982);
    assert_int_equal(piv_bench_verify(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00FA0008"), 0x6A86);
    assert_int_equal(bench_send(&bench.bench, "00FA0510"), 0x6A86);
    assert_int_equal(bench_send(&bench.bench, "00FA0508"), 0x9000);
    assert_int_equal(bench.objects->pin.left, 5);
    assert_int_equal(bench.objects->puk.max, 8);
    piv_bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_how_many_tries_are_left),
        cmocka_unit_test(locks_after_the_last_miss),
        cmocka_unit_test(a_miss_ends_the_log_in),
        cmocka_unit_test(refuses_other_forms_without_counting),
        cmocka_unit_test(changes_pin_and_puk),
        cmocka_unit_test(the_puk_resets_a_locked_pin),
        cmocka_unit_test(sets_the_number_of_tries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
