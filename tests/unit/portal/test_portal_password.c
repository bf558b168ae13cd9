#include "portal/portal_password.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "world.h"

static struct secret *secret(const char *text)
{
    struct secret *password = NULL;
    struct err err = ERR_INIT;
    world_must(portal_password_take(span_text(text), &password, &err), &err);
    return password;
}

static bool matches(const struct portal_password *kept, const char *text)
{
    AUTO(secret_freep) struct secret *password = secret(text);
    struct err err = ERR_INIT;
    bool matched = false;
    world_must(portal_password_matches(kept, password, &matched, &err), &err);
    return matched;
}

static struct portal_password made(const char *text)
{
    AUTO(secret_freep) struct secret *password = secret(text);
    struct portal_password kept = {0};
    struct err err = ERR_INIT;
    world_must(portal_password_make(password, &kept, &err), &err);
    return kept;
}

static void the_rules_hold(void **state)
{
    static const struct {
        const char *password;
        bool good;
    } cases[] = {
        {"correct horse", true},        {"0123456789", true},
        {"一二三四五六七八九十", true}, {"aaaaaaaaab", true},
        {"zhangsan123", true},          {"", false},
        {"012345678", false},           {"一二三四五六七八九", false},
        {"aaaaaaaaaaaa", false},        {"的的的的的的的的的的的", false},
        {"zhang.san-1", false},         {"ZHANG.San-1", false},
        {"correct\thorse", false},      {"correct\x7fhorse", false},
        {"correct \xff horse", false},  {"correct horse \xe4\xbd", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        enum err_code code =
            portal_password_check("zhang.san-1", span_text(cases[i].password), &err);
        if (code != (cases[i].good ? ERR_NONE : ERR_PASSWORD_RULES))
            fail_msg("%s: %s", cases[i].password, err_code_text(code));
    }
}

static void the_length_has_limits_in_characters(void **state)
{
    struct err err = ERR_INIT;
    char *four = memory_new(4 * 129 + 1);
    for (int i = 0; i < 129; i++)
        memcpy(four + (size_t)4 * (size_t)i, i % 2 == 0 ? "\xf0\x9f\x94\x91" : "\xf0\x9f\x94\x92",
               4);
    assert_int_equal(portal_password_check("x", span_of(four, 4 * 128), &err), ERR_NONE);
    assert_int_equal(portal_password_check("x", span_of(four, 4 * 129), &err), ERR_PASSWORD_RULES);
    AUTO(secret_freep) struct secret *taken = NULL;
    assert_int_equal(portal_password_take(span_of(four, 4 * 128), &taken, &err), ERR_NONE);
    assert_int_equal(portal_password_take(span_of(four, 4 * 129), &taken, &err),
                     ERR_PASSWORD_RULES);
    free(four);
}

static void only_the_password_matches(void **state)
{
    const struct portal_password kept = made("correct horse");
    assert_true(kept.n >= 32768 && kept.r >= 8 && kept.p >= 1);
    assert_true(matches(&kept, "correct horse"));
    assert_false(matches(&kept, "correct horsf"));
    assert_false(matches(&kept, "correct horse "));
    assert_false(matches(&kept, ""));
}

static void the_same_password_is_kept_differently(void **state)
{
    const struct portal_password first = made("correct horse"), second = made("correct horse");
    assert_memory_not_equal(first.salt, second.salt, sizeof first.salt);
    assert_memory_not_equal(first.hash, second.hash, sizeof first.hash);
}

static void nothing_matches_nobody(void **state)
{
    assert_false(matches(NULL, "correct horse"));
    assert_false(matches(NULL, ""));
}

/* Computed by another program (Python's hashlib.scrypt). */
static void stored_parameters_are_used(void **state)
{
    static const uint8_t hash[PORTAL_PASSWORD_HASH_BYTES] = {
        0xd0, 0x09, 0xf0, 0x69, 0xa5, 0xd2, 0xd9, 0x1e, 0x94, 0x6f, 0x08,
        0x36, 0x74, 0x5e, 0x9a, 0x82, 0xb3, 0xb9, 0xd4, 0x4e, 0x7b, 0x32,
        0x50, 0xcb, 0x57, 0xf8, 0x51, 0x84, 0x12, 0xd7, 0x6f, 0x45};
    struct portal_password kept = {.n = 16, .r = 2, .p = 3};
    memcpy(kept.salt, "0123456789abcdef", sizeof kept.salt);
    memcpy(kept.hash, hash, sizeof hash);
    assert_true(matches(&kept, "correct horse"));
    kept.n = 32;
    assert_false(matches(&kept, "correct horse"));
}

static void foolish_parameters_are_refused(void **state)
{
    AUTO(secret_freep) struct secret *password = secret("correct horse");
    struct portal_password kept = {.n = INT64_C(1) << 40, .r = 8, .p = 1};
    struct err err = ERR_INIT;
    bool matched = true;
    assert_int_equal(portal_password_matches(&kept, password, &matched, &err), ERR_CRYPTO);
    assert_true(matched);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rules_hold),
        cmocka_unit_test(the_length_has_limits_in_characters),
        cmocka_unit_test(only_the_password_matches),
        cmocka_unit_test(the_same_password_is_kept_differently),
        cmocka_unit_test(nothing_matches_nobody),
        cmocka_unit_test(stored_parameters_are_used),
        cmocka_unit_test(foolish_parameters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
