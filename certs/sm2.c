#include "certs/sm2.h"

#include "certs/der.h"
#include "certs/public_key.h"

/* A header of four bytes, two INTEGERs of 33. */
#define SIGNATURE_DER_BYTES_MAX 80
/* A modulus of RSA_BITS_MAX and what is around it. */
#define RSA_KEY_BYTES_MAX 600

/* The order of the curve's group. Source: GB/T 32918.5. */
static const uint8_t group_order[32] = {
    0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0x72, 0x03, 0xDF, 0x6B, 0x21, 0xC6, 0x05, 0x2B, 0x53, 0xBB, 0xF4, 0x09, 0x39, 0xD5, 0x41, 0x23,
};
/* id-ecPublicKey with the named curve; rsaEncryption with NULL. */
static const uint8_t sm2_algorithm[] = {0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
                                        0x08, 0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x82, 0x2D};
static const uint8_t rsa_algorithm[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7,
                                        0x0D, 0x01, 0x01, 0x01, 0x05, 0x00};

/* SubjectPublicKeyInfo of a key's own bytes. NULL when they are too long. */
static struct bytes *wrap_public_key(struct span algorithm, struct span key)
{
    AUTO(buf_done) struct buf inner = BUF_INIT(RSA_KEY_BYTES_MAX);
    AUTO(buf_done) struct buf outer = BUF_INIT(RSA_KEY_BYTES_MAX);
    der_add(&inner, DER_SEQUENCE, algorithm);
    der_add_bits(&inner, key);
    if (inner.bad)
        return NULL;
    der_add(&outer, DER_SEQUENCE, buf_span(&inner));
    return buf_bytes(&outer);
}

enum err_code sm2_public_key(const uint8_t x[32], const uint8_t y[32], struct bytes **out,
                             struct err *err)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    uint8_t point[1 + SM2_POINT_BYTES] = {0x04};
    memcpy(point + 1, x, 32);
    memcpy(point + 33, y, 32);
    if (public_key_from_point(span_of(point + 1, SM2_POINT_BYTES), &key, err) != ERR_NONE)
        return err->code;
    *out = wrap_public_key(SPAN_ARRAY(sm2_algorithm), SPAN_ARRAY(point));
    return ERR_NONE;
}

enum err_code rsa_public_key(struct span modulus, uint32_t exponent, struct bytes **out,
                             struct err *err)
{
    AUTO(buf_done) struct buf numbers = BUF_INIT(RSA_KEY_BYTES_MAX);
    AUTO(buf_done) struct buf key = BUF_INIT(RSA_KEY_BYTES_MAX);
    AUTO(ossl_pkey_freep) EVP_PKEY *checked = NULL;
    enum cert_algorithm algorithm;
    uint8_t exponent_bytes[] = {exponent >> 24, exponent >> 16 & 0xFF, exponent >> 8 & 0xFF,
                                exponent & 0xFF};
    der_add_unsigned(&numbers, modulus);
    der_add_unsigned(&numbers, SPAN_ARRAY(exponent_bytes));
    der_add(&key, DER_SEQUENCE, buf_span(&numbers));
    AUTO(bytes_freep)
    struct bytes *spki =
        numbers.bad ? NULL : wrap_public_key(SPAN_ARRAY(rsa_algorithm), buf_span(&key));
    if (public_key_open(span_bytes(spki), &algorithm, &checked, err) != ERR_NONE)
        return err->code;
    *out = TAKE(spki);
    return ERR_NONE;
}

/* 1 to n - 1. */
static bool scalar_ok(const uint8_t scalar[32])
{
    static const uint8_t zero[32];
    return memcmp(scalar, zero, 32) != 0 && memcmp(scalar, group_order, 32) < 0;
}

enum err_code sm2_signature_to_der(struct span raw, struct bytes **out, struct err *err)
{
    AUTO(buf_done) struct buf numbers = BUF_INIT(SIGNATURE_DER_BYTES_MAX);
    AUTO(buf_done) struct buf der = BUF_INIT(SIGNATURE_DER_BYTES_MAX);
    if (raw.len != 64)
        return err_set(err, ERR_SIGNATURE, "an SM2 signature of %zu bytes, not 64", raw.len);
    if (!scalar_ok(raw.at) || !scalar_ok(raw.at + 32))
        return err_set(err, ERR_SIGNATURE, "r or s is not in 1 to n-1");
    der_add_unsigned(&numbers, span_of(raw.at, 32));
    der_add_unsigned(&numbers, span_of(raw.at + 32, 32));
    der_add(&der, DER_SEQUENCE, buf_span(&numbers));
    *out = buf_bytes(&der);
    return ERR_NONE;
}

enum err_code sm2_signature_from_der(struct span der, uint8_t out[64], struct err *err)
{
    uint8_t raw[64];
    struct span numbers;
    if (!der_take(&der, DER_SEQUENCE, &numbers) || der.len > 0 ||
        !der_take_unsigned(&numbers, raw, 32) || !der_take_unsigned(&numbers, raw + 32, 32) ||
        numbers.len > 0)
        return err_set(err, ERR_SIGNATURE, "not a DER SM2Signature");
    if (!scalar_ok(raw) || !scalar_ok(raw + 32))
        return err_set(err, ERR_SIGNATURE, "r or s is not in 1 to n-1");
    memcpy(out, raw, sizeof raw);
    return ERR_NONE;
}
