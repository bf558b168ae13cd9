#include "certs/cert_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "certs/cert.h"
#include "fixture.h"

static void add(X509_NAME *name, int nid, int type, const char *text, int length)
{
    assert_int_equal(
        X509_NAME_add_entry_by_NID(name, nid, type, (const uint8_t *)text, length, -1, 0), 1);
}

static void check_attribute(int type, const char *text, int length, const char *expected)
{
    AUTO(ossl_name_freep) X509_NAME *name = X509_NAME_new();
    add(name, NID_commonName, type, text, length);
    AUTO(memory_freep) char *attribute = cert_name_attribute(name, NID_commonName);
    assert_string_equal(attribute, expected);
}

static void every_kind_of_string_becomes_utf8(void **state)
{
    (void)state;
    check_attribute(V_ASN1_UTF8STRING, "阳光", 6, "阳光");
    check_attribute(V_ASN1_PRINTABLESTRING, "Yang", 4, "Yang");
    check_attribute(V_ASN1_BMPSTRING, "\x96\x33\x51\x49", 4, "阳光");
    check_attribute(V_ASN1_UNIVERSALSTRING, "\0\0\x96\x33", 4, "阳");
    check_attribute(V_ASN1_T61STRING, "\xE9", 1, "é");
    check_attribute(V_ASN1_UTF8STRING, "", 0, "");
}

static void control_characters_become_spaces(void **state)
{
    (void)state;
    check_attribute(V_ASN1_UTF8STRING, "a\0b\nc\x7F", 6, "a b c ");
    check_attribute(V_ASN1_BMPSTRING, "\0a\0\0\0b", 6, "a b");
}

static void the_last_attribute_counts(void **state)
{
    (void)state;
    AUTO(ossl_name_freep) X509_NAME *name = X509_NAME_new();
    add(name, NID_organizationName, V_ASN1_UTF8STRING, "first", -1);
    add(name, NID_commonName, V_ASN1_UTF8STRING, "cn", -1);
    add(name, NID_organizationName, V_ASN1_UTF8STRING, "second", -1);
    AUTO(memory_freep) char *organisation = cert_name_attribute(name, NID_organizationName);
    AUTO(memory_freep) char *none = cert_name_attribute(name, NID_localityName);
    AUTO(memory_freep) char *text = cert_name_text(name);
    assert_string_equal(organisation, "second");
    assert_string_equal(none, "");
    assert_string_equal(text, "O=second,CN=cn,O=first");
}

static void separators_are_escaped(void **state)
{
    (void)state;
    AUTO(ossl_name_freep) X509_NAME *name = X509_NAME_new();
    add(name, NID_commonName, V_ASN1_UTF8STRING, "a,CN=b+c\"d\\<>;", -1);
    AUTO(memory_freep) char *text = cert_name_text(name);
    assert_string_equal(text, "CN=a\\,CN=b\\+c\\\"d\\\\\\<\\>\\;");
}

static void an_empty_name_is_an_empty_text(void **state)
{
    (void)state;
    AUTO(ossl_name_freep) X509_NAME *name = X509_NAME_new();
    AUTO(memory_freep) char *text = cert_name_text(name);
    assert_string_equal(text, "");
}

/* "CN=" and characters of one byte up to the limit, then of three. */
static void a_text_is_cut_at_its_limit(void **state)
{
    (void)state;
    for (int length = CERT_TEXT_BYTES_MAX - 6; length <= CERT_TEXT_BYTES_MAX + 1; length++) {
        AUTO(ossl_name_freep) X509_NAME *name = X509_NAME_new();
        AUTO(memory_freep) char *value = memory_new((size_t)length + 4);
        memset(value, 'x', (size_t)length);
        memcpy(value + length - 1, "阳", 3);
        add(name, NID_dnQualifier, V_ASN1_UTF8STRING, value, -1);
        AUTO(memory_freep) char *attribute = cert_name_attribute(name, NID_dnQualifier);
        size_t whole = (size_t)length + 2;
        size_t kept = whole < CERT_TEXT_BYTES_MAX                ? whole
                      : (size_t)length - 1 < CERT_TEXT_BYTES_MAX ? (size_t)length - 1
                                                                 : CERT_TEXT_BYTES_MAX - 1;
        assert_int_equal(strlen(attribute), kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_kind_of_string_becomes_utf8, fixture_no_errors_left),
        cmocka_unit_test_teardown(control_characters_become_spaces, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_last_attribute_counts, fixture_no_errors_left),
        cmocka_unit_test_teardown(separators_are_escaped, fixture_no_errors_left),
        cmocka_unit_test_teardown(an_empty_name_is_an_empty_text, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_text_is_cut_at_its_limit, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/cert_name", tests, NULL, NULL);
}
