#include "certs/sm2.h"

#include "certs/curve_signature.h"
#include "certs/der.h"
#include "certs/public_key.h"

/* A modulus of RSA_BITS_MAX and what is around it. */
#define RSA_KEY_BYTES_MAX 600

/* rsaEncryption with NULL. */
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
    return public_key_of_point(CERT_SM2, x, y, out, err);
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

enum err_code sm2_signature_to_der(struct span raw, struct bytes **out, struct err *err)
{
    return curve_signature_to_der(CERT_SM2, raw, out, err);
}

enum err_code sm2_signature_from_der(struct span der, uint8_t out[64], struct err *err)
{
    return curve_signature_from_der(CERT_SM2, der, out, err);
}
