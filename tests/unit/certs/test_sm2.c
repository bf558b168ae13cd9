#include "certs/sm2.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "certs/cert.h"
#include "certs/public_key.h"
#include "fixture.h"

/* The example of GB/T 32918.5. */
#define X "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
#define Y "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
#define E "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"
#define R "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
#define S "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
#define N "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123"
#define N_MINUS_1 "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54122"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE "0000000000000000000000000000000000000000000000000000000000000001"

static const char message[] = "message digest";

static struct bytes *example_key(void)
{
    AUTO(bytes_freep) struct bytes *x = fixture_hex(X);
    AUTO(bytes_freep) struct bytes *y = fixture_hex(Y);
    struct bytes *spki = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(sm2_public_key(x->at, y->at, &spki, &err), ERR_NONE);
    return spki;
}

static void makes_the_usual_public_key(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *spki = example_key();
    AUTO(bytes_freep)
    struct bytes *expected =
        fixture_hex("3059301306072A8648CE3D020106082A811CCF5501822D03420004" X Y);
    assert_true(span_equal(span_bytes(spki), span_bytes(expected)));
    const uint8_t *at = spki->at;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)spki->len);
    assert_non_null(key);
    assert_true(EVP_PKEY_is_a(key, "SM2"));
    EVP_PKEY_free(key);
}

static void refuses_a_point_off_the_curve(void **state)
{
    (void)state;
    static const char *const points[][2] = {{X, X}, {Y, X}, {ZERO, ZERO}, {ONE, ONE}, {N, N}};
    for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
        AUTO(bytes_freep) struct bytes *x = fixture_hex(points[i][0]);
        AUTO(bytes_freep) struct bytes *y = fixture_hex(points[i][1]);
        struct bytes *spki = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(sm2_public_key(x->at, y->at, &spki, &err), ERR_CERT_PUBLIC_KEY);
        assert_null(spki);
    }
}

static void digests_as_the_standard_does(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *spki = example_key();
    AUTO(bytes_freep) struct bytes *expected = fixture_hex(E);
    uint8_t e[32];
    struct err err = ERR_INIT;
    assert_int_equal(sm2_message_digest(span_bytes(spki), span_text(message), e, &err), ERR_NONE);
    assert_memory_equal(e, expected->at, 32);
}

static void digest_wants_a_key_of_sm2(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *spki = example_key();
    uint8_t e[32];
    struct err err = ERR_INIT;
    struct span cut = span_part(span_bytes(spki), 0, spki->len - 1);
    assert_int_equal(sm2_message_digest(cut, span_text(message), e, &err), ERR_CERT_PUBLIC_KEY);
    spki->at[5]++;
    assert_int_equal(sm2_message_digest(span_bytes(spki), span_text(message), e, &err),
                     ERR_CERT_PUBLIC_KEY);
}

static void verifies_the_example(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *spki = example_key();
    AUTO(bytes_freep) struct bytes *raw = fixture_hex(R S);
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    enum cert_algorithm algorithm;
    uint8_t back[64];
    struct err err = ERR_INIT;
    assert_int_equal(sm2_signature_to_der(span_bytes(raw), &der, &err), ERR_NONE);
    assert_int_equal(sm2_signature_from_der(span_bytes(der), back, &err), ERR_NONE);
    assert_memory_equal(back, raw->at, 64);
    assert_int_equal(public_key_open(span_bytes(spki), &algorithm, &key, &err), ERR_NONE);
    assert_int_equal(public_key_verify(key, algorithm, span_text(message), span_bytes(der), &err),
                     ERR_NONE);
    assert_int_equal(
        public_key_verify(key, algorithm, span_text("message digesT"), span_bytes(der), &err),
        ERR_SIGNATURE);
}

static void no_flipped_bit_of_a_signature_verifies(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *spki = example_key();
    AUTO(bytes_freep) struct bytes *raw = fixture_hex(R S);
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    enum cert_algorithm algorithm;
    struct err err = ERR_INIT;
    assert_int_equal(sm2_signature_to_der(span_bytes(raw), &der, &err), ERR_NONE);
    assert_int_equal(public_key_open(span_bytes(spki), &algorithm, &key, &err), ERR_NONE);
    for (size_t bit = 0; bit < der->len * 8; bit++) {
        der->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(
            public_key_verify(key, algorithm, span_text(message), span_bytes(der), &err),
            ERR_SIGNATURE);
        der->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void signature_numbers_stay_inside_the_group(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        enum err_code code;
    } cases[] = {
        {ONE ONE, ERR_NONE},       {N_MINUS_1 N_MINUS_1, ERR_NONE}, {ZERO ONE, ERR_SIGNATURE},
        {ONE ZERO, ERR_SIGNATURE}, {N ONE, ERR_SIGNATURE},          {ONE N, ERR_SIGNATURE},
        {ONE, ERR_SIGNATURE},      {ONE ONE "00", ERR_SIGNATURE},   {"", ERR_SIGNATURE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *raw = fixture_hex(cases[i].raw);
        AUTO(bytes_freep) struct bytes *der = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(sm2_signature_to_der(span_bytes(raw), &der, &err), cases[i].code);
        assert_true((der != NULL) == (cases[i].code == ERR_NONE));
    }
}

static void signature_reading_is_strict(void **state)
{
    (void)state;
    static const struct {
        const char *der;
        enum err_code code;
    } cases[] = {
        {"3006020101020101", ERR_NONE},
        {"300602010102010100", ERR_SIGNATURE}, /* behind the end */
        {"3007020101020101", ERR_SIGNATURE}, /* cut short */
        {"300702020001020101", ERR_SIGNATURE}, /* padded */
        {"3006020181020101", ERR_SIGNATURE}, /* negative */
        {"3006020100020101", ERR_SIGNATURE}, /* zero */
        {"308106020101020101", ERR_SIGNATURE}, /* long length */
        {"3080020101020101", ERR_SIGNATURE}, /* indefinite length */
        {"3003020101", ERR_SIGNATURE}, /* s is missing */
        {"3009020101020101020101", ERR_SIGNATURE}, /* a third number */
        {"3106020101020101", ERR_SIGNATURE}, /* a set */
        {"", ERR_SIGNATURE},
        {"30", ERR_SIGNATURE},
        {"3027022101" ZERO "020101", ERR_SIGNATURE}, /* 33 bytes */
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *der = fixture_hex(cases[i].der);
        uint8_t raw[64];
        struct err err = ERR_INIT;
        assert_int_equal(sm2_signature_from_der(span_bytes(der), raw, &err), cases[i].code);
    }
}

static void makes_rsa_keys_of_the_allowed_sizes(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        uint8_t first;
        uint32_t exponent;
        enum err_code code;
    } cases[] = {
        {256, 0x80, 65537, ERR_NONE},
        {256, 0x7F, 65537, ERR_CERT_ALGORITHM},
        {512, 0xFF, 65537, ERR_NONE},
        {513, 0x01, 65537, ERR_CERT_ALGORITHM},
        {128, 0x80, 65537, ERR_CERT_ALGORITHM},
        {256, 0x80, 0xFFFFFFFF, ERR_NONE},
        {256, 0x80, 3, ERR_NONE},
        {256, 0x80, 1, ERR_CERT_ALGORITHM},
        {256, 0x80, 0, ERR_CERT_ALGORITHM},
        {256, 0x80, 65536, ERR_CERT_ALGORITHM},
        {4096, 0x80, 3, ERR_CERT_ALGORITHM},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *modulus = bytes_new_size(cases[i].bytes);
        AUTO(bytes_freep) struct bytes *spki = NULL;
        struct err err = ERR_INIT;
        modulus->at[0] = cases[i].first;
        modulus->at[modulus->len - 1] = 1;
        assert_int_equal(rsa_public_key(span_bytes(modulus), cases[i].exponent, &spki, &err),
                         cases[i].code);
        assert_true((spki != NULL) == (cases[i].code == ERR_NONE));
    }
    struct bytes *spki = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(rsa_public_key(SPAN_NONE, 65537, &spki, &err), ERR_CERT_ALGORITHM);
}

static void an_rsa_key_is_as_openssl_writes_it(void **state)
{
    (void)state;
    AUTO(fixture_key_freep) struct fixture_key *key = fixture_key_new(CERT_RSA, 2048);
    AUTO(ossl_bn_freep) BIGNUM *n = NULL;
    AUTO(bytes_freep) struct bytes *modulus = bytes_new_size(256);
    AUTO(bytes_freep) struct bytes *spki = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(EVP_PKEY_get_bn_param(key->key, "n", &n), 1);
    assert_int_equal(BN_bn2binpad(n, modulus->at, 256), 256);
    assert_int_equal(rsa_public_key(span_bytes(modulus), 65537, &spki, &err), ERR_NONE);
    assert_true(span_equal(span_bytes(spki), span_bytes(key->public_key)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(makes_the_usual_public_key, fixture_no_errors_left),
        cmocka_unit_test_teardown(refuses_a_point_off_the_curve, fixture_no_errors_left),
        cmocka_unit_test_teardown(digests_as_the_standard_does, fixture_no_errors_left),
        cmocka_unit_test_teardown(digest_wants_a_key_of_sm2, fixture_no_errors_left),
        cmocka_unit_test_teardown(verifies_the_example, fixture_no_errors_left),
        cmocka_unit_test_teardown(no_flipped_bit_of_a_signature_verifies, fixture_no_errors_left),
        cmocka_unit_test_teardown(signature_numbers_stay_inside_the_group, fixture_no_errors_left),
        cmocka_unit_test_teardown(signature_reading_is_strict, fixture_no_errors_left),
        cmocka_unit_test_teardown(makes_rsa_keys_of_the_allowed_sizes, fixture_no_errors_left),
        cmocka_unit_test_teardown(an_rsa_key_is_as_openssl_writes_it, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/sm2", tests, NULL, NULL);
}
