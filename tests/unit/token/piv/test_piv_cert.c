#include "token/piv/piv_cert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/scripted_channel.h"

#define GZIP "1f8b08000000000002ff73747276c48600c5d90bd918000000"

static bool parse(const char *hex, struct piv_cert *out)
{
    AUTO(bytes_freep) struct bytes *content = scripted_channel_bytes(hex);
    return piv_cert_parse(span_bytes(content), out);
}

static void check(const char *hex, size_t der_bytes, const char *element)
{
    AUTO(piv_cert_done) struct piv_cert cert = {NULL};
    assert_true(parse(hex, &cert));
    assert_int_equal(cert.der != NULL ? cert.der->len : 0, der_bytes);
    assert_string_equal(cert.element, element);
}

static void reads_certificates_and_names(void **state)
{
    check("70 02 3000 71 01 00 FE 00", 2, "");
    check("70 02 3000 71 01 00 72 03 616263 FE 00", 2, "abc");
    check("70 02 3000", 2, ""); /* a card that leaves the rest out */
    check("70 19 " GZIP " 71 01 01 FE 00", 24, "");
    check("71 01 00 72 0A 756B6579642D66726565 FE 00", 0, "ukeyd-free");
    check("70 00 71 01 00 FE 00", 0, "");
}

static void takes_no_name_that_could_mislead(void **state)
{
    check("70 02 3000 72 00 FE 00", 2, "");
    check("70 02 3000 72 02 3943 FE 00", 2, ""); /* "9C" */
    check("70 02 3000 72 02 3963 FE 00", 2, "9c");
    check("70 02 3000 72 03 61 20 62 FE 00", 2, "");
    check("70 02 3000 72 03 61 00 62 FE 00", 2, "");
    check("70 02 3000 72 10 00112233445566778899AABBCCDDEEFF FE 00", 2, "");
    check("70 02 3000 72 26 " /* 38 and 39 bytes */
          "6161616161616161616161616161616161616161616161616161616161616161616161616161",
          2, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    check("70 02 3000 72 27 "
          "616161616161616161616161616161616161616161616161616161616161616161616161616161",
          2, "");
}

static void refuses_what_is_none(void **state)
{
    static const char *const broken[] = {"70 03 3000", "70 02 3000 70 02 3000", "30 82 01",
                                         "70 02 3000 71 01 01", "70 19 " GZIP " 71 01 01 71 00"};
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        struct piv_cert cert;
        assert_false(parse(broken[i], &cert));
        assert_null(cert.der);
    }
}

static void takes_none_that_is_too_long(void **state)
{
    for (size_t extra = 0; extra < 2; extra++) {
        AUTO(piv_cert_done) struct piv_cert cert = {NULL};
        AUTO(bytes_freep) struct bytes *der = bytes_new_size(TOKEN_CERT_BYTES_MAX + extra);
        AUTO(buf_done) struct buf content = BUF_INIT(2 * TOKEN_CERT_BYTES_MAX);
        piv_tlv_add(&content, 0x70, span_bytes(der));
        assert_int_equal(piv_cert_parse(buf_span(&content), &cert), extra == 0);
    }
}

static void check_built(struct span der, const char *element, const char *expected)
{
    AUTO(buf_done) struct buf content = BUF_INIT(PIV_CERT_CONTENT_BYTES_MAX);
    AUTO(bytes_freep) struct bytes *bytes = scripted_channel_bytes(expected);
    piv_cert_build(&content, der, element);
    assert_true(span_equal(buf_span(&content), span_bytes(bytes)));
}

static void builds_objects(void **state)
{
    static const uint8_t der[] = {0x30, 0};
    check_built(SPAN_ARRAY(der), "", "70 02 3000 71 01 00 FE 00");
    check_built(SPAN_ARRAY(der), "abc", "70 02 3000 71 01 00 72 03 616263 FE 00");
    check_built(SPAN_NONE, "abc", "72 03 616263 FE 00");
}

static void builds_objects_with_the_name_in_front(void **state)
{
    static const uint8_t der[] = {0x30, 0};
    AUTO(buf_done) struct buf content = BUF_INIT(PIV_CERT_CONTENT_BYTES_MAX);
    AUTO(bytes_freep)
    struct bytes *expected = scripted_channel_bytes("72 03 616263 70 02 3000 71 01 00 FE 00");
    AUTO(piv_cert_done) struct piv_cert cert = {NULL};
    char name[PIV_NAME_BYTES_MAX + 1];
    piv_cert_build_named(&content, SPAN_ARRAY(der), "abc");
    assert_true(span_equal(buf_span(&content), span_bytes(expected)));
    assert_true(piv_cert_parse(buf_span(&content), &cert));
    assert_string_equal(cert.element, "abc");
    for (size_t length = 0; length < expected->len; length++) {
        bool named = piv_cert_first_name(span_part(span_bytes(expected), 0, length), name);
        assert_int_equal(named, length >= 5);
        assert_string_equal(name, named ? "abc" : "");
    }
}

static void only_zeros_where_more_is_due_are_a_break(void **state)
{
    static const struct {
        const char *content;
        bool is_cut_off;
    } cases[] = {
        {"72 03 616263 70 04 30020000 0000000000", true},
        {"70 04 30020000 0000000000", true},
        {"72 03 616263 0000000000", true},
        {"0000000000", true},
        {"70 04 30020000 00000000", false}, /* there would be no room for the rest */
        {"70 04 30020000 71 01 00 FE 00 0000000000", false},
        {"70 04 30020000 71 01 00 0000000000", false},
        {"72 03 616263 FE 00 0000000000", false},
        {"70 04 30020000", false},
        {"70 04 30020000 00000001", false},
        {"70 44 30020000 00000001", false},
        {"", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *content = scripted_channel_bytes(cases[i].content);
        if (piv_cert_is_cut_off(span_bytes(content)) != cases[i].is_cut_off)
            fail_msg("%s", cases[i].content);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_certificates_and_names),
        cmocka_unit_test(takes_no_name_that_could_mislead),
        cmocka_unit_test(refuses_what_is_none),
        cmocka_unit_test(takes_none_that_is_too_long),
        cmocka_unit_test(builds_objects),
        cmocka_unit_test(builds_objects_with_the_name_in_front),
        cmocka_unit_test(only_zeros_where_more_is_due_are_a_break),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
