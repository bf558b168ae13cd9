#include "token/virtual/virtual_pin.h"

#include "bench.h"

static void allows_pins_of_the_profile_s_length(void **state)
{
    (void)state;
    const struct virtual_profile *plain = virtual_profile_find("gmt0017-2012");
    const struct virtual_profile *longmai = virtual_profile_find("longmai");
    assert_false(virtual_pin_allowed(plain, span_text("12345")));
    assert_true(virtual_pin_allowed(plain, span_text("123456")));
    assert_true(virtual_pin_allowed(plain, span_text("1234567890123456")));
    assert_false(virtual_pin_allowed(plain, span_text("12345678901234567")));
    assert_false(virtual_pin_allowed(longmai, span_text("123")));
    assert_true(virtual_pin_allowed(longmai, span_text("1234")));
    assert_false(virtual_pin_allowed(plain, span_of("123\0567", 7)));
    assert_false(virtual_pin_allowed(plain, SPAN_NONE));
}

static void counts_misses_down_to_the_lock(void **state)
{
    (void)state;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    struct virtual_pin pin = {0};
    virtual_pin_make(&pin, span_text("123456"), 3);
    assert_int_equal(virtual_pin_miss(&pin, &profile), 0x63C2);
    assert_int_equal(virtual_pin_miss(&pin, &profile), 0x63C1);
    assert_true(virtual_pin_hit(&pin));
    assert_false(virtual_pin_hit(&pin));
    assert_int_equal(pin.left, 3);
    virtual_pin_miss(&pin, &profile);
    virtual_pin_miss(&pin, &profile);
    profile.last_miss_is_63c0 = true;
    assert_int_equal(virtual_pin_miss(&pin, &profile), 0x63C0);
    pin.left = 1;
    profile.last_miss_is_63c0 = false;
    assert_int_equal(virtual_pin_miss(&pin, &profile), 0x6983);
    assert_int_equal(pin.left, 0);
}

static void tells_what_a_default_pin_is(void **state)
{
    (void)state;
    struct virtual_profile original = *virtual_profile_find("longmai");
    struct virtual_profile unchanged = original;
    struct virtual_pin pin = {0};
    original.default_means_original = true;
    unchanged.default_means_original = false;
    virtual_pin_make(&pin, span_text("123456"), 3);
    assert_true(virtual_pin_is_default(&pin, &original));
    assert_true(virtual_pin_is_default(&pin, &unchanged));
    virtual_pin_change(&pin, span_text("654321x"));
    assert_false(virtual_pin_is_default(&pin, &original));
    assert_false(virtual_pin_is_default(&pin, &unchanged));
    virtual_pin_change(&pin, span_text("123456"));
    assert_true(virtual_pin_is_default(&pin, &original));
    assert_false(virtual_pin_is_default(&pin, &unchanged));
}

static void fills_the_tries_when_it_is_changed(void **state)
{
    (void)state;
    const struct virtual_profile *profile = virtual_profile_find("gmt0017-2012");
    struct virtual_pin pin = {0};
    virtual_pin_make(&pin, span_text("123456"), 5);
    virtual_pin_miss(&pin, profile);
    virtual_pin_change(&pin, span_text("abcdefg"));
    assert_int_equal(pin.left, 5);
    assert_true(span_equal(virtual_pin_peek(&pin), span_text("abcdefg")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allows_pins_of_the_profile_s_length),
        cmocka_unit_test(counts_misses_down_to_the_lock),
        cmocka_unit_test(tells_what_a_default_pin_is),
        cmocka_unit_test(fills_the_tries_when_it_is_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
