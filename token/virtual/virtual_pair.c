#include "token/virtual/virtual_pair.h"

#include <openssl/asn1t.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/memory.h"

#define POINT_BYTES (2 * VIRTUAL_SM2_BYTES)
/* An encoded signature of two 33-byte integers. */
#define SIGNATURE_DER_BYTES_MAX 80
/* Longest ciphertext that decrypt takes: what the demo encrypts is a few kilobytes. */
#define CIPHERTEXT_BYTES_MAX (64 * 1024)

struct virtual_pair {
    enum virtual_pair_kind kind;
    EVP_PKEY *key;
};

struct sm2_cipher {
    ASN1_INTEGER *x;
    ASN1_INTEGER *y;
    ASN1_OCTET_STRING *hash;
    ASN1_OCTET_STRING *text;
};

/* Source: GM/T 0009-2012, SM2Cipher. */
/* clang-format off */
ASN1_SEQUENCE(sm2_cipher) = {
    ASN1_SIMPLE(struct sm2_cipher, x, ASN1_INTEGER),
    ASN1_SIMPLE(struct sm2_cipher, y, ASN1_INTEGER),
    ASN1_SIMPLE(struct sm2_cipher, hash, ASN1_OCTET_STRING),
    ASN1_SIMPLE(struct sm2_cipher, text, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END_name(struct sm2_cipher, sm2_cipher)
    /* clang-format on */

    static void free_key(EVP_PKEY * *key)
{
    EVP_PKEY_free(*key);
}

static void free_key_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

static void free_number(BIGNUM **number)
{
    BN_clear_free(*number);
}

static void free_group(EC_GROUP **group)
{
    EC_GROUP_free(*group);
}

static void free_point(EC_POINT **point)
{
    EC_POINT_free(*point);
}

static void free_signature(ECDSA_SIG **signature)
{
    ECDSA_SIG_free(*signature);
}

static void free_params(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

static void free_params_builder(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static void free_pkcs8(PKCS8_PRIV_KEY_INFO **info)
{
    PKCS8_PRIV_KEY_INFO_free(*info);
}

static void free_cipher(struct sm2_cipher **cipher)
{
    ASN1_item_free((ASN1_VALUE *)*cipher, ASN1_ITEM_rptr(sm2_cipher));
}

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

static void free_enveloped(CMS_ContentInfo **enveloped)
{
    CMS_ContentInfo_free(*enveloped);
}

static void free_openssl(unsigned char **at)
{
    OPENSSL_free(*at);
}

static enum err_code crypto_error(struct err *err, const char *doing)
{
    char text[160] = "no reason given";
    unsigned long reason = ERR_peek_last_error();
    if (reason != 0)
        ERR_error_string_n(reason, text, sizeof text);
    ERR_clear_error();
    return err_set(err, ERR_CRYPTO, "%s: %s", doing, text);
}

static struct virtual_pair *pair_of(enum virtual_pair_kind kind, EVP_PKEY *key)
{
    struct virtual_pair *pair = memory_new(sizeof *pair);
    *pair = (struct virtual_pair){.kind = kind, .key = key};
    return pair;
}

static EVP_PKEY *generate(enum virtual_pair_kind kind)
{
    switch (kind) {
    case VIRTUAL_PAIR_RSA:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)VIRTUAL_RSA_BITS);
    case VIRTUAL_PAIR_SM2:
        return EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    case VIRTUAL_PAIR_P256:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    case VIRTUAL_PAIR_P384:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    case VIRTUAL_PAIR_NONE:
        break;
    }
    return NULL;
}

enum err_code virtual_pair_generate(enum virtual_pair_kind kind, struct virtual_pair **out,
                                    struct err *err)
{
    EVP_PKEY *key = generate(kind);
    if (key == NULL)
        return crypto_error(err, "generate a key pair");
    *out = pair_of(kind, key);
    return ERR_NONE;
}

static EVP_PKEY *key_from_params(int selection, OSSL_PARAM *params)
{
    AUTO(free_key_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    EVP_PKEY *key = NULL;
    if (context == NULL || params == NULL || EVP_PKEY_fromdata_init(context) != 1)
        return NULL;
    return EVP_PKEY_fromdata(context, &key, selection, params) == 1 ? key : NULL;
}

/* scalar NULL: a public key. */
static EVP_PKEY *sm2_key(const uint8_t point[1 + POINT_BYTES], const BIGNUM *scalar)
{
    AUTO(free_params_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (builder == NULL)
        return NULL;
    OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "SM2", 0);
    OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + POINT_BYTES);
    if (scalar != NULL)
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, scalar);
    AUTO(free_params) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    return key_from_params(scalar != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params);
}

static bool scalar_in_range(const EC_GROUP *group, const BIGNUM *scalar)
{
    AUTO(free_number) BIGNUM *last = BN_dup(EC_GROUP_get0_order(group));
    return last != NULL && BN_sub_word(last, 1) == 1 && !BN_is_zero(scalar) &&
           BN_cmp(scalar, last) < 0;
}

enum err_code virtual_pair_from_scalar(const uint8_t scalar[VIRTUAL_SM2_BYTES],
                                       struct virtual_pair **out, struct err *err)
{
    uint8_t encoded[1 + POINT_BYTES];
    AUTO(free_number) BIGNUM *number = BN_secure_new();
    AUTO(free_group) EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    if (number == NULL || group == NULL || BN_bin2bn(scalar, VIRTUAL_SM2_BYTES, number) == NULL)
        return crypto_error(err, "read a private key");
    if (!scalar_in_range(group, number))
        return err_set(err, ERR_CRYPTO, "the private key is out of range");
    AUTO(free_point) EC_POINT *point = EC_POINT_new(group);
    if (point == NULL || EC_POINT_mul(group, point, number, NULL, NULL, NULL) != 1 ||
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, encoded, sizeof encoded,
                           NULL) != sizeof encoded)
        return crypto_error(err, "compute the public key");
    EVP_PKEY *key = sm2_key(encoded, number);
    if (key == NULL)
        return crypto_error(err, "make a key pair");
    *out = pair_of(VIRTUAL_PAIR_SM2, key);
    return ERR_NONE;
}

static enum virtual_pair_kind kind_of(const EVP_PKEY *key)
{
    if (EVP_PKEY_is_a(key, "SM2"))
        return VIRTUAL_PAIR_SM2;
    if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == VIRTUAL_RSA_BITS)
        return VIRTUAL_PAIR_RSA;
    char curve[32] = "";
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) == 1)
        return strcmp(curve, SN_X9_62_prime256v1) == 0 ? VIRTUAL_PAIR_P256
               : strcmp(curve, SN_secp384r1) == 0      ? VIRTUAL_PAIR_P384
                                                       : VIRTUAL_PAIR_NONE;
    return VIRTUAL_PAIR_NONE;
}

enum err_code virtual_pair_from_der(struct span der, struct virtual_pair **out, struct err *err)
{
    if (der.len == 0 || der.len > VIRTUAL_PAIR_DER_BYTES_MAX)
        return err_set(err, ERR_DER, "a private key of %zu bytes", der.len);
    const unsigned char *at = der.at;
    AUTO(free_pkcs8)
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.len);
    AUTO(free_key) EVP_PKEY *key = info == NULL ? NULL : EVP_PKCS82PKEY(info);
    ERR_clear_error();
    if (key == NULL || at != der.at + der.len)
        return err_set(err, ERR_DER, "not a private key in PKCS#8");
    enum virtual_pair_kind kind = kind_of(key);
    if (kind == VIRTUAL_PAIR_NONE)
        return err_set(err, ERR_DER, "a private key of a kind that no card has");
    *out = pair_of(kind, TAKE(key));
    return ERR_NONE;
}

enum err_code virtual_pair_to_der(const struct virtual_pair *pair, struct bytes **out,
                                  struct err *err)
{
    AUTO(free_pkcs8) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pair->key);
    unsigned char *der = NULL;
    int length = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &der);
    if (length <= 0)
        return crypto_error(err, "encode a private key");
    *out = bytes_new(span_of(der, (size_t)length));
    OPENSSL_clear_free(der, (size_t)length);
    return ERR_NONE;
}

void virtual_pair_wipe_der(struct bytes **der)
{
    if (*der != NULL)
        OPENSSL_cleanse((*der)->at, (*der)->len);
    bytes_freep(der);
}

void virtual_pair_free(struct virtual_pair *pair)
{
    if (pair == NULL)
        return;
    EVP_PKEY_free(pair->key);
    free(pair);
}

void virtual_pair_freep(struct virtual_pair **pair)
{
    virtual_pair_free(*pair);
    *pair = NULL;
}

enum virtual_pair_kind virtual_pair_kind(const struct virtual_pair *pair)
{
    return pair == NULL ? VIRTUAL_PAIR_NONE : pair->kind;
}

uint32_t virtual_pair_bits(const struct virtual_pair *pair)
{
    return pair == NULL ? 0 : (uint32_t)EVP_PKEY_get_bits(pair->key);
}

struct evp_pkey_st *virtual_pair_peek(const struct virtual_pair *pair)
{
    return pair->key;
}

enum err_code virtual_pair_point(const struct virtual_pair *pair, uint8_t out[POINT_BYTES],
                                 struct err *err)
{
    uint8_t encoded[1 + POINT_BYTES];
    size_t length = 0;
    if (EVP_PKEY_get_octet_string_param(pair->key, OSSL_PKEY_PARAM_PUB_KEY, encoded, sizeof encoded,
                                        &length) != 1 ||
        length != sizeof encoded || encoded[0] != POINT_CONVERSION_UNCOMPRESSED)
        return crypto_error(err, "read the public key");
    memcpy(out, encoded + 1, POINT_BYTES);
    return ERR_NONE;
}

enum err_code virtual_pair_modulus(const struct virtual_pair *pair, uint8_t out[VIRTUAL_RSA_BYTES],
                                   uint32_t *out_exponent, struct err *err)
{
    AUTO(free_number) BIGNUM *modulus = NULL;
    AUTO(free_number) BIGNUM *exponent = NULL;
    if (EVP_PKEY_get_bn_param(pair->key, OSSL_PKEY_PARAM_RSA_N, &modulus) != 1 ||
        EVP_PKEY_get_bn_param(pair->key, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1 ||
        BN_num_bits(exponent) > 32 || BN_bn2binpad(modulus, out, VIRTUAL_RSA_BYTES) < 0)
        return crypto_error(err, "read the public key");
    *out_exponent = (uint32_t)BN_get_word(exponent);
    return ERR_NONE;
}

enum err_code virtual_pair_sign_sm2(const struct virtual_pair *pair,
                                    const uint8_t e[VIRTUAL_SM2_BYTES], uint8_t out[POINT_BYTES],
                                    struct err *err)
{
    uint8_t der[SIGNATURE_DER_BYTES_MAX];
    size_t length = sizeof der;
    AUTO(free_key_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pair->key, NULL);
    if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
        EVP_PKEY_sign(context, der, &length, e, VIRTUAL_SM2_BYTES) != 1)
        return crypto_error(err, "sign");
    const unsigned char *at = der;
    AUTO(free_signature) ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)length);
    if (signature == NULL ||
        BN_bn2binpad(ECDSA_SIG_get0_r(signature), out, VIRTUAL_SM2_BYTES) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), out + VIRTUAL_SM2_BYTES, VIRTUAL_SM2_BYTES) < 0)
        return crypto_error(err, "read the signature");
    return ERR_NONE;
}

enum err_code virtual_pair_sign_rsa(const struct virtual_pair *pair, struct span input,
                                    uint8_t out[VIRTUAL_RSA_BYTES], struct err *err)
{
    size_t length = VIRTUAL_RSA_BYTES;
    AUTO(free_key_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pair->key, NULL);
    if (context == NULL || EVP_PKEY_sign_init(context) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1 ||
        EVP_PKEY_sign(context, out, &length, input.at, input.len) != 1)
        return crypto_error(err, "sign");
    return ERR_NONE;
}

/* Whatever recipient the pair is. */
static enum err_code decrypt_enveloped(const struct virtual_pair *pair, struct span ciphertext,
                                       struct bytes **out, struct err *err)
{
    AUTO(free_bio) BIO *in = BIO_new_mem_buf(ciphertext.at, (int)ciphertext.len);
    AUTO(free_bio) BIO *plain = BIO_new(BIO_s_mem());
    AUTO(free_enveloped) CMS_ContentInfo *enveloped = in == NULL ? NULL : d2i_CMS_bio(in, NULL);
    char *at = NULL;
    if (enveloped == NULL || plain == NULL ||
        CMS_decrypt(enveloped, pair->key, NULL, NULL, plain, CMS_BINARY) != 1)
        return crypto_error(err, "decrypt");
    long length = BIO_get_mem_data(plain, &at);
    *out = bytes_new(span_of(at, (size_t)length));
    return ERR_NONE;
}

static bool is_nist(const struct virtual_pair *pair)
{
    return pair->kind == VIRTUAL_PAIR_P256 || pair->kind == VIRTUAL_PAIR_P384;
}

enum err_code virtual_pair_decrypt(const struct virtual_pair *pair, struct span ciphertext,
                                   struct bytes **out, struct err *err)
{
    size_t length = 0;
    if (ciphertext.len == 0 || ciphertext.len > CIPHERTEXT_BYTES_MAX)
        return err_set(err, ERR_CRYPTO, "a ciphertext of %zu bytes", ciphertext.len);
    if (is_nist(pair))
        return decrypt_enveloped(pair, ciphertext, out, err);
    AUTO(free_key_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pair->key, NULL);
    if (context == NULL || EVP_PKEY_decrypt_init(context) != 1 ||
        EVP_PKEY_decrypt(context, NULL, &length, ciphertext.at, ciphertext.len) != 1)
        return crypto_error(err, "decrypt");
    AUTO(virtual_pair_wipe_der) struct bytes *plain = bytes_new_size(length);
    if (EVP_PKEY_decrypt(context, plain->at, &length, ciphertext.at, ciphertext.len) != 1)
        return crypto_error(err, "decrypt");
    *out = bytes_new(span_of(plain->at, length));
    return ERR_NONE;
}

static ECDSA_SIG *signature_of(const uint8_t signature[POINT_BYTES])
{
    ECDSA_SIG *value = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, VIRTUAL_SM2_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(signature + VIRTUAL_SM2_BYTES, VIRTUAL_SM2_BYTES, NULL);
    if (value == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(value, r, s) != 1)
        abort();
    return value;
}

bool virtual_pair_verify_sm2(const uint8_t point[POINT_BYTES], const uint8_t e[VIRTUAL_SM2_BYTES],
                             const uint8_t signature[POINT_BYTES])
{
    uint8_t encoded[1 + POINT_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(encoded + 1, point, POINT_BYTES);
    AUTO(free_key) EVP_PKEY *key = sm2_key(encoded, NULL);
    AUTO(free_key_context)
    EVP_PKEY_CTX *context = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
    AUTO(free_signature) ECDSA_SIG *value = signature_of(signature);
    AUTO(free_openssl) unsigned char *der = NULL;
    int length = i2d_ECDSA_SIG(value, &der);
    bool good = context != NULL && length > 0 && EVP_PKEY_verify_init(context) == 1 &&
                EVP_PKEY_verify(context, der, (size_t)length, e, VIRTUAL_SM2_BYTES) == 1;
    ERR_clear_error();
    return good;
}

static bool set_integer(ASN1_INTEGER *to, const uint8_t value[VIRTUAL_SM2_BYTES])
{
    AUTO(free_number) BIGNUM *number = BN_bin2bn(value, VIRTUAL_SM2_BYTES, NULL);
    return number != NULL && BN_to_ASN1_INTEGER(number, to) != NULL;
}

enum err_code virtual_pair_cipher_der(const uint8_t c1[POINT_BYTES],
                                      const uint8_t c3[VIRTUAL_SM2_BYTES], struct span c2,
                                      struct bytes **out, struct err *err)
{
    AUTO(free_cipher)
    struct sm2_cipher *cipher = (struct sm2_cipher *)ASN1_item_new(ASN1_ITEM_rptr(sm2_cipher));
    if (cipher == NULL || !set_integer(cipher->x, c1) ||
        !set_integer(cipher->y, c1 + VIRTUAL_SM2_BYTES) ||
        ASN1_OCTET_STRING_set(cipher->hash, c3, VIRTUAL_SM2_BYTES) != 1 ||
        ASN1_OCTET_STRING_set(cipher->text, c2.at, (int)c2.len) != 1)
        return crypto_error(err, "encode a ciphertext");
    AUTO(free_openssl) unsigned char *der = NULL;
    int length = ASN1_item_i2d((ASN1_VALUE *)cipher, &der, ASN1_ITEM_rptr(sm2_cipher));
    if (length <= 0)
        return crypto_error(err, "encode a ciphertext");
    *out = bytes_new(span_of(der, (size_t)length));
    return ERR_NONE;
}
