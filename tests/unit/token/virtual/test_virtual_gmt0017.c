#include "token/virtual/virtual_gmt0017.h"

#include "bench.h"

static void is_a_card_of_its_family(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    assert_string_equal(virtual_card_family(bench.card), "gmt0017");
    assert_string_equal(virtual_card_serial(bench.card), "SERIAL-1");
    assert_ptr_equal(virtual_gmt0017_objects(bench.card), bench.objects);
    assert_null(virtual_card_piv_objects(bench.card));
    assert_int_equal(virtual_card_latency_ms(bench.card, 0x74), 60);
    bench_done(&bench);
}

/* Its check byte is right: readers refuse a card whose is not. */
static void has_an_answer_to_reset(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t check = 0;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    struct span atr = virtual_card_atr(bench.card);
    for (size_t i = 1; i < atr.len; i++)
        check ^= atr.at[i];
    assert_int_equal(check, 0);
    assert_memory_equal(atr.at + 4, "UKEYD", 5);
    bench_done(&bench);
}

/* Whoever looks for other families first learns that this is none. */
static void has_no_other_family_on_it(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    assert_int_not_equal(bench_send(&bench, "00A40400 09 A00000030800001000"), 0x9000);
    assert_int_not_equal(bench_send(&bench, "00A40400 09 A00000030800001000 00"), 0x9000);
    assert_int_equal(bench.answer->len, 0);
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_a_card_of_its_family),
        cmocka_unit_test(has_an_answer_to_reset),
        cmocka_unit_test(has_no_other_family_on_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
