#include "agent/trust/trust_pem.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/unit/agent/trust/fixture.h"

static enum err_code read_text(const char *text, struct bytes **out)
{
    struct err err = ERR_INIT;
    return trust_pem_read(span_text(text), out, &err);
}

static void test_what_is_written_is_read(void **state)
{
    for (size_t length = 0; length < 200; length++) {
        AUTO(bytes_freep) struct bytes *der = bytes_new_size(length);
        AUTO(bytes_freep) struct bytes *back = NULL;
        for (size_t i = 0; i < length; i++)
            der->at[i] = (uint8_t)(i * 37);
        AUTO(memory_freep) char *pem = trust_pem_write(span_bytes(der));
        assert_int_equal(read_text(pem, &back), ERR_NONE);
        assert_true(span_equal(span_bytes(der), span_bytes(back)));
    }
}

static void test_other_line_ends_and_text_around_it(void **state)
{
    AUTO(bytes_freep) struct bytes *der = NULL;
    assert_int_equal(read_text("some words\r\n-----BEGIN CERTIFICATE-----\r\nAQ\r\n ID\r\n"
                               "-----END CERTIFICATE-----\r\n-----BEGIN CERTIFICATE-----\nBAUG\n"
                               "-----END CERTIFICATE-----\n",
                               &der),
                     ERR_NONE);
    assert_true(span_equal(span_bytes(der), span_of("\1\2\3", 3)));
}

static void test_what_is_none(void **state)
{
    struct bytes *der = NULL;
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(TRUST_PEM_DER_MAX + 1);
    AUTO(bytes_freep) struct bytes *fits = bytes_new_size(TRUST_PEM_DER_MAX);
    AUTO(memory_freep) char *large_pem = trust_pem_write(span_bytes(large));
    AUTO(memory_freep) char *fitting_pem = trust_pem_write(span_bytes(fits));
    assert_int_equal(read_text("", &der), ERR_FILE);
    assert_int_equal(read_text("-----BEGIN CERTIFICATE-----\nAQID\n", &der), ERR_FILE);
    assert_int_equal(
        read_text("-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n", &der),
        ERR_FILE);
    assert_int_equal(
        read_text("-----BEGIN CERTIFICATE-----\nAQI\n-----END CERTIFICATE-----\n", &der),
        ERR_BASE64);
    assert_int_equal(read_text(large_pem, &der), ERR_BASE64);
    assert_int_equal(read_text(fitting_pem, &der), ERR_NONE);
    bytes_free(der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written_is_read),
        cmocka_unit_test(test_other_line_ends_and_text_around_it),
        cmocka_unit_test(test_what_is_none),
    };
    return cmocka_run_group_tests_name("agent/trust/trust_pem", tests, NULL, NULL);
}
