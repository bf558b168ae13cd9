#include "certs/seal_digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "fixture.h"

static void check(const char *name, const char *message, const char *expected_hex)
{
    AUTO(bytes_freep) struct bytes *expected = fixture_hex(expected_hex);
    uint8_t digest[SEAL_DIGEST_BYTES];
    seal_digest(name, span_text(message), digest);
    assert_memory_equal(digest, expected->at, sizeof digest);
}

/* Source: GB/T 32905, example 1. */
#define SM3_ABC "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0"
#define SM3_NOTHING "1AB21D8355CFA17F8E61194831E81A8F22BEC8C728FEFB747ED035EB5082AA2B"
/* Source: FIPS 180-2, example 1. */
#define SHA256_ABC "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"

static void sm3_in_all_its_names(void **state)
{
    (void)state;
    check("SM3", "abc", SM3_ABC);
    check("sm3", "abc", SM3_ABC);
    check("1.2.156.10197.1.401", "abc", SM3_ABC);
    check("SM3", "", SM3_NOTHING);
}

static void a_name_of_the_makers_own_is_sm3(void **state)
{
    (void)state;
    check("", "abc", SM3_ABC);
    check("cert", "abc", SM3_ABC);
    check("SHA2567", "abc", SM3_ABC);
}

static void sha256_by_name(void **state)
{
    (void)state;
    check("SHA256", "abc", SHA256_ABC);
    check("sha-256", "abc", SHA256_ABC);
    check("2.16.840.1.101.3.4.2.1", "abc", SHA256_ABC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(sm3_in_all_its_names, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_name_of_the_makers_own_is_sm3, fixture_no_errors_left),
        cmocka_unit_test_teardown(sha256_by_name, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/seal_digest", tests, NULL, NULL);
}
