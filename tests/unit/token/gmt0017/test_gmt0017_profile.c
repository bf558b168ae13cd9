#include "token/gmt0017/gmt0017_profile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t atr[] = {0x3B, 0x80, 0x80, 0x01, 0x01};

static const char *found_in(const struct gmt0017_profiles *extra, const char *manufacturer,
                            const char *label)
{
    struct gmt0017_identity identity = {.atr = SPAN_ARRAY(atr)};
    snprintf(identity.manufacturer, sizeof identity.manufacturer, "%s", manufacturer);
    snprintf(identity.label, sizeof identity.label, "%s", label);
    const struct gmt0017_profile *profile = gmt0017_profile_find(extra, &identity);
    return profile == NULL ? "none" : profile->name;
}

static void finds_the_built_in_ones(void **state)
{
    assert_string_equal(found_in(NULL, "GM/T 0017 reference", ""), "gmt0017-2012");
    assert_string_equal(found_in(NULL, "Longmai", "any"), "longmai");
    assert_string_equal(found_in(NULL, "Longmai Technologies", ""), "longmai");
    assert_string_equal(found_in(NULL, "Syno", ""), "syno");
}

static void knows_no_others(void **state)
{
    assert_string_equal(found_in(NULL, "", ""), "none");
    assert_string_equal(found_in(NULL, "longmai", ""), "none");
    assert_string_equal(found_in(NULL, "Longma", ""), "none");
    assert_string_equal(found_in(NULL, " Syno", ""), "none");
}

/* What stays constant in the code that relies on it. */
static void built_in_ones_keep_the_limits(void **state)
{
    size_t count;
    const struct gmt0017_profile *profiles = gmt0017_profile_built_in(&count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < count; i++) {
        const struct gmt0017_profile *profile = &profiles[i];
        assert_true(profile->manufacturer[0] != '\0');
        assert_true(profile->pin_bytes_min >= 1 &&
                    profile->pin_bytes_min <= profile->pin_bytes_max);
        assert_true(profile->pin_bytes_max <= GMT0017_PIN_BYTES_MAX);
        assert_true(profile->file_name_bytes >= GMT0017_FILE_NAME_BYTES_MIN &&
                    profile->file_name_bytes <= TOKEN_NAME_BYTES_MAX);
        assert_true(profile->read_bytes >= GMT0017_CHUNK_BYTES_MIN &&
                    profile->read_bytes <= GMT0017_CHUNK_BYTES_MAX);
        assert_true(profile->write_bytes >= GMT0017_CHUNK_BYTES_MIN &&
                    profile->write_bytes <= GMT0017_CHUNK_BYTES_MAX);
    }
}

static struct gmt0017_profiles *extra_with(const char *manufacturer, const char *label,
                                           const char *pattern)
{
    struct gmt0017_profiles *extra = memory_new(sizeof *extra + sizeof(struct gmt0017_profile));
    struct gmt0017_profile *profile = &extra->profile[0];
    extra->count = 1;
    snprintf(profile->name, sizeof profile->name, "extra");
    snprintf(profile->manufacturer, sizeof profile->manufacturer, "%s", manufacturer);
    snprintf(profile->label, sizeof profile->label, "%s", label);
    snprintf(profile->atr, sizeof profile->atr, "%s", pattern);
    return extra;
}

static void check_extra(const char *manufacturer, const char *label, const char *pattern,
                        const char *expected)
{
    AUTO(memory_freep) struct gmt0017_profiles *extra = extra_with(manufacturer, label, pattern);
    assert_string_equal(found_in(extra, "Longmai", "BJCA-UserKey"), expected);
}

static void prefers_the_administrators(void **state)
{
    check_extra("Longmai", "", "", "extra");
    check_extra("Long", "BJCA", "", "extra");
    check_extra("Longmai", "HBCA", "", "longmai");
    check_extra("Other", "", "", "longmai");
    check_extra("Longmai", "", "3B80800101", "extra");
    check_extra("Longmai", "", "3b80800101", "extra");
    check_extra("Longmai", "", "3B..800101", "extra");
    check_extra("Longmai", "", "..........", "extra");
    check_extra("Longmai", "", "3B80800102", "longmai");
    check_extra("Longmai", "", "3B808001", "longmai");
    check_extra("Longmai", "", "3B80800101..", "longmai");
}

static void knows_atrs_that_a_profile_names(void **state)
{
    static const uint8_t other[] = {0x3B, 0x80, 0x80, 0x01, 0x02};
    AUTO(memory_freep)
    struct gmt0017_profiles *extra = memory_new(sizeof *extra + sizeof extra->profile[0]);
    extra->count = 1;
    assert_false(gmt0017_profile_knows_atr(extra, SPAN_ARRAY(atr))); /* it names none */
    snprintf(extra->profile[0].atr, sizeof extra->profile[0].atr, "3B8080..01");
    assert_true(gmt0017_profile_knows_atr(extra, SPAN_ARRAY(atr)));
    assert_false(gmt0017_profile_knows_atr(extra, SPAN_ARRAY(other)));
    assert_false(gmt0017_profile_knows_atr(NULL, SPAN_ARRAY(atr)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_atrs_that_a_profile_names),
        cmocka_unit_test(finds_the_built_in_ones),
        cmocka_unit_test(knows_no_others),
        cmocka_unit_test(built_in_ones_keep_the_limits),
        cmocka_unit_test(prefers_the_administrators),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
