#include "certs/public_key.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "certs/curve_signature.h"
#include "certs/der.h"
#include "certs/sm2.h"

/* SubjectPublicKeyInfo up to X: id-ecPublicKey, the named curve, an uncompressed point. Source: RFC 5480 2. */
static const uint8_t sm2_header[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
                                     0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x81, 0x1C,
                                     0xCF, 0x55, 0x01, 0x82, 0x2D, 0x03, 0x42, 0x00, 0x04};
static const uint8_t p256_header[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48,
                                      0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48,
                                      0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
static const uint8_t p384_header[] = {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86,
                                      0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05, 0x2B,
                                      0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04};

/* By enum cert_algorithm. */
static const struct {
    const char *type, *digest; /* OpenSSL's names */
    const char *curve; /* the same; NULL: RSA, and the rest is empty */
    struct span header;
    size_t coordinate_bytes;
} kinds[CERT_ALGORITHM_COUNT] = {
    [CERT_SM2] = {"SM2", "SM3", "SM2", {sm2_header, sizeof sm2_header}, 32},
    [CERT_RSA] = {.type = "RSA", .digest = "SHA256"},
    [CERT_P256] = {"EC", "SHA256", "prime256v1", {p256_header, sizeof p256_header}, 32},
    [CERT_P384] = {"EC", "SHA384", "secp384r1", {p384_header, sizeof p384_header}, 48},
};

static const uint8_t rsa_algorithm[] = {0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
                                        0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00};

static const uint8_t sm2_with_sm3[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x81,
                                       0x1C, 0xCF, 0x55, 0x01, 0x83, 0x75};
static const uint8_t sm2_with_sm3_null[] = {0x30, 0x0C, 0x06, 0x08, 0x2A, 0x81, 0x1C,
                                            0xCF, 0x55, 0x01, 0x83, 0x75, 0x05, 0x00};
static const uint8_t rsa_with_sha256[] = {0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
                                          0xF7, 0x0D, 0x01, 0x01, 0x0B, 0x05, 0x00};
static const uint8_t rsa_with_sha256_absent[] = {0x30, 0x0B, 0x06, 0x09, 0x2A, 0x86, 0x48,
                                                 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B};
static const uint8_t ecdsa_with_sha256[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86,
                                            0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02};
static const uint8_t ecdsa_with_sha384[] = {0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86,
                                            0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03};

/* The first one of an algorithm is the one that we write. */
static const struct {
    struct span der;
    enum cert_algorithm algorithm;
} signature_algorithms[] = {
    {{sm2_with_sm3, sizeof sm2_with_sm3}, CERT_SM2},
    {{sm2_with_sm3_null, sizeof sm2_with_sm3_null}, CERT_SM2},
    {{rsa_with_sha256, sizeof rsa_with_sha256}, CERT_RSA},
    {{rsa_with_sha256_absent, sizeof rsa_with_sha256_absent}, CERT_RSA},
    {{ecdsa_with_sha256, sizeof ecdsa_with_sha256}, CERT_P256},
    {{ecdsa_with_sha384, sizeof ecdsa_with_sha384}, CERT_P384},
};

struct span public_key_signature_algorithm(enum cert_algorithm algorithm)
{
    for (size_t i = 0; i < ARRAY_SIZE(signature_algorithms); i++)
        if (signature_algorithms[i].algorithm == algorithm)
            return signature_algorithms[i].der;
    return SPAN_NONE;
}

bool public_key_algorithm_of(struct span algorithm_identifier, enum cert_algorithm *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(signature_algorithms); i++) {
        if (!span_equal(signature_algorithms[i].der, algorithm_identifier))
            continue;
        *out = signature_algorithms[i].algorithm;
        return true;
    }
    return false;
}

const char *public_key_type(enum cert_algorithm algorithm)
{
    return kinds[algorithm].type;
}

const char *public_key_digest(enum cert_algorithm algorithm)
{
    return kinds[algorithm].digest;
}

size_t public_key_coordinate_bytes(enum cert_algorithm algorithm)
{
    return kinds[algorithm].coordinate_bytes;
}

struct span public_key_point(enum cert_algorithm algorithm, struct span spki)
{
    struct span header = kinds[algorithm].header;
    size_t point_bytes = 2 * kinds[algorithm].coordinate_bytes;
    bool fits = header.len > 0 && spki.len == header.len + point_bytes &&
                memcmp(spki.at, header.at, header.len) == 0;
    return fits ? span_part(spki, header.len, point_bytes) : SPAN_NONE;
}

struct span public_key_sm2_point(struct span spki)
{
    return public_key_point(CERT_SM2, spki);
}

bool public_key_is(const EVP_PKEY *key, enum cert_algorithm algorithm)
{
    char curve[32];
    if (!EVP_PKEY_is_a(key, kinds[algorithm].type))
        return false;
    if (strcmp(kinds[algorithm].type, "EC") != 0)
        return true;
    return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof curve,
                                          NULL) == 1 &&
           strcmp(curve, kinds[algorithm].curve) == 0;
}

static enum err_code make_key(const char *type, OSSL_PARAM *params, enum err_code code,
                              EVP_PKEY **out, struct err *err)
{
    AUTO(ossl_pkey_ctx_freep)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(ossl_context(), type, NULL);
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1)
        return ossl_failed(err, ERR_CRYPTO, "start reading a public key");
    if (EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        return ossl_failed(err, code, "read a public key");
    *out = TAKE(key);
    return ERR_NONE;
}

static enum err_code open_point(enum cert_algorithm algorithm, struct span point, EVP_PKEY **out,
                                struct err *err)
{
    uint8_t encoded[1 + PUBLIC_KEY_POINT_BYTES_MAX] = {0x04};
    char group[16];
    if (point.len == 0 || point.len != 2 * kinds[algorithm].coordinate_bytes)
        return err_set(err, ERR_CERT_PUBLIC_KEY, "a point of %zu bytes", point.len);
    memcpy(encoded + 1, point.at, point.len);
    memcpy(group, kinds[algorithm].curve, strlen(kinds[algorithm].curve) + 1);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, encoded, 1 + point.len),
        OSSL_PARAM_construct_end(),
    };
    return make_key(kinds[algorithm].type, params, ERR_CERT_PUBLIC_KEY, out, err);
}

enum err_code public_key_from_point(struct span point, EVP_PKEY **out, struct err *err)
{
    return open_point(CERT_SM2, point, out, err);
}

enum err_code public_key_of_point(enum cert_algorithm algorithm, const uint8_t *x, const uint8_t *y,
                                  struct bytes **out, struct err *err)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    struct span header = kinds[algorithm].header;
    size_t width = kinds[algorithm].coordinate_bytes;
    if (header.at == NULL)
        return err_set(err, ERR_CERT_ALGORITHM, "an algorithm without points");
    AUTO(bytes_freep) struct bytes *spki = bytes_new_size(header.len + 2 * width);
    memcpy(spki->at, header.at, header.len);
    memcpy(spki->at + header.len, x, width);
    memcpy(spki->at + header.len + width, y, width);
    if (open_point(algorithm, span_part(span_bytes(spki), header.len, 2 * width), &key, err) !=
        ERR_NONE)
        return err->code;
    *out = TAKE(spki);
    return ERR_NONE;
}

static int bits_of(const uint8_t *number, size_t width)
{
    size_t zeros = 0;
    while (zeros < width && number[zeros] == 0)
        zeros++;
    if (zeros == width)
        return 0;
    int top = 0;
    while (number[zeros] >> top != 0)
        top++;
    return (int)(width - zeros - 1) * 8 + top;
}

/* OpenSSL takes the numbers of a key in the machine's byte order. */
static enum err_code to_native(uint8_t *number, size_t width, struct err *err)
{
    AUTO(ossl_bn_freep) BIGNUM *value = BN_bin2bn(number, (int)width, NULL);
    if (value == NULL || BN_bn2nativepad(value, number, (int)width) != (int)width)
        return ossl_failed(err, ERR_CRYPTO, "turn a number");
    return ERR_NONE;
}

/* Source: RFC 8017 A.1.1; RFC 3279 2.3.1. */
static enum err_code open_rsa(struct span spki, EVP_PKEY **out, struct err *err)
{
    uint8_t modulus[RSA_BITS_MAX / 8];
    uint8_t exponent[4];
    struct span info, key, numbers, algorithm;
    if (!der_take(&spki, DER_SEQUENCE, &info) || spki.len > 0 ||
        !der_take_whole(&info, DER_SEQUENCE, &algorithm) ||
        !span_equal(algorithm, SPAN_ARRAY(rsa_algorithm)))
        return err_set(err, ERR_CERT_ALGORITHM,
                       "a key of another kind than SM2, RSA, P-256 and P-384");
    if (!der_take_bits(&info, &key) || info.len > 0 || !der_take(&key, DER_SEQUENCE, &numbers) ||
        key.len > 0 || !der_take_unsigned(&numbers, modulus, sizeof modulus) ||
        !der_take_unsigned(&numbers, exponent, sizeof exponent) || numbers.len > 0)
        return err_set(err, ERR_CERT_ALGORITHM, "an RSA key that is malformed or too large");
    int bits = bits_of(modulus, sizeof modulus);
    bool odd = (modulus[sizeof modulus - 1] & exponent[sizeof exponent - 1] & 1) != 0;
    if (bits < RSA_BITS_MIN || bits_of(exponent, sizeof exponent) < 2 || !odd)
        return err_set(err, ERR_CERT_ALGORITHM, "a weak RSA key of %d bits", bits);
    if (to_native(modulus, sizeof modulus, err) != ERR_NONE ||
        to_native(exponent, sizeof exponent, err) != ERR_NONE)
        return err->code;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, sizeof modulus),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent, sizeof exponent),
        OSSL_PARAM_construct_end(),
    };
    return make_key("RSA", params, ERR_CERT_ALGORITHM, out, err);
}

enum err_code public_key_open(struct span spki, enum cert_algorithm *out_algorithm, EVP_PKEY **out,
                              struct err *err)
{
    enum cert_algorithm algorithm = 0;
    struct span point = SPAN_NONE;
    for (; algorithm < CERT_ALGORITHM_COUNT && point.len == 0; algorithm++)
        point = public_key_point(algorithm, spki);
    algorithm = point.len > 0 ? algorithm - 1 : CERT_RSA;
    enum err_code code =
        algorithm == CERT_RSA ? open_rsa(spki, out, err) : open_point(algorithm, point, out, err);
    if (code != ERR_NONE)
        return code;
    *out_algorithm = algorithm;
    return ERR_NONE;
}

enum err_code public_key_verify(EVP_PKEY *key, enum cert_algorithm algorithm, struct span message,
                                struct span signature, struct err *err)
{
    AUTO(ossl_md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_ctx; /* ctx's */
    uint8_t raw[PUBLIC_KEY_POINT_BYTES_MAX];
    if (algorithm != CERT_RSA &&
        curve_signature_from_der(algorithm, signature, raw, err) != ERR_NONE)
        return err->code;
    if (ctx == NULL || EVP_DigestVerifyInit_ex(ctx, &key_ctx, public_key_digest(algorithm),
                                               ossl_context(), NULL, key, NULL) != 1)
        return ossl_failed(err, ERR_CRYPTO, "start verifying");
    if (algorithm == CERT_SM2 &&
        EVP_PKEY_CTX_set1_id(key_ctx, SM2_DEFAULT_ID, sizeof SM2_DEFAULT_ID - 1) != 1)
        return ossl_failed(err, ERR_CRYPTO, "set the SM2 identifier");
    if (EVP_DigestVerify(ctx, signature.at, signature.len, message.at, message.len) != 1)
        return ossl_failed(err, ERR_SIGNATURE, "verify");
    return ERR_NONE;
}
