#include "token/virtual/virtual_profile.h"

#include "bench.h"

static void finds_each_profile_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *manufacturer;
    } expected[] = {
        {"gmt0017-2012", "GM/T 0017 reference"},
        {"longmai", "Longmai"},
        {"syno", "Syno"},
        {"unknown", "Acme Keys"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        const struct virtual_profile *profile = virtual_profile_find(expected[i].name);
        assert_non_null(profile);
        assert_ptr_equal(profile, virtual_profile_at(i));
        assert_string_equal(profile->manufacturer, expected[i].manufacturer);
    }
    assert_null(virtual_profile_at(ARRAY_SIZE(expected)));
    assert_null(virtual_profile_find("longma"));
    assert_null(virtual_profile_find(""));
}

static void keeps_within_the_fields_and_arrays_of_the_card(void **state)
{
    (void)state;
    for (size_t i = 0; virtual_profile_at(i) != NULL; i++) {
        const struct virtual_profile *profile = virtual_profile_at(i);
        assert_true(strlen(profile->manufacturer) <= 64 && strlen(profile->issuer) <= 64);
        assert_true(strlen(profile->application) <= profile->name_width);
        assert_true(profile->name_width <= VIRTUAL_NAME_BYTES_MAX);
        assert_in_range(profile->pin_min, 1, profile->pin_max);
        assert_true(profile->pin_max <= VIRTUAL_PIN_BYTES_MAX);
        assert_in_range(profile->user_tries, 1, VIRTUAL_TRIES_MAX);
        assert_in_range(profile->admin_tries, 1, VIRTUAL_TRIES_MAX);
        assert_in_range(profile->applications_max, 1, VIRTUAL_APPLICATIONS_MAX);
        assert_in_range(profile->containers_max, 1, VIRTUAL_CONTAINERS_MAX);
        assert_in_range(profile->files_max, 1, VIRTUAL_FILES_MAX);
        assert_true(profile->unknown_application == 0x6A88 ||
                    profile->unknown_application == 0x6A8B);
        assert_true(profile->closed_container == 0x6A94 || profile->closed_container == 0x698A);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_profile_by_name),
        cmocka_unit_test(keeps_within_the_fields_and_arrays_of_the_card),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
