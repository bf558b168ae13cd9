#include "token/piv/piv_x509.h"

#include "token/piv/piv_algorithm.h"

#define SEQUENCE 0x30
#define INTEGER 0x02
#define BIT_STRING 0x03
#define VERSION 0xA0
#define UTC_TIME 0x17
#define HEAD_OFFSET_MAX \
    (PIV_NAME_BYTES_MAX + 14) /* a name and three long lengths, with their tags */

/* Algorithm identifiers with their parameters. */
static const uint8_t rsa[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7,
                              0x0D, 0x01, 0x01, 0x01, 0x05, 0x00};
static const uint8_t p256[] = {0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
                               0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07};
static const uint8_t p384[] = {0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02,
                               0x01, 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22};
static const uint8_t sm2[] = {0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
                              0x08, 0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x82, 0x2D};
/* id-alg-unsigned: RFC 9925 */
static const uint8_t unsigned_algorithm[] = {0x06, 0x08, 0x2B, 0x06, 0x01,
                                             0x05, 0x05, 0x07, 0x06, 0x24};

static const struct {
    enum token_algorithm algorithm;
    struct span identifier;
} kinds[] = {
    {TOKEN_RSA2048, {rsa, sizeof rsa}},
    {TOKEN_P256, {p256, sizeof p256}},
    {TOKEN_P384, {p384, sizeof p384}},
    {TOKEN_SM2, {sm2, sizeof sm2}},
};

/* ---- reading ---- */

static bool take(struct span *rest, uint32_t tag, struct span *out)
{
    struct piv_tlv object;
    if (!piv_tlv_next(rest, &object) || object.tag != tag)
        return false;
    *out = object.value;
    return true;
}

static bool take_rsa(struct span bits, struct token_public_key *out)
{
    struct span list, modulus, exponent;
    return piv_tlv_only(bits, SEQUENCE, &list) && take(&list, INTEGER, &modulus) &&
           take(&list, INTEGER, &exponent) && list.len == 0 &&
           piv_algorithm_rsa(modulus, exponent, out);
}

static bool read_key_info(struct span info, struct token_public_key *out)
{
    struct span identifier, bits;
    if (!take(&info, SEQUENCE, &identifier) || !take(&info, BIT_STRING, &bits) || info.len != 0 ||
        bits.len < 2 || bits.at[0] != 0)
        return false;
    bits = span_of(bits.at + 1, bits.len - 1);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (span_equal(identifier, kinds[i].identifier))
            return kinds[i].algorithm == TOKEN_RSA2048
                       ? take_rsa(bits, out)
                       : piv_algorithm_point(kinds[i].algorithm, bits, out);
    return false;
}

bool piv_x509_public_key(struct span der, struct token_public_key *out)
{
    struct span cert, body, ignored, info;
    if (!piv_tlv_only(der, SEQUENCE, &cert) || !take(&cert, SEQUENCE, &body))
        return false;
    if (body.len > 0 && body.at[0] == VERSION && !take(&body, VERSION, &ignored))
        return false;
    /* serial number, signature algorithm, issuer, validity, subject */
    return take(&body, INTEGER, &ignored) && take(&body, SEQUENCE, &ignored) &&
           take(&body, SEQUENCE, &ignored) && take(&body, SEQUENCE, &ignored) &&
           take(&body, SEQUENCE, &ignored) && take(&body, SEQUENCE, &info) &&
           read_key_info(info, out);
}

bool piv_x509_is_placeholder(struct span der)
{
    struct span cert, body, algorithm;
    return piv_tlv_only(der, SEQUENCE, &cert) && take(&cert, SEQUENCE, &body) &&
           take(&cert, SEQUENCE, &algorithm) &&
           span_equal(algorithm, SPAN_ARRAY(unsigned_algorithm));
}

bool piv_x509_begins_placeholder(struct span object)
{
    static const uint8_t head[] = {VERSION, 3,    INTEGER, 1,        2,
                                   INTEGER, 1,    1,       SEQUENCE, sizeof unsigned_algorithm,
                                   0x06,    0x08, 0x2B,    0x06,     0x01,
                                   0x05,    0x05, 0x07,    0x06,     0x24};
    for (size_t i = 0; i <= HEAD_OFFSET_MAX && i + sizeof head <= object.len; i++)
        if (span_equal(span_of(object.at + i, sizeof head), SPAN_ARRAY(head)))
            return true;
    return false;
}

/* ---- making ---- */

static void add_number(struct buf *buf, struct span number)
{
    AUTO(buf_done) struct buf value = BUF_INIT(PIV_X509_PLACEHOLDER_BYTES_MAX);
    if (number.len > 0 && (number.at[0] & 0x80) != 0)
        buf_add_u8(&value, 0);
    buf_add(&value, number);
    piv_tlv_add(buf, INTEGER, buf_span(&value));
}

static void add_rsa(struct buf *bits, const struct token_public_key *key)
{
    AUTO(buf_done) struct buf list = BUF_INIT(PIV_X509_PLACEHOLDER_BYTES_MAX);
    uint8_t exponent[] = {(uint8_t)(key->exponent >> 24), (uint8_t)(key->exponent >> 16),
                          (uint8_t)(key->exponent >> 8), (uint8_t)key->exponent};
    size_t zeros = 0;
    while (zeros < sizeof exponent - 1 && exponent[zeros] == 0)
        zeros++;
    add_number(&list, SPAN_ARRAY(key->modulus));
    add_number(&list, span_of(exponent + zeros, sizeof exponent - zeros));
    piv_tlv_add(bits, SEQUENCE, buf_span(&list));
}

static void add_key_info(struct buf *body, const struct token_public_key *key)
{
    AUTO(buf_done) struct buf info = BUF_INIT(PIV_X509_PLACEHOLDER_BYTES_MAX);
    AUTO(buf_done) struct buf bits = BUF_INIT(PIV_X509_PLACEHOLDER_BYTES_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i].algorithm == key->algorithm)
            piv_tlv_add(&info, SEQUENCE, kinds[i].identifier);
    buf_add_u8(&bits, 0); /* no unused bits */
    if (key->algorithm == TOKEN_RSA2048) {
        add_rsa(&bits, key);
    } else {
        buf_add_u8(&bits, 4); /* uncompressed */
        buf_add(&bits, span_of(key->x, token_point_bytes(key->algorithm)));
        buf_add(&bits, span_of(key->y, token_point_bytes(key->algorithm)));
    }
    piv_tlv_add(&info, BIT_STRING, buf_span(&bits));
    piv_tlv_add(body, SEQUENCE, buf_span(&info));
}

void piv_x509_placeholder(const struct token_public_key *key, struct buf *out)
{
    static const uint8_t version_3[] = {INTEGER, 1, 2};
    static const uint8_t one = 1;
    static const uint8_t no_bits = 0;
    AUTO(buf_done) struct buf validity = BUF_INIT(PIV_X509_PLACEHOLDER_BYTES_MAX);
    AUTO(buf_done) struct buf body = BUF_INIT(PIV_X509_PLACEHOLDER_BYTES_MAX);
    AUTO(buf_done) struct buf cert = BUF_INIT(PIV_X509_PLACEHOLDER_BYTES_MAX);
    piv_tlv_add(&validity, UTC_TIME, span_text("000101000000Z"));
    piv_tlv_add(&validity, UTC_TIME, span_text("000101000000Z"));
    piv_tlv_add(&body, VERSION, SPAN_ARRAY(version_3));
    piv_tlv_add(&body, INTEGER, span_of(&one, 1));
    piv_tlv_add(&body, SEQUENCE, SPAN_ARRAY(unsigned_algorithm));
    piv_tlv_add(&body, SEQUENCE, SPAN_NONE); /* issuer */
    piv_tlv_add(&body, SEQUENCE, buf_span(&validity));
    piv_tlv_add(&body, SEQUENCE, SPAN_NONE); /* subject */
    add_key_info(&body, key);
    piv_tlv_add(&cert, SEQUENCE, buf_span(&body));
    piv_tlv_add(&cert, SEQUENCE, SPAN_ARRAY(unsigned_algorithm));
    piv_tlv_add(&cert, BIT_STRING, span_of(&no_bits, 1));
    piv_tlv_add(out, SEQUENCE, buf_span(&cert));
}
