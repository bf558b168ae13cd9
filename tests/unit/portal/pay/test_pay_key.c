#include "portal/pay/pay_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <sys/stat.h>

#include "stand.h"

static const char label[] = "test/1";

static void what_was_signed_is_verified(void **state)
{
    const struct stand *stand = *state;
    struct span message = span_text("{\"amount_fen\":20000}");
    uint8_t signature[PAY_SIGNATURE_BYTES];
    struct err err = ERR_INIT;
    stand_must(pay_key_sign(stand->merchant, label, message, signature, &err), &err);
    stand_must(pay_key_verify(stand->merchant, label, message, SPAN_ARRAY(signature), &err), &err);
}

static void nothing_else_is_verified(void **state)
{
    const struct stand *stand = *state;
    struct span message = span_text("{\"amount_fen\":20000}");
    uint8_t signature[PAY_SIGNATURE_BYTES];
    struct err err = ERR_INIT;
    stand_must(pay_key_sign(stand->merchant, label, message, signature, &err), &err);
    const struct {
        const struct pay_key *key;
        const char *label;
        struct span message;
        struct span signature;
    } wrong[] = {
        {stand->service, label, message, SPAN_ARRAY(signature)},
        {stand->merchant, "test/2", message, SPAN_ARRAY(signature)},
        {stand->merchant, label, span_text("{\"amount_fen\":10000}"), SPAN_ARRAY(signature)},
        {stand->merchant, "test/", span_text("1{\"amount_fen\":20000}"), SPAN_ARRAY(signature)},
        {stand->merchant, label, message, span_of(signature, PAY_SIGNATURE_BYTES - 1)},
        {stand->merchant, label, message, SPAN_NONE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        err = ERR_INIT;
        assert_int_equal(pay_key_verify(wrong[i].key, wrong[i].label, wrong[i].message,
                                        wrong[i].signature, &err),
                         ERR_PAYMENT_SIGNATURE);
    }
}

static void a_message_that_is_too_long_is_not_signed(void **state)
{
    const struct stand *stand = *state;
    AUTO(bytes_freep) struct bytes *message = bytes_new_size(1 << 16);
    uint8_t signature[PAY_SIGNATURE_BYTES];
    struct err err = ERR_INIT;
    assert_int_equal(pay_key_sign(stand->merchant, label, span_bytes(message), signature, &err),
                     ERR_HTTP_TOO_LARGE);
}

static void a_key_and_its_public_half_have_one_name(void **state)
{
    const struct stand *stand = *state;
    AUTO(memory_freep) char *pem = NULL;
    AUTO(pay_key_freep) struct pay_key *public = NULL;
    uint8_t signature[PAY_SIGNATURE_BYTES];
    struct err err = ERR_INIT;
    stand_must(pay_key_public_pem(stand->merchant, &pem, &err), &err);
    stand_must(pay_key_from_pem(span_text(pem), &public, &err), &err);
    assert_int_equal(strlen(pay_key_id(public)), 64);
    assert_string_equal(pay_key_id(public), pay_key_id(stand->merchant));
    assert_string_not_equal(pay_key_id(public), pay_key_id(stand->service));
    assert_int_equal(pay_key_sign(public, label, span_text("x"), signature, &err), ERR_CRYPTO);
}

static void other_files_are_refused(void **state)
{
    const struct stand *stand = *state;
    AUTO(memory_freep) char *missing = stand_path(stand, "no.key");
    AUTO(memory_freep) char *tls = stand_path(stand, "tls/server.key");
    AUTO(memory_freep) char *rubbish = stand_path(stand, "tls/ca.pem");
    AUTO(memory_freep) char *open = stand_path(stand, "open.key");
    AUTO(pay_key_freep) struct pay_key *key = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(pay_key_read_private(missing, &key, &err), ERR_FILE_MISSING);
    assert_int_equal(pay_key_read_private(tls, &key, &err), ERR_CONFIG);
    assert_int_equal(pay_key_read_public(rubbish, &key, &err), ERR_CONFIG);
    assert_int_equal(pay_key_read_public(missing, &key, &err), ERR_FILE_MISSING);
    stand_must(pay_key_make(open, &err), &err);
    assert_int_equal(chmod(open, 0644), 0);
    assert_int_equal(pay_key_read_private(open, &key, &err), ERR_CONFIG);
    assert_null(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_is_verified),
        cmocka_unit_test(nothing_else_is_verified),
        cmocka_unit_test(a_message_that_is_too_long_is_not_signed),
        cmocka_unit_test(a_key_and_its_public_half_have_one_name),
        cmocka_unit_test(other_files_are_refused),
    };
    return cmocka_run_group_tests(tests, stand_setup, stand_teardown);
}
