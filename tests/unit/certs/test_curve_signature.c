#include "certs/curve_signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "certs/public_key.h"
#include "fixture.h"

/* The message "sample" of RFC 6979 A.2.5 (P-256, SHA-256) and A.2.6 (P-384, SHA-384). */
static const struct {
    enum cert_algorithm algorithm;
    const char *x, *y, *raw;
} examples[] = {
    {CERT_P256, "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6",
     "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
     "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
     "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
    {CERT_P384,
     "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64"
     "DEF8F0EA9055866064A254515480BC13",
     "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1"
     "288B231C3AE0D4FE7344FD2533264720",
     "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C"
     "81A648152E44ACF96E36DD1E80FABE4699EF4AEB15F178CEA1FE40DB2603138F"
     "130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8"},
};

static void the_examples_verify_and_no_flipped_bit_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        AUTO(bytes_freep) struct bytes *x = fixture_hex(examples[i].x);
        AUTO(bytes_freep) struct bytes *y = fixture_hex(examples[i].y);
        AUTO(bytes_freep) struct bytes *raw = fixture_hex(examples[i].raw);
        AUTO(bytes_freep) struct bytes *spki = NULL;
        AUTO(bytes_freep) struct bytes *der = NULL;
        AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
        enum cert_algorithm algorithm;
        uint8_t back[CURVE_SIGNATURE_RAW_BYTES_MAX];
        struct err err = ERR_INIT;
        assert_int_equal(public_key_of_point(examples[i].algorithm, x->at, y->at, &spki, &err),
                         ERR_NONE);
        assert_int_equal(public_key_open(span_bytes(spki), &algorithm, &key, &err), ERR_NONE);
        assert_int_equal(algorithm, examples[i].algorithm);
        assert_int_equal(curve_signature_to_der(algorithm, span_bytes(raw), &der, &err), ERR_NONE);
        assert_int_equal(curve_signature_from_der(algorithm, span_bytes(der), back, &err),
                         ERR_NONE);
        assert_memory_equal(back, raw->at, raw->len);
        assert_int_equal(
            public_key_verify(key, algorithm, span_text("sample"), span_bytes(der), &err),
            ERR_NONE);
        for (size_t bit = 0; bit < der->len * 8; bit++) {
            der->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(
                public_key_verify(key, algorithm, span_text("sample"), span_bytes(der), &err),
                ERR_SIGNATURE);
            der->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

#define P256_N "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"
#define P256_N_MINUS_1 "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632550"
#define P384_N \
    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF" \
    "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973"
#define P384_N_MINUS_1 \
    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF" \
    "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52972"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE "0000000000000000000000000000000000000000000000000000000000000001"

static void numbers_stay_inside_the_group(void **state)
{
    (void)state;
    static const struct {
        enum cert_algorithm algorithm;
        const char *raw;
        enum err_code code;
    } cases[] = {
        {CERT_P256, ONE ONE, ERR_NONE},
        {CERT_P256, P256_N_MINUS_1 P256_N_MINUS_1, ERR_NONE},
        {CERT_P256, P256_N ONE, ERR_SIGNATURE},
        {CERT_P256, ONE P256_N, ERR_SIGNATURE},
        {CERT_P256, ZERO ONE, ERR_SIGNATURE},
        {CERT_P256, ONE ZERO, ERR_SIGNATURE},
        {CERT_P256, ONE, ERR_SIGNATURE},
        {CERT_P256, ONE ONE "00", ERR_SIGNATURE},
        {CERT_P256, "", ERR_SIGNATURE},
        {CERT_P384, P384_N_MINUS_1 P384_N_MINUS_1, ERR_NONE},
        {CERT_P384, P384_N P384_N_MINUS_1, ERR_SIGNATURE},
        {CERT_P384, P384_N_MINUS_1 P384_N, ERR_SIGNATURE},
        {CERT_P384, ONE ONE, ERR_SIGNATURE},
        {CERT_P384, ZERO ZERO ZERO, ERR_SIGNATURE},
        {CERT_SM2, ONE ONE, ERR_NONE},
        {CERT_RSA, ONE ONE, ERR_SIGNATURE},
        {CERT_RSA, "", ERR_SIGNATURE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *raw = fixture_hex(cases[i].raw);
        AUTO(bytes_freep) struct bytes *der = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(curve_signature_to_der(cases[i].algorithm, span_bytes(raw), &der, &err),
                         cases[i].code);
        assert_true((der != NULL) == (cases[i].code == ERR_NONE));
    }
}

static void reading_is_strict(void **state)
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
        {"", ERR_SIGNATURE},
        {"3038023301" ZERO "00000000000000000000000000000000"
         "0000020101",
         ERR_SIGNATURE}, /* 51 bytes */
    };
    static const enum cert_algorithm algorithms[] = {CERT_P256, CERT_P384, CERT_SM2};
    for (size_t i = 0; i < ARRAY_SIZE(cases) * ARRAY_SIZE(algorithms); i++) {
        AUTO(bytes_freep)
        struct bytes *der = fixture_hex(cases[i / ARRAY_SIZE(algorithms)].der);
        uint8_t raw[CURVE_SIGNATURE_RAW_BYTES_MAX] = {0xEE};
        struct err err = ERR_INIT;
        enum err_code code = curve_signature_from_der(algorithms[i % ARRAY_SIZE(algorithms)],
                                                      span_bytes(der), raw, &err);
        assert_int_equal(code, cases[i / ARRAY_SIZE(algorithms)].code);
        assert_int_equal(raw[0], code == ERR_NONE ? 0 : 0xEE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_examples_verify_and_no_flipped_bit_does,
                                  fixture_no_errors_left),
        cmocka_unit_test_teardown(numbers_stay_inside_the_group, fixture_no_errors_left),
        cmocka_unit_test_teardown(reading_is_strict, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/curve_signature", tests, NULL, NULL);
}
