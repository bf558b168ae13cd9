#include "certs/token_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "certs/public_key.h"
#include "certs/signing.h"
#include "certs/sm2.h"
#include "fixture.h"

static struct fixture_key *sm2_key, *rsa_key, *p256_key, *p384_key;

static EVP_PKEY *opened(struct token_key *token_key)
{
    EVP_PKEY *key = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(token_key_open(token_key, &key, &err), ERR_NONE);
    return key;
}

static EVP_MD_CTX *started(EVP_PKEY *key, const char *digest)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(
        EVP_DigestSignInit_ex(ctx, NULL, digest, ossl_context(), TOKEN_KEY_PROPERTIES, key, NULL),
        1);
    return ctx;
}

static void it_looks_like_the_key_it_stands_for(void **state)
{
    (void)state;
    struct token_key sm2 = {.signer = &sm2_key->signer};
    struct token_key rsa = {.signer = &rsa_key->signer};
    AUTO(ossl_pkey_freep) EVP_PKEY *a = opened(&sm2);
    AUTO(ossl_pkey_freep) EVP_PKEY *b = opened(&rsa);
    assert_true(EVP_PKEY_is_a(a, "SM2"));
    assert_true(EVP_PKEY_is_a(b, "RSA"));
    assert_int_equal(EVP_PKEY_get_id(a), EVP_PKEY_SM2);
    assert_int_equal(EVP_PKEY_get_bits(a), 256);
    assert_int_equal(EVP_PKEY_get_bits(b), 2048);
    struct fixture_key *const curves[] = {p256_key, p384_key};
    for (size_t i = 0; i < ARRAY_SIZE(curves); i++) {
        struct token_key token_key = {.signer = &curves[i]->signer};
        AUTO(ossl_pkey_freep) EVP_PKEY *key = opened(&token_key);
        assert_true(EVP_PKEY_is_a(key, "EC"));
        assert_int_equal(EVP_PKEY_get_bits(key), i == 0 ? 256 : 384);
    }
}

static void a_message_in_parts_is_signed_once(void **state)
{
    (void)state;
    struct fixture_key *const keys[] = {sm2_key, rsa_key, p256_key, p384_key};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        struct token_key token_key = {.signer = &keys[i]->signer};
        AUTO(ossl_pkey_freep) EVP_PKEY *key = opened(&token_key);
        AUTO(ossl_md_ctx_freep)
        EVP_MD_CTX *ctx = started(key, public_key_digest(keys[i]->signer.algorithm));
        AUTO(ossl_pkey_freep) EVP_PKEY *public_key = NULL;
        enum cert_algorithm algorithm;
        uint8_t signature[SIGNING_BYTES_MAX];
        size_t length = 0;
        struct err err = ERR_INIT;
        keys[i]->calls = 0;
        assert_int_equal(EVP_DigestSignUpdate(ctx, "mess", 4), 1);
        assert_int_equal(EVP_DigestSignUpdate(ctx, "age", 3), 1);
        assert_int_equal(EVP_DigestSignFinal(ctx, NULL, &length), 1);
        assert_int_equal(keys[i]->calls, 0); /* asking for the room does not touch the token */
        assert_int_equal(length, SIGNING_BYTES_MAX);
        assert_int_equal(EVP_DigestSignFinal(ctx, signature, &length), 1);
        assert_int_equal(keys[i]->calls, 1);
        assert_int_equal(
            public_key_open(span_bytes(keys[i]->public_key), &algorithm, &public_key, &err),
            ERR_NONE);
        assert_int_equal(public_key_verify(public_key, algorithm, span_text("message"),
                                           span_of(signature, length), &err),
                         ERR_NONE);
    }
}

static void other_digests_are_refused(void **state)
{
    (void)state;
    static const char *const digests[] = {"SHA1",   "SHA384", "SHA512",
                                          "SHA256", "SM3",    "no such digest"};
    struct fixture_key *const keys[] = {sm2_key, rsa_key, p256_key, p384_key};
    for (size_t i = 0; i < ARRAY_SIZE(digests) * ARRAY_SIZE(keys); i++) {
        const struct fixture_key *of = keys[i % ARRAY_SIZE(keys)];
        const char *digest = digests[i / ARRAY_SIZE(keys)];
        struct token_key token_key = {.signer = &of->signer};
        AUTO(ossl_pkey_freep) EVP_PKEY *key = opened(&token_key);
        AUTO(ossl_md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        int result = EVP_DigestSignInit_ex(ctx, NULL, digest, ossl_context(), TOKEN_KEY_PROPERTIES,
                                           key, NULL);
        ERR_clear_error();
        assert_int_equal(result == 1, strcmp(digest, public_key_digest(of->signer.algorithm)) == 0);
    }
}

static void there_is_no_private_key_to_be_had(void **state)
{
    (void)state;
    struct token_key token_key = {.signer = &sm2_key->signer};
    AUTO(ossl_pkey_freep) EVP_PKEY *key = opened(&token_key);
    AUTO(ossl_bn_clear_freep) BIGNUM *number = NULL;
    OSSL_PARAM *params = NULL;
    uint8_t *der = NULL;
    assert_int_not_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number), 1);
    assert_int_not_equal(EVP_PKEY_todata(key, EVP_PKEY_KEYPAIR, &params), 1);
    assert_true(i2d_PrivateKey(key, &der) <= 0);
    ERR_clear_error();
}

static void the_signers_error_is_kept(void **state)
{
    (void)state;
    struct token_key token_key = {.signer = &sm2_key->signer};
    AUTO(ossl_pkey_freep) EVP_PKEY *key = opened(&token_key);
    AUTO(ossl_md_ctx_freep) EVP_MD_CTX *ctx = started(key, "SM3");
    uint8_t signature[SIGNING_BYTES_MAX];
    size_t length = sizeof signature;
    struct err err = ERR_INIT;
    sm2_key->refuse_with = ERR_TOKEN_HUNG;
    int result = EVP_DigestSignFinal(ctx, signature, &length);
    sm2_key->refuse_with = ERR_NONE;
    assert_int_not_equal(result, 1);
    assert_int_equal(token_key_failed(&token_key, "sign", &err), ERR_TOKEN_HUNG);
    assert_int_equal(err.foreign, 0x63C2);
    assert_string_equal(err.detail, "the token said no");
    assert_int_equal(ERR_peek_error(), 0);
}

static void a_failure_of_openssl_is_told_as_such(void **state)
{
    (void)state;
    struct token_key token_key = {.signer = &sm2_key->signer, .err = ERR_INIT};
    struct err err = ERR_INIT;
    assert_int_equal(token_key_failed(&token_key, "sign", &err), ERR_CRYPTO);
    assert_string_equal(err.detail, "sign: refused");
}

static void a_signer_without_a_proper_key_is_refused(void **state)
{
    (void)state;
    struct signer signer = sm2_key->signer;
    struct token_key token_key = {.signer = &signer};
    EVP_PKEY *key = NULL;
    struct err err = ERR_INIT;
    signer.public_key = SPAN_NONE;
    assert_int_equal(token_key_open(&token_key, &key, &err), ERR_CERT_ALGORITHM);
    signer.public_key = rsa_key->signer.public_key;
    assert_int_equal(token_key_open(&token_key, &key, &err), ERR_CERT_ALGORITHM);
    signer.algorithm = CERT_P256;
    signer.public_key = p384_key->signer.public_key;
    assert_int_equal(token_key_open(&token_key, &key, &err), ERR_CERT_ALGORITHM);
    assert_null(key);
}

static int make_keys(void **state)
{
    (void)state;
    sm2_key = fixture_key_new(CERT_SM2, 0);
    rsa_key = fixture_key_new(CERT_RSA, 2048);
    p256_key = fixture_key_new(CERT_P256, 0);
    p384_key = fixture_key_new(CERT_P384, 0);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    fixture_key_freep(&sm2_key);
    fixture_key_freep(&rsa_key);
    fixture_key_freep(&p256_key);
    fixture_key_freep(&p384_key);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(it_looks_like_the_key_it_stands_for, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_message_in_parts_is_signed_once, fixture_no_errors_left),
        cmocka_unit_test_teardown(other_digests_are_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(there_is_no_private_key_to_be_had, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_signers_error_is_kept, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_failure_of_openssl_is_told_as_such, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_signer_without_a_proper_key_is_refused, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/token_key", tests, make_keys, free_keys);
}
