#include "portal/portal_x509.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "certs/ossl.h"
#include "world.h"

static char folder[] = "/tmp/ukey-portal-x509-XXXXXX";

static int setup(void **state)
{
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    return rmdir(folder);
}

static X509 *make(EVP_PKEY *key)
{
    static const struct portal_x509_extension extensions[] = {
        {NID_basic_constraints, "critical,CA:TRUE"}, {NID_subject_key_identifier, "hash"}};
    AUTO(ossl_name_freep) X509_NAME *name = NULL;
    X509 *x509 = NULL;
    struct err err = ERR_INIT;
    world_must(portal_x509_name("单位", "名称", &name, &err), &err);
    struct portal_x509_template template = {
        .subject = name,
        .public_key = key,
        .not_before_utc = FIXTURE_NOW,
        .not_after_utc = 4102444800, /* 2100: past UTCTime's end */
        .extensions = extensions,
        .extension_count = ARRAY_SIZE(extensions),
    };
    world_must(portal_x509_make(&template, &x509, &err), &err);
    assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
    return x509;
}

static void serials_are_positive_of_sixteen_bytes_and_differ(void **state)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = EVP_EC_gen("P-256");
    uint8_t last[PORTAL_X509_SERIAL_BYTES] = {0};
    for (int i = 0; i < 50; i++) {
        AUTO(ossl_x509_freep) X509 *x509 = make(key);
        const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
        assert_int_equal(ASN1_STRING_length(serial), PORTAL_X509_SERIAL_BYTES);
        assert_int_equal(ASN1_STRING_type(serial), V_ASN1_INTEGER);
        assert_true(ASN1_STRING_get0_data(serial)[0] < 0x80);
        assert_memory_not_equal(ASN1_STRING_get0_data(serial), last, sizeof last);
        memcpy(last, ASN1_STRING_get0_data(serial), sizeof last);
    }
}

static void times_past_2050_are_written(void **state)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = EVP_EC_gen("P-256");
    AUTO(ossl_x509_freep) X509 *x509 = make(key);
    assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(x509), 4102444800), 0);
    assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notBefore(x509), FIXTURE_NOW), 0);
}

static void a_name_that_does_not_fit_is_refused(void **state)
{
    AUTO(memory_freep) char *fits = memory_printf("%064d", 1);
    AUTO(memory_freep) char *longer = memory_printf("%065d", 1);
    struct err err = ERR_INIT;
    X509_NAME *name = NULL;
    assert_int_equal(portal_x509_name("O", longer, &name, &err), ERR_CRYPTO);
    assert_int_equal(portal_x509_name("O", "\xFF\xFE", &name, &err), ERR_CRYPTO);
    assert_null(name);
    err = ERR_INIT;
    world_must(portal_x509_name("O", fits, &name, &err), &err);
    X509_NAME_free(name);
}

static void files_come_back_and_keys_are_private(void **state)
{
    AUTO(memory_freep) char *cert_path = file_join(folder, "a.pem");
    AUTO(memory_freep) char *key_path = file_join(folder, "a.key");
    AUTO(ossl_pkey_freep) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    AUTO(ossl_pkey_freep) EVP_PKEY *ec = EVP_EC_gen("P-256");
    AUTO(ossl_pkey_freep) EVP_PKEY *read_key = NULL;
    AUTO(ossl_x509_freep) X509 *x509 = make(ec);
    AUTO(ossl_x509_freep) X509 *read_cert = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(bytes_freep) struct bytes *read_der = NULL;
    struct err err = ERR_INIT;
    struct stat status;
    world_must(portal_x509_write(cert_path, x509, &err), &err);
    world_must(portal_x509_write_key(key_path, key, &err), &err);
    world_must(portal_x509_read(cert_path, &read_cert, &err), &err);
    world_must(portal_x509_read_key(key_path, &read_key, &err), &err);
    world_must(portal_x509_der(x509, &der, &err), &err);
    world_must(portal_x509_read_der(cert_path, &read_der, &err), &err);
    assert_int_equal(X509_cmp(x509, read_cert), 0);
    assert_true(EVP_PKEY_is_a(read_key, "SM2"));
    assert_int_equal(EVP_PKEY_eq(key, read_key), 1);
    assert_true(span_equal(span_bytes(der), span_bytes(read_der)));
    assert_int_equal(stat(key_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    unlink(cert_path);
    unlink(key_path);
}

static void files_of_other_content_are_refused(void **state)
{
    AUTO(memory_freep) char *path = file_join(folder, "b.pem");
    struct err err = ERR_INIT;
    X509 *x509 = NULL;
    EVP_PKEY *key = NULL;
    struct bytes *der = NULL;
    assert_int_equal(portal_x509_read(path, &x509, &err), ERR_FILE_MISSING);
    world_must(
        file_write_atomic(path, span_text("-----BEGIN CERTIFICATE-----\nAAAA\n"), 0600, &err),
        &err);
    assert_int_equal(portal_x509_read(path, &x509, &err), ERR_DER);
    assert_int_equal(portal_x509_read_der(path, &der, &err), ERR_DER);
    assert_int_equal(portal_x509_read_key(path, &key, &err), ERR_CRYPTO);
    assert_null(x509);
    assert_null(key);
    assert_null(der);
    unlink(path);
}

static void a_private_key_was_taken_from_a_file_that_others_could_read(void **state)
{
    AUTO(memory_freep) char *path = file_join(folder, "c.key");
    AUTO(ossl_pkey_freep) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    struct err err = ERR_INIT;
    EVP_PKEY *read_key = NULL;
    world_must(portal_x509_write_key(path, key, &err), &err);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(portal_x509_read_key(path, &read_key, &err), ERR_CONFIG);
    assert_int_equal(chmod(path, 0604), 0);
    assert_int_equal(portal_x509_read_key(path, &read_key, &err), ERR_CONFIG);
    assert_null(read_key);
    unlink(path);
    assert_int_equal(portal_x509_read_key(path, &read_key, &err), ERR_FILE_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serials_are_positive_of_sixteen_bytes_and_differ),
        cmocka_unit_test(times_past_2050_are_written),
        cmocka_unit_test(a_name_that_does_not_fit_is_refused),
        cmocka_unit_test(files_come_back_and_keys_are_private),
        cmocka_unit_test(files_of_other_content_are_refused),
        cmocka_unit_test(a_private_key_was_taken_from_a_file_that_others_could_read),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
