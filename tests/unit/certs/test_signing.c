#include "certs/signing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "certs/sm2.h"
#include "fixture.h"

/* A token that remembers what it was given and answers what it was told to. */
struct recorder {
    struct bytes *input;
    struct bytes *answer;
    int calls;
};

static enum err_code record(void *self, struct span input, struct bytes **out, struct err *err)
{
    struct recorder *recorder = self;
    (void)err;
    recorder->calls++;
    bytes_free(recorder->input);
    recorder->input = bytes_new(input);
    *out = bytes_new(span_bytes(recorder->answer));
    return ERR_NONE;
}

static void recorder_done(struct recorder *recorder)
{
    bytes_freep(&recorder->input);
    bytes_freep(&recorder->answer);
}

static struct bytes *answer_of(size_t length)
{
    struct bytes *answer = bytes_new_size(length);
    memset(answer->at, 0x11, length);
    return answer;
}

/* e of the example in GB/T 32918.5. */
static void an_sm2_token_is_given_e(void **state)
{
    (void)state;
    AUTO(bytes_freep)
    struct bytes *x =
        fixture_hex("09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020");
    AUTO(bytes_freep)
    struct bytes *y =
        fixture_hex("CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13");
    AUTO(bytes_freep)
    struct bytes *e =
        fixture_hex("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640");
    AUTO(recorder_done) struct recorder recorder = {.answer = answer_of(64)};
    AUTO(bytes_freep) struct bytes *spki = NULL;
    AUTO(bytes_freep) struct bytes *signature = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(sm2_public_key(x->at, y->at, &spki, &err), ERR_NONE);
    const struct signer signer = {CERT_SM2, span_bytes(spki), record, &recorder};
    assert_int_equal(signer_sign_message(&signer, span_text("message digest"), &signature, &err),
                     ERR_NONE);
    assert_int_equal(recorder.calls, 1);
    assert_true(span_equal(span_bytes(recorder.input), span_bytes(e)));
    assert_int_equal(signature->len, 2 + 2 + 32 + 2 + 32);
    assert_int_equal(signature->at[0], 0x30);
}

static void an_rsa_token_is_given_a_digest_info(void **state)
{
    (void)state;
    AUTO(bytes_freep)
    struct bytes *info =
        fixture_hex("3031300D060960864801650304020105000420"
                    "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
    AUTO(recorder_done) struct recorder recorder = {.answer = answer_of(256)};
    AUTO(bytes_freep) struct bytes *signature = NULL;
    const struct signer signer = {CERT_RSA, SPAN_NONE, record, &recorder};
    struct err err = ERR_INIT;
    assert_int_equal(signer_sign_message(&signer, span_text("abc"), &signature, &err), ERR_NONE);
    assert_true(span_equal(span_bytes(recorder.input), span_bytes(info)));
    assert_true(span_equal(span_bytes(signature), span_bytes(recorder.answer)));
}

/* The digests of "abc". Source: FIPS 180-4's examples. */
static void a_token_on_a_nist_curve_is_given_the_digest(void **state)
{
    (void)state;
    static const struct {
        enum cert_algorithm algorithm;
        const char *digest;
        size_t answer;
    } cases[] = {
        {CERT_P256, "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", 64},
        {CERT_P384,
         "CB00753F45A35E8BB5A03D699AC65007272C32AB0EDED1631A8B605A43FF5BED"
         "8086072BA1E7CC2358BAECA134C825A7",
         96},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *digest = fixture_hex(cases[i].digest);
        AUTO(recorder_done) struct recorder recorder = {.answer = answer_of(cases[i].answer)};
        AUTO(bytes_freep) struct bytes *signature = NULL;
        const struct signer signer = {cases[i].algorithm, SPAN_NONE, record, &recorder};
        struct err err = ERR_INIT;
        assert_int_equal(signer_sign_message(&signer, span_text("abc"), &signature, &err),
                         ERR_NONE);
        assert_int_equal(recorder.calls, 1);
        assert_true(span_equal(span_bytes(recorder.input), span_bytes(digest)));
        assert_int_equal(signature->at[0], 0x30);
    }
}

static void an_answer_of_impossible_length_is_refused(void **state)
{
    (void)state;
    static const struct {
        enum cert_algorithm algorithm;
        size_t length;
        enum err_code code;
    } cases[] = {
        {CERT_SM2, 63, ERR_SIGNATURE},  {CERT_SM2, 64, ERR_NONE},
        {CERT_SM2, 65, ERR_SIGNATURE},  {CERT_SM2, 0, ERR_SIGNATURE},
        {CERT_RSA, 255, ERR_SIGNATURE}, {CERT_RSA, 256, ERR_NONE},
        {CERT_RSA, 512, ERR_NONE},      {CERT_RSA, 513, ERR_SIGNATURE},
        {CERT_RSA, 0, ERR_SIGNATURE},   {CERT_P256, 63, ERR_SIGNATURE},
        {CERT_P256, 64, ERR_NONE},      {CERT_P256, 65, ERR_SIGNATURE},
        {CERT_P384, 64, ERR_SIGNATURE}, {CERT_P384, 95, ERR_SIGNATURE},
        {CERT_P384, 96, ERR_NONE},      {CERT_P384, 97, ERR_SIGNATURE},
    };
    AUTO(fixture_key_freep) struct fixture_key *key = fixture_key_new(CERT_SM2, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(recorder_done) struct recorder recorder = {.answer = answer_of(cases[i].length)};
        AUTO(bytes_freep) struct bytes *signature = NULL;
        const struct signer signer = {cases[i].algorithm, span_bytes(key->public_key), record,
                                      &recorder};
        struct err err = ERR_INIT;
        assert_int_equal(signer_sign_message(&signer, span_text("abc"), &signature, &err),
                         cases[i].code);
        assert_true((signature != NULL) == (cases[i].code == ERR_NONE));
    }
}

static void the_signers_error_is_handed_on(void **state)
{
    (void)state;
    static const enum cert_algorithm algorithms[] = {CERT_SM2, CERT_RSA, CERT_P256, CERT_P384};
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
        AUTO(fixture_key_freep) struct fixture_key *key = fixture_key_new(algorithms[i], 2048);
        struct bytes *signature = NULL;
        struct err err = ERR_INIT;
        key->refuse_with = ERR_PIN_LOCKED;
        assert_int_equal(signer_sign_message(&key->signer, span_text("abc"), &signature, &err),
                         ERR_PIN_LOCKED);
        assert_int_equal(err.foreign, 0x63C2);
        assert_string_equal(err.detail, "the token said no");
        assert_null(signature);
    }
}

static void a_wrong_public_key_never_reaches_the_token(void **state)
{
    (void)state;
    AUTO(recorder_done) struct recorder recorder = {.answer = answer_of(64)};
    struct bytes *signature = NULL;
    const struct signer signer = {CERT_SM2, SPAN_NONE, record, &recorder};
    struct err err = ERR_INIT;
    assert_int_equal(signer_sign_message(&signer, span_text("abc"), &signature, &err),
                     ERR_CERT_PUBLIC_KEY);
    assert_int_equal(recorder.calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_sm2_token_is_given_e, fixture_no_errors_left),
        cmocka_unit_test_teardown(an_rsa_token_is_given_a_digest_info, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_token_on_a_nist_curve_is_given_the_digest,
                                  fixture_no_errors_left),
        cmocka_unit_test_teardown(an_answer_of_impossible_length_is_refused,
                                  fixture_no_errors_left),
        cmocka_unit_test_teardown(the_signers_error_is_handed_on, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_wrong_public_key_never_reaches_the_token,
                                  fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/signing", tests, NULL, NULL);
}
