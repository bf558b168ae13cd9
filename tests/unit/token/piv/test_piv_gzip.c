#include "token/piv/piv_gzip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/scripted_channel.h"

#define CONTENT "ABCABCABCABCABCABCABCABC"
#define GZIP "1f8b08000000000002ff73747276c48600c5d90bd918000000"
#define ZLIB "789c73747276c486004d600631"

static bool unpack(const char *hex, size_t limit, struct bytes **out)
{
    AUTO(bytes_freep) struct bytes *packed = scripted_channel_bytes(hex);
    return piv_gzip_unpack(span_bytes(packed), limit, out);
}

static void unpacks_both_frames(void **state)
{
    static const char *const packed[] = {GZIP, ZLIB};
    for (size_t i = 0; i < ARRAY_SIZE(packed); i++) {
        AUTO(bytes_freep) struct bytes *out = NULL;
        assert_true(unpack(packed[i], 8192, &out));
        assert_int_equal(out->len, strlen(CONTENT));
        assert_memory_equal(out->at, CONTENT, out->len);
    }
}

static void stops_at_the_limit(void **state)
{
    AUTO(bytes_freep) struct bytes *exact = NULL;
    AUTO(bytes_freep) struct bytes *more = NULL;
    assert_true(unpack(GZIP, strlen(CONTENT), &exact));
    assert_false(unpack(GZIP, strlen(CONTENT) - 1, &more));
    assert_false(unpack(GZIP, 1, &more));
}

static void refuses_what_is_broken(void **state)
{
    static const char *const broken[] = {
        "1f8b08000000000002ff73747276c48600c5d90bd918", /* cut off */
        GZIP "00", /* more behind it */
        "1f8b08000000000002ff73747276c48600c5d90bd818000000", /* wrong checksum */
        "1f8b08000000000002ff03000000000000000000", /* empty inside */
        "308201",
        "00"};
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        AUTO(bytes_freep) struct bytes *out = NULL;
        assert_false(unpack(broken[i], 8192, &out));
        assert_null(out);
    }
    struct bytes *out = NULL;
    assert_false(piv_gzip_unpack(SPAN_NONE, 8192, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpacks_both_frames),
        cmocka_unit_test(stops_at_the_limit),
        cmocka_unit_test(refuses_what_is_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
