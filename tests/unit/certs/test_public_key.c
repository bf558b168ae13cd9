#include "certs/public_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "fixture.h"

static enum err_code open_key(struct span spki)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    enum cert_algorithm algorithm;
    struct err err = ERR_INIT;
    enum err_code code = public_key_open(spki, &algorithm, &key, &err);
    assert_true((key != NULL) == (code == ERR_NONE));
    return code;
}

static void keys_of_each_kind_open(void **state)
{
    (void)state;
    static const struct {
        enum cert_algorithm algorithm;
        unsigned bits;
    } kinds[] = {
        {CERT_SM2, 256}, {CERT_RSA, 2048}, {CERT_RSA, 3072}, {CERT_P256, 256}, {CERT_P384, 384}};
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        AUTO(fixture_key_freep)
        struct fixture_key *made = fixture_key_new(kinds[i].algorithm, kinds[i].bits);
        AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
        enum cert_algorithm algorithm;
        struct err err = ERR_INIT;
        assert_int_equal(public_key_open(span_bytes(made->public_key), &algorithm, &key, &err),
                         ERR_NONE);
        assert_int_equal(algorithm, kinds[i].algorithm);
        assert_int_equal(EVP_PKEY_get_bits(key), kinds[i].bits);
        assert_int_equal(EVP_PKEY_eq(key, made->key), 1);
        for (enum cert_algorithm other = 0; other < CERT_ALGORITHM_COUNT; other++)
            assert_true(public_key_is(key, other) == (other == algorithm));
    }
}

/* A flip may give another key, but only of the same kind and size. */
static void every_flipped_bit_is_harmless(void **state)
{
    (void)state;
    static const enum cert_algorithm algorithms[] = {CERT_SM2, CERT_RSA, CERT_P256, CERT_P384};
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
        AUTO(fixture_key_freep) struct fixture_key *made = fixture_key_new(algorithms[i], 2048);
        struct bytes *der = made->public_key;
        for (size_t bit = 0; bit < der->len * 8; bit++) {
            der->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
            enum err_code code = open_key(span_bytes(der));
            assert_true(code == ERR_CERT_ALGORITHM || code == ERR_CERT_PUBLIC_KEY ||
                        (code == ERR_NONE && algorithms[i] == CERT_RSA));
            der->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void every_cut_and_every_tail_is_refused(void **state)
{
    (void)state;
    static const enum cert_algorithm algorithms[] = {CERT_SM2, CERT_RSA, CERT_P256, CERT_P384};
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
        AUTO(fixture_key_freep) struct fixture_key *made = fixture_key_new(algorithms[i], 2048);
        for (size_t length = 0; length < made->public_key->len; length++) {
            AUTO(bytes_freep)
            struct bytes *cut = bytes_new(span_part(span_bytes(made->public_key), 0, length));
            assert_int_equal(open_key(span_bytes(cut)), ERR_CERT_ALGORITHM);
        }
        AUTO(bytes_freep) struct bytes *longer = bytes_new_size(made->public_key->len + 1);
        memcpy(longer->at, made->public_key->at, made->public_key->len);
        assert_int_equal(open_key(span_bytes(longer)), ERR_CERT_ALGORITHM);
    }
}

static void only_sm2_keys_have_a_point(void **state)
{
    (void)state;
    AUTO(fixture_key_freep) struct fixture_key *sm2 = fixture_key_new(CERT_SM2, 0);
    AUTO(fixture_key_freep)
    struct fixture_key *p256 = fixture_key_from(EVP_EC_gen("P-256"), CERT_SM2);
    struct span spki = span_bytes(sm2->public_key);
    struct span point = public_key_sm2_point(spki);
    assert_int_equal(point.len, SM2_POINT_BYTES);
    assert_ptr_equal(point.at + point.len, spki.at + spki.len);
    assert_int_equal(public_key_sm2_point(span_bytes(p256->public_key)).len, 0);
    assert_int_equal(public_key_sm2_point(SPAN_NONE).len, 0);
    struct bytes *none = NULL;
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(public_key_from_point(span_bytes(none), &key, &err), ERR_CERT_PUBLIC_KEY);
}

static void a_point_makes_the_key_that_openssl_writes(void **state)
{
    (void)state;
    static const enum cert_algorithm algorithms[] = {CERT_SM2, CERT_P256, CERT_P384};
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
        AUTO(fixture_key_freep) struct fixture_key *made = fixture_key_new(algorithms[i], 0);
        AUTO(bytes_freep) struct bytes *spki = NULL;
        struct bytes *none = NULL;
        struct err err = ERR_INIT;
        size_t width = public_key_coordinate_bytes(algorithms[i]);
        struct span point = public_key_point(algorithms[i], span_bytes(made->public_key));
        assert_int_equal(point.len, 2 * width);
        for (enum cert_algorithm other = 0; other < CERT_ALGORITHM_COUNT; other++)
            if (other != algorithms[i])
                assert_int_equal(public_key_point(other, span_bytes(made->public_key)).len, 0);
        assert_int_equal(
            public_key_of_point(algorithms[i], point.at, point.at + width, &spki, &err), ERR_NONE);
        assert_true(span_equal(span_bytes(spki), span_bytes(made->public_key)));
        assert_int_equal(public_key_of_point(algorithms[i], point.at, point.at, &none, &err),
                         ERR_CERT_PUBLIC_KEY);
        assert_null(none);
    }
}

static void rsa_has_no_point(void **state)
{
    (void)state;
    static const uint8_t zeros[48];
    struct bytes *none = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(public_key_coordinate_bytes(CERT_RSA), 0);
    assert_int_equal(public_key_of_point(CERT_RSA, zeros, zeros, &none, &err), ERR_CERT_ALGORITHM);
    for (enum cert_algorithm other = 0; other < CERT_ALGORITHM_COUNT; other++)
        assert_int_equal(public_key_point(other, SPAN_NONE).len, 0);
}

static void other_curves_are_refused(void **state)
{
    (void)state;
    static const char *const curves[] = {"P-224", "P-521", "secp256k1", "brainpoolP256r1"};
    for (size_t i = 0; i < ARRAY_SIZE(curves); i++) {
        AUTO(fixture_key_freep)
        struct fixture_key *key = fixture_key_from(EVP_EC_gen(curves[i]), CERT_P256);
        assert_int_equal(open_key(span_bytes(key->public_key)), ERR_CERT_ALGORITHM);
        assert_false(public_key_is(key->key, CERT_P256));
        assert_false(public_key_is(key->key, CERT_P384));
    }
}

static void signature_algorithms_are_these(void **state)
{
    (void)state;
    static const struct {
        const char *der;
        bool known;
        enum cert_algorithm algorithm;
    } cases[] = {
        {"300A06082A811CCF55018375", true, CERT_SM2},
        {"300C06082A811CCF550183750500", true, CERT_SM2},
        {"300D06092A864886F70D01010B0500", true, CERT_RSA},
        {"300B06092A864886F70D01010B", true, CERT_RSA},
        {"300D06092A864886F70D0101050500", false, CERT_RSA}, /* SHA-1 */
        {"300D06092A864886F70D0101040500", false, CERT_RSA}, /* MD5 */
        {"300A06082A8648CE3D040302", true, CERT_P256},
        {"300A06082A8648CE3D040303", true, CERT_P384},
        {"300C06082A8648CE3D0403020500", false, CERT_P256}, /* with parameters */
        {"300A06082A8648CE3D040304", false, CERT_P384}, /* SHA-512 */
        {"300906072A8648CE3D0401", false, CERT_P256}, /* SHA-1 */
        {"300A06082A811CCF5501837500", false, CERT_SM2},
        {"", false, CERT_SM2},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *der = fixture_hex(cases[i].der);
        enum cert_algorithm algorithm;
        assert_true(public_key_algorithm_of(span_bytes(der), &algorithm) == cases[i].known);
        if (cases[i].known)
            assert_int_equal(algorithm, cases[i].algorithm);
    }
    assert_int_equal(public_key_signature_algorithm(CERT_SM2).len, 12);
    assert_int_equal(public_key_signature_algorithm(CERT_RSA).len, 15);
    assert_int_equal(public_key_signature_algorithm(CERT_P256).at[11], 2);
    assert_int_equal(public_key_signature_algorithm(CERT_P384).at[11], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(keys_of_each_kind_open, fixture_no_errors_left),
        cmocka_unit_test_teardown(every_flipped_bit_is_harmless, fixture_no_errors_left),
        cmocka_unit_test_teardown(every_cut_and_every_tail_is_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(only_sm2_keys_have_a_point, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_point_makes_the_key_that_openssl_writes,
                                  fixture_no_errors_left),
        cmocka_unit_test_teardown(rsa_has_no_point, fixture_no_errors_left),
        cmocka_unit_test_teardown(other_curves_are_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(signature_algorithms_are_these, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/public_key", tests, NULL, NULL);
}
