#include "certs/curve_signature.h"

#include "base/buf.h"
#include "certs/der.h"

/* A header of four bytes, two INTEGERs of 51. */
#define SIGNATURE_DER_BYTES_MAX 108
#define ORDER_BYTES_MAX (CURVE_SIGNATURE_RAW_BYTES_MAX / 2)

/* Source: GB/T 32918.5. */
static const uint8_t sm2_order[32] = {
    0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0x72, 0x03, 0xDF, 0x6B, 0x21, 0xC6, 0x05, 0x2B, 0x53, 0xBB, 0xF4, 0x09, 0x39, 0xD5, 0x41, 0x23,
};
/* Source: SP 800-186 3.2.1.3 and 3.2.1.4. */
static const uint8_t p256_order[32] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
};
static const uint8_t p384_order[48] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xC7, 0x63, 0x4D, 0x81, 0xF4, 0x37, 0x2D, 0xDF,
    0x58, 0x1A, 0x0D, 0xB2, 0x48, 0xB0, 0xA7, 0x7A, 0xEC, 0xEC, 0x19, 0x6A, 0xCC, 0xC5, 0x29, 0x73,
};

/* By enum cert_algorithm; RSA has none. */
static const struct span orders[CERT_ALGORITHM_COUNT] = {
    [CERT_SM2] = {sm2_order, sizeof sm2_order},
    [CERT_P256] = {p256_order, sizeof p256_order},
    [CERT_P384] = {p384_order, sizeof p384_order},
};

/* 1 to n - 1. */
static bool scalar_ok(const uint8_t *scalar, struct span order)
{
    static const uint8_t zero[ORDER_BYTES_MAX];
    return memcmp(scalar, zero, order.len) != 0 && memcmp(scalar, order.at, order.len) < 0;
}

static enum err_code check_range(const uint8_t *raw, struct span order, struct err *err)
{
    if (!scalar_ok(raw, order) || !scalar_ok(raw + order.len, order))
        return err_set(err, ERR_SIGNATURE, "r or s is not in 1 to n-1");
    return ERR_NONE;
}

enum err_code curve_signature_to_der(enum cert_algorithm algorithm, struct span raw,
                                     struct bytes **out, struct err *err)
{
    AUTO(buf_done) struct buf numbers = BUF_INIT(SIGNATURE_DER_BYTES_MAX);
    AUTO(buf_done) struct buf der = BUF_INIT(SIGNATURE_DER_BYTES_MAX);
    struct span order = orders[algorithm];
    if (order.len == 0 || raw.len != 2 * order.len)
        return err_set(err, ERR_SIGNATURE, "a signature of %zu bytes, not %zu", raw.len,
                       2 * order.len);
    if (check_range(raw.at, order, err) != ERR_NONE)
        return err->code;
    der_add_unsigned(&numbers, span_of(raw.at, order.len));
    der_add_unsigned(&numbers, span_of(raw.at + order.len, order.len));
    der_add(&der, DER_SEQUENCE, buf_span(&numbers));
    *out = buf_bytes(&der);
    return ERR_NONE;
}

enum err_code curve_signature_from_der(enum cert_algorithm algorithm, struct span der, uint8_t *out,
                                       struct err *err)
{
    uint8_t raw[CURVE_SIGNATURE_RAW_BYTES_MAX];
    struct span order = orders[algorithm];
    struct span numbers;
    if (order.len == 0 || !der_take(&der, DER_SEQUENCE, &numbers) || der.len > 0 ||
        !der_take_unsigned(&numbers, raw, order.len) ||
        !der_take_unsigned(&numbers, raw + order.len, order.len) || numbers.len > 0)
        return err_set(err, ERR_SIGNATURE, "not a DER signature of two numbers");
    if (check_range(raw, order, err) != ERR_NONE)
        return err->code;
    memcpy(out, raw, 2 * order.len);
    return ERR_NONE;
}
