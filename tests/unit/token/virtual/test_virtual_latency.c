#include "token/virtual/virtual_latency.h"

#include "bench.h"

static void takes_long_for_what_is_long(void **state)
{
    (void)state;
    assert_int_equal(virtual_latency_ms(0x74), 60);
    assert_int_equal(virtual_latency_ms(0x18), 80);
    assert_int_equal(virtual_latency_ms(0x70), 200);
    assert_int_equal(virtual_latency_ms(0x54), 4000);
    assert_int_equal(virtual_latency_ms(0x4C), 100);
    assert_int_equal(virtual_latency_ms(0x4E), 20);
    assert_int_equal(virtual_latency_ms(0x04), 10);
    assert_int_equal(virtual_latency_ms(0xFF), 10);
}

static void has_times_of_its_own_for_piv(void **state)
{
    (void)state;
    assert_int_equal(virtual_latency_piv_ms(0x47), 300);
    assert_int_equal(virtual_latency_piv_ms(0x20), 40);
    assert_int_equal(virtual_latency_piv_ms(0xCB), 10);
    assert_int_equal(virtual_latency_piv_ms(0x74), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_long_for_what_is_long),
        cmocka_unit_test(has_times_of_its_own_for_piv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
