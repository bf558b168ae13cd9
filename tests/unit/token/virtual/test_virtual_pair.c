#include "token/virtual/virtual_pair.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "bench.h"

#define ENVELOPE_CIPHER_DER \
    "3079022011C88AE04CEC1BA554D03D5B5970333A83585826C2A985DE5520D9E934389EFB02210084B52D344FB21A" \
    "A8" \
    "EA38A4940C8332692B8D4DA2393549212EAFDC0F11CA5C9C042015D9E4D803966411BDA0C1CAA1CA12FE30F887A3" \
    "C5" \
    "7EDAD418FB60407BEA259004109FC075DCF83B264F74FD38CE164EFA21"
/* The order of the curve, and one and two less. */
#define ORDER "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123"
#define ORDER_LESS_1 "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54122"
#define ORDER_LESS_2 "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54121"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static struct virtual_pair *pair_of(const char *scalar_hex)
{
    struct err err = ERR_INIT;
    struct virtual_pair *pair = NULL;
    AUTO(bytes_freep) struct bytes *scalar = bench_bytes(scalar_hex);
    if (virtual_pair_from_scalar(scalar->at, &pair, &err) != ERR_NONE)
        assert_int_equal(err.code, ERR_CRYPTO);
    return pair;
}

static void makes_a_pair_from_the_example_s_scalar(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    uint8_t point[64];
    AUTO(virtual_pair_freep) struct virtual_pair *pair = pair_of(SIGN_SCALAR);
    assert_non_null(pair);
    assert_int_equal(virtual_pair_kind(pair), VIRTUAL_PAIR_SM2);
    assert_int_equal(virtual_pair_bits(pair), 256);
    assert_int_equal(virtual_pair_point(pair, point, &err), ERR_NONE);
    AUTO(memory_freep) char *hex = hex_encode(SPAN_ARRAY(point));
    assert_string_equal(hex, SIGN_POINT);
    assert_int_equal(virtual_pair_kind(NULL), VIRTUAL_PAIR_NONE);
    assert_int_equal(virtual_pair_bits(NULL), 0);
}

static void refuses_scalars_out_of_range(void **state)
{
    (void)state;
    static const char *const bad[] = {ZERO, ORDER_LESS_1, ORDER};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_null(pair_of(bad[i]));
    AUTO(virtual_pair_freep) struct virtual_pair *last = pair_of(ORDER_LESS_2);
    assert_non_null(last);
}

static void signs_sm2_so_that_it_verifies(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    uint8_t signature[64];
    AUTO(virtual_pair_freep) struct virtual_pair *pair = pair_of(SIGN_SCALAR);
    AUTO(bytes_freep) struct bytes *point = bench_bytes(SIGN_POINT);
    AUTO(bytes_freep) struct bytes *e = bench_bytes(EXAMPLE_E);
    AUTO(bytes_freep) struct bytes *known = bench_bytes(EXAMPLE_SIGNATURE);
    assert_true(virtual_pair_verify_sm2(point->at, e->at, known->at));
    for (int i = 0; i < 20; i++) {
        assert_int_equal(virtual_pair_sign_sm2(pair, e->at, signature, &err), ERR_NONE);
        assert_true(virtual_pair_verify_sm2(point->at, e->at, signature));
    }
    signature[0] ^= 1;
    assert_false(virtual_pair_verify_sm2(point->at, e->at, signature));
    point->at[0] ^= 1; /* not on the curve */
    assert_false(virtual_pair_verify_sm2(point->at, e->at, known->at));
}

static void decrypts_the_known_envelope(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    AUTO(virtual_pair_freep) struct virtual_pair *pair = pair_of(SIGN_SCALAR);
    AUTO(bytes_freep) struct bytes *c1 = bench_bytes(ENVELOPE_C1);
    AUTO(bytes_freep) struct bytes *c3 = bench_bytes(ENVELOPE_C3);
    AUTO(bytes_freep) struct bytes *c2 = bench_bytes(ENVELOPE_C2);
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(bytes_freep) struct bytes *plain = NULL;
    assert_int_equal(virtual_pair_cipher_der(c1->at, c3->at, span_bytes(c2), &der, &err), ERR_NONE);
    AUTO(memory_freep) char *der_hex = hex_encode(span_bytes(der));
    assert_string_equal(der_hex, ENVELOPE_CIPHER_DER);
    assert_int_equal(virtual_pair_decrypt(pair, span_bytes(der), &plain, &err), ERR_NONE);
    AUTO(memory_freep) char *plain_hex = hex_encode(span_bytes(plain));
    assert_string_equal(plain_hex, "000102030405060708090A0B0C0D0E0F");
    struct bytes *none = NULL;
    der->at[der->len - 1] ^= 1;
    assert_int_equal(virtual_pair_decrypt(pair, span_bytes(der), &none, &err), ERR_CRYPTO);
    assert_int_equal(virtual_pair_decrypt(pair, SPAN_NONE, &none, &err), ERR_CRYPTO);
    assert_null(none);
}

/* A certificate that says nothing but whose key it is. */
static X509 *certificate_of(const struct virtual_pair *pair)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"CN", -1, -1, 0);
    assert_int_equal(X509_set_issuer_name(certificate, name), 1);
    assert_int_equal(X509_set_pubkey(certificate, virtual_pair_peek(pair)), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    assert_true(X509_sign(certificate, virtual_pair_peek(pair), EVP_sha256()) > 0);
    return certificate;
}

static struct bytes *envelop(const struct virtual_pair *pair, const char *text)
{
    X509 *certificate = certificate_of(pair);
    STACK_OF(X509) *recipients = sk_X509_new_null();
    unsigned char *der = NULL;
    sk_X509_push(recipients, certificate);
    BIO *in = BIO_new_mem_buf(text, -1);
    CMS_ContentInfo *enveloped = CMS_encrypt(recipients, in, EVP_aes_256_cbc(), CMS_BINARY);
    int length = i2d_CMS_ContentInfo(enveloped, &der);
    assert_true(length > 0);
    struct bytes *out = bytes_new(span_of(der, (size_t)length));
    OPENSSL_free(der);
    CMS_ContentInfo_free(enveloped);
    BIO_free(in);
    sk_X509_free(recipients);
    X509_free(certificate);
    return out;
}

static void decrypts_what_was_enveloped_by_key_agreement(void **state)
{
    (void)state;
    static const enum virtual_pair_kind kinds[] = {VIRTUAL_PAIR_P256, VIRTUAL_PAIR_P384};
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct err err = ERR_INIT;
        AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
        AUTO(virtual_pair_freep) struct virtual_pair *other = NULL;
        AUTO(bytes_freep) struct bytes *plain = NULL;
        struct bytes *none = NULL;
        assert_int_equal(virtual_pair_generate(kinds[i], &pair, &err), ERR_NONE);
        assert_int_equal(virtual_pair_generate(kinds[i], &other, &err), ERR_NONE);
        AUTO(bytes_freep) struct bytes *enveloped = envelop(pair, "a sealed bid");
        assert_int_equal(virtual_pair_decrypt(pair, span_bytes(enveloped), &plain, &err), ERR_NONE);
        assert_true(span_equal(span_bytes(plain), span_text("a sealed bid")));
        assert_int_equal(virtual_pair_decrypt(other, span_bytes(enveloped), &none, &err),
                         ERR_CRYPTO);
        assert_int_equal(virtual_pair_decrypt(pair, span_text("nothing"), &none, &err), ERR_CRYPTO);
        assert_null(none);
    }
}

static void signs_rsa_over_any_input_that_fits(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    uint8_t modulus[VIRTUAL_RSA_BYTES];
    uint8_t signature[VIRTUAL_RSA_BYTES];
    uint8_t input[VIRTUAL_RSA_BYTES] = {0x30, 0x31};
    uint32_t exponent = 0;
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_RSA, &pair, &err), ERR_NONE);
    assert_int_equal(virtual_pair_bits(pair), 2048);
    assert_int_equal(virtual_pair_modulus(pair, modulus, &exponent, &err), ERR_NONE);
    assert_int_equal(exponent, 65537);
    assert_true(modulus[0] & 0x80);
    assert_int_equal(virtual_pair_sign_rsa(pair, span_of(input, 245), signature, &err), ERR_NONE);
    assert_int_equal(virtual_pair_sign_rsa(pair, span_of(input, 246), signature, &err), ERR_CRYPTO);
    assert_int_equal(virtual_pair_sign_rsa(pair, span_of(input, 51), signature, &err), ERR_NONE);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(virtual_pair_peek(pair), NULL);
    uint8_t recovered[VIRTUAL_RSA_BYTES];
    size_t length = sizeof recovered;
    assert_int_equal(EVP_PKEY_verify_recover_init(context), 1);
    assert_int_equal(
        EVP_PKEY_verify_recover(context, recovered, &length, signature, sizeof signature), 1);
    EVP_PKEY_CTX_free(context);
    assert_int_equal(length, 51);
    assert_memory_equal(recovered, input, 51);
}

static void survives_the_way_through_der(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    static const enum virtual_pair_kind kinds[] = {VIRTUAL_PAIR_SM2, VIRTUAL_PAIR_RSA,
                                                   VIRTUAL_PAIR_P256, VIRTUAL_PAIR_P384};
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
        AUTO(virtual_pair_freep) struct virtual_pair *again = NULL;
        AUTO(virtual_pair_wipe_der) struct bytes *der = NULL;
        struct virtual_pair *none = NULL;
        assert_int_equal(virtual_pair_generate(kinds[i], &pair, &err), ERR_NONE);
        assert_int_equal(virtual_pair_to_der(pair, &der, &err), ERR_NONE);
        assert_int_equal(virtual_pair_from_der(span_bytes(der), &again, &err), ERR_NONE);
        assert_int_equal(virtual_pair_kind(again), kinds[i]);
        assert_int_equal(EVP_PKEY_eq(virtual_pair_peek(pair), virtual_pair_peek(again)), 1);
        /* The byte behind the end is the zero that every struct bytes has. */
        assert_int_equal(virtual_pair_from_der(span_of(der->at, der->len + 1), &none, &err),
                         ERR_DER);
        assert_int_equal(virtual_pair_from_der(span_of(der->at, der->len - 1), &none, &err),
                         ERR_DER);
        assert_null(none);
    }
}

static void refuse_key(EVP_PKEY *key)
{
    struct err err = ERR_INIT;
    struct virtual_pair *pair = NULL;
    unsigned char *der = NULL;
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    int length = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    assert_true(length > 0);
    assert_int_equal(virtual_pair_from_der(span_of(der, (size_t)length), &pair, &err), ERR_DER);
    OPENSSL_free(der);
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(key);
}

static void refuses_keys_of_other_kinds(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct virtual_pair *pair = NULL;
    refuse_key(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"));
    refuse_key(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"));
    refuse_key(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024));
    refuse_key(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
    assert_int_equal(virtual_pair_from_der(SPAN_NONE, &pair, &err), ERR_DER);
    assert_int_equal(virtual_pair_from_der(span_text("not a key"), &pair, &err), ERR_DER);
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(VIRTUAL_PAIR_DER_BYTES_MAX + 1);
    assert_int_equal(virtual_pair_from_der(span_bytes(large), &pair, &err), ERR_DER);
    assert_null(pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_a_pair_from_the_example_s_scalar),
        cmocka_unit_test(refuses_scalars_out_of_range),
        cmocka_unit_test(signs_sm2_so_that_it_verifies),
        cmocka_unit_test(decrypts_the_known_envelope),
        cmocka_unit_test(decrypts_what_was_enveloped_by_key_agreement),
        cmocka_unit_test(signs_rsa_over_any_input_that_fits),
        cmocka_unit_test(survives_the_way_through_der),
        cmocka_unit_test(refuses_keys_of_other_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
