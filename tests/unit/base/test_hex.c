#include "base/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* needs those above */
#include <cmocka.h>

static void hexadecimal_goes_both_ways(void **state)
{
    (void)state;
    AUTO(memory_freep) char *text = hex_encode(SPAN_ARRAY(((uint8_t[]){0x00, 0x0F, 0xA5, 0xFF})));
    AUTO(memory_freep) char *empty = hex_encode(SPAN_NONE);
    AUTO(bytes_freep) struct bytes *upper = hex_decode("000FA5FF");
    AUTO(bytes_freep) struct bytes *lower = hex_decode("000fa5ff");
    AUTO(bytes_freep) struct bytes *none = hex_decode("");
    assert_string_equal(text, "000FA5FF");
    assert_string_equal(empty, "");
    assert_true(span_equal(span_bytes(upper), span_bytes(lower)));
    assert_memory_equal(upper->at, "\x00\x0F\xA5\xFF", 4);
    assert_int_equal(none->len, 0);
}

static void what_is_not_hexadecimal_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"0",   "000", "0g", "g0", "0x", " 0", "0 ",
                                        "00 ", "/0",  "0:", "@0", "0G", "`0", "\xC3\xA9"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        assert_null(hex_decode(texts[i]));
}

/* RFC 4648 10. */
static const struct {
    const char *plain, *base64;
} known[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

static void base64_is_that_of_the_standard(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        AUTO(memory_freep) char *text = base64_encode(span_text(known[i].plain));
        AUTO(bytes_freep) struct bytes *back = NULL;
        struct err err = ERR_INIT;
        assert_string_equal(text, known[i].base64);
        assert_int_equal(base64_decode(text, strlen(known[i].plain), &back, &err), ERR_NONE);
        assert_true(span_equal(span_bytes(back), span_text(known[i].plain)));
    }
}

static void all_bytes_go_through_base64(void **state)
{
    (void)state;
    uint8_t all[768];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t length = sizeof all - 3; length <= sizeof all; length++) {
        AUTO(memory_freep) char *text = base64_encode(span_of(all, length));
        AUTO(bytes_freep) struct bytes *back = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(base64_decode(text, length, &back, &err), ERR_NONE);
        assert_true(span_equal(span_bytes(back), span_of(all, length)));
    }
}

static void base64_is_strict(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Z",        "Zg",   "Zg=",      "Zg===",    "=",     "==",   "====",  "Z===",
        "Zm=v",     "Zg=x", "Zg=A",     "=Zg=",     "Zm9v ", " Zm9", "Zm\n9", "Zm9vYg==\n",
        "Zm9-",     "Zm9_", "Zg==Zg==", "Zm8=Zm9v", "Zh==",  "Zm9=", "Zm8*",  "Zm9v\303\251vv",
        "Zg======",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct bytes *bytes = NULL;
        struct err err = ERR_INIT;
        if (base64_decode(texts[i], 100, &bytes, &err) != ERR_BASE64)
            fail_msg("\"%s\" was read", texts[i]);
        assert_null(bytes);
    }
}

static void no_two_texts_are_the_same_bytes(void **state)
{
    (void)state;
    char text[] = "Zg==";
    for (size_t at = 0; at < 4; at++)
        for (int c = 1; c < 256; c++) {
            AUTO(bytes_freep) struct bytes *bytes = NULL;
            struct err err = ERR_INIT;
            char kept = text[at];
            text[at] = (char)c;
            bool same = base64_decode(text, 100, &bytes, &err) == ERR_NONE &&
                        span_equal(span_bytes(bytes), span_text("f"));
            text[at] = kept;
            assert_true(same == ((char)c == kept));
        }
}

static void the_decoded_size_is_limited(void **state)
{
    (void)state;
    for (size_t i = 1; i < ARRAY_SIZE(known); i++) {
        size_t length = strlen(known[i].plain);
        for (size_t limit = length - 1; limit <= length + 1; limit++) {
            AUTO(bytes_freep) struct bytes *bytes = NULL;
            struct err err = ERR_INIT;
            assert_int_equal(base64_decode(known[i].base64, limit, &bytes, &err),
                             limit < length ? ERR_BASE64 : ERR_NONE);
        }
    }
}

static void random_names_differ(void **state)
{
    (void)state;
    AUTO(memory_freep) char *a = hex_random(16);
    AUTO(memory_freep) char *b = hex_random(16);
    AUTO(memory_freep) char *none = hex_random(0);
    assert_int_equal(strlen(a), 32);
    assert_int_equal(strspn(a, "0123456789abcdef"), 32);
    assert_string_not_equal(a, b);
    assert_string_equal(none, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hexadecimal_goes_both_ways),
        cmocka_unit_test(what_is_not_hexadecimal_is_refused),
        cmocka_unit_test(base64_is_that_of_the_standard),
        cmocka_unit_test(all_bytes_go_through_base64),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(no_two_texts_are_the_same_bytes),
        cmocka_unit_test(the_decoded_size_is_limited),
        cmocka_unit_test(random_names_differ),
    };
    return cmocka_run_group_tests_name("base/hex", tests, NULL, NULL);
}
