#include "certs/csr.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "certs/der.h"
#include "certs/sm2.h"
#include "fixture.h"

static struct fixture_key *sm2_key, *rsa_key, *p256_key, *p384_key;

static struct bytes *make(struct fixture_key *key)
{
    AUTO(bytes_freep) struct bytes *name = fixture_name("阳光建设有限公司", "张三");
    struct bytes *der = NULL;
    struct err err = ERR_INIT;
    if (csr_make(span_bytes(name), &key->signer, &der, &err) != ERR_NONE)
        fail_msg("%s: %s", err_code_text(err.code), err.detail);
    return der;
}

static void check_what_was_made(struct fixture_key *key)
{
    key->calls = 0;
    AUTO(bytes_freep) struct bytes *name = fixture_name("阳光建设有限公司", "张三");
    AUTO(bytes_freep) struct bytes *der = make(key);
    AUTO(csr_freep) struct csr *csr = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(key->calls, 1);
    assert_int_equal(csr_parse(span_bytes(der), &csr, &err), ERR_NONE);
    assert_int_equal(csr_peek(csr)->algorithm, key->signer.algorithm);
    assert_true(span_equal(csr_peek(csr)->public_key, span_bytes(key->public_key)));
    assert_true(span_equal(csr_peek(csr)->subject_der, span_bytes(name)));
}

static void an_sm2_key_makes_a_request(void **state)
{
    (void)state;
    check_what_was_made(sm2_key);
}

static void an_rsa_key_makes_a_request(void **state)
{
    (void)state;
    check_what_was_made(rsa_key);
}

static void keys_on_the_nist_curves_make_requests(void **state)
{
    (void)state;
    check_what_was_made(p256_key);
    check_what_was_made(p384_key);
}

static void set_default_id(X509_REQ *request)
{
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(id, (const uint8_t *)SM2_DEFAULT_ID, 16);
    X509_REQ_set0_distinguishing_id(request, id);
}

/* OpenSSL as the judge, with the identifier that CAs use. */
static void openssl_verifies_what_was_made(void **state)
{
    (void)state;
    struct fixture_key *const keys[] = {sm2_key, rsa_key, p256_key, p384_key};
    static const int algorithms[] = {NID_SM2_with_SM3, NID_sha256WithRSAEncryption,
                                     NID_ecdsa_with_SHA256, NID_ecdsa_with_SHA384};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        AUTO(bytes_freep) struct bytes *der = make(keys[i]);
        const uint8_t *at = der->at;
        X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der->len);
        assert_non_null(request);
        if (keys[i] == sm2_key)
            set_default_id(request);
        assert_int_equal(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
        assert_int_equal(X509_REQ_get_signature_nid(request), algorithms[i]);
        X509_REQ_free(request);
    }
}

static void the_signers_error_comes_back_unchanged(void **state)
{
    (void)state;
    struct fixture_key *const keys[] = {sm2_key, rsa_key, p256_key, p384_key};
    AUTO(bytes_freep) struct bytes *name = fixture_name(NULL, "a");
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        struct bytes *der = NULL;
        struct err err = ERR_INIT;
        keys[i]->refuse_with = ERR_TOKEN_REMOVED;
        keys[i]->calls = 0;
        assert_int_equal(csr_make(span_bytes(name), &keys[i]->signer, &der, &err),
                         ERR_TOKEN_REMOVED);
        keys[i]->refuse_with = ERR_NONE;
        assert_int_equal(keys[i]->calls, 1);
        assert_int_equal(err.foreign, 0x63C2);
        assert_string_equal(err.detail, "the token said no");
        assert_null(der);
    }
}

static enum err_code answer_rubbish(void *self, struct span input, struct bytes **out,
                                    struct err *err)
{
    (void)input;
    (void)err;
    *out = bytes_new_size(*(size_t *)self);
    memset((*out)->at, 0x01, (*out)->len);
    return ERR_NONE;
}

static void a_key_that_signs_wrongly_is_found(void **state)
{
    (void)state;
    static size_t lengths[] = {0, 63, 64, 65, 95, 96, 97, 255, 256, 257, 512, 513, 5000};
    struct fixture_key *const keys[] = {sm2_key, rsa_key, p256_key, p384_key};
    AUTO(bytes_freep) struct bytes *name = fixture_name(NULL, "a");
    for (size_t i = 0; i < ARRAY_SIZE(keys) * ARRAY_SIZE(lengths); i++) {
        struct signer signer = keys[i % ARRAY_SIZE(keys)]->signer;
        struct bytes *der = NULL;
        struct err err = ERR_INIT;
        signer.sign = answer_rubbish;
        signer.self = &lengths[i / ARRAY_SIZE(keys)];
        assert_int_equal(csr_make(span_bytes(name), &signer, &der, &err), ERR_SIGNATURE);
        assert_null(der);
    }
}

static void a_wrong_name_or_key_never_reaches_the_signer(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *name = fixture_name(NULL, "a");
    struct bytes *der = NULL;
    struct err err = ERR_INIT;
    struct span good = span_bytes(name);
    sm2_key->calls = 0;
    assert_int_equal(csr_make(SPAN_NONE, &sm2_key->signer, &der, &err), ERR_DER);
    assert_int_equal(csr_make(span_part(good, 0, good.len - 1), &sm2_key->signer, &der, &err),
                     ERR_DER);
    AUTO(bytes_freep) struct bytes *longer = bytes_new_size(good.len + 1);
    memcpy(longer->at, good.at, good.len);
    assert_int_equal(csr_make(span_bytes(longer), &sm2_key->signer, &der, &err), ERR_DER_TRAILING);
    AUTO(bytes_freep) struct bytes *number = fixture_hex("020101");
    assert_int_equal(csr_make(span_bytes(number), &sm2_key->signer, &der, &err), ERR_DER);
    AUTO(bytes_freep) struct bytes *huge = bytes_new_size(CSR_BYTES_MAX + 1);
    assert_int_equal(csr_make(span_bytes(huge), &sm2_key->signer, &der, &err), ERR_DER);
    struct signer signer = sm2_key->signer;
    signer.public_key = SPAN_NONE;
    assert_int_equal(csr_make(good, &signer, &der, &err), ERR_CERT_ALGORITHM);
    signer.public_key = span_bytes(rsa_key->public_key);
    assert_int_equal(csr_make(good, &signer, &der, &err), ERR_CERT_ALGORITHM);
    assert_int_equal(sm2_key->calls, 0);
    assert_null(der);
}

/* ---- reading ---- */

static enum err_code parse(struct span der)
{
    AUTO(csr_freep) struct csr *csr = NULL;
    struct err err = ERR_INIT;
    enum err_code code = csr_parse(der, &csr, &err);
    assert_int_equal(code, err.code);
    assert_true((csr != NULL) == (code == ERR_NONE));
    return code;
}

static void every_flipped_bit_is_refused(void **state)
{
    (void)state;
    struct fixture_key *const keys[] = {sm2_key, rsa_key, p256_key, p384_key};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        AUTO(bytes_freep) struct bytes *der = make(keys[i]);
        for (size_t bit = 0; bit < der->len * 8; bit++) {
            der->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
            enum err_code code = parse(span_bytes(der));
            assert_true(code == ERR_CSR || code == ERR_SIGNATURE || code == ERR_DER_TRAILING);
            der->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void every_cut_and_every_tail_is_refused(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = make(sm2_key);
    for (size_t length = 0; length < der->len; length++) {
        AUTO(bytes_freep) struct bytes *cut = bytes_new(span_part(span_bytes(der), 0, length));
        assert_int_equal(parse(span_bytes(cut)), ERR_CSR);
    }
    AUTO(bytes_freep) struct bytes *longer = bytes_new_size(der->len + 1);
    memcpy(longer->at, der->at, der->len);
    assert_int_equal(parse(span_bytes(longer)), ERR_DER_TRAILING);
    AUTO(bytes_freep) struct bytes *huge = bytes_new_size(CSR_BYTES_MAX + 1);
    assert_int_equal(parse(span_bytes(huge)), ERR_CSR);
}

static struct bytes *request_by_openssl(EVP_PKEY *key, const char *digest, const char *id,
                                        long version)
{
    X509_REQ *request = X509_REQ_new();
    assert_int_equal(X509_REQ_set_version(request, version), 1);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx;
    uint8_t *der = NULL;
    assert_int_equal(X509_REQ_set_pubkey(request, key), 1);
    assert_int_equal(EVP_DigestSignInit(ctx, &key_ctx, EVP_get_digestbyname(digest), NULL, key), 1);
    if (id != NULL)
        assert_int_equal(EVP_PKEY_CTX_set1_id(key_ctx, id, (int)strlen(id)), 1);
    assert_true(X509_REQ_sign_ctx(request, ctx) > 0);
    int length = i2d_X509_REQ(request, &der);
    struct bytes *bytes = bytes_new(span_of(der, (size_t)length));
    OPENSSL_free(der);
    EVP_MD_CTX_free(ctx);
    X509_REQ_free(request);
    return bytes;
}

static void only_the_default_identifier_and_our_digests_are_taken(void **state)
{
    (void)state;
    struct {
        EVP_PKEY *key;
        const char *digest, *id;
        enum err_code code;
    } cases[] = {
        {sm2_key->key, "SM3", SM2_DEFAULT_ID, ERR_NONE},
        {sm2_key->key, "SM3", NULL, ERR_SIGNATURE},
        {sm2_key->key, "SM3", "1234567812345679", ERR_SIGNATURE},
        {rsa_key->key, "SHA256", NULL, ERR_NONE},
        {rsa_key->key, "SHA1", NULL, ERR_CSR},
        {rsa_key->key, "SHA512", NULL, ERR_CSR},
        {p256_key->key, "SHA256", NULL, ERR_NONE},
        {p256_key->key, "SHA384", NULL, ERR_CSR},
        {p256_key->key, "SHA1", NULL, ERR_CSR},
        {p384_key->key, "SHA384", NULL, ERR_NONE},
        {p384_key->key, "SHA256", NULL, ERR_CSR},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep)
        struct bytes *der = request_by_openssl(cases[i].key, cases[i].digest, cases[i].id, 0);
        assert_int_equal(parse(span_bytes(der)), cases[i].code);
    }
}

static void other_keys_are_refused(void **state)
{
    (void)state;
    EVP_PKEY *small = EVP_RSA_gen(1024);
    EVP_PKEY *p521 = EVP_EC_gen("P-521");
    AUTO(bytes_freep) struct bytes *by_small = request_by_openssl(small, "SHA256", NULL, 0);
    AUTO(bytes_freep) struct bytes *by_p521 = request_by_openssl(p521, "SHA256", NULL, 0);
    assert_int_equal(parse(span_bytes(by_small)), ERR_CSR);
    assert_int_equal(parse(span_bytes(by_p521)), ERR_CSR);
    EVP_PKEY_free(small);
    EVP_PKEY_free(p521);
}

static void only_version_1_is_taken(void **state)
{
    (void)state;
    AUTO(bytes_freep)
    struct bytes *other = request_by_openssl(sm2_key->key, "SM3", SM2_DEFAULT_ID, 1);
    assert_int_equal(parse(span_bytes(other)), ERR_CSR);
}

/* The name of the algorithm is not part of what is signed. */
static void the_algorithm_named_is_that_of_the_key(void **state)
{
    (void)state;
    static const uint8_t rsa_with_sha256[] = {0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
                                              0xF7, 0x0D, 0x01, 0x01, 0x0B, 0x05, 0x00};
    AUTO(bytes_freep) struct bytes *der = make(sm2_key);
    AUTO(buf_done) struct buf content = BUF_INIT(CSR_BYTES_MAX);
    AUTO(buf_done) struct buf changed = BUF_INIT(CSR_BYTES_MAX);
    struct span from = span_bytes(der);
    struct span request, info, algorithm, signature;
    assert_true(der_take(&from, DER_SEQUENCE, &request));
    assert_true(der_take_whole(&request, DER_SEQUENCE, &info));
    assert_true(der_take_whole(&request, DER_SEQUENCE, &algorithm));
    assert_true(der_take_whole(&request, DER_BIT_STRING, &signature));
    buf_add(&content, info);
    buf_add(&content, SPAN_ARRAY(rsa_with_sha256));
    buf_add(&content, signature);
    der_add(&changed, DER_SEQUENCE, buf_span(&content));
    assert_int_equal(parse(buf_span(&changed)), ERR_CSR);
}

/* ---- threads ---- */

struct worker {
    pthread_t thread;
    struct fixture_key *key;
    enum err_code expected;
    int wrong;
};

static void *work(void *self)
{
    struct worker *worker = self;
    struct signer signer = worker->key->signer;
    AUTO(bytes_freep) struct bytes *name = fixture_name(NULL, "a");
    for (int i = 0; i < 20; i++) {
        AUTO(bytes_freep) struct bytes *der = NULL;
        struct err err = ERR_INIT;
        worker->wrong += csr_make(span_bytes(name), &signer, &der, &err) != worker->expected;
    }
    worker->wrong += ERR_peek_error() != 0;
    return NULL;
}

static void each_thread_gets_its_own_error(void **state)
{
    (void)state;
    static const enum err_code errors[] = {ERR_NONE, ERR_TOKEN_REMOVED, ERR_TOKEN_HUNG,
                                           ERR_TOKEN_LOGIN_LOST};
    struct worker workers[ARRAY_SIZE(errors)] = {0};
    for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
        workers[i].key = fixture_key_new(CERT_SM2, 0);
        workers[i].key->refuse_with = workers[i].expected = errors[i];
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(workers); i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].wrong, 0);
        fixture_key_free(workers[i].key);
    }
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
        /* first: the threads race for the library context */
        cmocka_unit_test_teardown(each_thread_gets_its_own_error, fixture_no_errors_left),
        cmocka_unit_test_teardown(an_sm2_key_makes_a_request, fixture_no_errors_left),
        cmocka_unit_test_teardown(an_rsa_key_makes_a_request, fixture_no_errors_left),
        cmocka_unit_test_teardown(keys_on_the_nist_curves_make_requests, fixture_no_errors_left),
        cmocka_unit_test_teardown(openssl_verifies_what_was_made, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_signers_error_comes_back_unchanged, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_key_that_signs_wrongly_is_found, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_wrong_name_or_key_never_reaches_the_signer,
                                  fixture_no_errors_left),
        cmocka_unit_test_teardown(every_flipped_bit_is_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(every_cut_and_every_tail_is_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(only_the_default_identifier_and_our_digests_are_taken,
                                  fixture_no_errors_left),
        cmocka_unit_test_teardown(other_keys_are_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(only_version_1_is_taken, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_algorithm_named_is_that_of_the_key, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/csr", tests, make_keys, free_keys);
}
