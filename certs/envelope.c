#include "certs/envelope.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/rand.h>

#include "base/buf.h"
#include "base/secret.h"
#include "certs/der.h"
#include "certs/public_key.h"
#include "certs/sm2.h"

#define SESSION_KEY_BYTES 16
#define BLOCK_BYTES 16
/* SM2Cipher of a session key: two INTEGERs of 33, two OCTET STRINGs, and room. */
#define CIPHER_DER_BYTES_MAX 160

static const uint8_t sm4_ecb_oid[] = {0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x68, 0x01};
static const uint8_t sm4_oid[] = {0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x68};
static const uint8_t sm1_ecb_oid[] = {0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x66, 0x01};
static const uint8_t sm1_oid[] = {0x2A, 0x81, 0x1C, 0xCF, 0x55, 0x01, 0x66};

/* The first one of a cipher is the one that we write. ECB is the only mode of this structure, so the
 * name of the cipher alone says the same. */
static const struct {
    struct span oid;
    uint32_t cipher_id;
} ciphers[] = {
    {{sm4_ecb_oid, sizeof sm4_ecb_oid}, ENVELOPE_SM4_ECB},
    {{sm4_oid, sizeof sm4_oid}, ENVELOPE_SM4_ECB},
    {{sm1_ecb_oid, sizeof sm1_ecb_oid}, ENVELOPE_SM1_ECB},
    {{sm1_oid, sizeof sm1_oid}, ENVELOPE_SM1_ECB},
};

/* ---- reading ---- */

static enum err_code malformed(struct err *err, const char *what)
{
    return err_set(err, ERR_ENVELOPE, "envelope: %s", what);
}

static bool take_cipher_id(struct span *from, uint32_t *out)
{
    struct span algorithm, oid, null;
    if (!der_take(from, DER_SEQUENCE, &algorithm) || !der_take(&algorithm, DER_OID, &oid))
        return false;
    (void)der_take(&algorithm, DER_NULL, &null);
    if (algorithm.len > 0)
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(ciphers); i++) {
        if (!span_equal(ciphers[i].oid, oid))
            continue;
        *out = ciphers[i].cipher_id;
        return true;
    }
    return false;
}

static bool take_octets(struct span *from, uint8_t *out, size_t len)
{
    struct span value;
    if (!der_take(from, DER_OCTET_STRING, &value) || value.len != len)
        return false;
    memcpy(out, value.at, len);
    return true;
}

/* SM2Cipher in the order C1, C3, C2. Source: GM/T 0009. */
static bool take_session_key(struct span *from, struct envelope *out)
{
    struct span cipher;
    return der_take(from, DER_SEQUENCE, &cipher) && der_take_unsigned(&cipher, out->c1_x, 32) &&
           der_take_unsigned(&cipher, out->c1_y, 32) && take_octets(&cipher, out->c3, 32) &&
           take_octets(&cipher, out->c2, SESSION_KEY_BYTES) && cipher.len == 0;
}

static bool take_public_key(struct span *from, struct envelope *out)
{
    struct span point;
    if (!der_take_bits(from, &point) || point.len != 1 + SM2_POINT_BYTES || point.at[0] != 0x04)
        return false;
    memcpy(out->public_x, point.at + 1, 32);
    memcpy(out->public_y, point.at + 33, 32);
    return true;
}

/* Zeros, or zeros encrypted in ECB: then its two blocks are the same. */
static bool half_is_empty(const uint8_t half[32])
{
    return memcmp(half, half + BLOCK_BYTES, BLOCK_BYTES) == 0;
}

static bool take_private_key(struct span *from, struct envelope *out)
{
    struct span encrypted;
    if (!der_take_bits(from, &encrypted) || (encrypted.len != 32 && encrypted.len != 64))
        return false;
    const uint8_t *key = encrypted.at;
    if (encrypted.len == 64) {
        bool left_empty = half_is_empty(encrypted.at);
        if (left_empty == half_is_empty(encrypted.at + 32))
            return false;
        key += left_empty ? 32 : 0;
    }
    memcpy(out->encrypted_private, key, 32);
    return true;
}

static enum err_code check_point(const uint8_t x[32], const uint8_t y[32], const char *what,
                                 struct err *err)
{
    AUTO(bytes_freep) struct bytes *unused = NULL;
    if (sm2_public_key(x, y, &unused, err) == ERR_NONE)
        return ERR_NONE;
    return err->code == ERR_CERT_PUBLIC_KEY ? malformed(err, what) : err->code;
}

enum err_code envelope_parse(struct span der, struct envelope *out, struct err *err)
{
    struct envelope envelope = {0};
    struct span content;
    if (der.len > ENVELOPE_BYTES_MAX)
        return malformed(err, "longer than any envelope");
    if (der_check(der, err) != ERR_NONE) {
        err_add(err, "envelope");
        return err->code = err->code == ERR_DER_TRAILING ? ERR_DER_TRAILING : ERR_ENVELOPE;
    }
    if (!der_take(&der, DER_SEQUENCE, &content))
        return malformed(err, "no sequence");
    if (!take_cipher_id(&content, &envelope.cipher_id))
        return malformed(err, "symAlgID");
    if (!take_session_key(&content, &envelope))
        return malformed(err, "symEncryptedKey");
    if (!take_public_key(&content, &envelope))
        return malformed(err, "sm2PublicKey");
    if (!take_private_key(&content, &envelope))
        return malformed(err, "sm2EncryptedPrivateKey");
    if (content.len > 0)
        return malformed(err, "more than four parts");
    if (check_point(envelope.c1_x, envelope.c1_y, "C1 is not on the curve", err) != ERR_NONE ||
        check_point(envelope.public_x, envelope.public_y, "the public key is not on the curve",
                    err) != ERR_NONE)
        return err->code;
    *out = envelope;
    return ERR_NONE;
}

enum err_code envelope_check(const struct envelope *envelope, const struct cert *encrypt_cert,
                             struct err *err)
{
    struct span point = public_key_sm2_point(cert_peek(encrypt_cert)->public_key);
    if (point.len != SM2_POINT_BYTES || memcmp(point.at, envelope->public_x, 32) != 0 ||
        memcmp(point.at + 32, envelope->public_y, 32) != 0)
        return err_set(err, ERR_ENVELOPE_KEY, "the enveloped key is not that of %s",
                       cert_peek(encrypt_cert)->subject);
    return ERR_NONE;
}

/* ---- making ---- */

static void add_algorithm(struct buf *buf, uint32_t cipher_id)
{
    AUTO(buf_done) struct buf oid = BUF_INIT(ENVELOPE_BYTES_MAX);
    for (size_t i = 0; i < ARRAY_SIZE(ciphers) && oid.len == 0; i++)
        if (ciphers[i].cipher_id == cipher_id)
            der_add(&oid, DER_OID, ciphers[i].oid);
    der_add(&oid, DER_NULL, SPAN_NONE);
    der_add(buf, DER_SEQUENCE, buf_span(&oid));
}

static void add_session_key(struct buf *buf, const struct envelope *envelope)
{
    AUTO(buf_done) struct buf cipher = BUF_INIT(ENVELOPE_BYTES_MAX);
    der_add_unsigned(&cipher, SPAN_ARRAY(envelope->c1_x));
    der_add_unsigned(&cipher, SPAN_ARRAY(envelope->c1_y));
    der_add(&cipher, DER_OCTET_STRING, SPAN_ARRAY(envelope->c3));
    der_add(&cipher, DER_OCTET_STRING, SPAN_ARRAY(envelope->c2));
    der_add(buf, DER_SEQUENCE, buf_span(&cipher));
}

struct bytes *envelope_encode(const struct envelope *envelope)
{
    AUTO(buf_done) struct buf content = BUF_INIT(ENVELOPE_BYTES_MAX);
    AUTO(buf_done) struct buf der = BUF_INIT(ENVELOPE_BYTES_MAX);
    uint8_t point[1 + SM2_POINT_BYTES] = {0x04};
    memcpy(point + 1, envelope->public_x, 32);
    memcpy(point + 33, envelope->public_y, 32);
    add_algorithm(&content, envelope->cipher_id);
    add_session_key(&content, envelope);
    der_add_bits(&content, SPAN_ARRAY(point));
    der_add_bits(&content, SPAN_ARRAY(envelope->encrypted_private));
    der_add(&der, DER_SEQUENCE, buf_span(&content));
    return buf_bytes(&der);
}

static void ec_group_freep(EC_GROUP **group)
{
    EC_GROUP_free(*group);
    *group = NULL;
}

static void ec_point_freep(EC_POINT **point)
{
    EC_POINT_free(*point);
    *point = NULL;
}

/* A pair whose halves don't belong together would make a key that decrypts nothing. */
static enum err_code check_pair(struct span private_key, const uint8_t x[32], const uint8_t y[32],
                                struct err *err)
{
    AUTO(ec_group_freep)
    EC_GROUP *group = EC_GROUP_new_by_curve_name_ex(ossl_context(), NULL, NID_sm2);
    AUTO(ossl_bn_clear_freep) BIGNUM *scalar = BN_secure_new();
    AUTO(ec_point_freep) EC_POINT *point = group == NULL ? NULL : EC_POINT_new(group);
    uint8_t encoded[1 + SM2_POINT_BYTES];
    if (point == NULL || scalar == NULL ||
        BN_bin2bn(private_key.at, (int)private_key.len, scalar) == NULL)
        return ossl_failed(err, ERR_CRYPTO, "compute a public key");
    BN_set_flags(scalar, BN_FLG_CONSTTIME);
    if (BN_is_zero(scalar) || BN_cmp(scalar, EC_GROUP_get0_order(group)) >= 0)
        return err_set(err, ERR_ENVELOPE_KEY, "the private key is out of range");
    if (EC_POINT_mul(group, point, scalar, NULL, NULL, NULL) != 1 ||
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, encoded, sizeof encoded,
                           NULL) != sizeof encoded)
        return ossl_failed(err, ERR_CRYPTO, "compute a public key");
    if (memcmp(encoded + 1, x, 32) != 0 || memcmp(encoded + 33, y, 32) != 0)
        return err_set(err, ERR_ENVELOPE_KEY, "the public key is not that of the private key");
    return ERR_NONE;
}

static enum err_code encrypt_session_key(const struct secret *session_key, struct span recipient,
                                         struct envelope *into, struct err *err)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    uint8_t der[CIPHER_DER_BYTES_MAX];
    size_t length = sizeof der;
    struct span plain = secret_peek(session_key);
    if (public_key_from_point(public_key_sm2_point(recipient), &key, err) != ERR_NONE)
        return err_add(err, "recipient");
    AUTO(ossl_pkey_ctx_freep)
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(ossl_context(), key, NULL);
    if (ctx == NULL || EVP_PKEY_encrypt_init(ctx) != 1 ||
        EVP_PKEY_encrypt(ctx, der, &length, plain.at, plain.len) != 1)
        return ossl_failed(err, ERR_CRYPTO, "encrypt a session key");
    struct span cipher = span_of(der, length);
    if (!take_session_key(&cipher, into) || cipher.len > 0)
        return err_set(err, ERR_CRYPTO, "OpenSSL made another SM2Cipher than expected");
    return ERR_NONE;
}

static enum err_code encrypt_private_key(const struct secret *session_key, struct span private_key,
                                         uint8_t out[32], struct err *err)
{
    AUTO(ossl_cipher_freep)
    EVP_CIPHER *sm4 = EVP_CIPHER_fetch(ossl_context(), "SM4-ECB", NULL);
    AUTO(ossl_cipher_ctx_freep) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int length = 0;
    if (sm4 == NULL || ctx == NULL ||
        EVP_EncryptInit_ex2(ctx, sm4, secret_peek(session_key).at, NULL, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(ctx, 0) != 1 ||
        EVP_EncryptUpdate(ctx, out, &length, private_key.at, (int)private_key.len) != 1 ||
        length != 32)
        return ossl_failed(err, ERR_CRYPTO, "encrypt a private key");
    return ERR_NONE;
}

static enum err_code new_session_key(struct secret **out, struct err *err)
{
    AUTO(secret_freep) struct secret *key = NULL;
    if (secret_new(SESSION_KEY_BYTES, &key, err) != ERR_NONE)
        return err->code;
    if (RAND_priv_bytes_ex(ossl_context(), secret_room(key), SESSION_KEY_BYTES, 0) != 1)
        return ossl_failed(err, ERR_CRYPTO, "make a session key");
    secret_set_length(key, SESSION_KEY_BYTES);
    *out = TAKE(key);
    return ERR_NONE;
}

enum err_code envelope_make(struct span private_key, const uint8_t public_x[32],
                            const uint8_t public_y[32], struct span recipient, struct bytes **out,
                            struct err *err)
{
    AUTO(secret_freep) struct secret *session_key = NULL;
    struct envelope envelope = {.cipher_id = ENVELOPE_SM4_ECB};
    if (private_key.len != 32)
        return err_set(err, ERR_ENVELOPE_KEY, "a private key of %zu bytes", private_key.len);
    if (check_pair(private_key, public_x, public_y, err) != ERR_NONE ||
        new_session_key(&session_key, err) != ERR_NONE ||
        encrypt_session_key(session_key, recipient, &envelope, err) != ERR_NONE ||
        encrypt_private_key(session_key, private_key, envelope.encrypted_private, err) != ERR_NONE)
        return err->code;
    memcpy(envelope.public_x, public_x, 32);
    memcpy(envelope.public_y, public_y, 32);
    *out = envelope_encode(&envelope);
    return ERR_NONE;
}
