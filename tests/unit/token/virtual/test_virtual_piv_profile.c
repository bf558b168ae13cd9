#include "token/virtual/virtual_piv_profile.h"

#include "bench.h"
#include "token/virtual/virtual_piv_objects.h"
#include "token/virtual/virtual_piv_status.h"

static void finds_profiles_by_name(void **state)
{
    (void)state;
    static const char *const names[] = {"piv-full",   "piv-gm",    "piv-5.4",
                                        "piv-blocks", "piv-plain", "piv-odd"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        assert_string_equal(virtual_piv_profile_at(i)->name, names[i]);
        assert_ptr_equal(virtual_piv_profile_find(names[i]), virtual_piv_profile_at(i));
    }
    assert_null(virtual_piv_profile_at(ARRAY_SIZE(names)));
    assert_null(virtual_piv_profile_find("gmt0017-2012"));
}

static void keeps_within_what_the_token_can(void **state)
{
    (void)state;
    for (size_t i = 0; virtual_piv_profile_at(i) != NULL; i++) {
        const struct virtual_piv_profile *profile = virtual_piv_profile_at(i);
        assert_true(profile->retired_slots <= VIRTUAL_PIV_RETIRED_SLOTS);
        assert_true(profile->object_bytes_max < profile->space_bytes);
        assert_true(profile->pin_tries > 0 && profile->pin_tries <= VIRTUAL_TRIES_MAX);
        assert_true(profile->puk_tries > 0 && profile->puk_tries <= VIRTUAL_TRIES_MAX);
        assert_true(virtual_piv_crypto_key_bytes(profile->management) > 0);
    }
}

static void make_keys_of_their_kinds(void **state)
{
    (void)state;
    const struct virtual_piv_profile *full = virtual_piv_profile_find("piv-full");
    assert_true(virtual_piv_profile_makes(full, VIRTUAL_PAIR_RSA));
    assert_true(virtual_piv_profile_makes(full, VIRTUAL_PAIR_P256));
    assert_true(virtual_piv_profile_makes(full, VIRTUAL_PAIR_P384));
    assert_false(virtual_piv_profile_makes(full, VIRTUAL_PAIR_SM2));
    assert_false(virtual_piv_profile_makes(full, VIRTUAL_PAIR_NONE));
    assert_false(virtual_piv_profile_makes(virtual_piv_profile_find("piv-odd"), VIRTUAL_PAIR_P384));
    assert_true(virtual_piv_profile_makes(virtual_piv_profile_find("piv-gm"), VIRTUAL_PAIR_SM2));
}

static void differ_in_their_extensions(void **state)
{
    (void)state;
    const struct virtual_piv_profile *older = virtual_piv_profile_find("piv-5.4");
    assert_true(virtual_piv_profile_has(older, VIRTUAL_PIV_NO_EXTENSION));
    assert_true(virtual_piv_profile_has(older, VIRTUAL_PIV_METADATA));
    assert_false(virtual_piv_profile_has(older, VIRTUAL_PIV_MOVE));
    assert_int_equal(virtual_piv_profile_find("piv-plain")->extensions, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_profiles_by_name),
        cmocka_unit_test(keeps_within_what_the_token_can),
        cmocka_unit_test(make_keys_of_their_kinds),
        cmocka_unit_test(differ_in_their_extensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
