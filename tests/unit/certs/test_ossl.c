#include "certs/ossl.h"

#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "certs/token_key.h"

static void *get(void *unused)
{
    (void)unused;
    return ossl_context();
}

static void all_threads_get_the_same_context(void **state)
{
    (void)state;
    pthread_t threads[8];
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get, NULL), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *context = NULL;
        pthread_join(threads[i], &context);
        assert_ptr_equal(context, ossl_context());
    }
}

/* What the rest of the process does with OpenSSL is not touched. */
static void the_process_keeps_its_own_context(void **state)
{
    (void)state;
    assert_int_equal(OSSL_PROVIDER_available(ossl_context(), TOKEN_KEY_PROVIDER), 1);
    assert_int_equal(OSSL_PROVIDER_available(ossl_context(), "default"), 1);
    assert_int_equal(OSSL_PROVIDER_available(NULL, TOKEN_KEY_PROVIDER), 0);
    AUTO(ossl_md_freep) EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
    assert_non_null(md);
}

static void keys_not_on_a_token_stay_with_the_default_provider(void **state)
{
    (void)state;
    static const char *const types[] = {"SM2", "RSA"};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        EVP_SIGNATURE *signature = EVP_SIGNATURE_fetch(ossl_context(), types[i], NULL);
        assert_string_equal(OSSL_PROVIDER_get0_name(EVP_SIGNATURE_get0_provider(signature)),
                            "default");
        EVP_SIGNATURE_free(signature);
    }
}

static void a_failure_empties_the_queue(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    ERR_raise(ERR_LIB_EVP, EVP_R_DECODE_ERROR);
    ERR_raise(ERR_LIB_EVP, EVP_R_BAD_DECRYPT);
    assert_int_equal(ossl_failed(&err, ERR_CRYPTO, "do it"), ERR_CRYPTO);
    assert_string_equal(err.detail, "do it: bad decrypt");
    assert_int_equal(ERR_peek_error(), 0);
    assert_int_equal(ossl_failed(&err, ERR_DER, "do it"), ERR_DER);
    assert_string_equal(err.detail, "do it: refused");
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    BIO *bio = NULL;
    BIGNUM *number = NULL;
    EVP_PKEY *key = NULL;
    X509 *x509 = NULL;
    ossl_bio_freep(&bio);
    ossl_bn_freep(&number);
    ossl_bn_clear_freep(&number);
    ossl_pkey_freep(&key);
    ossl_x509_freep(&x509);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_threads_get_the_same_context),
        cmocka_unit_test(the_process_keeps_its_own_context),
        cmocka_unit_test(keys_not_on_a_token_stay_with_the_default_provider),
        cmocka_unit_test(a_failure_empties_the_queue),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests_name("certs/ossl", tests, NULL, NULL);
}
